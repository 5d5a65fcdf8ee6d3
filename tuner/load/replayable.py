"""From a load file to a trace that the simulator replays under other settings.

The arrivals are those of the busiest window as they were. Each gets a service time drawn from all that were
measured: also those that were refused or given up, whose own nobody knows.
"""

from random import Random

from tuner.errors import InputError
from tuner.load.compact import decode
from tuner.load.load_file import Busy, MeasuredPool
from tuner.load.trace import Trace

US_PER_S = 1_000_000
MS_PER_S = 1000


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
    random = Random(seed)
    arrivals_s = _arrivals_s(pool.arrivals.windows[window], pool.arrivals.resolution_s, where, random)
    services_us = pool.service.service_us.histogram().draw(len(arrivals_s), random)
    return Trace(arrivals_s, [service_us / US_PER_S for service_us in services_us])


def _arrivals_s(window: Busy, resolution_s: float, where: str, random: Random) -> list[float]:
    try:
        offsets_ms = decode(window.offsets_ms)
    except ValueError as error:
        raise InputError(where, str(error)) from None
    if len(offsets_ms) != window.requests:
        raise InputError(where, f"{window.requests} requests, but {len(offsets_ms)} arrivals")
    arrivals_s = [offset_ms / MS_PER_S for offset_ms in offsets_ms]
    if resolution_s >= 1:
        arrivals_s = sorted(int(arrival_s) + random.random() for arrival_s in arrivals_s)
    return [arrival_s - arrivals_s[0] for arrival_s in arrivals_s]
