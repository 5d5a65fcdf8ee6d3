"""What comes to a pool, as numbers that the laws take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from tuner.laws.burst import largest_excess, needed_backlog
from tuner.laws.queueing import OVERHEAD_S, SAFETY_Z, capacity_per_s, largest_backlog
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.traffic import Traffic
from tuner.load.load_file import LoadFile, MeasuredPool
from tuner.load.matching import match_pools
from tuner.load.replayable import arrivals_of, starts_of, trace_of, traffic_of
from tuner.load.trace import Trace
from tuner.stack.model import Pool, Stack
from tuner.stack.value import Origin, Value
from tuner.tune.plan import Bounds
from tuner.tune.room import Room

MOST_CONNECTIONS = 65535
"""More no kernel before 4.1 takes, and no nginx holds."""

US_PER_S = 1_000_000


@dataclass(frozen=True, eq=False)
class Demand:
    """Service times in seconds, and the arrivals of each busy time where there is a record.

    `windows_s` begin at 0 each, in truth at `starts_s` since 1970.
    `cpu_mean_s` is the processor time of a request, `arrivals_per_s` a rate that was declared, or that of the
    busiest ten seconds. `deadline_s` is until when an answer is waited for, by nginx or by somebody less
    patient. `clients` is how many ask at a time at most, each for one thing. `inputs` are the values that it
    was made of.
    """

    mean_service_time_s: float
    service_time_p95_s: float
    service_time_cv: float
    deadline_s: float
    windows_s: tuple[tuple[float, ...], ...]
    starts_s: tuple[float, ...]
    record: MeasuredPool | None
    memory_p95_bytes: float | None
    cpu_mean_s: float | None
    arrivals_per_s: float | None
    is_until_nginx_gives_up: bool
    clients: int | None
    patience_s: float | None
    inputs: tuple[Value, ...]

    @property
    def requests(self) -> int:
        """How many arrivals were recorded one by one."""
        return sum(len(window_s) for window_s in self.windows_s)

    def capacity_per_s(self, workers: int) -> float:
        """Return how many requests a second so many workers serve."""
        return capacity_per_s(workers, self.mean_service_time_s, OVERHEAD_S)

    def bounds(self, workers: int) -> Bounds:
        """Return the backlogs that ride the recorded bursts and are answered before the deadline."""
        return Bounds(self.need(workers), self.limit(workers))

    def limit(self, workers: int) -> int:
        """Return the largest backlog of which all is answered before the deadline, and every kernel takes."""
        return self._largest_backlog(workers, SAFETY_Z)

    def bearable(self, workers: int) -> int:
        """Return up to which backlog the limit is exceeded without a loss: half of its reserve is left.

        Measured in overload of 1.5 (tests/data/laws/overload_shares.csv): with exponential times 57 instead
        of 50 answered as many, 65 lost 3.5 points; where all times are alike there is no such room.
        """
        return self._largest_backlog(workers, SAFETY_Z / 2)

    def _largest_backlog(self, workers: int, z: float) -> int:
        largest = largest_backlog(
            self.capacity_per_s(workers), self.deadline_s, self.service_time_p95_s, self.service_time_cv, z
        )
        return min(largest, MOST_CONNECTIONS)

    def need(self, workers: int) -> int | None:
        """Return the backlog that takes in the largest excess of arrivals; None if nothing bounds it.

        As many as there are clients are enough: whoever is refused at once and asks again, as a load test
        does, looks like many more.
        """
        if not self.windows_s:
            return self.clients
        need = self._needs(workers)
        return need if self.clients is None else min(need, self.clients)

    def traffic(self, workers: int) -> Traffic | None:
        """Return the requests of the time that asks most of so many workers."""
        if self.record is None:
            return None
        window, _ = self._worst_window(workers)
        return self._traffic_of_window(window)

    @cached_property
    def _traffic_of_window(self) -> Callable[[int], Traffic]:
        """Draws are made once, and what was replayed of them is known by their identity."""
        assert self.record
        record = self.record
        return cache(lambda window: traffic_of(record, window=window))

    @cached_property
    def _trace_of_window(self) -> Callable[[int], Trace]:
        assert self.record
        record = self.record
        return cache(lambda window: trace_of(record, window=window))

    @cached_property
    def _needs(self) -> Callable[[int], int]:
        return cache(self._need)

    def _need(self, workers: int) -> int:
        """Return the larger of two: what the law says, which takes all workers as idle when the burst comes,
        and the longest queue of a replay, in which slow requests keep them busy from before.
        """
        window, excess = self._worst_window(workers)
        by_law = needed_backlog(excess, workers, self.service_time_cv)
        if self.record is None:
            return by_law
        trace = self._trace_of_window(window)
        unbounded = Setting(workers, len(trace.arrivals_s), self.deadline_s)
        return max(by_law, replay(trace.arrivals_s, trace.services_s, unbounded).longest_queue - 1)

    def _worst_window(self, workers: int) -> tuple[int, float]:
        """Return the window in which most requests come ahead of the workers, and how many."""
        capacity = self.capacity_per_s(workers)
        excesses = [largest_excess(window_s, capacity) for window_s in self.windows_s]
        return excesses.index(max(excesses)), max(excesses)


class Wishes(NamedTuple):
    """What the user says beside files and load.

    `deadline_s` is until when anybody waits, where that is less than nginx does; `clients` how many ask at a
    time at most. `memory_bytes` and `cores` are what the workers of all pools of a host may take together, a
    container's quota where there is one. `may_lower`: a sysctl that somebody wrote may be lowered.
    """

    deadline_s: float | None = None
    memory_bytes: int | None = None
    clients: int | None = None
    may_lower: bool = False
    cores: float | None = None

    @property
    def room(self) -> Room:
        """What all workers of a host may take."""
        return Room(self.memory_bytes, self.cores)


Records = Mapping[int, MeasuredPool]
"""What was measured of a pool, by the identity of the pool."""


def records_of(stacks: Sequence[Stack], load: LoadFile | None) -> Records:
    """Return what a load file tells of the pools; nothing of one that it may mean or not."""
    found = match_pools(stacks, load).found if load else []
    return {id(match.pool): match.measured for match in found if not match.doubt}


def demand_of(pool: Pool, measured: MeasuredPool | None, wishes: Wishes) -> Demand | str:
    """Return the demand on a pool, or why nothing can be said of it.

    Where the locations that lead to it wait for different times, the longest counts: a queue that outlives
    that one is too long for all.
    """
    load, queue = pool.load, pool.queue
    if load is None or queue is None:
        return "no load is known"
    timeout = pool.longest_read_timeout
    inputs = (load.service_time, load.service_time_p95, load.service_time_cv)
    unknown = next((value for value in inputs if not value.is_known), None)
    if unknown is not None:
        return f"{unknown.label} is not known: {unknown.origin.words}"
    deadline_s = deadline_of(pool, wishes)
    if deadline_s is None:
        return f"{timeout.label} is not known: {timeout.origin.words}; give --deadline"
    record = _replayable(measured)
    return Demand(
        float(load.service_time.data or 0),
        float(load.service_time_p95.data or 0),
        float(load.service_time_cv.data or 0),
        deadline_s,
        tuple(tuple(window_s) for window_s in arrivals_of(record)) if record else (),
        tuple(starts_of(record)) if record else (),
        record,
        _memory_p95_bytes(measured),
        _cpu_mean_s(measured),
        float(load.arrival_rate.data or 0) if load.arrival_rate.is_known else None,
        timeout.is_known and deadline_s == float(timeout.data or 0),
        wishes.clients,
        wishes.deadline_s,
        (*inputs, *_waits(timeout, wishes.deadline_s)),
    )


def deadline_of(pool: Pool, wishes: Wishes) -> float | None:
    """Return until when an answer is waited for, by nginx or somebody less patient; None if nobody knows."""
    timeout = pool.longest_read_timeout
    known_s = [float(timeout.data or 0)] if timeout.is_known else []
    stated_s = [wishes.deadline_s] if wishes.deadline_s is not None else []
    return min([*known_s, *stated_s], default=None)


def _waits(timeout: Value, deadline_s: float | None) -> tuple[Value, ...]:
    """Return what ends the wait for an answer: the timeout of nginx, a deadline, or both."""
    if deadline_s is None:
        return (timeout,)
    stated = Value(
        "deadline", deadline_s, Origin("declared", "command line: --deadline"), "s", label="deadline"
    )
    return (timeout, stated) if timeout.is_known else (stated,)


def _replayable(measured: MeasuredPool | None) -> MeasuredPool | None:
    if measured is None or measured.arrivals is None or measured.service is None:
        return None
    return measured


def _cpu_mean_s(measured: MeasuredPool | None) -> float | None:
    if measured is None or measured.cpu_us is None:
        return None
    return measured.cpu_us.histogram().mean / US_PER_S


def _memory_p95_bytes(measured: MeasuredPool | None) -> float | None:
    if measured is None or measured.memory_bytes is None:
        return None
    return measured.memory_bytes.histogram().percentile(0.95)
