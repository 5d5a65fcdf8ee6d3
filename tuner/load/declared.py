"""A load that somebody declares: arrivals a second and a mean service time, for every pool alike."""

from collections.abc import Iterable
from typing import NamedTuple

from tuner.laws.queueing import EXPONENTIAL_CV, EXPONENTIAL_P95_PER_MEAN, EXPONENTIAL_P99_PER_MEAN
from tuner.load.on_pool import put_load
from tuner.source.regex import regex
from tuner.stack.model import Pool, Stack
from tuner.stack.pool_load import PoolLoad
from tuner.stack.queue_bounds import unknown_load
from tuner.stack.value import Origin, Value, derive, unknown

NUMBER = r"([0-9]{1,12}(?:\.[0-9]{1,12})?|\.[0-9]{1,12})"
RATE = regex(NUMBER)
TIME = regex(NUMBER + "(ms|s|)")
UNITS_S = {"ms": 0.001, "s": 1.0, "": 1.0}
SHORTEST_S, LONGEST_S = 0.000_001, 86_400.0
EXPONENTIAL = "only the mean is given, so the times are taken as exponential"


class DeclaredLoad(NamedTuple):
    """A mean service time, and arrivals a second where they were declared, too, as texts of the user's."""

    service_time: str
    qps: str | None = None


def service_time_s(text: str) -> float:
    """Return the seconds of a service time: `120ms`, `0.12s`, `0.12`.

    Raises ValueError, saying what is wrong.
    """
    found = TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time such as 120ms, 0.12s or 0.12 (seconds)")
    seconds = float(found[1]) * UNITS_S[found[2]]
    if not SHORTEST_S <= seconds <= LONGEST_S:
        raise ValueError(f"{text!r} is not a service time: it lies between a microsecond and a day")
    return seconds


def arrivals_per_s(text: str) -> float:
    """Return a rate of requests a second. Raises ValueError, saying what is wrong."""
    if not RATE.fullmatch(text) or not float(text):
        raise ValueError(f"{text!r} is not a positive number of requests a second")
    return float(text)


def put_on(stacks: Iterable[Stack], load: DeclaredLoad) -> None:
    """Give every pool of the stacks the declared load, and bound its queue anew.

    Raises ValueError for a time or a rate that makes no sense.
    """
    pools = [pool for stack in stacks for pool in stack.pools]
    scope = f", for each of the {len(pools)} pools" if len(pools) > 1 else ""
    for pool in pools:
        put_load(pool, _load_of(pool, load, scope))


def _load_of(pool: Pool, load: DeclaredLoad, scope: str) -> PoolLoad:
    nothing = unknown_load(pool.entity)
    mean = _declared(
        nothing.service_time, service_time_s(load.service_time), f"--service-time {load.service_time}{scope}"
    )
    rate = unknown(
        nothing.arrival_rate.name,
        "give --qps",
        unit=nothing.arrival_rate.unit,
        label=nothing.arrival_rate.label,
    )
    if load.qps is not None:
        rate = _declared(nothing.arrival_rate, arrivals_per_s(load.qps), f"--qps {load.qps}{scope}")
    return PoolLoad(
        entity=pool.entity,
        kind="declared",
        arrival_rate=rate,
        service_time=mean,
        service_time_p95=_percentile(nothing.service_time_p95, EXPONENTIAL_P95_PER_MEAN, mean),
        service_time_p99=_percentile(nothing.service_time_p99, EXPONENTIAL_P99_PER_MEAN, mean),
        service_time_cv=derive(
            nothing.service_time_cv.name,
            lambda _: EXPONENTIAL_CV,
            mean,
            label=nothing.service_time_cv.label,
            words=EXPONENTIAL,
        ),
    )


def _percentile(value: Value, per_mean: float, mean: Value) -> Value:
    return derive(
        value.name,
        lambda seconds: per_mean * seconds,
        mean,
        unit="s",
        label=value.label,
        words=f"{per_mean:g} * mean service time: {EXPONENTIAL}",
    )


def _declared(value: Value, number: float, words: str) -> Value:
    origin = Origin("declared", f"command line: {words}")
    return Value(value.name, number, origin, value.unit, label=value.label)
