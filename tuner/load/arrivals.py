"""Arrivals of a log in little memory: counts of every second, and each single one of the busiest times.

Time is cut into blocks of five minutes. As long as there are few arrivals, every block keeps its own;
beyond that the least busy blocks are given up. Bursts make queues: so the block with the busiest second
is kept, too. Neighbouring blocks that are left make up one window. The counts of a block's seconds stay, in
less than half a kilobyte (4 MB for a month), or three times that where more than 255 came in a second.
"""

from array import array
from collections import Counter
from heapq import heappop, heappush
from typing import NamedTuple

from tuner.load.histogram import Histogram

BLOCK_S = 300
MOST_KEPT = 300_000
"""Arrivals that are kept one by one: some megabytes in memory, about as many bytes in a load file."""

NOT_LOGGED = -1

_RECENT_BLOCKS = 2
"""The last blocks that were read may still grow: requests are logged when they end, and not in order."""


class Requests(NamedTuple):
    """Some requests as columns: when each came (seconds since 1970), its status, and what upstreams took.

    That is the milliseconds of all tries, NOT_LOGGED where the log does not have them.
    """

    arrivals_s: list[float]
    statuses: list[int]
    upstreams_ms: list[int]


class Columns:
    """Requests as columns: milliseconds since a start, status, and the upstreams' milliseconds."""

    __slots__ = ("offsets_ms", "statuses", "upstreams_ms")

    def __init__(self) -> None:
        self.offsets_ms = array("I")
        self.statuses = array("H")
        self.upstreams_ms = array("i")

    def __len__(self) -> int:
        return len(self.offsets_ms)

    def add(self, requests: Requests, start_s: int) -> None:
        """Append requests that came at or after a second since 1970."""
        self.offsets_ms.extend([int((at_s - start_s) * 1000 + 0.5) for at_s in requests.arrivals_s])
        self.statuses.extend(requests.statuses)
        self.upstreams_ms.extend(requests.upstreams_ms)

    def append_shifted(self, other: "Columns", shift_ms: int) -> None:
        """Append requests whose offsets count from a start that is `shift_ms` later (or earlier, below 0)."""
        self.offsets_ms.extend([offset_ms + shift_ms for offset_ms in other.offsets_ms])
        self.statuses.extend(other.statuses)
        self.upstreams_ms.extend(other.upstreams_ms)

    def in_order(self) -> "Columns":
        """Return the requests in order of arrival."""
        order = sorted(range(len(self)), key=self.offsets_ms.__getitem__)
        found = Columns()
        found.offsets_ms.extend(map(self.offsets_ms.__getitem__, order))
        found.statuses.extend(map(self.statuses.__getitem__, order))
        found.upstreams_ms.extend(map(self.upstreams_ms.__getitem__, order))
        return found


class Window(NamedTuple):
    """All arrivals of some time: its start in seconds since 1970, and the requests in order of arrival."""

    start_s: int
    length_s: int
    arrivals: Columns


class Arrivals:
    """Takes requests in any order and keeps what a load file needs of them."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._most_kept = most_kept
        self._seconds: dict[int, array[int]] = {}
        self._blocks: dict[int, Columns] = {}
        self._by_size: list[tuple[int, int]] = []
        self._kept = 0
        self._peak = (0, 0)
        self.statuses: Counter[int] = Counter()

    def add(self, requests: Requests) -> None:
        """Count requests, and keep them as long as their time is a busy one."""
        if not requests.arrivals_s:
            return
        seconds = Counter(map(int, requests.arrivals_s))
        self.statuses.update(requests.statuses)
        first, last = min(seconds) // BLOCK_S, max(seconds) // BLOCK_S
        if first == last:
            self._keep(first, requests)
        else:
            by_block: dict[int, list[tuple[float, int, int]]] = {}
            for request in zip(*requests, strict=True):
                by_block.setdefault(int(request[0]) // BLOCK_S, []).append(request)
            for number, part in by_block.items():
                self._keep(number, Requests(*map(list, zip(*part, strict=True))))
        self._count(seconds)
        if self._kept > self._most_kept:
            self._make_room({last - age for age in range(_RECENT_BLOCKS)})

    def _keep(self, number: int, requests: Requests) -> None:
        block = self._blocks.get(number)
        if block is None:
            if number in self._seconds:
                return  # it was given up
            block = self._blocks[number] = Columns()
            heappush(self._by_size, (0, number))
        block.add(requests, number * BLOCK_S)
        self._kept += len(requests.arrivals_s)

    def _count(self, seconds: Counter[int]) -> None:
        for second, more in seconds.items():
            number, place = divmod(second, BLOCK_S)
            counts = self._seconds.get(number)
            if counts is None:
                counts = self._seconds[number] = array("B", bytes(BLOCK_S))
            count = counts[place] + more
            if count > 255 and counts.typecode == "B":
                counts = self._seconds[number] = array("I", counts)
            counts[place] = count
            self._peak = max(self._peak, (count, -second))

    def _make_room(self, spared: set[int]) -> None:
        """Give up the least busy blocks, but no spared one and never the one with the busiest second."""
        spared = spared | {-self._peak[1] // BLOCK_S}
        aside = []
        while self._kept > self._most_kept and self._by_size:
            size, number = heappop(self._by_size)
            grown = len(self._blocks[number])
            if size < grown:
                heappush(self._by_size, (grown, number))
            elif number in spared:
                aside.append((size, number))
            else:
                self._kept -= len(self._blocks.pop(number))
        for entry in aside:
            heappush(self._by_size, entry)

    @property
    def count(self) -> int:
        """How many requests there were."""
        return self.statuses.total()

    @property
    def first_s(self) -> int:
        """The first second with a request. Raises ValueError where there was none."""
        number = min(self._seconds)
        return number * BLOCK_S + next(n for n, count in enumerate(self._seconds[number]) if count)

    @property
    def last_s(self) -> int:
        """The last second with a request. Raises ValueError where there was none."""
        number = max(self._seconds)
        return number * BLOCK_S + max(n for n, count in enumerate(self._seconds[number]) if count)

    def per_second(self) -> Histogram:
        """Return how many seconds had how many arrivals, the quiet ones too."""
        counted: Counter[int] = Counter()
        for counts in self._seconds.values():
            counted.update(counts)
        counted[0] = 0
        counted[0] = self.last_s - self.first_s + 1 - counted.total()
        found = Histogram()
        for count, times in counted.items():
            if times:
                found.add(count, times)
        return found

    def windows(self) -> list[Window]:
        """Return what was kept: neighbouring blocks together, the busiest window first."""
        self._make_room(set())
        runs: list[list[int]] = []
        for number in sorted(self._blocks):
            if not runs or number != runs[-1][-1] + 1:
                runs.append([])
            runs[-1].append(number)
        if not runs:
            return []
        first_s, behind_s = self.first_s, self.last_s + 1
        found = [self._window(run, first_s, behind_s) for run in runs]
        return sorted(found, key=lambda window: (-len(window.arrivals), window.start_s))

    def _window(self, numbers: list[int], first_s: int, behind_s: int) -> Window:
        start_s = max(numbers[0] * BLOCK_S, first_s)
        end_s = min((numbers[-1] + 1) * BLOCK_S, behind_s)
        found = Columns()
        for number in numbers:
            found.append_shifted(self._blocks[number], (number * BLOCK_S - start_s) * 1000)
        return Window(start_s, end_s - start_s, found.in_order())
