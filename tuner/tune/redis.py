"""Redis: a connection for every PHP worker of the host, and a queue for all of them at once."""

from collections.abc import Iterator

from tuner.stack.model import Redis, Stack
from tuner.stack.value import Value, derive
from tuner.tune.plan import Recommendation, Spot

SPARE_CLIENTS = 32
"""For replicas, monitoring and whoever types redis-cli."""

RESTART = "restart redis, or CONFIG SET maxclients beside it: a running one keeps its queue"
WHY = "every PHP worker may hold a connection, and after a restart all connect at once"
FORMULA = "the sum of pm.max_children of the pools of this host"


def recommend_redis(stack: Stack) -> Iterator[Recommendation]:
    """Yield what each Redis that serves this host needs more of. Nothing where a pool's workers are unknown.

    Pools of other hosts are not seen, so that no number is lowered.
    """
    if not stack.pools:
        return
    workers = derive(
        "host.workers", lambda *each: sum(each), *(pool.max_children for pool in stack.pools), words=FORMULA
    )
    if not workers.is_known:
        return
    for redis in stack.redis:
        yield from _of(redis, workers)


def _of(redis: Redis, workers: Value) -> Iterator[Recommendation]:
    number = int(workers.data or 0)
    place = redis.maxclients.origin.place or redis.tcp_backlog.origin.place
    spot = Spot(place, "file") if place else None
    for value, needed in ((redis.maxclients, number + SPARE_CLIENTS), (redis.tcp_backlog, number)):
        if value.is_known and 0 <= int(value.data or 0) < needed:
            yield Recommendation(
                "maxclients" if value is redis.maxclients else "tcp-backlog",
                "redis",
                redis.entity,
                value,
                needed,
                WHY,
                FORMULA + (f" + {SPARE_CLIENTS}" if value is redis.maxclients else ""),
                workers.inputs,
                RESTART,
                None,
                spot,
            )
