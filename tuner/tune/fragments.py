"""New files from `templates/fragments`: what of a plan is shipped rather than edited."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tuner import __version__, packaged
from tuner.laws.path_limits import max_conns_for
from tuner.load.pool_setting import BACKLOG, CONNECT_TIMEOUT, MAX_CONNS, SOMAXCONN
from tuner.stack.model import Pool, Stack
from tuner.stack.value import Data
from tuner.tune.admission import ZONE
from tuner.tune.alternatives import SHED
from tuner.tune.edits import written
from tuner.tune.kernel import justified_somaxconn, pins, unclamped
from tuner.tune.labels import labels_of
from tuner.tune.new_file import NewFile
from tuner.tune.plan import Plan, PoolPlan, Recommendation
from tuner.tune.redis import missing_files
from tuner.tune.syn_backlog import MAX_SYN_BACKLOG
from tuner.tune.timeouts import governing

PLAIN_ADDRESS = re.compile(r"[0-9.]+:[0-9]+|\[[0-9a-f:.]+\]:[0-9]+")
ODD = re.compile(r"[^A-Za-z0-9_./,:=@+' ~-]")
"""What a name or an argument may hold that ends a comment, or PHP within one."""

ODD_IN_COMMENT = re.compile(r"[^A-Za-z0-9_./,:()\[\] -]")
ODD_IN_NAME = re.compile(r"[^A-Za-z0-9_-]")
COMMENTS = {"shed.php": "// ", "pool.conf": "; "}
"""How a template's format begins a comment, where it is not with #."""

INPUTS_NAMED = 4
MADE_BY = "Made by fpmtune"
SYSCTL_FILE = "zz-fpmtune.conf"
"""Behind the other files of a sysctl.d in byte order, which is the order of loading."""


class Fragment(NamedTuple):
    """A file to write under the folder that was asked for."""

    path: str
    text: str


class Stamp(NamedTuple):
    """What every generated file says of itself: the files and figures it was made of, and how to make it."""

    inputs: Sequence[str]
    command: str

    def lines(self, mark: str) -> str:
        """Return it as comments that begin with `mark`."""
        more = len(self.inputs) - INPUTS_NAMED
        names = [*self.inputs[:INPUTS_NAMED], *([f"{more} files more"] if more > 0 else [])]
        words = (
            f"{MADE_BY} {__version__} from {', '.join(names)}",
            f"Made again by: {self.command}",
        )
        return "\n".join(mark + ODD.sub("_", line) for line in words)


