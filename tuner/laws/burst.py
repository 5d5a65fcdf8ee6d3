"""What a burst needs: how long the queue grows while more requests come than the workers serve.

The bound on a backlog of network calculus (Cruz 1991; Le Boudec and Thiran): the deepest a queue with a
constant rate of service gets is the largest excess of the arrivals over it, from any moment on.
"""

from collections.abc import Iterable, Sequence
from math import ceil, sqrt
from typing import NamedTuple

from tuner.laws.checks import check_backlog, check_not_negative, check_positive, check_workers
from tuner.laws.queueing import EXPONENTIAL_CV, SAFETY_Z


def largest_excess(arrivals_s: Iterable[float], capacity: float) -> float:
    """Return by how many requests the arrivals run ahead of `capacity` requests a second, at most.

    That is max over t of [N(t) - X t] - min over u <= t of [N(u) - X u]. `arrivals_s` are in order of time.
    Raises ValueError for a capacity that is not positive.
    """
    check_positive("capacity", capacity)
    upcoming_s = iter(arrivals_s)
    before_s = next(upcoming_s, None)
    if before_s is None:
        return 0.0
    excess = largest = 1.0
    for now_s in upcoming_s:
        excess -= capacity * (now_s - before_s)
        excess = excess + 1 if excess > 0 else 1.0
        if excess > largest:
            largest = excess
        before_s = now_s
    return largest


def most_within(arrivals_s: Sequence[float], seconds: float) -> int:
    """Return how many requests come within so many seconds, at most. `arrivals_s` are in order of time.

    Raises ValueError for a time that is not positive.
    """
    check_positive("time", seconds)
    most = first = 0
    for number, now_s in enumerate(arrivals_s):
        while now_s - arrivals_s[first] >= seconds:
            first += 1
        most = max(most, number - first + 1)
    return most


def needed_backlog(excess: float, workers: int, cv: float = EXPONENTIAL_CV, z: float = SAFETY_Z) -> int:
    """Return the backlog that takes in such an excess: what the workers do not take at once, with a margin.

    The margin is `z` standard deviations of what is served meanwhile, z cv sqrt(excess). A queue holds one
    more than its backlog. Raises ValueError for negative numbers or no worker.
    """
    check_not_negative("excess", excess)
    check_workers(workers)
    check_not_negative("coefficient of variation", cv)
    check_not_negative("z", z)
    return max(0, ceil(excess - workers + z * cv * sqrt(excess)) - 1)


class BacklogChoice(NamedTuple):
    """A backlog, and whether it takes in the burst as well as answers in time."""

    backlog: int
    rides_burst: bool


def choose_backlog(needed: int, largest: int) -> BacklogChoice:
    """Return B*, the largest backlog that answers in time, and whether the burst needs no longer one.

    In steady overload any backlog from `needed` to `largest` refuses the same share; a shorter one has a
    shorter p99. Where `needed` is above `largest` no backlog rides the burst: more workers do, or a cache.
    Raises ValueError for negative numbers.
    """
    check_backlog(needed)
    check_backlog(largest)
    return BacklogChoice(largest, needed <= largest)


def workers_for_burst(
    burst_per_s: float,
    duration_s: float,
    mean_service_time_s: float,
    timeout_s: float,
    service_time_p95_s: float,
) -> int:
    """Return the workers with which a burst can be ridden: all of it is answered within the timeout.

    It is c >= lb s d / (d + T - p95): the queue at the end of the burst, (lb - X) d, must drain in T - p95.
    Raises ValueError for numbers that are not positive, or a timeout that is not above the p95.
    """
    for name, number in (
        ("burst rate", burst_per_s),
        ("duration", duration_s),
        ("mean service time", mean_service_time_s),
    ):
        check_positive(name, number)
    check_not_negative("95th percentile of the service time", service_time_p95_s)
    check_positive("timeout beyond the 95th percentile of the service time", timeout_s - service_time_p95_s)
    busy = burst_per_s * mean_service_time_s
    return max(1, ceil(busy * duration_s / (duration_s + timeout_s - service_time_p95_s)))
