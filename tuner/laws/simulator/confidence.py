"""How sure a prediction is: the range of a model that is not exact, and of a sample."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from tuner.laws.simulator.replay import Replay
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import shares

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
    """Say whether SYNs were dropped: there the model is not exact."""
    return setting.socket == "tcp" and found.longest_queue > setting.backlog


def model_ranges(
    arrivals_s: Sequence[float], services_s: Sequence[float], setting: Setting
) -> dict[str, Range]:
    """Return each share's range over the ways a kernel may share out its timers, with the known error."""
    with_shed = setting.shed_after_s is not None
    variants = [
        shares(replay(arrivals_s, services_s, setting, processors=processors), with_shed=with_shed)
        for processors in PROCESSORS
    ]
    found = {status: [variant[status] for variant in variants] for status in variants[0]}
    low, high = min(found["200"]) - TOO_OPTIMISTIC, max(found["200"]) + TOO_PESSIMISTIC
    ranges = {"200": Range(max(0.0, low), min(1.0, high))}
    for status in found.keys() - {"200"}:
        least, most = min(found[status]), max(found[status])
        is_certain = status != "504" and most == 0
        ranges[status] = (
            Range(0.0, 0.0)
            if is_certain
            else Range(max(0.0, least - TOO_PESSIMISTIC), min(1.0, most + TOO_OPTIMISTIC))
        )
    return ranges


def bootstrap_ranges(
    arrivals_s: Sequence[float],
    services_s: Sequence[float],
    setting: Setting,
    *,
    draws: int = 20,
    seed: int = 1,
) -> dict[str, Range]:
    """Return each share's range over `draws` replays with service times drawn anew from the same ones.

    The arrivals stay: of other traffic this says nothing. The lowest and the highest draw are the range.
    """
    random = Random(seed)
    with_shed = setting.shed_after_s is not None
    drawn = [
        shares(
            replay(arrivals_s, random.choices(services_s, k=len(services_s)), setting, seed=draw),
            with_shed=with_shed,
        )
        for draw in range(draws)
    ]
    return {status: Range(*_ends([shares[status] for shares in drawn])) for status in drawn[0]}


def _ends(numbers: Sequence[float]) -> tuple[float, float]:
    return min(numbers), max(numbers)
