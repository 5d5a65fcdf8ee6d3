"""How long a full accept queue takes its workers, and how long it may be: capacity, drain time, B*.

A request that nginx has given up on is still served, so an accept queue is a plain queue in front of a fixed
number of workers, and nginx's read timeout only a threshold on wait plus service time. Times are seconds,
rates requests a second. `cv` is the coefficient of variation of the service time: 0 where all are alike, 1
where they are exponential. Checked against php-fpm 8.2 behind nginx in overload
(tests/data/laws/overload_shares.csv).
"""

from math import ceil, floor, sqrt

from tuner.laws.checks import check_backlog, check_not_negative, check_positive, check_workers

OVERHEAD_S = 0.0005
"""What a request costs a worker beside its service time: 0.3 to 0.7 ms were measured."""

SAFETY_Z = 2.0
"""How many standard deviations of the drain time are kept in reserve."""

EXPONENTIAL_CV = 1.0
EXPONENTIAL_P95_PER_MEAN = 3.0
"""The 95th percentile of an exponential service time over its mean: -ln 0.05, 2.996."""
EXPONENTIAL_P99_PER_MEAN = 4.6
"""The 99th percentile of an exponential service time over its mean: -ln 0.01, 4.605."""

ONE_IN_TEN_WAITS = 1.42
"""Halfin and Whitt's beta where a tenth of the requests finds every worker busy."""


def capacity_per_s(workers: int, mean_service_time_s: float, overhead_s: float = OVERHEAD_S) -> float:
    """Return how many requests a second `workers` can serve: X = c / (s + o).

    The service time is wall-clock time in the worker (php-fpm's `%d`), without the wait in the queue.
    Raises ValueError unless there is a worker and the times are positive numbers (the overhead may be 0).
    """
    check_workers(workers)
    check_positive("mean service time", mean_service_time_s)
    check_not_negative("overhead", overhead_s)
    return workers / (mean_service_time_s + overhead_s)


def cpu_capacity_per_s(cores: float, cpu_time_s: float) -> float:
    """Return how many requests a second the processors can serve, however many workers there are.

    `cpu_time_s` is the processor time of a request: php-fpm's `%C` (percent) times `%d`. `cores` is what the
    pool may use, where there is a quota that quota. The capacity of a pool is the smaller of this and
    `capacity_per_s`. Raises ValueError unless both are positive numbers.
    """
    check_positive("number of cores", cores)
    check_positive("processor time of a request", cpu_time_s)
    return cores / cpu_time_s


def offered_erlangs(arrivals_per_s: float, mean_service_time_s: float) -> float:
    """Return how many workers are busy on average while nobody is refused: Little's law, lambda s.

    Raises ValueError for negative numbers.
    """
    check_not_negative("arrival rate", arrivals_per_s)
    check_not_negative("mean service time", mean_service_time_s)
    return arrivals_per_s * mean_service_time_s


def utilisation(arrivals_per_s: float, capacity: float) -> float:
    """Return the share of the capacity that the arrivals need: above 1 any queue fills up.

    Raises ValueError for a negative rate or a capacity that is not positive.
    """
    check_not_negative("arrival rate", arrivals_per_s)
    check_positive("capacity", capacity)
    return arrivals_per_s / capacity


def enough_workers(
    arrivals_per_s: float,
    mean_service_time_s: float,
    beta: float = ONE_IN_TEN_WAITS,
    overhead_s: float = OVERHEAD_S,
) -> int:
    """Return how many workers it takes so that only the share of requests that `beta` stands for waits.

    With R = arrivals * (s + o), the workers that are busy on average, it is R + beta sqrt(R), rounded up:
    Halfin and Whitt, "Heavy-traffic limits for queues with many exponential servers", 1981. At most one away
    from the least number that Erlang's C formula gives. Raises ValueError for negative numbers.
    """
    check_not_negative("arrival rate", arrivals_per_s)
    check_positive("mean service time", mean_service_time_s)
    check_not_negative("beta", beta)
    check_not_negative("overhead", overhead_s)
    busy = arrivals_per_s * (mean_service_time_s + overhead_s)
    return max(1, ceil(busy + beta * sqrt(busy)))