class Renderer:
    """Makes fragments of the templates, each with the stamp."""

    def __init__(self, stamp: Stamp) -> None:
        self.stamp = stamp
        self.environment = Environment(
            loader=FileSystemLoader(packaged.template_folder() / "fragments"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )

    def made(self, path: str, template: str, **values: object) -> Fragment:
        """Return the fragment at `path` of a template with these values."""
        text = self.environment.get_template(f"{template}.j2").render(
            stamp=self.stamp.lines(COMMENTS.get(template, "# ")), **values
        )
        return Fragment(path, text)


Render = Callable[..., Fragment]


def sysctl_file(new: NewFile, stamp: Stamp) -> bytes:
    """Return what a new file of sysctl.d holds."""
    return Renderer(stamp).made(new.path, "sysctl.conf", settings=new.settings, lengthened=()).text.encode()


def fragments(stack: Stack, plan: Plan, stamp: Stamp) -> Iterator[Fragment]:
    """Yield the fragments of a host's plan."""
    render = Renderer(stamp).made
    somaxconn = {SOMAXCONN: justified_somaxconn(stack, plan)}
    sysctl = {**somaxconn, **_max_syn_backlog(plan)}
    own = [found for found in plan.recommendations if found.program == "php-fpm"]
    own += _pins(stack, own, sysctl[SOMAXCONN])
    labels = labels_of(stack.pools)
    pools = {label: settings for key, label in labels.items() if (settings := _settings(own, key))}
    by_name = {label.name: settings for label, settings in pools.items()}
    lengthened = list(_lengthened(stack, plan, sysctl[SOMAXCONN]))
    yield render(f"sysctl.d/{SYSCTL_FILE}", "sysctl.conf", settings=sysctl, lengthened=lengthened)
    yield render("ansible/fpmtune.yml", "ansible.yml", sysctl=sysctl, pools=by_name)
    yield render("compose/fpmtune.yaml", "compose.yaml", settings=somaxconn, service="php")
    yield render("nginx/fpmtune-log.conf", "log.conf")
    yield from _of_redis(render, stack, plan)
    for label, settings in pools.items():
        path = f"{label.folder}/zz-fpmtune-{label.pool}.conf"
        yield render(path, "pool.conf", pool=label.pool, settings=settings)
    for pool, found in zip(stack.pools, plan.pools, strict=True):
        if id(pool) in labels:
            yield from _of_nginx(render, labels[id(pool)].name, pool, found)
            timeouts = _timeouts(stack, pool, plan)
            if timeouts:
                path = f"nginx/fpmtune-timeouts-{labels[id(pool)].name}.conf"
                yield render(path, "timeouts.conf", settings=timeouts)


def not_in_fragments(stack: Stack, plan: Plan) -> Iterator[Recommendation]:
    """Yield what of a plan no fragment has: it is left to be written by hand."""
    labels = labels_of(stack.pools)
    named = [(pool, found) for pool, found in zip(stack.pools, plan.pools, strict=True) if id(pool) in labels]
    bounded = {id(pool) for pool, found in named if _upstream_address(pool, found)}
    shipped = set[str]().union(*(governing(stack, pool) for pool, _ in named))
    for found in plan.recommendations:
        is_there = (
            found.program in ("kernel", "redis")
            or (found.program == "php-fpm" and found.subject in labels)
            or (found.setting == CONNECT_TIMEOUT and found.entity in shipped)
            or (found.setting in (MAX_CONNS, ZONE) and found.subject in bounded)
        )
        if not is_there:
            yield found


def _of_redis(render: Render, stack: Stack, plan: Plan) -> Iterator[Fragment]:
    for redis in stack.redis:
        name = ODD_IN_NAME.sub("_", redis.name.removesuffix(".conf"))
        settings = _settings(plan.recommendations, id(redis))
        if settings:
            yield render(f"redis/fpmtune-{name}.conf", "redis.conf", settings=settings)
        files = missing_files(redis, stack, plan.recommendations)
        if files is not None:
            yield render(f"systemd/{name}.service.d/fpmtune.conf", "unit.conf", open_files=files)


def _pins(stack: Stack, own: Sequence[Recommendation], somaxconn: int) -> list[Recommendation]:
    """Return what keeps the other pools' queues as they are where the fragment's somaxconn is larger."""
    present = stack.kernel.somaxconn
    if not present.is_known or somaxconn <= int(present.data or 0):
        return []
    return pins(stack, [found for found in own if found.setting == BACKLOG])


def _max_syn_backlog(plan: Plan) -> dict[str, int]:
    """Return it where it is planned; not for containers, whose network namespaces begin with SYN cookies."""
    planned = [found for found in plan.recommendations if found.setting == MAX_SYN_BACKLOG]
    return {found.setting: int(found.recommended) for found in planned}


def _lengthened(stack: Stack, plan: Plan, somaxconn: int) -> Iterator[str]:
    """Yield the other queues that the fragment's somaxconn makes longer, each in words."""
    present = stack.kernel.somaxconn
    if present.is_known and somaxconn > int(present.data or 0):
        for listener in unclamped(stack, plan.recommendations):
            words = f"{listener.address} ({listener.owner}), which asks for {listener.backlog.data}"
            yield ODD_IN_COMMENT.sub("_", words)


def _settings(own: Sequence[Recommendation], subject: int) -> dict[str, str]:
    return {found.setting: written(found) for found in own if found.subject == subject}


def _of_nginx(render: Render, name: str, pool: Pool, found: PoolPlan) -> Iterator[Fragment]:
    address = _upstream_address(pool, found)
    if address and found.after:
        setting = found.after.setting
        yield render(
            f"nginx/fpmtune-upstream-{name}.conf",
            "upstream.conf",
            name=f"php_{name}",
            zone=ODD_IN_NAME.sub("_", name),
            address=_reached(address),
            max_conns=max_conns_for(setting.workers, setting.backlog),
        )
    shed: Data | None = next((one.changes[SHED] for one in found.alternatives if SHED in one.changes), None)
    if shed is not None:
        yield render(f"php/fpmtune-shed-{name}.php", "shed.php", shed_after_s=shed)
        yield render(f"nginx/fpmtune-shed-{name}.conf", "shed.conf")


def _upstream_address(pool: Pool, found: PoolPlan) -> str:
    """Return the TCP address of a pool for which an upstream {} is rendered, empty where none is."""
    listener = pool.listener
    if listener is None or listener.family not in ("tcp4", "tcp6") or found.after is None:
        return ""
    return listener.address if PLAIN_ADDRESS.fullmatch(listener.address) else ""


def _timeouts(stack: Stack, pool: Pool, plan: Plan) -> dict[str, str]:
    """Return the timeouts that are planned where nginx passes requests to the pool."""
    own = governing(stack, pool)
    planned = (found for found in plan.recommendations if found.setting == CONNECT_TIMEOUT)
    return {found.setting: written(found) for found in planned if found.entity in own}


def _reached(address: str) -> str:
    """Return how nginx reaches what listens at an address: a wildcard by the loopback."""
    host, _, port = address.rpartition(":")
    return {"0.0.0.0": f"127.0.0.1:{port}", "[::]": f"127.0.0.1:{port}"}.get(host, address)
