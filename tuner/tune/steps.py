"""What has to be done after a plan is in the files: commands in their order, each with what it costs."""

import shlex
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from tuner.load.pool_setting import SOMAXCONN
from tuner.source.regex import regex
from tuner.stack.model import Redis, Stack
from tuner.tune.kernel import LISTEN_BACKLOG, grows, how_to_set, setting_now
from tuner.tune.listens import Wanted
from tuner.tune.plan import Action, Program, Recommendation, Step

PHP_FPM = "php-fpm"
DEBIANS_PHP_FPM = regex(r"php([0-9.]+)-fpm")
REMIS_PHP_FPM = regex(r"(php[0-9]+)-php-fpm")
USUAL_PORT = "6379"

COSTS: dict[tuple[Program, Action], str] = {
    ("php-fpm", "restart"): "all that wait in its queue get 502: drain it first, or do it at low load",
    ("php-fpm", "reload"): (
        "its queue stays; requests that run are cut off, or with process_control_timeout waited for while no "
        "pool is served"
    ),
    ("nginx", "reload"): "no request is lost; its old workers end with their last connection",
    ("nginx", "restart"): "all that it serves is cut off; a reload would keep the old queue",
    ("redis", "set"): "at once, and nothing is lost; with requirepass, put the password into REDISCLI_AUTH",
    ("redis", "restart"): "all clients are cut off; without save or appendonly its data is lost",
}
OF_KERNEL = "at once; what listens already keeps its queue until it listens again, so this comes first"


class _Task(NamedTuple):
    """What one service has to do for some recommendations, and what it is called; empty if not known."""

    program: Program
    service: str
    action: Action
    recommendations: tuple[Recommendation, ...]


def steps_of(
    stack: Stack, recommended: Sequence[Recommendation], wanted: Sequence[Wanted] = ()
) -> tuple[Step, ...]:
    """Return what brings the `recommended` settings of a host in force, in the order in which to do it.

    Each service comes once, with the most that its settings take. `wanted` are queues that nginx needs.
    """
    return tuple(
        chain(
            _of_kernel(stack, recommended),
            _of_redis(stack, recommended),
            _of_php_fpm(stack, recommended),
            _of_nginx(stack, recommended, wanted),
        )
    )


def steps_back(stack: Stack, steps: Sequence[Step], unwritten: Collection[int] = ()) -> tuple[Step, ...]:
    """Return what to do once the files are as they were before the plan with these `steps` of a host.

    The same services take over, in the same order; what is set while a program runs gets its former number.
    `unwritten` are the identities of recommendations that no file was changed for: they take nothing back.
    """
    left = (
        (step, tuple(found for found in step.recommendations if id(found) not in unwritten)) for step in steps
    )
    return tuple(_back(stack, step, own) for step, own in left if own)


def _back(stack: Stack, step: Step, own: tuple[Recommendation, ...]) -> Step:
    if step.program == "kernel" and step.command is not None:
        numbers = {found.setting: int(found.present.data or 0) for found in own}
        is_in_files = all(found.present.is_written for found in own)
        command = how_to_set(stack, numbers)[0] if is_in_files else setting_now(numbers)
        return step._replace(words=command, command=command, cost=OF_KERNEL, recommendations=own)
    if step.program == "redis" and step.cost == COSTS["redis", "set"]:
        redis = next(one for one in stack.redis if id(one) == own[0].subject)
        return _set(redis, [found._replace(recommended=int(found.present.data or 0)) for found in own])
    return step._replace(recommendations=own)


def _of_kernel(stack: Stack, recommended: Sequence[Recommendation]) -> Iterator[Step]:
    own = tuple(found for found in recommended if found.program == "kernel")
    if not own:
        return
    settings = {found.setting: int(found.recommended) for found in own}
    command, caveat = how_to_set(stack, settings)
    if any(pool.is_in_container.data for pool in stack.pools):
        words = "set it for the containers (sysctls: of compose), and make them anew"
        yield Step("kernel", words, None, "a container has the kernel's own value, not the host's", own)
        return
    yield Step("kernel", command, command, f"{OF_KERNEL}{caveat}", own)


