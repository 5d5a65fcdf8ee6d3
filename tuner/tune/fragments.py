"""New files from `templates/fragments`: what of a plan is shipped rather than edited."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tuner import __version__, packaged
from tuner.laws.path_limits import max_conns_for
from tuner.stack.model import Pool, Stack
from tuner.stack.value import Data
from tuner.tune.edits import written
from tuner.tune.kernel import BACKLOG, SOMAXCONN, justified_somaxconn, pins
from tuner.tune.plan import Plan, PoolPlan, Recommendation

PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""Of a pool: what needs no quotes in any format, and names no folder."""

PLAIN_ADDRESS = re.compile(r"unix:/[A-Za-z0-9_./-]+|[0-9.]+:[0-9]+|\[[0-9a-f:.]+\]:[0-9]+")
UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
INPUTS_NAMED = 4
MAXCLIENTS = "maxclients"
FILES_BESIDE_CLIENTS = 32
"""Which Redis keeps for itself."""

SHED = "shed after"
MADE_BY = "Made by fpmtune"


class Fragment(NamedTuple):
    """A file to write under the folder that was asked for."""

    path: str
    text: str


class Stamp(NamedTuple):
    """What every generated file says of itself: the files and figures it was made of, and how to make it."""

    inputs: Sequence[str]
    command: str

    def lines(self) -> str:
        """Return it as comments that begin with `#`."""
        more = len(self.inputs) - INPUTS_NAMED
        names = [*self.inputs[:INPUTS_NAMED], *([f"{more} files more"] if more > 0 else [])]
        words = (
            f"{MADE_BY} {__version__} from {', '.join(names)}",
            f"Made again by: {self.command}",
        )
        return "\n".join("# " + UNPRINTABLE.sub("?", line) for line in words)


def fragments(stack: Stack, plan: Plan, stamp: Stamp) -> Iterator[Fragment]:
    """Yield the fragments of a host's plan."""
    render = _Renderer(stamp)
    sysctl = {SOMAXCONN: justified_somaxconn(stack, plan)}
    own = [found for found in plan.recommendations if found.program == "php-fpm"]
    own += _pins(stack, own, sysctl[SOMAXCONN])
    pools = {pool.name: settings for pool in stack.pools if (settings := _settings(own, pool.entity))}
    plain = {name: settings for name, settings in pools.items() if PLAIN_NAME.fullmatch(name)}
    yield render("sysctl.d/60-fpmtune.conf", "sysctl.conf", settings=sysctl)
    yield render("ansible/fpmtune.yml", "ansible.yml", sysctl=sysctl, pools=plain)
    yield render("compose/fpmtune.yaml", "compose.yaml", settings=sysctl, service="php")
    yield render("nginx/fpmtune-log.conf", "log.conf")
    redis = {found.setting: written(found) for found in plan.recommendations if found.program == "redis"}
    if redis:
        yield render("redis/fpmtune.conf", "redis.conf", settings=redis)
    if MAXCLIENTS in redis:
        files = int(redis[MAXCLIENTS]) + FILES_BESIDE_CLIENTS
        yield render("systemd/redis-server.service.d/fpmtune.conf", "unit.conf", open_files=files)
    for name, settings in plain.items():
        yield render(f"php-fpm/zz-fpmtune-{name}.conf", "pool.conf", pool=name, settings=settings)
    for pool in stack.pools:
        if PLAIN_NAME.fullmatch(pool.name):
            found = next(one for one in plan.pools if one.entity == pool.entity)
            yield from _of_nginx(render, pool, found)


def unnamed_pools(stack: Stack) -> list[str]:
    """Return the pools whose names no fragment can carry."""
    return [pool.name for pool in stack.pools if not PLAIN_NAME.fullmatch(pool.name)]


def _pins(stack: Stack, own: Sequence[Recommendation], somaxconn: int) -> list[Recommendation]:
    """Return what keeps the other pools' queues as they are where the fragment's somaxconn is larger."""
    present = stack.kernel.somaxconn
    if not present.is_known or somaxconn <= int(present.data or 0):
        return []
    return pins(stack, {found.entity for found in own if found.setting == BACKLOG})


def _settings(own: Sequence[Recommendation], entity: str) -> dict[str, str]:
    return {found.setting: written(found) for found in own if found.entity == entity}


def _of_nginx(render: "_Renderer", pool: Pool, found: PoolPlan) -> Iterator[Fragment]:
    listener = pool.listener
    is_tcp = listener is not None and listener.family in ("tcp4", "tcp6")
    if listener and is_tcp and found.after and PLAIN_ADDRESS.fullmatch(listener.address):
        setting = found.after.setting
        yield render(
            f"nginx/fpmtune-upstream-{pool.name}.conf",
            "upstream.conf",
            name=f"php_{pool.name}",
            address=_reached(listener.address),
            max_conns=max_conns_for(setting.workers, setting.backlog),
        )
    shed: Data | None = next((one.changes[SHED] for one in found.alternatives if SHED in one.changes), None)
    if shed is not None:
        yield render(f"php/fpmtune-shed-{pool.name}.php", "shed.php", shed_after_s=shed)
        yield render(f"nginx/fpmtune-shed-{pool.name}.conf", "shed.conf")


def _reached(address: str) -> str:
    """Return how nginx reaches what listens at an address: a wildcard by the loopback."""
    host, _, port = address.rpartition(":")
    return {"0.0.0.0": f"127.0.0.1:{port}", "[::]": f"127.0.0.1:{port}"}.get(host, address)


class _Renderer:
    def __init__(self, stamp: Stamp) -> None:
        self.stamp = stamp.lines()
        self.environment = Environment(
            loader=FileSystemLoader(packaged.template_folder() / "fragments"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )

    def __call__(self, path: str, template: str, **values: Mapping[str, Data] | Data | object) -> Fragment:
        text = self.environment.get_template(f"{template}.j2").render(stamp=self.stamp, **values)
        return Fragment(path, text)
