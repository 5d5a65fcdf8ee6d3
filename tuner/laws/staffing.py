"""How many workers: so that few requests wait, as many as memory holds, as many as the processors feed."""

from math import floor

from tuner.laws.checks import check_not_negative, check_positive

BETAS = {0.5: 0.51, 0.2: 1.06, 0.1: 1.42, 0.05: 1.74, 0.01: 2.37}
"""Halfin and Whitt's beta by the share of requests that waits, for `queueing.enough_workers`.

The share is 1 / (1 + sqrt(2 pi) beta Phi(beta) exp(beta^2 / 2)), Phi being the normal distribution.
"""

MOST_CPU_HEADROOM = 1.25
"""Workers beyond what the processors feed by more than this only wait for one another."""


def workers_by_memory(available_bytes: int, reserve_bytes: int, worker_p95_bytes: int) -> int:
    """Return how many workers fit into memory: (available - reserve) / PSS, rounded down, at least 0.

    `worker_p95_bytes` is the 95th percentile of a worker's own memory (PSS): its RSS counts shared pages in
    every worker. Raises ValueError for negative numbers or a worker without memory.
    """
    check_not_negative("available memory", available_bytes)
    check_not_negative("reserve", reserve_bytes)
    check_positive("memory of a worker", worker_p95_bytes)
    return max(0, (available_bytes - reserve_bytes) // worker_p95_bytes)


def workers_by_cpu(
    cores: float, mean_service_time_s: float, cpu_time_s: float, headroom: float = MOST_CPU_HEADROOM
) -> int:
    """Return with how many workers the processors are busy: cores s / s_cpu, times a headroom, at least 1.

    A worker waits for the database and others for s - s_cpu; meanwhile its core serves another one. `cores`
    is the quota where there is one. Raises ValueError for numbers that are not positive.
    """
    check_positive("number of cores", cores)
    check_positive("mean service time", mean_service_time_s)
    check_positive("processor time of a request", cpu_time_s)
    check_positive("headroom", headroom)
    return max(1, floor(cores * mean_service_time_s / cpu_time_s * headroom))
