"""When Linux sends again what a full accept queue made it drop. Times are seconds.

Measured on kernel 6.18 (HZ 250): the timers run out late, on the next step of the timer wheel, and all that
run out in one step are handled together.
"""

from itertools import pairwise
from math import floor

from tuner.laws.syn_timers import syn_retransmission_times_s

SYN_RETRIES = 6
"""net.ipv4.tcp_syn_retries by default."""

SYNACK_RETRANSMITTED_S = (1, 3, 7, 15, 31)
"""When a server repeats a SYN-ACK to a client whose ACK it dropped."""

DATA_RETRANSMITTED_S = (0.21, 0.42, 0.85, 1.69, 3.36, 6.7, 13.3, 26.6, 53.0)
"""When a client repeats data that was not acknowledged, on loopback: each is a new try to get in."""

_WHEEL_STEPS_S = ((0.256, 0.004), (2.048, 0.032), (16.4, 0.256))
_LONGEST_STEP_S = 2.048


def syn_gaps_s(linear_timeouts: int) -> tuple[int, ...]:
    """Return the timeouts after the first SYN and after each further one."""
    sent_at_s = syn_retransmission_times_s(SYN_RETRIES, linear_timeouts).sent_at_s
    return tuple(after - before for before, after in pairwise(sent_at_s))


def timer_runs_out_s(now_s: float, timeout_s: float) -> float:
    """Return when a timer that is set now runs out: at the end of the step it falls into."""
    step_s = next((step for below, step in _WHEEL_STEPS_S if timeout_s < below), _LONGEST_STEP_S)
    return (floor((now_s + timeout_s) / step_s) + 1) * step_s