def _of_php_fpm(stack: Stack, recommended: Sequence[Recommendation]) -> Iterator[Step]:
    services = {id(pool): pool.service for pool in stack.pools}
    by_service: dict[str, list[Recommendation]] = {}
    for found in recommended:
        if found.program == PHP_FPM and found.requires != "nothing":
            by_service.setdefault(services.get(found.subject, ""), []).append(found)
    for service, own in by_service.items():
        yield _step(stack, _Task("php-fpm", service, _most(own), tuple(own)), _test_of(service))


def _of_nginx(
    stack: Stack, recommended: Sequence[Recommendation], wanted: Sequence[Wanted]
) -> Iterator[Step]:
    """Yield a reload, on which nginx listens again where its number changed, or a restart where it has to."""
    own = [found for found in recommended if found.program == "nginx"]
    raised = _raised(stack, recommended)
    changed = {found.subject for found in own if found.setting == LISTEN_BACKLOG}
    short = [listener for listener in stack.listeners if listener.owner == "nginx" and grows(listener)]
    short += [found.listener for found in wanted]
    if raised and any(id(listener) not in changed for listener in short):
        yield _step(stack, _Task("nginx", stack.nginx_service, "restart", (*own, *raised)), "nginx -t")
    elif own:
        yield _step(stack, _Task("nginx", stack.nginx_service, _most(own), tuple(own)), "nginx -t")


def _of_redis(stack: Stack, recommended: Sequence[Recommendation]) -> Iterator[Step]:
    raised = _raised(stack, recommended)
    for redis in stack.redis:
        needed = (found for found in recommended if found.requires != "nothing")
        own = tuple(found for found in needed if found.subject == id(redis))
        grown = raised if any(map(grows, redis.listeners)) else ()
        if own and not grown and _most(own) == "set":
            yield _set(redis, own)
        elif own or grown:
            yield _step(stack, _Task("redis", redis.service, "restart", (*own, *grown)))


def _raised(stack: Stack, recommended: Sequence[Recommendation]) -> tuple[Recommendation, ...]:
    """Return the recommendation of a larger somaxconn, if there is one."""
    present = stack.kernel.somaxconn
    return tuple(
        found
        for found in recommended
        if found.setting == SOMAXCONN and present.is_known and int(found.recommended) > int(present.data or 0)
    )


def _most(recommended: Sequence[Recommendation]) -> Action:
    """Return the action that includes all others."""
    needed = {found.requires for found in recommended}
    return "restart" if "restart" in needed else "reload" if "reload" in needed else "set"


def _step(stack: Stack, task: _Task, test: str = "") -> Step:
    words = f"{task.action} {task.service or task.program}"
    cost = COSTS[task.program, task.action]
    if not task.service:
        return Step(task.program, words, None, cost, task.recommendations)
    is_systemds = stack.service_manager == "systemd"
    last = (task.action, task.service) if is_systemds else (task.service, task.action)
    command = " ".join(("systemctl" if is_systemds else "rc-service", *last))
    whole = f"{test} && {command}" if test else command
    return Step(task.program, words, whole, cost, task.recommendations)


def _test_of(service: str) -> str:
    """Return the command by which the php-fpm of a service tests its configuration."""
    if found := DEBIANS_PHP_FPM.fullmatch(service):
        return f"php-fpm{found[1]} -t"
    if found := REMIS_PHP_FPM.fullmatch(service):
        return f"/opt/remi/{found[1]}/root/usr/sbin/php-fpm -t"
    return f"{service} -t"


def _set(redis: Redis, own: Sequence[Recommendation]) -> Step:
    """Return what sets numbers of a Redis while it runs."""
    words = tuple(word for found in own for word in ("CONFIG", "SET", found.setting, str(found.recommended)))
    client = _client(redis)
    command = shlex.join((*client, *words)) if client else None
    return Step("redis", " ".join(words), command, COSTS["redis", "set"], tuple(own))


def _client(redis: Redis) -> tuple[str, ...]:
    """Return the redis-cli that reaches a Redis from its own machine; nothing if no address is known."""
    for listener in redis.listeners:
        host, _, port = listener.address.rpartition(":")
        if listener.family == "unix":
            return ("redis-cli", "-s", listener.address.removeprefix("unix:"))
        if listener.family == "tcp4" and port.isdigit():
            at = () if host in ("0.0.0.0", "127.0.0.1") else ("-h", host)
            return ("redis-cli", *at, *(() if port == USUAL_PORT else ("-p", port)))
    return ()
