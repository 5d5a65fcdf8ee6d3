"""Memory and processors that the pools of a host share, and how many workers each pool has of them."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tuner.laws.staffing import MOST_CPU_HEADROOM

MIB = 1 << 20


class Room(NamedTuple):
    """What all workers of a host may take together; None is no bound that anybody stated."""

    memory_bytes: int | None = None
    cores: float | None = None


class Staff(NamedTuple):
    """The workers of a pool: how many there are, how many it wants, and what each takes.

    `cores_each` is how much of a processor a busy worker uses on average. None is not known.
    """

    present: int
    wanted: int
    memory_each_bytes: float | None
    cores_each: float | None


def shared_out(staffs: Sequence[Staff], room: Room) -> list[int]:
    """Return how many workers each pool gets: no fewer than it has, no more than it wants.

    One by one and pool by pool, until the next one of no pool fits in. A pool whose workers' memory is not
    known keeps what it has; processors may be asked for a quarter more than there are.
    """
    given = [staff.present for staff in staffs]
    waiting = [number for number, staff in enumerate(staffs) if staff.wanted > staff.present]
    left = _left(staffs, room)
    while waiting:
        still = []
        for number in waiting:
            left_then = left.without(staffs[number])
            if left_then is None:
                continue
            left = left_then
            given[number] += 1
            if given[number] < staffs[number].wanted:
                still.append(number)
        waiting = still
    return given


def crowding(staffs: Sequence[Staff], room: Room) -> Iterator[str]:
    """Yield in words that the workers that there are take more memory than there is, if they do."""
    taken = sum(staff.present * (staff.memory_each_bytes or 0.0) for staff in staffs)
    if room.memory_bytes is None or taken <= room.memory_bytes:
        return
    parts = " + ".join(
        f"{staff.present} * {staff.memory_each_bytes / MIB:.1f}"
        for staff in staffs
        if staff.memory_each_bytes
    )
    yield (
        f"pm.max_children times the peak of a worker is {taken / MIB:.0f} MiB ({parts}), more than the "
        f"{room.memory_bytes / MIB:.0f} MiB of --memory: when all are busy the kernel kills some of them"
    )


class _Left(NamedTuple):
    memory_bytes: float
    cores: float | None

    def without(self, staff: Staff) -> "_Left | None":
        """Return what is left with one worker more, None where it does not fit in."""
        if staff.memory_each_bytes is None or staff.memory_each_bytes > self.memory_bytes:
            return None
        cores = self.cores
        if cores is not None and staff.cores_each is not None:
            cores -= staff.cores_each
            if cores < 0:
                return None
        return _Left(self.memory_bytes - staff.memory_each_bytes, cores)


def _left(staffs: Sequence[Staff], room: Room) -> _Left:
    """Return what the workers that are there leave."""
    memory_bytes = sum(staff.present * (staff.memory_each_bytes or 0.0) for staff in staffs)
    cores = sum(staff.present * (staff.cores_each or 0.0) for staff in staffs)
    return _Left(
        (room.memory_bytes or 0) - memory_bytes,
        None if room.cores is None else room.cores * MOST_CPU_HEADROOM - cores,
    )
