"""From a load file to a trace that the simulator replays under other settings.

The arrivals are those of the busiest window as they were. Each gets a service time drawn from all that were
measured: also those that were refused or given up, whose own nobody knows.
"""

from array import array
from random import Random

from tuner.errors import InputError
from tuner.laws.simulator.traffic import Times, Traffic, check_draws
from tuner.load.compact import decode
from tuner.load.histogram import Histogram
from tuner.load.load_file import Busy, MeasuredPool
from tuner.load.trace import Trace

US_PER_S = 1_000_000
MS_PER_S = 1000
LIKELY, POSSIBLE = 10, 20
"""How often service times are drawn as they were measured, and how often from another such sample."""
REPLAYED_FOR_NUMBER, REPLAYED_FOR_RANGE = 200_000, 400_000
"""Of many requests fewer draws suffice: chance evens out. So many are replayed in all."""


def trace_of(pool: MeasuredPool, *, window: int = 0, seed: int = 1) -> Trace:
    """Return the requests of a window, the busiest one if none is named.

    Where the log knew whole seconds only, arrivals are spread evenly at random within their second. Raises
    InputError where the file has no arrivals or no service times.
    """
    where = f"pool {pool.name}"
    if pool.arrivals is None:
        raise InputError(where, "the load file has no arrivals: measure with --nginx-log")
    if pool.service is None:
        reasons = "; ".join(words for words in pool.unknown if words.startswith("service times"))
        raise InputError(where, reasons or "the load file has no service times: measure with --fpm-log")
    histogram = pool.service.service_us.histogram()
    if not histogram.total:
        raise InputError(where, "every service time is 0: no worker is ever busy")
    random = Random(seed)
    arrivals_s = _arrivals_s(pool.arrivals.windows[window], pool.arrivals.resolution_s, random)
    services_us = histogram.draw(len(arrivals_s), random)
    return Trace(arrivals_s, [service_us / US_PER_S for service_us in services_us])


def traffic_of(pool: MeasuredPool, *, window: int = 0, draws: int | None = None, seed: int = 1) -> Traffic:
    """Return the requests of a window, by default the busiest, with service times drawn several times.

    In a short log one order of service times gives a share that another misses by some points, and the log is
    itself a sample. `draws` says how often to draw for the range; None draws less often the more requests
    there are, not at all from some 200,000 on. Raises InputError as `trace_of`, and
    ValueError for too many draws.
    """
    trace = trace_of(pool, window=window, seed=seed)
    requests = len(trace.arrivals_s)
    if draws is None:
        draws = min(POSSIBLE, REPLAYED_FOR_RANGE // requests)
        draws = draws if draws > 1 else 0
    check_draws(draws, requests)
    assert pool.service
    histogram = pool.service.service_us.histogram()
    random = Random(seed)
    more = max(0, min(LIKELY, REPLAYED_FOR_NUMBER // requests) - 1)
    return Traffic(
        trace.arrivals_s,
        [trace.services_s, *(_drawn(histogram, requests, random) for _ in range(more))],
        [_drawn(histogram.drawn_anew(random), requests, random) for _ in range(draws)],
    )


def _drawn(histogram: Histogram, requests: int, random: Random) -> Times:
    return array("d", [service_us / US_PER_S for service_us in histogram.draw(requests, random)])


def arrivals_of(pool: MeasuredPool, *, seed: int = 1) -> list[list[float]]:
    """Return the arrivals of every window as `trace_of` has them, in seconds from the window's first."""
    found = pool.arrivals
    if found is None:
        return []
    return [_arrivals_s(window, found.resolution_s, Random(seed)) for window in found.windows]


def starts_of(pool: MeasuredPool, *, seed: int = 1) -> list[float]:
    """Return when the first request of each window came, in seconds since 1970, beside `arrivals_of`."""
    found = pool.arrivals
    if found is None:
        return []
    return [
        window.start_s + _offsets_s(window, found.resolution_s, Random(seed))[0] for window in found.windows
    ]


def _arrivals_s(window: Busy, resolution_s: float, random: Random) -> list[float]:
    offsets_s = _offsets_s(window, resolution_s, random)
    return [offset_s - offsets_s[0] for offset_s in offsets_s]


def _offsets_s(window: Busy, resolution_s: float, random: Random) -> list[float]:
    offsets_s = [offset_ms / MS_PER_S for offset_ms in decode(window.offsets_ms)]
    if resolution_s >= 1:
        offsets_s = sorted(int(offset_s) + random.random() for offset_s in offsets_s)
    return offsets_s
