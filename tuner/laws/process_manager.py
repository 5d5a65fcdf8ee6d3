"""How php-fpm's `pm = dynamic` starts children.

Source: sapi/fpm/fpm/fpm_process_ctl.c, fpm_pctl_perform_idle_server_maintenance(); measured on 8.2: 5/2/1/3
under load has 3, 4, 5 children after 1, 2, 3 s; 20/20/20 with 60 children 21, 23, 27, 35, 51, 60.
"""

from math import inf

from tuner.laws.checks import check_not_negative, check_positive, check_workers


def started_children(start_servers: int, min_spare_servers: int, max_spare_servers: int) -> int:
    """Return the children at the start: without pm.start_servers, the middle of the spare numbers."""
    if start_servers > 0:
        return start_servers
    return min_spare_servers + (max_spare_servers - min_spare_servers) // 2


def ramp_s(started: int, max_children: int, min_spare_servers: int, max_spawn_rate: int) -> int:
    """Return the seconds from `started` busy children to `max_children`, while each new one is busy at once.

    Once a second php-fpm forks as many as are missing from pm.min_spare_servers, at most 1, then 2, 4, ... up
    to the first power of two that is not below pm.max_spawn_rate.
    Raises ValueError for numbers that php-fpm refuses.
    """
    _check_spares(min_spare_servers, max_spawn_rate)
    seconds, rate, missing = 0, 1, max(0, max_children - started)
    while missing and rate < min(min_spare_servers, max_spawn_rate):
        missing -= min(rate, missing)
        seconds += 1
        rate *= 2
    return seconds + -(-missing // min(rate, min_spare_servers))


def ramp_queue(
    arrivals_per_s: float,
    service_s: float,
    started: int,
    max_children: int,
    min_spare_servers: int,
    max_spawn_rate: int,
) -> float:
    """Return how many requests wait at most while a pool grows from `started` children to what is needed.

    Each second arrivals_per_s - children / service_s more are waiting. A backlog of one less holds them all.
    Infinite where even pm.max_children do not serve that rate. Raises ValueError for numbers that php-fpm
    refuses, a negative rate, or a service time that is not positive.
    """
    _check_spares(min_spare_servers, max_spawn_rate)
    check_not_negative("arrival rate", arrivals_per_s)
    check_positive("service time", service_s)
    check_workers(started)
    check_workers(max_children)
    needed = arrivals_per_s * service_s
    if needed > max_children:
        return inf
    waiting, children, rate = 0.0, started, 1
    while children < needed:
        waiting += arrivals_per_s - children / service_s
        children += min(rate, min_spare_servers, max_children - children)
        rate = 2 * rate if rate < max_spawn_rate else rate
    return waiting


def _check_spares(min_spare_servers: int, max_spawn_rate: int) -> None:
    if not (min_spare_servers >= 1 and max_spawn_rate >= 1):
        raise ValueError("pm.min_spare_servers and pm.max_spawn_rate are positive")
