"""Arrivals of a log in constant memory: counts of every second, and each single one of the busiest times.

Time is cut into blocks of five minutes. As long as there are few arrivals, every block keeps its own;
beyond that the least busy blocks are given up. Bursts make queues: so the block with the busiest second
is kept, too. Neighbouring blocks that are left make up one window.
"""

from array import array
from typing import NamedTuple

from tuner.load.histogram import Histogram

BLOCK_S = 300
MOST_KEPT = 500_000
"""Arrivals that are kept one by one: some megabytes in memory, about as many bytes in a load file."""

_RECENT_BLOCKS = 2
"""The newest blocks may still grow: requests are logged when they end, and not in order."""


class Arrival(NamedTuple):
    """One request: milliseconds since the start of its block, its status, and the upstream's milliseconds.

    `upstream_ms` is -1 where the log does not have it.
    """

    offset_ms: int
    status: int
    upstream_ms: int


class Block:
    """The arrivals of five minutes, in the order of the log."""

    __slots__ = ("offsets_ms", "statuses", "upstreams_ms")

    def __init__(self) -> None:
        self.offsets_ms = array("I")
        self.statuses = array("H")
        self.upstreams_ms = array("i")


class Window(NamedTuple):
    """All arrivals of some time: its start in seconds since 1970, and each request in order of arrival."""

    start_s: int
    length_s: int
    arrivals: list[Arrival]


class Arrivals:
    """Takes requests in any order and keeps what a load file needs of them."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._blocks: dict[int, Block] = {}
        self._given_up: set[int] = set()
        self._per_second: dict[int, int] = {}
        self._kept = 0
        self._last: tuple[int, Block] = (-1, Block())
        self.statuses: dict[int, int] = {}

    def add(self, arrival_s: float, status: int, upstream_s: float | None) -> None:
        """Count a request that came at `arrival_s`, in seconds since 1970."""
        second = int(arrival_s)
        self._per_second[second] = self._per_second.get(second, 0) + 1
        self.statuses[status] = self.statuses.get(status, 0) + 1
        number = second // BLOCK_S
        known, block = self._last
        if number != known:
            found = self._block(number)
            if found is None:
                return
            block = found
        block.offsets_ms.append(round((arrival_s - number * BLOCK_S) * 1000))
        block.statuses.append(status)
        block.upstreams_ms.append(-1 if upstream_s is None else round(upstream_s * 1000))
        self._kept += 1

    def _block(self, number: int) -> Block | None:
        """Return the block of a time, None where it was given up; makes room for a new one."""
        if number in self._given_up:
            return None
        if number not in self._blocks:
            self._blocks[number] = Block()
            self._make_room()
        self._last = number, self._blocks[number]
        return self._blocks[number]

    def _make_room(self) -> None:
        while self._kept > self._most_kept:
            recent = sorted(self._blocks)[-_RECENT_BLOCKS:]
            if not self._give_up_one(recent):
                return

    def _give_up_one(self, spared: list[int]) -> bool:
        """Give up the least busy block, never the one with the busiest second; say whether there was one."""
        peak_block = max(self._per_second, key=self._per_second.__getitem__) // BLOCK_S
        others = [number for number in self._blocks if number not in spared and number != peak_block]
        if not others:
            return False
        least = min(others, key=lambda number: (len(self._blocks[number].offsets_ms), number))
        self._kept -= len(self._blocks.pop(least).offsets_ms)
        self._given_up.add(least)
        return True

    @property
    def count(self) -> int:
        """How many requests there were."""
        return sum(self._per_second.values())

    @property
    def first_s(self) -> int:
        """The first second with a request. Raises ValueError where there was none."""
        return min(self._per_second)

    @property
    def last_s(self) -> int:
        """The last second with a request. Raises ValueError where there was none."""
        return max(self._per_second)

    def per_second(self) -> Histogram:
        """Return how many seconds had how many arrivals, the quiet ones too."""
        found = Histogram()
        for count in self._per_second.values():
            found.add(count)
        quiet = self.last_s - self.first_s + 1 - len(self._per_second)
        if quiet:
            found.add(0, quiet)
        return found

    def windows(self) -> list[Window]:
        """Return what was kept: neighbouring blocks together, the busiest window first."""
        while self._kept > self._most_kept and self._give_up_one([]):
            pass
        found: list[Window] = []
        run: list[int] = []
        for number in sorted(self._blocks):
            if run and number != run[-1] + 1:
                found.append(self._window(run))
                run = []
            run.append(number)
        if run:
            found.append(self._window(run))
        return sorted(found, key=lambda window: (-len(window.arrivals), window.start_s))

    def _window(self, numbers: list[int]) -> Window:
        start_s = max(numbers[0] * BLOCK_S, self.first_s)
        end_s = min((numbers[-1] + 1) * BLOCK_S, self.last_s + 1)
        arrivals = []
        for number in numbers:
            block = self._blocks[number]
            shift_ms = (number * BLOCK_S - start_s) * 1000
            columns = zip(block.offsets_ms, block.statuses, block.upstreams_ms, strict=True)
            arrivals += [Arrival(offset + shift_ms, status, took) for offset, status, took in columns]
        arrivals.sort()
        return Window(start_s, end_s - start_s, arrivals)
