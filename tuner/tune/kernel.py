"""net.core.somaxconn: the largest backlog that is justified, and no listener made longer by accident."""

from collections.abc import Iterable, Mapping, Sequence

from tuner.laws.somaxconn import needed_somaxconn
from tuner.load.pool_setting import BACKLOG, SOMAXCONN
from tuner.stack.model import Listener, Pool, Stack
from tuner.tune.backlog import USUAL_BACKLOG, pinned
from tuner.tune.plan import Plan, Recommendation

LISTEN_BACKLOG = "backlog"
"""The parameter of nginx's `listen`."""

TCP_BACKLOG = "tcp-backlog"
BACKLOGS = (BACKLOG, TCP_BACKLOG, LISTEN_BACKLOG)
NEWER_DEFAULT = 4096
SYSTEM, OPENRCS = "sysctl --system", "rc-service sysctl restart"


def recommend_somaxconn(
    stack: Stack, backlogs: Sequence[Recommendation], more: Iterable[int] = (), *, may_lower: bool = False
) -> list[Recommendation]:
    """Return net.core.somaxconn where `backlogs` need a larger one, with what must be pinned before.

    `backlogs` are the recommended ones of pools, nginx and Redis, `more` are queues that ask for their number
    already. What somebody wrote is lowered only if it may be, and not while a queue of the host is not known.
    """
    present = stack.kernel.somaxconn
    if not present.is_known:
        return []
    needed = needed_somaxconn([*map(_number, backlogs), *more, *_usual(stack.listeners)])
    if needed > int(present.data or 0):
        largest = next((found.entity for found in backlogs if found.recommended == needed), None)
        whose = f"{largest} needs" if largest else "nginx or Redis ask for"
        why = f"cuts every longer queue when its program listens; {whose} {needed}"
        return [_somaxconn(stack, needed, why), *pins(stack, backlogs)]
    enough = max([needed, _default(stack), *_in_force(stack, backlogs)])
    is_known = all(listener.effective_backlog.is_known for listener in stack.listeners)
    if may_lower and is_known and present.is_written and enough < int(present.data or 0):
        return [_somaxconn(stack, enough, "no listener of this host needs more")]
    return []


def _number(found: Recommendation) -> int:
    return int(found.recommended)


def _somaxconn(stack: Stack, number: int, why: str) -> Recommendation:
    present = stack.kernel.somaxconn
    formula = "the largest backlog on this host that is justified"
    return Recommendation(
        SOMAXCONN,
        "kernel",
        stack.kernel.entity,
        present,
        number,
        why,
        formula,
        (present,),
        "set",
    )


def how_to_set(stack: Stack, settings: Mapping[str, int]) -> tuple[str, str]:
    """Return the command that sets keys, and a caveat if a program reads another file last, else nothing."""
    if stack.service_manager == "openrc":
        return OPENRCS, ""
    differing = [
        found.system
        for found in stack.sysctl
        if found.key in settings and found.system.is_known and found.system.data != found.boot.data
    ]
    if not differing:
        return SYSTEM, ""
    others = " and ".join(f"{system.data} ({system.origin})" for system in differing)
    return setting_now(settings), f"; {SYSTEM} would set {others}: change that, too"


def setting_now(settings: Mapping[str, int]) -> str:
    """Return the command that sets keys until the next boot."""
    return " ".join(("sysctl -w", *(f"{key}={number}" for key, number in settings.items())))


def grows(listener: Listener) -> bool:
    """Say whether a listener of nginx or Redis asks in its file for a usual queue and does not get it."""
    asked, present = listener.backlog, listener.effective_backlog
    if listener.owner == "php-fpm" or not asked.is_written or not _is_cut(listener):
        return False
    return int(present.data or 0) < min(int(asked.data or 0), USUAL_BACKLOG)


def _default(stack: Stack) -> int:
    """Return the kernel's default; where its version is not known, that of 5.4 and newer."""
    default = stack.kernel.somaxconn_default
    return int(default.data or 0) if default.is_known else NEWER_DEFAULT


def _in_force(stack: Stack, backlogs: Sequence[Recommendation]) -> Iterable[int]:
    """Yield how long the other queues are, but for those that take what they get."""
    known = {found.subject for found in backlogs}
    for pool in stack.pools:
        listener = pool.listener
        if listener is None or id(pool) in known or not listener.backlog.is_known:
            continue
        if listener.effective_backlog.is_known and int(listener.backlog.data or 0) >= 0:
            yield int(listener.effective_backlog.data or 0)


def justified_somaxconn(stack: Stack, plan: Plan) -> int:
    """Return what a sysctl fragment states: what the plan needs, and no less than is there or the default.

    What is there counts unless the plan lowers it.
    """
    planned = [int(found.recommended) for found in plan.recommendations if found.setting == SOMAXCONN]
    if planned:
        return max(planned[0], _default(stack))
    backlogs = [int(found.recommended) for found in plan.recommendations if found.setting in BACKLOGS]
    present = stack.kernel.somaxconn
    known = [int(present.data or 0)] if present.is_known else []
    return max([*backlogs, *_usual(stack.listeners), *known, _default(stack)])


def pins(stack: Stack, backlogs: Sequence[Recommendation]) -> list[Recommendation]:
    """Return the backlogs that only somaxconn keeps short, to be written as they are in force.

    `backlogs` are those that are recommended already.
    """
    known = {found.subject for found in backlogs}
    return [
        pinned(pool, pool.listener, stack.kernel.somaxconn)
        for pool in stack.pools
        if id(pool) not in known
        and pool.listener is not None
        and _is_cut(pool.listener)
        and not _takes_no_less(pool, pool.listener)
    ]


def _takes_no_less(pool: Pool, listener: Listener) -> bool:
    """Say whether pm = ondemand may put its default in the place of a shorter backlog: before PHP 8.2."""
    return pool.pm.data == "ondemand" and int(listener.backlog.data or 0) >= 0


def unclamped(stack: Stack, recommended: Sequence[Recommendation]) -> list[Listener]:
    """Return the listeners that a larger somaxconn would make longer than usual, or than they can be kept.

    Those that are `recommended` another number are not among them.
    """
    held = [pool.listener for pool in stack.pools if pool.listener and _takes_no_less(pool, pool.listener)]
    planned = {found.subject for found in recommended if found.setting == LISTEN_BACKLOG}
    pinned_redis = {found.subject for found in recommended if found.setting == TCP_BACKLOG}
    planned |= {id(one) for redis in stack.redis if id(redis) in pinned_redis for one in redis.listeners}
    return [
        listener
        for listener in stack.listeners
        if listener.owner != "php-fpm"
        and id(listener) not in planned
        and _is_cut(listener)
        and int(listener.backlog.data or 0) > USUAL_BACKLOG
    ] + [listener for listener in held if _is_cut(listener)]


def _usual(listeners: Sequence[Listener]) -> Iterable[int]:
    """Yield what nginx and Redis need: no more than they ask for by themselves, unless it is in force."""
    for listener in listeners:
        if listener.owner == "php-fpm" or not listener.effective_backlog.is_known:
            continue
        asked, present = listener.backlog, int(listener.effective_backlog.data or 0)
        yield max(present, min(int(asked.data or 0), USUAL_BACKLOG) if asked.is_written else 0)


def _is_cut(listener: Listener) -> bool:
    asked, present = listener.backlog, listener.effective_backlog
    if not (asked.is_known and present.is_known):
        return False
    requested = int(asked.data or 0)
    return requested < 0 or requested > int(present.data or 0)
