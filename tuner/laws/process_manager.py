"""How php-fpm's `pm = dynamic` starts children.

Source: sapi/fpm/fpm/fpm_process_ctl.c, fpm_pctl_perform_idle_server_maintenance(); measured on 8.2: 5/2/1/3
under load has 3, 4, 5 children after 1, 2, 3 s; 20/20/20 with 60 children 21, 23, 27, 35, 51, 60.
"""


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
    if min_spare_servers < 1 or max_spawn_rate < 1:
        raise ValueError("pm.min_spare_servers and pm.max_spawn_rate are positive")
    seconds, rate, missing = 0, 1, max(0, max_children - started)
    while missing and rate < min(min_spare_servers, max_spawn_rate):
        missing -= min(rate, missing)
        seconds += 1
        rate *= 2
    return seconds + -(-missing // min(rate, min_spare_servers))
