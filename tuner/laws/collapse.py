"""Collapse: a queue so long that whoever is served has already been given up on.

A request that nginx gave up on is still served, so that an overload may end and the pool goes on working for
nobody until the queue is short again. Metastable failures: Bronson et al., HotOS 2021. Measured: 10 s at
twice the capacity with a backlog of 65535, then no answer for 45 s and more; with B* none lost after it.
"""

from math import inf

from tuner.laws.checks import check_backlog, check_not_negative, check_positive


def onset_s(arrivals_per_s: float, capacity: float, timeout_s: float, mean_service_time_s: float) -> float:
    """Return after what time of overload nobody is answered any more: X (T - s) / (lambda - X).

    Infinite without overload; 0 where the service alone takes too long. It takes a backlog that is longer
    than X (T - s). Raises ValueError for negative numbers or a capacity that is not positive.
    """
    living = _living_queue(capacity, timeout_s, mean_service_time_s)
    check_not_negative("arrival rate", arrivals_per_s)
    return living / (arrivals_per_s - capacity) if arrivals_per_s > capacity else inf


def dead_time_s(
    backlog: int,
    capacity: float,
    timeout_s: float,
    mean_service_time_s: float,
    calm_arrivals_per_s: float,
    queued: float | None = None,
) -> float:
    """Return how long after an overload nobody is answered: (q - X (T - s)) / (X - lambda0), at least 0.

    `queued` is the queue when the overload ends, by default the whole of it, backlog + 1: the worst case.
    Infinite where even the calm arrivals fill the capacity. B <= B* makes it 0. Raises ValueError for
    negative numbers or a capacity that is not positive.
    """
    check_backlog(backlog)
    check_not_negative("arrival rate", calm_arrivals_per_s)
    full = backlog + 1
    if queued is not None:
        check_not_negative("queue", queued)
    dead = min(full, queued if queued is not None else full) - _living_queue(
        capacity, timeout_s, mean_service_time_s
    )
    if dead <= 0:
        return 0.0
    return dead / (capacity - calm_arrivals_per_s) if calm_arrivals_per_s < capacity else inf


def is_permanent(calm_arrivals_per_s: float, capacity: float, retries: float) -> bool:
    """Say whether a collapse never ends: each failure causes `retries` more requests, and they fill X.

    Raises ValueError for negative numbers or a capacity that is not positive.
    """
    check_not_negative("arrival rate", calm_arrivals_per_s)
    check_positive("capacity", capacity)
    check_not_negative("retries", retries)
    return calm_arrivals_per_s * (1 + retries) >= capacity


def _living_queue(capacity: float, timeout_s: float, mean_service_time_s: float) -> float:
    """Return the longest queue whose last request is still waited for when it is served."""
    check_positive("capacity", capacity)
    check_not_negative("timeout", timeout_s)
    check_not_negative("mean service time", mean_service_time_s)
    return max(0.0, capacity * (timeout_s - mean_service_time_s))
