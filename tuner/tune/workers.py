"""How many workers a pool should have, by its load and by what there is room for."""

from tuner.laws.staffing import workers_by_cpu
from tuner.stack.model import Pool
from tuner.tune.backlog import spot_in_section
from tuner.tune.demand import Demand
from tuner.tune.plan import Recommendation
from tuner.tune.room import MIB, Allotment, Room, Staff

MOST_WORKERS = 10_000
RIDE_FORMULA = (
    "the least number of workers with which the longest queue of the recorded bursts is answered in time"
)


def staff_of(pool: Pool, demand: Demand | str) -> Staff:
    """Return the workers that a pool has and wants; one of which nobody knows what comes wants no more."""
    present = int(pool.max_children.data or 0) if pool.max_children.is_known else 0
    if isinstance(demand, str) or present < 1:
        return Staff(pool.name, present, present, None, None)
    cpu_s = demand.cpu_mean_s
    return Staff(
        pool.name,
        present,
        wanted_workers(demand, present),
        demand.memory_p95_bytes or None,
        cpu_s / demand.mean_service_time_s if cpu_s else None,
    )


def wanted_workers(demand: Demand, present: int) -> int:
    """Return how many workers ride the recorded bursts.

    At least `present`, and that where no number does.
    """
    return workers_that_ride(demand, present) or present


def workers_that_ride(demand: Demand, present: int) -> int | None:
    """Return how many workers, at least `present`, ride the recorded bursts within the deadline.

    None where no number does: the deadline is too short for one request already, or nothing was recorded;
    and where there are more than MOST_WORKERS already.
    """
    if (
        present > MOST_WORKERS
        or not demand.windows_s
        or not demand.limit(MOST_WORKERS)
        or not _rides(demand, MOST_WORKERS)
    ):
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


def recommend_workers(pool: Pool, demand: Demand, allotment: Allotment, room: Room) -> Recommendation | None:
    """Return pm.max_children where the bursts need more and there is room for some of them."""
    staff, given = allotment.staff, allotment.workers
    if given <= staff.present:
        return None
    why = f"{staff.present} cannot ride the recorded bursts within {demand.deadline_s:g} s"
    if given < staff.wanted:
        what = "memory holds" if room.cores is None else "memory and the processors bear"
        why += f"; {staff.wanted} could, but the {what} {given} only"
    return Recommendation(
        "pm.max_children",
        "php-fpm",
        pool.entity,
        pool.max_children,
        given,
        why,
        f"{RIDE_FORMULA}; {_room_words(staff, room)}",
        demand.inputs,
        "reload",
        None,
        spot_in_section(pool),
        id(pool),
    )


def _room_words(staff: Staff, room: Room) -> str:
    each = (staff.memory_each_bytes or 0) / MIB
    words = f"{(room.memory_bytes or 0) / MIB:.0f} MiB for all pools, {each:.1f} MiB a worker"
    if room.cores is None or staff.cores_each is None:
        return words
    return f"{words}; {room.cores:g} processors * 1.25, {staff.cores_each:.2f} a busy worker"


def price(demand: Demand, more: int) -> str:
    """Return what so many workers more cost."""
    if demand.memory_p95_bytes is None:
        memory = "of a memory that was not measured"
    else:
        each = demand.memory_p95_bytes / MIB
        memory = f"{more * each:.0f} MiB at a peak of {each:.1f} MiB each beside shared memory"
    if demand.cpu_mean_s is None:
        return f"{more} workers more, {memory}"
    cores = more * demand.cpu_mean_s / demand.mean_service_time_s
    return f"{more} workers more, {memory}, and {cores:.2g} processors when all are busy"


def most_fed(demand: Demand, cores: float | None) -> int | None:
    """Return with how many workers the processors are busy; None where that is not known."""
    if cores is None or not demand.cpu_mean_s:
        return None
    return workers_by_cpu(cores, demand.mean_service_time_s, demand.cpu_mean_s)
