"""Waiting times of a pool that is not overloaded, and how long one must look to see them.

Approximations: within 5 to 10 % of simulated queues for Poisson arrivals and service times with cv^2 <= 4.
Real arrivals come in bursts, and for those a replay is right and a formula is not.
"""

from collections.abc import Sequence
from math import inf, log, sqrt

from tuner.laws.checks import check_not_negative, check_positive, check_share, check_workers
from tuner.laws.erlang import waiting

RELAXATIONS_TO_SEE = 100


def mean_wait_s(
    arrivals_per_s: float,
    mean_service_time_s: float,
    workers: int,
    service_cv: float,
    arrival_dispersion: float = 1.0,
) -> float:
    """Return the mean wait in the queue: Allen and Cunneen's formula.

    ErlangC(R, c) s / (c (1 - rho)) (ca2 + cs2) / 2. `arrival_dispersion` is the index of dispersion of
    counts over about ten relaxation times (variance over mean of the requests in such a window), 1 for
    Poisson arrivals; the variation of the gaps alone is far too small for bursts. Infinite from full
    utilisation on. Raises ValueError for negative numbers, a service time of 0, or no worker.
    """
    check_not_negative("arrival rate", arrivals_per_s)
    check_positive("mean service time", mean_service_time_s)
    check_workers(workers)
    check_not_negative("coefficient of variation", service_cv)
    check_not_negative("index of dispersion", arrival_dispersion)
    offered = arrivals_per_s * mean_service_time_s
    utilisation = offered / workers
    if utilisation >= 1:
        return inf
    exact = waiting(offered, workers) * mean_service_time_s / (workers * (1 - utilisation))
    return exact * (arrival_dispersion + service_cv * service_cv) / 2


def dispersion_of_counts(arrivals_s: Sequence[float], window_s: float) -> float:
    """Return the variance over the mean of the requests in windows of that length, for `mean_wait_s`.

    1 for Poisson arrivals, far more where they come in bursts; ten relaxation times are the window to take.
    What is left behind the last whole window counts for nothing. Raises ValueError for a window that is not
    positive, or fewer than two whole ones.
    """
    check_positive("window", window_s)
    windows = int((arrivals_s[-1] - arrivals_s[0]) / window_s) if arrivals_s else 0
    if windows < 2:
        raise ValueError(f"{windows} windows of {window_s} s say nothing of their spread")
    counts = [0] * windows
    for arrival_s in arrivals_s:
        number = int((arrival_s - arrivals_s[0]) / window_s)
        if number < windows:
            counts[number] += 1
    mean = sum(counts) / windows
    return sum((count - mean) ** 2 for count in counts) / (windows - 1) / mean


def p99_wait_s(mean_s: float, share_that_waits: float) -> float:
    """Return what 1 % of the waits exceed, the wait of those who wait being taken as exponential.

    0 where at most 1 % waits at all. Raises ValueError for a negative mean or a share outside 0 to 1.
    """
    check_not_negative("mean wait", mean_s)
    check_share("share that waits", share_that_waits)
    return mean_s / share_that_waits * log(share_that_waits / 0.01) if share_that_waits > 0.01 else 0.0


def relaxation_time_s(capacity: float, utilisation: float) -> float:
    """Return how long a pool remembers a burst: 1 / (X (1 - sqrt(rho))^2).

    Infinite from full utilisation on.
    Raises ValueError for a capacity that is not positive or a negative utilisation.
    """
    check_positive("capacity", capacity)
    check_not_negative("utilisation", utilisation)
    return 1 / (capacity * (1 - sqrt(utilisation)) ** 2) if utilisation < 1 else inf


def long_enough_trace_s(capacity: float, utilisation: float) -> float:
    """Return how long a trace must be to show the steady state: a hundred relaxation times.

    It must hold a hundred bursts as well. Infinite from full utilisation on. Raises as `relaxation_time_s`.
    """
    return RELAXATIONS_TO_SEE * relaxation_time_s(capacity, utilisation)


def share_of_full_tries(arrivals_per_s: float, capacity: float, tries: int) -> float:
    """Return how often a SYN finds the queue full in overload, if a client sends `tries` before it gives up.

    f = (1 - X / lambda)^(1 / m); the share of 504 while connecting is then at least f^m. It leaves out the
    clients that believe they are connected and are not, so it is too optimistic; 0 without overload.
    Raises ValueError for numbers that are not positive.
    """
    check_positive("arrival rate", arrivals_per_s)
    check_positive("capacity", capacity)
    if not tries >= 1:
        raise ValueError(f"a client that sends {tries} SYNs")
    return (1 - capacity / arrivals_per_s) ** (1 / tries) if arrivals_per_s > capacity else 0.0
