"""Arrivals of a log in constant memory: counts of every second, and each single one of the busiest times.

Time is cut into blocks of five minutes. As long as there are few arrivals, every block keeps its own;
beyond that the least busy blocks are given up. Bursts make queues: so the block with the busiest second
is kept, too. Neighbouring blocks that are left make up one window.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tuner.load.histogram import Histogram

BLOCK_S = 300
MOST_KEPT = 300_000
"""Arrivals that are kept one by one: some megabytes in memory, about as many bytes in a load file."""

Request = tuple[float, int, float | None]
"""When it came (seconds since 1970), its status, and the seconds that upstreams took in all, if logged."""

_RECENT_BLOCKS = 2
"""The newest blocks may still grow: requests are logged when they end, and not in order."""


class Columns:
    """Requests as columns: milliseconds since a start, status, and the upstream's milliseconds.

    Those are -1 where the log does not have them.
    """

    __slots__ = ("offsets_ms", "statuses", "upstreams_ms")

    def __init__(self) -> None:
        self.offsets_ms = array("I")
        self.statuses = array("H")
        self.upstreams_ms = array("i")

    def __len__(self) -> int:
        return len(self.offsets_ms)

    def add(self, requests: Iterable[Request], start_s: int) -> None:
        """Append requests that came at or after a second since 1970."""
        columns = zip(*requests, strict=True)
        arrivals_s, statuses, upstreams_s = next(columns), next(columns), next(columns)
        self.offsets_ms.extend([int((at_s - start_s) * 1000 + 0.5) for at_s in arrivals_s])
        self.statuses.extend(statuses)
        self.upstreams_ms.extend(
            [-1 if time_s is None else int(time_s * 1000 + 0.5) for time_s in upstreams_s]
        )

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
        self._blocks: dict[int, Columns] = {}
        self._given_up: set[int] = set()
        self._per_second: Counter[int] = Counter()
        self._kept = 0
        self.statuses: Counter[int] = Counter()

    def add(self, requests: Sequence[Request]) -> None:
        """Count requests, and keep them as long as their time is a busy one."""
        if not requests:
            return
        seconds = [int(request[0]) for request in requests]
        self._per_second.update(seconds)
        self.statuses.update([request[1] for request in requests])
        first, last = min(seconds) // BLOCK_S, max(seconds) // BLOCK_S
        if first == last:
            self._keep(first, requests)
        else:
            by_block: dict[int, list[Request]] = {}
            for second, request in zip(seconds, requests, strict=True):
                by_block.setdefault(second // BLOCK_S, []).append(request)
            for number, part in by_block.items():
                self._keep(number, part)
        self._make_room()

    def _keep(self, number: int, requests: Sequence[Request]) -> None:
        if number in self._given_up:
            return
        self._blocks.setdefault(number, Columns()).add(requests, number * BLOCK_S)
        self._kept += len(requests)

    def _make_room(self) -> None:
        while self._kept > self._most_kept and self._give_up_one(sorted(self._blocks)[-_RECENT_BLOCKS:]):
            pass

    def _give_up_one(self, spared: list[int]) -> bool:
        """Give up the least busy block, never the one with the busiest second; say whether there was one."""
        peak_block = max(self._per_second, key=self._per_second.__getitem__) // BLOCK_S
        others = [number for number in self._blocks if number not in spared and number != peak_block]
        if not others:
            return False
        least = min(others, key=lambda number: (len(self._blocks[number]), number))
        self._kept -= len(self._blocks.pop(least))
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
        found = Columns()
        for number in numbers:
            found.append_shifted(self._blocks[number], (number * BLOCK_S - start_s) * 1000)
        return Window(start_s, end_s - start_s, found.in_order())
