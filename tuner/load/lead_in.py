"""Traffic before a trace, so that a dynamic pool has the children at its beginning that it would have."""

from math import ceil, sqrt

from tuner.load.trace import Trace

FIRST_S = 10
"""The rate of so many seconds is taken for what came before."""

STEADY_S = 10


def with_lead_in(trace: Trace, mean_service_s: float, started: int, workers: int) -> tuple[Trace, int]:
    """Return the trace behind a rate that rises evenly to its own first one, and how many requests that adds.

    The rise takes two seconds for each child that has to be started: a pool that adds one a second follows.
    """
    at_first = sum(1 for arrival_s in trace.arrivals_s if arrival_s < FIRST_S)
    per_s = at_first / FIRST_S
    rise_s = 2.0 * max(0, min(workers, ceil(per_s * mean_service_s)) - started)
    rising = [sqrt(2 * rise_s * number / per_s) for number in range(int(per_s * rise_s / 2))]
    steady = [rise_s + number / per_s for number in range(int(per_s * STEADY_S))]
    before_s = [*rising, *steady]
    shift_s = rise_s + STEADY_S
    arrivals_s = [*before_s, *(arrival_s + shift_s for arrival_s in trace.arrivals_s)]
    return Trace(arrivals_s, [*[mean_service_s] * len(before_s), *trace.services_s]), len(before_s)
