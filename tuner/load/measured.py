"""A measured load: the numbers of a load file as values that name the file and the pool."""

from collections.abc import Sequence

from tuner.load.load_file import Arrived, LoadFile, MeasuredPool
from tuner.load.matching import match_pools
from tuner.load.on_pool import put_load
from tuner.load.replayable import US_PER_S, arrivals_of
from tuner.load.replayed import replay_of, without_replay
from tuner.stack.model import Pool, Stack
from tuner.stack.pool_load import PoolLoad
from tuner.stack.queue_bounds import unknown_load
from tuner.stack.value import Origin, Value, unknown

SUSTAINED_S = 10
"""So long a rate has to last to count as what comes to a pool."""

DIGITS, MEAN_DIGITS = 3, 4
"""So many digits are worth something: a percentile is known to a bucket of 1.6 %."""

HALF_A_MILLISECOND_S = 0.0005
"""Arrivals are known to the millisecond; differences of them are not exact."""

METHODS = {
    "php-fpm log": "from PHP-FPM's access log",
    "inversion": "computed from the nginx log",
    "status": "from workers' last requests on the status page",
}
ARRIVALS, SERVICE_TIMES = "arrivals", "service times"


def put_measured(stacks: Sequence[Stack], load: LoadFile, file: str) -> list[str]:
    """Give every pool that `load`, read from `file`, tells of its numbers, and bound its queue anew.

    A pool of which it tells nothing says so. Returns in words what does not fit together. Where it is not
    sure whose the numbers are, they are unknown, with the doubt as the reason.
    """
    matches = match_pools(stacks, load)
    told = {id(match.pool) for match in matches.found}
    for pool in (pool for stack in stacks for pool in stack.pools):
        if id(pool) not in told:
            put_load(pool, unknown_load(pool.entity, f"{file} says nothing of this pool"))
    for match in matches.found:
        _put(match.pool, match.measured, f"{file}: pool {match.measured.name}", match.doubt)
    return matches.complaints


def _put(pool: Pool, measured: MeasuredPool, words: str, doubt: str) -> None:
    reasons = {what: doubt or _missing(measured, what) for what in (ARRIVALS, SERVICE_TIMES)}
    windows_s = [] if reasons[ARRIVALS] else arrivals_of(measured)
    put_load(pool, _load_of(pool, measured, windows_s, words, reasons))
    missing = [f"{words}: {reason}" for reason in dict.fromkeys(reasons.values()) if reason]
    if missing:
        pool.replay = without_replay(pool, "; ".join(missing))
    else:
        pool.replay = replay_of(pool, measured, windows_s, words)


def _missing(measured: MeasuredPool, what: str) -> str:
    """Return why the file lacks arrivals or service times, in words of `measure`; empty if it does not."""
    part = measured.arrivals if what == ARRIVALS else measured.service
    if part is None:
        return next(
            (said for said in measured.unknown if said.startswith(what)), f"{what}: none were measured"
        )
    if measured.service and what == SERVICE_TIMES and measured.service.service_us.total == 0:
        return f"{what}: every one is 0"
    return ""


def _load_of(
    pool: Pool,
    measured: MeasuredPool,
    windows_s: Sequence[Sequence[float]],
    words: str,
    reasons: dict[str, str],
) -> PoolLoad:
    nothing = unknown_load(pool.entity)
    rate = _without(nothing.arrival_rate, words, reasons[ARRIVALS])
    times = (
        nothing.service_time,
        nothing.service_time_p95,
        nothing.service_time_p99,
        nothing.service_time_cv,
    )
    mean, p95, p99, cv = (_without(value, words, reasons[SERVICE_TIMES]) for value in times)
    if measured.arrivals and not reasons[ARRIVALS]:
        per_s = busiest_rate_per_s(measured.arrivals, windows_s)
        rate = _measured(rate, rounded(per_s, MEAN_DIGITS), f"{words}, in the busiest {SUSTAINED_S} s")
    if measured.service and not reasons[SERVICE_TIMES]:
        found = measured.service.service_us.histogram()
        of = f"of {found.count} requests, {METHODS[measured.service.method]}"
        mean = _measured(mean, rounded(found.mean / US_PER_S, MEAN_DIGITS), f"{words}, {of}")
        p95 = _measured(p95, rounded(found.percentile(0.95) / US_PER_S, DIGITS), f"{words}, {of}")
        p99 = _measured(p99, rounded(found.percentile(0.99) / US_PER_S, DIGITS), f"{words}, {of}")
        cv = _measured(cv, rounded(found.variation, DIGITS), f"{words}, {of}")
    return PoolLoad(
        entity=pool.entity,
        kind="measured",
        arrival_rate=rate,
        service_time=mean,
        service_time_p95=p95,
        service_time_p99=p99,
        service_time_cv=cv,
    )


def rounded(number: float, digits: int) -> float:
    """Return a number with so many significant digits."""
    return float(f"{number:.{digits}g}")


def busiest_rate_per_s(arrived: Arrived, windows_s: Sequence[Sequence[float]]) -> float:
    """Return the highest mean rate of ten seconds; of a shorter log, its mean rate."""
    if arrived.observed_s < SUSTAINED_S:
        return arrived.requests / arrived.observed_s
    return max(map(_most_in_sustained, windows_s)) / SUSTAINED_S


def _most_in_sustained(arrivals_s: Sequence[float]) -> int:
    most = first = 0
    for last, arrival_s in enumerate(arrivals_s):
        while arrivals_s[first] <= arrival_s - SUSTAINED_S + HALF_A_MILLISECOND_S:
            first += 1
        most = max(most, last - first + 1)
    return most


def _measured(value: Value, number: float, words: str) -> Value:
    return Value(value.name, number, Origin("measured", words), value.unit, label=value.label)


def _without(value: Value, words: str, reason: str) -> Value:
    return unknown(value.name, f"{words}: {reason}", unit=value.unit, label=value.label)
