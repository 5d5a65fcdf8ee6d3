"""What the measured time that asks most of a pool comes to with the pool as its files have it.

Requests that find the queue full are counted as on a unix socket, where that is the end of them. On TCP as
many find it full; their SYN is sent again.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache

from tuner.laws.burst import largest_excess, needed_backlog
from tuner.laws.process_manager import started_children
from tuner.laws.simulator.replay import LATE, REFUSED
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting, Spares
from tuner.load.lead_in import with_lead_in
from tuner.load.load_file import Busy, MeasuredPool
from tuner.load.replayable import trace_of
from tuner.load.trace import Trace
from tuner.stack.model import Pool
from tuner.stack.pool_load import PoolQueue, PoolReplay
from tuner.stack.queue_bounds import OTHER_FILE_LISTENS
from tuner.stack.value import Data, Origin, Value, absent, derive, unknown

UNIT = "requests"
LABELS = {
    "requests": "replayed",
    "needed_backlog": "backlog that the burst needs",
    "refused": "find the queue full",
    "refused_at_largest": "find the queue full at the largest backlog",
    "late": "answered too late",
    "lost_to_ramp": "lost while children are started",
}
"""What each field of a replay is called in reports."""


def without_replay(pool: Pool, reason: str) -> PoolReplay:
    """Return the replay of a pool whose load cannot be replayed, for this reason."""

    def nothing(field: str) -> Value:
        return unknown(f"pool.replay.{field}", reason, unit=UNIT, label=LABELS[field])

    return PoolReplay(
        entity=pool.entity,
        requests=nothing("requests"),
        needed_backlog=nothing("needed_backlog"),
        refused=nothing("refused"),
        refused_at_largest=nothing("refused_at_largest"),
        late=nothing("late"),
        lost_to_ramp=_no_ramp(pool) or nothing("lost_to_ramp"),
    )


def replay_of(
    pool: Pool, measured: MeasuredPool, windows_s: Sequence[Sequence[float]], words: str
) -> PoolReplay:
    """Return the replay of the busy window, of those measured, in which most comes ahead of the workers.

    `windows_s` are the arrivals of each. The pool has its load and its queue, and the load file has arrivals
    and service times.
    """
    assert pool.queue
    capacity = pool.queue.capacity
    worst = _worst(windows_s, float(capacity.data)) if capacity.data and capacity.is_known else 0
    trace = trace_of(measured, window=worst)
    counts = _Counts(trace)
    backlog = _backlog(pool)
    requests = _requests(measured, worst, words)
    return PoolReplay(
        entity=pool.entity,
        requests=requests,
        needed_backlog=_needed_backlog(pool, trace, requests),
        refused=_derived("refused", counts.refused, requests, backlog, pool.max_children),
        refused_at_largest=_derived(
            "refused_at_largest", counts.refused, requests, pool.queue.largest_backlog, pool.max_children
        ),
        late=_derived(
            "late", counts.late, requests, backlog, pool.max_children, pool.queue.shortest_read_timeout
        ),
        lost_to_ramp=_lost_to_ramp(pool, pool.queue, counts, requests, backlog),
    )


def _worst(windows_s: Sequence[Sequence[float]], capacity: float) -> int:
    excesses = [largest_excess(arrivals_s, capacity) for arrivals_s in windows_s]
    return excesses.index(max(excesses))


class _Counts:
    """How many requests of a trace end how, by the numbers of the pool; each replay is made once."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._plain = cache(self._replayed)

    def refused(self, _requests: int, backlog: int, workers: int) -> int | None:
        return self._plain(backlog, workers, 0.0)[0] if workers > 0 else None

    def late(self, _requests: int, backlog: int, workers: int, timeout_s: float) -> int | None:
        return self._plain(backlog, workers, timeout_s)[1] if workers > 0 else None

    def lost_to_ramp(  # one number of the pool each
        self,
        _requests: int,
        backlog: int,
        timeout_s: float,
        workers: int,
        mean_service_s: float,
        start: int,
        least: int,
        most: int,
        spawn_rate: int,
    ) -> int | None:
        try:
            spares = Spares(started_children(start, least, most), least, most, spawn_rate)
            growing = Setting(workers, backlog, timeout_s, spares=spares)
        except ValueError:
            return None
        led_in, first = with_lead_in(self._trace, mean_service_s, spares.start, workers)
        ended = replay(*led_in[:2], growing).outcomes[first:]
        full = replay(*led_in[:2], Setting(workers, backlog, timeout_s)).outcomes[first:]
        lost, lost_anyway = (ended.count(REFUSED) + ended.count(LATE) for ended in (ended, full))
        return max(0, lost - lost_anyway)

    def _replayed(self, backlog: int, workers: int, timeout_s: float) -> tuple[int, int]:
        outcomes = replay(*self._trace[:2], Setting(workers, backlog, timeout_s)).outcomes
        return outcomes.count(REFUSED), outcomes.count(LATE)


def _requests(measured: MeasuredPool, window: int, words: str) -> Value:
    assert measured.arrivals
    busy: Busy = measured.arrivals.windows[window]
    moment = datetime.fromtimestamp(busy.start_s, UTC)
    spread = ", spread within each second" if measured.arrivals.resolution_s >= 1 else ""
    origin = Origin("measured", f"{words}, {busy.length_s} s from {moment:%Y-%m-%d %H:%M:%S} UTC{spread}")
    return Value("pool.replay.requests", busy.requests, origin, UNIT, label=LABELS["requests"])


def _backlog(pool: Pool) -> Value:
    if pool.listener:
        return pool.listener.effective_backlog
    return unknown("listener.effective_backlog", OTHER_FILE_LISTENS, label="effective backlog")


def _needed_backlog(pool: Pool, trace: Trace, requests: Value) -> Value:
    assert pool.load and pool.queue

    def needed(_requests: int, capacity: float, workers: int, cv: float) -> int | None:
        return (
            needed_backlog(largest_excess(trace.arrivals_s, capacity), workers, cv) if workers > 0 else None
        )

    return derive(
        "pool.replay.needed_backlog",
        needed,
        requests,
        pool.queue.capacity,
        pool.max_children,
        pool.load.service_time_cv,
        unit="connections",
        label=LABELS["needed_backlog"],
        words="e - c + 2 cv sqrt(e) - 1, e the most by which arrivals run ahead of the capacity",
    )


def _lost_to_ramp(pool: Pool, queue: PoolQueue, counts: _Counts, requests: Value, backlog: Value) -> Value:
    assert pool.load
    nothing = _no_ramp(pool)
    if nothing:
        return nothing
    numbers = (
        pool.start_servers,
        pool.min_spare_servers,
        pool.max_spare_servers,
        pool.max_spawn_rate,
    )
    workers, mean = pool.max_children, pool.load.service_time
    timeout = queue.shortest_read_timeout
    return _derived("lost_to_ramp", counts.lost_to_ramp, requests, backlog, timeout, workers, mean, *numbers)


def _no_ramp(pool: Pool) -> Value | None:
    """Return the value of a pool that does not grow step by step; None for one that may."""
    if pool.ramp.state != "absent":
        return None
    name, words = "pool.replay.lost_to_ramp", pool.ramp.origin.words
    return absent(name, words, unit=UNIT, label=LABELS["lost_to_ramp"])


def _derived(field: str, count: Callable[..., Data | None], *inputs: Value) -> Value:
    words = "a replay of the measured time"
    return derive(f"pool.replay.{field}", count, *inputs, unit=UNIT, label=LABELS[field], words=words)
