"""Service times out of an nginx log: what the wait in the queue leaves of $upstream_response_time.

With a known number of workers and one queue in order of arrival, each request starts when it comes or when
the first worker is free, whatever is later; the rest until its end is its service time. Where requests ended
without their answer (504, 499) a worker was busy for an unknown time: there it cannot be done, and to take
only the answered ones would keep the short ones (78 ms of 100 at 26 % of 504).
"""

from heapq import heapreplace
from typing import NamedTuple

from tuner.load.arrivals import Columns

REFUSED = 502
UNANSWERED = (499, 504)
MOST_UNANSWERED_SHARE = 0.001


class Inverted(NamedTuple):
    """Service times in microseconds, and how many requests had waited for a worker."""

    services_us: list[int]
    waited: int


def unanswered_share(arrivals: Columns) -> float:
    """Return the share of requests whose worker's time is unknown."""
    return sum(map(arrivals.statuses.count, UNANSWERED)) / len(arrivals) if len(arrivals) else 0.0


def service_times(arrivals: Columns, workers: int) -> Inverted:
    """Return the service times of answered requests, in order of arrival, of a pool with so many workers."""
    free_ms = [0] * workers
    services_us: list[int] = []
    waited = 0
    columns = zip(arrivals.offsets_ms, arrivals.statuses, arrivals.upstreams_ms, strict=True)
    for offset_ms, status, upstream_ms in columns:
        if status == REFUSED or upstream_ms < 0:
            continue
        start_ms = max(offset_ms, free_ms[0])
        end_ms = max(offset_ms + upstream_ms, start_ms)
        waited += start_ms > offset_ms
        services_us.append((end_ms - start_ms) * 1000)
        heapreplace(free_ms, end_ms)
    return Inverted(services_us, waited)
