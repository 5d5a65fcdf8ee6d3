"""What a setting gives: the figures of a replay, and how far they may be off."""

from typing import NamedTuple

from tuner.laws.simulator.confidence import (
    PROCESSORS,
    Range,
    Shares,
    model_ranges,
    overflows_on_tcp,
    sample_ranges,
)
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import Summary, shares, summary
from tuner.laws.simulator.traffic import Traffic


class Prediction(NamedTuple):
    """The figures of one setting; `ranges` is None where there is one number and the model is exact."""

    summary: Summary
    ranges: dict[str, Range] | None


class Likely(NamedTuple):
    """What becomes of the likely series under one setting: figures of the middle one, shares of each."""

    summary: Summary
    shares: tuple[Shares, ...]
    is_exact: bool


def predict(traffic: Traffic, setting: Setting) -> Prediction:
    """Replay the traffic under a setting.

    The figures are those of the likely series with the middle share of 200; the range is that of all series.
    Raises ValueError for traffic without requests, or out of order.
    """
    found = likely(traffic, setting)
    return Prediction(found.summary, ranges(traffic, setting, found))


def likely(traffic: Traffic, setting: Setting) -> Likely:
    """Replay the likely series under a setting. Raises ValueError as `predict`."""
    replays = [replay(traffic.arrivals_s, services_s, setting) for services_s in traffic.likely]
    found = tuple(shares(one, with_shed=setting.shed_after_s is not None) for one in replays)
    middle = sorted(range(len(found)), key=lambda number: tuple(found[number].values()))[len(found) // 2]
    figures = summary(replays[middle], traffic.arrivals_s, traffic.likely[middle], setting)
    return Likely(figures, found, not any(overflows_on_tcp(setting, one) for one in replays))


def ranges(traffic: Traffic, setting: Setting, found: Likely) -> dict[str, Range] | None:
    """Return the range of each share, with the possible series beside the likely ones that were found.

    None where there is one number and the model is exact.
    """
    with_shed = setting.shed_after_s is not None
    all_shares, is_exact = list(found.shares), found.is_exact
    for services_s in traffic.possible:
        other = replay(traffic.arrivals_s, services_s, setting)
        all_shares.append(shares(other, with_shed=with_shed))
        is_exact = is_exact and not overflows_on_tcp(setting, other)
    if not is_exact:
        return model_ranges(all_shares + _with_other_processors(traffic, setting, with_shed=with_shed))
    return sample_ranges(all_shares) if len(all_shares) > 1 else None


def _with_other_processors(traffic: Traffic, setting: Setting, *, with_shed: bool) -> list[Shares]:
    """Return the shares of each series for the other ways a kernel may share out its timers."""
    return [
        shares(replay(traffic.arrivals_s, services_s, setting, processors=processors), with_shed=with_shed)
        for services_s in (*traffic.likely, *traffic.possible)
        for processors in PROCESSORS[1:]
    ]
