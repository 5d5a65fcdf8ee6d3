"""Redis: a connection for every PHP worker of the host, and a queue for all of them at once."""

from collections.abc import Iterator, Sequence

from tuner.load.pool_setting import MAX_CHILDREN
from tuner.stack.model import Redis, Stack
from tuner.stack.value import Value
from tuner.tune.backlog import USUAL_BACKLOG
from tuner.tune.kernel import TCP_BACKLOG
from tuner.tune.plan import Action, Recommendation, Spot

SPARE_CLIENTS = 32
"""For replicas, monitoring and whoever types redis-cli."""

OWN_FILES = 32
"""Which Redis keeps for itself."""

MAXCLIENTS = "maxclients"

WHY = "every PHP worker may hold a connection, and after a restart all connect at once"
FORMULA = "the sum of pm.max_children of the pools of this host"
CLIENTS_FORMULA = f"{FORMULA} + {SPARE_CLIENTS}, at most what the limit of open files allows"


def recommend_redis(stack: Stack, recommended: Sequence[Recommendation]) -> Iterator[Recommendation]:
    """Yield what each Redis that serves this host needs more of. Nothing where a pool's workers are unknown.

    `recommended` may give pools more workers. Pools of other hosts are not seen: no number is lowered.
    """
    workers = _workers(stack, recommended)
    for redis in stack.redis if workers else ():
        place = redis.maxclients.origin.place or redis.tcp_backlog.origin.place
        spot = Spot(place, "file") if place else None
        clients = workers + SPARE_CLIENTS
        if redis.open_files_limit.is_known:
            clients = min(clients, int(redis.open_files_limit.data or 0) - OWN_FILES)
        if _is_below(redis.maxclients, clients):
            yield _recommendation(MAXCLIENTS, redis, redis.maxclients, clients, spot)
        if _is_below(redis.tcp_backlog, workers):
            yield _recommendation(TCP_BACKLOG, redis, redis.tcp_backlog, workers, spot)


def pins_of_redis(
    stack: Stack, recommended: Sequence[Recommendation], somaxconn: int
) -> Iterator[Recommendation]:
    """Yield tcp-backlog of each Redis whose queue `somaxconn`, larger than the present one, makes longer.

    It is written as it is in force, or as long as the usual 511 or all workers need where that is more.
    """
    workers = _workers(stack, recommended)
    known = {found.subject for found in recommended if found.setting == TCP_BACKLOG}
    for redis in stack.redis:
        present = next((listener.effective_backlog for listener in redis.listeners), None)
        asked = redis.tcp_backlog
        if id(redis) in known or present is None or not (present.is_known and asked.is_written):
            continue
        now, most = int(present.data or 0), int(asked.data or 0)
        number = max(now, min(most, max(workers, USUAL_BACKLOG)))
        if number < min(most, somaxconn):
            yield _pinned(redis, present, number, "nothing" if number == now else "restart")


def _pinned(redis: Redis, present: Value, number: int, requires: Action) -> Recommendation:
    return Recommendation(
        TCP_BACKLOG,
        "redis",
        redis.entity,
        redis.tcp_backlog,
        number,
        "only net.core.somaxconn keeps the queue that short, and it is raised for another listener",
        "as it is in force, and no less than the workers need of what it asks for",
        (redis.tcp_backlog, present),
        requires,
        None,
        None,
        id(redis),
    )


def queues_of_redis(stack: Stack, recommended: Sequence[Recommendation]) -> Iterator[int]:
    """Yield the queues that Redis asks for already, as far as the workers need them."""
    workers = _workers(stack, recommended)
    for redis in stack.redis:
        if redis.tcp_backlog.is_known and redis.tcp_backlog.is_written:
            yield min(int(redis.tcp_backlog.data or 0), workers)


def missing_files(redis: Redis, stack: Stack, recommended: Sequence[Recommendation]) -> int | None:
    """Return how many open files a Redis needs for all workers; None unless its limit is known to be less."""
    needed = _workers(stack, recommended) + SPARE_CLIENTS + OWN_FILES
    limit = redis.open_files_limit
    return needed if limit.is_known and int(limit.data or 0) < needed else None


def _workers(stack: Stack, recommended: Sequence[Recommendation]) -> int:
    """Return how many workers all pools have with the plan, 0 where that is not known."""
    planned = {found.subject: found.recommended for found in recommended if found.setting == MAX_CHILDREN}
    each = [planned.get(id(pool), pool.max_children.data) for pool in stack.pools]
    known = [int(number) for number in each if isinstance(number, int)]
    return sum(known) if len(known) == len(each) else 0


def _is_below(value: Value, needed: int) -> bool:
    return value.is_known and 0 <= int(value.data or 0) < needed


def _recommendation(
    setting: str, redis: Redis, present: Value, number: int, spot: Spot | None
) -> Recommendation:
    return Recommendation(
        setting,
        "redis",
        redis.entity,
        present,
        number,
        WHY,
        FORMULA if setting == TCP_BACKLOG else CLIENTS_FORMULA,
        (present,),
        "set" if setting == MAXCLIENTS else "restart",
        None,
        spot,
        id(redis),
    )