def drain_time_s(backlog: int, capacity: float) -> float:
    """Return how long a full queue takes to be served: it holds backlog + 1 connections.

    Raises ValueError for a negative backlog or a capacity that is not positive.
    """
    check_backlog(backlog)
    check_positive("capacity", capacity)
    return (backlog + 1) / capacity


def answer_time_s(
    backlog: int,
    capacity: float,
    service_time_p95_s: float,
    cv: float = EXPONENTIAL_CV,
    z: float = SAFETY_Z,
) -> float:
    """Return after what time the last request of a full queue has its answer, unless it is unlucky.

    That is (n + z cv sqrt(n)) / X + p95 with n = backlog + 1: n departures take n / X on average, with the
    variance n cv^2 / X^2. Raises ValueError for negative numbers or a capacity that is not positive.
    """
    check_backlog(backlog)
    check_positive("capacity", capacity)
    _check_spread(service_time_p95_s, cv, z)
    return _with_margin(backlog + 1, cv, z) / capacity + service_time_p95_s


def largest_backlog(
    capacity: float,
    timeout_s: float,
    service_time_p95_s: float,
    cv: float = EXPONENTIAL_CV,
    z: float = SAFETY_Z,
) -> int:
    """Return B*, the largest backlog whose last request is answered within the timeout.

    It is n - 1 for the largest n with n + z cv sqrt(n) <= X (T - p95), at least 0. The rate is the capacity,
    whatever the demand; the timeout is the one that waits for the answer, never the connect timeout. Where
    T <= p95 it is 0, and then the timeout is what is wrong: no queue is short enough.
    Within 1.5 points of the best share of answered requests in simulated overload, for cv 0 to 4.
    Raises ValueError for negative numbers or a capacity that is not positive.
    """
    check_positive("capacity", capacity)
    check_not_negative("timeout", timeout_s)
    _check_spread(service_time_p95_s, cv, z)
    departures = capacity * (timeout_s - service_time_p95_s)
    if departures <= 0:
        return 0
    margin = z * cv
    root = (sqrt(margin * margin + 4 * departures) - margin) / 2
    waiting = floor(root * root)
    # Rounding may miss a whole number by one, in either direction.
    if _with_margin(waiting + 1, cv, z) <= departures:
        waiting += 1
    elif _with_margin(waiting, cv, z) > departures:
        waiting -= 1
    return max(0, waiting - 1)


def longest_mean_service_time_s(
    backlog: int,
    workers: int,
    timeout_s: float,
    p95_per_mean: float = EXPONENTIAL_P95_PER_MEAN,
    cv: float = EXPONENTIAL_CV,
    z: float = SAFETY_Z,
    overhead_s: float = OVERHEAD_S,
) -> float:
    """Return the longest mean service time at which the last request of a full queue is answered in time.

    It is s = (c T - d o) / (d + r c) with d = n + z cv sqrt(n), n = backlog + 1 and r the 95th percentile
    over the mean: the inverse of `largest_backlog`. 0 where the overhead alone takes too long.
    Raises ValueError for negative numbers or no worker.
    """
    check_backlog(backlog)
    check_workers(workers)
    check_not_negative("timeout", timeout_s)
    _check_spread(p95_per_mean, cv, z)
    check_not_negative("overhead", overhead_s)
    departures = _with_margin(backlog + 1, cv, z)
    return max(0.0, (workers * timeout_s - departures * overhead_s) / (departures + p95_per_mean * workers))


def _with_margin(waiting: int, cv: float, z: float) -> float:
    """Return how many mean departures to allow for, so that `waiting` requests are served."""
    return waiting + z * cv * sqrt(waiting)


def _check_spread(service_time_p95: float, cv: float, z: float) -> None:
    check_not_negative("95th percentile of the service time", service_time_p95)
    check_not_negative("coefficient of variation", cv)
    check_not_negative("z", z)
