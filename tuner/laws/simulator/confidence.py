"""How sure a prediction is: the range of a model that is not exact, and of a sample."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuner.laws.simulator.replay import Replay
from tuner.laws.simulator.setting import Setting

Shares = Mapping[str, float]

PROCESSORS = (1, 2, 4)
"""The processors among which a host may share out its timers."""

TOO_OPTIMISTIC, TOO_PESSIMISTIC = 0.08, 0.03
"""By how much the share of 200 of a TCP queue that overflows lay below and above the measured runs at most,
rounded up: 0 to 7 points below, 0 to 1 above."""


class Range(NamedTuple):
    """A share that lies between `low` and `high`."""

    low: float
    high: float


def overflows_on_tcp(setting: Setting, found: Replay) -> bool:
    """Say whether SYNs were dropped: there the model is not exact. What max_conns holds back drops none."""
    is_held_back = (
        setting.max_conns is not None and setting.max_conns <= setting.workers + setting.backlog + 1
    )
    return setting.socket == "tcp" and found.longest_queue > setting.backlog and not is_held_back


def sample_ranges(found: Sequence[Shares]) -> dict[str, Range]:
    """Return each share's range over several replays: the lowest and the highest."""
    return {
        status: Range(min(shares[status] for shares in found), max(shares[status] for shares in found))
        for status in found[0]
    }


def model_ranges(found: Sequence[Shares]) -> dict[str, Range]:
    """Return each share's range over replays of a TCP queue that overflows, with the known error."""
    ranges = sample_ranges(found)
    low, high = ranges["200"]
    ranges["200"] = Range(max(0.0, low - TOO_OPTIMISTIC), min(1.0, high + TOO_PESSIMISTIC))
    for status in ranges.keys() - {"200"}:
        low, high = ranges[status]
        if status == "504" or high > 0:
            ranges[status] = Range(max(0.0, low - TOO_PESSIMISTIC), min(1.0, high + TOO_OPTIMISTIC))
    return ranges
