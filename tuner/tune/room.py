"""Memory and processors that the pools of a host share, and how many workers each pool has of them."""

from collections.abc import Iterator, Sequence
from math import floor
from typing import NamedTuple

from tuner.laws.staffing import MOST_CPU_HEADROOM

MIB = 1 << 20
MOST_NAMED = 4
ROUNDING = 1 + 1e-9
"""So that a sum that is exactly what there is counts as that."""


class Room(NamedTuple):
    """What all workers of a host may take together; None is no bound that anybody stated."""

    memory_bytes: int | None = None
    cores: float | None = None


class Staff(NamedTuple):
    """The workers of a pool: how many there are, how many it wants, and what each takes.

    `cores_each` is how much of a processor a busy worker uses on average. None is not known.
    """

    pool: str
    present: int
    wanted: int
    memory_each_bytes: float | None
    cores_each: float | None


class Allotment(NamedTuple):
    """What a pool gets: its workers, and how many of them the memory holds beside those of all other pools.

    `most_in_memory` is None where that is not known.
    """

    staff: Staff
    workers: int
    most_in_memory: int | None


def allotted(staffs: Sequence[Staff], room: Room) -> list[Allotment]:
    """Return what each pool gets."""
    given = shared_out(staffs, room)
    taken_bytes = [
        workers * (staff.memory_each_bytes or 0.0) for staff, workers in zip(staffs, given, strict=True)
    ]
    return [
        Allotment(staff, workers, _most_in_memory(staff, sum(taken_bytes) - own_bytes, room))
        for staff, workers, own_bytes in zip(staffs, given, taken_bytes, strict=True)
    ]


def _most_in_memory(staff: Staff, others_bytes: float, room: Room) -> int | None:
    if room.memory_bytes is None or not staff.memory_each_bytes:
        return None
    return max(0, floor((room.memory_bytes - others_bytes) / staff.memory_each_bytes))


def shared_out(staffs: Sequence[Staff], room: Room) -> list[int]:
    """Return how many workers each pool gets: no fewer than it has, no more than it wants.

    One by one and pool by pool, until the next one of no pool fits in. A pool whose workers' memory is not
    known keeps what it has; processors may be asked for a quarter more than there are.
    """
    given = [staff.present for staff in staffs]
    waiting = [number for number, staff in enumerate(staffs) if staff.wanted > staff.present]
    taken = _Taken(
        sum(_memory_bytes(staff) for staff in staffs),
        sum(staff.present * (staff.cores_each or 0.0) for staff in staffs),
    )
    while waiting:
        still = []
        for number in waiting:
            staff = staffs[number]
            then = taken.with_one_of(staff)
            if not then.fits(staff, room):
                continue
            taken = then
            given[number] += 1
            if given[number] < staff.wanted:
                still.append(number)
        waiting = still
    return given


class _Taken(NamedTuple):
    memory_bytes: float
    cores: float

    def with_one_of(self, staff: Staff) -> "_Taken":
        return _Taken(
            self.memory_bytes + (staff.memory_each_bytes or 0.0), self.cores + (staff.cores_each or 0.0)
        )

    def fits(self, staff: Staff, room: Room) -> bool:
        """Say whether all that is taken fits, the last of it by a worker of `staff`."""
        if staff.memory_each_bytes is None or self.memory_bytes > (room.memory_bytes or 0) * ROUNDING:
            return False
        if room.cores is None or staff.cores_each is None:
            return True
        return self.cores <= room.cores * MOST_CPU_HEADROOM * ROUNDING


def crowding(staffs: Sequence[Staff], room: Room) -> Iterator[str]:
    """Yield in words that the workers that there are take more memory than there is, if they do."""
    measured = [staff for staff in staffs if staff.memory_each_bytes]
    taken_bytes = sum(_memory_bytes(staff) for staff in measured)
    if room.memory_bytes is None or taken_bytes <= room.memory_bytes:
        return
    largest = sorted(measured, key=_memory_bytes, reverse=True)
    parts = [
        f"{staff.pool} {staff.present} * {(staff.memory_each_bytes or 0) / MIB:.1f}"
        for staff in largest[:MOST_NAMED]
    ]
    more = [f"{len(largest) - MOST_NAMED} pools more"] if len(largest) > MOST_NAMED else []
    yield (
        f"pm.max_children times the peak of a worker is {taken_bytes / MIB:.0f} MiB "
        f"({', '.join([*parts, *more])}), more than the {room.memory_bytes / MIB:.0f} MiB of --memory: when "
        "all are busy the kernel kills some of them; lower pm.max_children, or what a worker takes"
    )


def _memory_bytes(staff: Staff) -> float:
    return staff.present * (staff.memory_each_bytes or 0.0)
