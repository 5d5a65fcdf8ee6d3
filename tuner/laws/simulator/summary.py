"""A replay in figures: shares of answers, latencies, goodput, dead time."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from tuner.laws.queueing import capacity_per_s
from tuner.laws.simulator.replay import LATE, OK, REFUSED, SHED, UNREACHED, Replay
from tuner.laws.simulator.setting import Setting

STATUSES: dict[str, tuple[int, ...]] = {
    "200": (OK,),
    "502": (REFUSED,),
    "503": (SHED,),
    "504": (LATE, UNREACHED),
}
"""What clients see, and the outcomes behind it."""

SHORTEST_SPAN_S = 1e-6
"""Arrivals within less came at one moment: no log is finer."""


class Summary(NamedTuple):
    """The figures of one replay.

    `shares` are parts of all requests, 503 only where requests are shed. Latencies are of the requests that
    were answered with 200, None where there are none; `goodput_per_s` counts them over the time from the
    first arrival to the last answer. `dead_time_s` is the longest time, in whole seconds,
    in which requests were sent and none of them was answered in time. `capacity_per_s` and `utilisation`
    are what the mean service time makes of all workers and of the mean arrival rate.
    """

    requests: int
    shares: dict[str, float]
    p50_s: float | None
    p99_s: float | None
    goodput_per_s: float
    dead_time_s: int
    capacity_per_s: float
    utilisation: float
    longest_queue: int
    attempts: int


def summary(
    replay: Replay, arrivals_s: Sequence[float], services_s: Sequence[float], setting: Setting
) -> Summary:
    """Return the figures of a replay of these requests. Raises ValueError where there are no requests."""
    requests = len(arrivals_s)
    if not requests:
        raise ValueError("no requests")
    answered_s = sorted(
        latency for latency, outcome in zip(replay.latencies_s, replay.outcomes, strict=True) if outcome == OK
    )
    window_s = _window_s(arrivals_s)
    capacity = capacity_per_s(setting.workers, sum(services_s) / requests, setting.overhead_s)
    return Summary(
        requests=requests,
        shares=shares(replay, with_shed=setting.shed_after_s is not None),
        p50_s=percentile(answered_s, 0.5),
        p99_s=percentile(answered_s, 0.99),
        goodput_per_s=len(answered_s) / max(window_s, _last_answer_s(replay, arrivals_s) - arrivals_s[0]),
        dead_time_s=dead_time_s(replay, arrivals_s),
        capacity_per_s=capacity,
        utilisation=requests / window_s / capacity,
        longest_queue=replay.longest_queue,
        attempts=replay.attempts,
    )


def shares(replay: Replay, *, with_shed: bool = False) -> dict[str, float]:
    """Return the part of all requests that ended with each status."""
    counted = {outcome: replay.outcomes.count(outcome) for outcome in set(replay.outcomes)}
    total = len(replay.outcomes)
    return {
        status: sum(counted.get(outcome, 0) for outcome in outcomes) / total
        for status, outcomes in STATUSES.items()
        if with_shed or status != "503"
    }


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """Return the value that `share` of the ordered ones do not exceed (nearest rank); None of none."""
    return ordered[max(1, ceil(share * len(ordered))) - 1] if ordered else None


def dead_time_s(replay: Replay, arrivals_s: Sequence[float]) -> int:
    """Return the longest run of seconds in which requests were sent and none was answered with 200.

    A second without requests neither ends nor lengthens such a run.
    """
    alive: dict[int, bool] = {}
    for arrival_s, outcome in zip(arrivals_s, replay.outcomes, strict=True):
        second = int(arrival_s)
        alive[second] = alive.get(second, False) or outcome == OK
    longest = run = 0
    for is_alive in alive.values():
        run = 0 if is_alive else run + 1
        longest = max(longest, run)
    return longest


def _last_answer_s(replay: Replay, arrivals_s: Sequence[float]) -> float:
    answers_s = (
        arrival_s + latency_s
        for arrival_s, latency_s, outcome in zip(arrivals_s, replay.latencies_s, replay.outcomes, strict=True)
        if outcome == OK
    )
    return max(answers_s, default=arrivals_s[0])


def _window_s(arrivals_s: Sequence[float]) -> float:
    """Return the time from the first to the last arrival and one mean gap more; a second for one moment."""
    requests = len(arrivals_s)
    span_s = arrivals_s[-1] - arrivals_s[0]
    return span_s * requests / (requests - 1) if span_s >= SHORTEST_SPAN_S else 1.0
