"""How many workers a pool should have, and what else could carry a burst that the queue cannot."""

from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from tuner.laws.staffing import workers_by_memory
from tuner.stack.model import Pool
from tuner.stack.value import Data
from tuner.tune.backlog import spot_in_section
from tuner.tune.demand import Demand
from tuner.tune.plan import Recommendation

MOST_WORKERS = 10_000
MIB = 1 << 20
RELOAD = "reload php-fpm"
CAPACITY_FORMULA = (
    "the least number of workers with which the longest queue of the recorded bursts is answered in time"
)


class WorkerMemory(NamedTuple):
    """What the workers of a pool may have together, and what one takes, in bytes."""

    budget_bytes: int
    each_bytes: float

    @property
    def most_workers(self) -> int:
        """How many fit in."""
        return max(1, workers_by_memory(self.budget_bytes, 0, ceil(self.each_bytes)))


def workers_that_ride(demand: Demand, present: int) -> int | None:
    """Return how many workers, at least `present`, ride the recorded bursts within the deadline.

    None where no number does: the deadline is too short for one request already, or nothing was recorded.
    """
    if not demand.windows_s or not demand.limit(MOST_WORKERS) or not _rides(demand, MOST_WORKERS):
        return None
    low, high = present - 1, MOST_WORKERS
    while high - low > 1:
        middle = (low + high) // 2
        if _rides(demand, middle):
            high = middle
        else:
            low = middle
    return high


def _rides(demand: Demand, workers: int) -> bool:
    if workers < 1:
        return False
    need = demand.need(workers)
    limit = demand.limit(workers)
    return need is not None and limit > 0 and need <= limit


def recommend_workers(pool: Pool, demand: Demand, memory: WorkerMemory | None) -> Recommendation | None:
    """Return pm.max_children where the bursts need more and the memory that may be used has room for them."""
    present = int(pool.max_children.data or 0)
    enough = workers_that_ride(demand, present) if memory is not None else None
    if memory is None or enough is None or enough <= present:
        return None
    workers = min(enough, memory.most_workers)
    if workers <= present:
        return None
    why = f"{present} cannot ride the recorded bursts within {demand.deadline_s:g} s"
    if workers < enough:
        why += f"; {enough} could, but no more than {workers} fit into the memory"
    return Recommendation(
        "pm.max_children",
        "php-fpm",
        pool.entity,
        pool.max_children,
        workers,
        why,
        CAPACITY_FORMULA + f"; {memory.budget_bytes // MIB} MiB / {memory.each_bytes / MIB:.1f} MiB each",
        demand.inputs,
        RELOAD,
        None,
        spot_in_section(pool),
        id(pool),
    )


def more_workers(demand: Demand, present: int) -> tuple[dict[str, Data], str] | None:
    """Return the settings of a pool with enough workers, and their price; None where none are missing."""
    workers = workers_that_ride(demand, present)
    if workers is None or workers <= present:
        return None
    return {"pm": "static", "pm.max_children": workers, "listen.backlog": demand.limit(workers)}, price(
        demand, workers - present
    )


def price(demand: Demand, more: int) -> str:
    """Return what so many workers more cost."""
    if demand.memory_p95_bytes is None:
        return f"{more} workers more, of a memory that was not measured"
    each = demand.memory_p95_bytes / MIB
    return f"{more} workers more, {more * each:.0f} MiB at a peak of {each:.1f} MiB each beside shared memory"


def ramps(pool: Pool, most_workers: int) -> Iterator[dict[str, Data]]:
    """Yield numbers for a dynamic pool that keeps ever more workers idle, to half of `most_workers`."""
    spare, most = (int(value.data or 0) for value in (pool.min_spare_servers, pool.max_spare_servers))
    start = int(pool.start_servers.data or 0)
    while 0 < 2 * spare < most_workers:
        spare *= 2
        yield {
            "pm.start_servers": max(start, spare),
            "pm.min_spare_servers": spare,
            "pm.max_spare_servers": min(most_workers, max(most, start, 2 * spare)),
        }
