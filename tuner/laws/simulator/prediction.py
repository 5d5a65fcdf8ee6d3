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


def predict(traffic: Traffic, setting: Setting) -> Prediction:
    """Replay the traffic under a setting.

    The figures are those of the likely series with the middle share of 200; the range is that of all series.
    Raises ValueError for traffic without requests, or out of order.
    """
    with_shed = setting.shed_after_s is not None
    likely = [replay(traffic.arrivals_s, services_s, setting) for services_s in traffic.likely]
    found: list[Shares] = [shares(one, with_shed=with_shed) for one in likely]
    middle = sorted(range(len(found)), key=lambda number: tuple(found[number].values()))[len(found) // 2]
    is_exact = not any(overflows_on_tcp(setting, one) for one in likely)
    for services_s in traffic.possible:
        other = replay(traffic.arrivals_s, services_s, setting)
        found.append(shares(other, with_shed=with_shed))
        is_exact = is_exact and not overflows_on_tcp(setting, other)
    if not is_exact:
        found += _with_other_processors(traffic, setting, with_shed=with_shed)
    figures = summary(likely[middle], traffic.arrivals_s, traffic.likely[middle], setting)
    return Prediction(figures, _ranges(found, is_exact=is_exact))


def _ranges(found: list[Shares], *, is_exact: bool) -> dict[str, Range] | None:
    if is_exact:
        return sample_ranges(found) if len(found) > 1 else None
    return model_ranges(found)


def _with_other_processors(traffic: Traffic, setting: Setting, *, with_shed: bool) -> list[Shares]:
    """Return the shares of each series for the other ways a kernel may share out its timers."""
    return [
        shares(replay(traffic.arrivals_s, services_s, setting, processors=processors), with_shed=with_shed)
        for services_s in (*traffic.likely, *traffic.possible)
        for processors in PROCESSORS[1:]
    ]
