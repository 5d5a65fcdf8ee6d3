"""The retransmission timers of a TCP handshake: when a lost or ignored SYN is sent again, and for how long.

Nominal times in seconds; measured ones are 0 to 4 % later. The first timeout is 1 s, each further one doubles
up to 120 s. Source: tcp_write_timeout, tcp_retransmit_timer, reqsk_timer_handler; measured on 6.18.44 for up
to 6 retries, beyond that read in source.
"""

from typing import NamedTuple

_LONGEST_TIMEOUT_S = 120


class SynSchedule(NamedTuple):
    """When a client sends its SYNs, and when connect(2) fails with ETIMEDOUT; seconds after the first SYN."""

    sent_at_s: tuple[int, ...]
    gives_up_at_s: int


def syn_retransmission_times_s(retries: int, linear_timeouts: int) -> SynSchedule:
    """Return when a client whose SYNs get no answer (a full accept queue) sends them, in seconds.

    `retries` is net.ipv4.tcp_syn_retries (default 6). `linear_timeouts` is net.ipv4.tcp_syn_linear_timeouts,
    the number of timeouts of 1 s before they begin to double: default 4 on kernels that have the key (absent
    in 6.1, present in 6.8), 0 stands for those that have not.
    Raises ValueError outside `retries` 1..127 and `linear_timeouts` 0..127, the bounds of the sysctls.
    """
    _check("tcp_syn_retries", retries, 1, 127)
    _check("tcp_syn_linear_timeouts", linear_timeouts, 0, 127)
    last_try_before_s = _backed_off_s(retries + 1)
    sent_at_s: list[int] = []
    now_s = 0
    while now_s < last_try_before_s and len(sent_at_s) <= retries + linear_timeouts:
        doublings = max(0, len(sent_at_s) - linear_timeouts)
        sent_at_s.append(now_s)
        now_s += _timeout_s(doublings)
    return SynSchedule(tuple(sent_at_s), now_s)


def synack_lifetime_s(retries: int) -> int:
    """Return how long a half-open handshake stays in the SYN queue when its client is silent, in seconds.

    `retries` is net.ipv4.tcp_synack_retries (default 5: 63 s). A queue more than half full drops entries
    sooner, after two retransmissions (7 s). Raises ValueError outside 0..255.
    """
    _check("tcp_synack_retries", retries, 0, 255)
    return _backed_off_s(retries + 1)


def _backed_off_s(timeouts: int) -> int:
    """The sum of so many timeouts, the first of 1 s and doubling."""
    return sum(_timeout_s(doublings) for doublings in range(timeouts))


def _timeout_s(doublings: int) -> int:
    return min(1 << doublings, _LONGEST_TIMEOUT_S)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} lies in {low}..{high}, got {value}")
