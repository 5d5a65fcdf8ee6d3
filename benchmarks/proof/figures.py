"""The figures of a proof, and what they have to be."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.proof.traffic import Answer, Request
from tuner.laws.simulator.replay import OK
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting

STATUSES = (200, 502, 504)
LEAST_OF_ALLOWED = 0.97
MOST_POINTS_OFF = 3.5
BACKLOGS = range(0, 400, 4)


class Outcome(NamedTuple):
    """Which part of the requests had each status, and the longest time in seconds without a 200."""

    shares: Mapping[int, float]
    dead_time_s: int


def outcome_of(answers: Sequence[Answer]) -> Outcome:
    """Return what became of requests."""
    counted = Counter(answer.status for answer in answers)
    shares = {status: counted[status] / len(answers) for status in sorted({*STATUSES, *counted})}
    return Outcome(shares, _dead_time_s(answers))


def predicted_outcome(prediction: Mapping[str, Any]) -> Outcome:
    """Return what a plan in JSON says that becomes of them."""
    shares = {status: float(prediction["shares"].get(str(status), 0.0)) for status in STATUSES}
    return Outcome(shares, int(prediction["dead_time_s"]))


def allowed_share(requests: Sequence[Request], workers: int, timeout_s: float) -> float:
    """Return which part of the requests so many workers could answer in time, with the best backlog."""
    arrivals_s = [request.at_s for request in requests]
    services_s = [request.service_s for request in requests]
    settings = (Setting(workers, backlog, timeout_s) for backlog in BACKLOGS)
    replays = (replay(arrivals_s, services_s, setting) for setting in settings)
    return max(found.outcomes.count(OK) for found in replays) / len(requests)


def misses(
    predicted: Outcome, after: Outcome, allowed: float, recommended_again: int, *, is_exact: bool
) -> Iterator[str]:
    """Yield what is not as it has to be; `is_exact` where the prediction is to be that of a single number."""
    if after.shares[200] < LEAST_OF_ALLOWED * allowed:
        yield f"fewer than {100 * LEAST_OF_ALLOWED:g} % of what the capacity allows were answered"
    if after.dead_time_s:
        yield f"nobody was answered for {after.dead_time_s} s"
    off = max(abs(after.shares.get(status, 0.0) - predicted.shares[status]) for status in STATUSES)
    if is_exact and 100 * off > MOST_POINTS_OFF:
        yield f"the prediction is {100 * off:.1f} points off"
    if recommended_again:
        yield f"the plan again has {recommended_again} recommendations"


def _dead_time_s(answers: Sequence[Answer]) -> int:
    alive: dict[int, bool] = {}
    for answer in sorted(answers):
        alive[int(answer.at_s)] = alive.get(int(answer.at_s), False) or answer.status == 200
    longest = run = 0
    for is_alive in alive.values():
        run = 0 if is_alive else run + 1
        longest = max(longest, run)
    return longest
