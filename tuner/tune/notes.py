"""What the plan of a pool says beside its numbers: doubts, and why it leaves something alone."""

from collections.abc import Iterator

from tuner.stack.model import Pool
from tuner.tune.backlog import FEW_REQUESTS, is_taken
from tuner.tune.demand import Demand, Wishes
from tuner.tune.workers import most_fed

REPLAYED = ("static", "dynamic", "ondemand")


def notes_of(pool: Pool, demand: Demand, workers: int, wishes: Wishes) -> Iterator[str]:
    """Yield the notes of a pool that gets so many workers."""
    yield from _doubts(pool, demand)
    yield from _on_queue(pool, demand, workers)
    yield from _on_traffic(demand)
    yield from _on_room(demand, workers, wishes)


def _doubts(pool: Pool, demand: Demand) -> Iterator[str]:
    """Yield what makes the numbers less sure than they look."""
    shortest = pool.queue.shortest_read_timeout if pool.queue else None
    if shortest is not None and shortest.is_known and float(shortest.data or 0) < demand.deadline_s:
        yield (
            f"locations wait between {shortest.data:g} and {demand.deadline_s:g} s for it: the longest "
            "counts, unless --deadline says another"
        )
    if 0 < demand.requests < FEW_REQUESTS:
        yield f"only {demand.requests} requests were recorded: too few for numbers to rely on"
    if demand.record is not None:
        yield from demand.record.unknown
    if pool.kept_connections.is_known and int(pool.kept_connections.data or 0) > 0:
        yield "idle connections that nginx keeps to it hold workers: that is in no number here"


def _on_queue(pool: Pool, demand: Demand, workers: int) -> Iterator[str]:
    bounds = demand.bounds(workers)
    if pool.pm.data not in REPLAYED:
        yield f"its backlog is left alone: {pool.pm.label} is not known ({pool.pm.origin.words})"
    elif bounds.limit and not is_taken(pool, bounds.limit):
        least = pool.least_backlog
        version = f"below {least.data}" if least.is_known else "below 511 before 8.2"
        yield (
            f"pm = ondemand takes no backlog {version}, and of more than {bounds.limit} the last is answered "
            "too late: a shorter queue needs pm = static, pm = dynamic or PHP 8.2"
        )
    if bounds.limit == 0:
        raised = "raise fastcgi_read_timeout, " if demand.is_until_nginx_gives_up else ""
        yield (
            f"not even a short queue is answered within the {demand.deadline_s:g} s that anybody waits: "
            f"{raised}give the pool more workers, or slow scripts a pool of their own"
        )
    if bounds.is_empty and bounds.limit:
        longer = "a longer timeout " if demand.is_until_nginx_gives_up else ""
        yield (
            f"the bursts need a queue of {bounds.need}, but of more than {bounds.limit} the last is answered "
            f"too late: no backlog rides them, but more workers, {longer}or caching would"
        )


def _on_traffic(demand: Demand) -> Iterator[str]:
    if demand.windows_s and demand.clients is not None:
        yield (
            "nothing is predicted for a number of clients: what they send depends on the answers they get, "
            "and the recorded arrivals hold what they sent again"
        )
    if not demand.windows_s:
        yield "without recorded arrivals nothing is predicted, and nobody knows what bursts need"


def _on_room(demand: Demand, workers: int, wishes: Wishes) -> Iterator[str]:
    if wishes.memory_bytes is not None and not demand.memory_p95_bytes:
        yield "--memory says nothing of it: what a worker takes was not measured; leave room for its workers"
    if wishes.cores is not None and demand.cpu_mean_s is None:
        yield "--cores says nothing of it: processor time was not measured (%C in access.format)"
    fed = most_fed(demand, wishes.cores)
    if fed is not None and workers > fed:
        yield (
            f"{wishes.cores:g} processors keep up with {fed} workers, a quarter more than they can run at a "
            f"time: when more of the {workers} are busy they wait "
            "for one another, and every request takes longer"
        )
