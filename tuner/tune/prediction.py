"""What a pool makes of the recorded traffic, as it is and as it would be."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from tuner.errors import UsageError
from tuner.laws.queueing import OVERHEAD_S
from tuner.laws.simulator.confidence import Range
from tuner.laws.simulator.prediction import likely, ranges
from tuner.laws.simulator.replay import Replay
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import Summary, summary
from tuner.laws.simulator.traffic import Traffic
from tuner.load.lead_in import with_lead_in
from tuner.load.pool_setting import READ_TIMEOUT, Behaviour, setting_of
from tuner.load.trace import Trace
from tuner.stack.model import Pool, Stack
from tuner.stack.value import Data
from tuner.tune.plan import Prediction

UNNOTICED = 0.001
"""A share of requests that is not worth another setting."""


_Found = TypeVar("_Found")


class Forecast(NamedTuple):
    """Predicts for one pool what becomes of recorded requests that are waited for until `deadline_s`.

    `patience_s`, where it was said, is how long whoever asks waits at all, for a connection as well. Without
    `has_sample_ranges` predictions are quicker, and say only how far the model itself may be off.
    """

    stack: Stack
    pool: Pool
    traffic: Traffic
    deadline_s: float
    patience_s: float | None = None
    has_sample_ranges: bool = True

    def of(self, changes: Mapping[str, Data], shed_after_s: float | None = None) -> Prediction | str:
        """Return what `changes` of settings would make of them, with a range, or why that cannot be said."""
        found = self.figures(changes, shed_after_s)
        if isinstance(found, str) or found.setting.spares is not None:
            return found
        return found._replace(ranges=self._within(found.setting))

    def figures(self, changes: Mapping[str, Data], shed_after_s: float | None = None) -> Prediction | str:
        """Return what `of` returns without a range, in a fraction of its time: for comparisons."""
        setting = self._setting(changes, shed_after_s)
        if isinstance(setting, str):
            return setting
        find = _grown if setting.spares is not None else _figures
        return Prediction(setting, find(self.traffic, setting))

    def share_of_ok(self, changes: Mapping[str, Data]) -> float | None:
        """Return which part of the requests would be answered in time; None where that cannot be said."""
        setting = self._setting(changes, None)
        return None if isinstance(setting, str) else _grown(self.traffic, setting).shares["200"]

    def _within(self, setting: Setting) -> Mapping[str, Range] | None:
        if self.has_sample_ranges:
            return _ranges(self.traffic, setting)
        return None if _likely(self.traffic, setting).is_exact else _model_ranges(self.traffic, setting)

    def _setting(self, changes: Mapping[str, Data], shed_after_s: float | None) -> Setting | str:
        behaviour = Behaviour(OVERHEAD_S, shed_after_s=shed_after_s)
        try:
            setting = setting_of({READ_TIMEOUT: self.deadline_s, **changes}, behaviour, self.stack, self.pool)
        except (UsageError, ValueError) as error:
            return str(error)
        if self.patience_s is None or setting.connect_timeout_s <= self.patience_s:
            return setting
        return replace(setting, connect_timeout_s=self.patience_s)


def _remembered(find: Callable[[Traffic, Setting], _Found]) -> Callable[[Traffic, Setting], _Found]:
    """Return `find`, which is then asked once for a setting as long as the traffic is there."""
    known: WeakKeyDictionary[Traffic, dict[Setting, _Found]] = WeakKeyDictionary()

    def found(traffic: Traffic, setting: Setting) -> _Found:
        of_traffic = known.setdefault(traffic, {})
        if setting not in of_traffic:
            of_traffic[setting] = find(traffic, setting)
        return of_traffic[setting]

    return found


_likely = _remembered(likely)


def _figures(traffic: Traffic, setting: Setting) -> Summary:
    return _likely(traffic, setting).summary


@_remembered
def _ranges(traffic: Traffic, setting: Setting) -> dict[str, Range] | None:
    return ranges(traffic, setting, _likely(traffic, setting))


@_remembered
def _model_ranges(traffic: Traffic, setting: Setting) -> dict[str, Range] | None:
    return ranges(replace(traffic, possible=()), setting, _likely(traffic, setting))


@_remembered
def _grown(traffic: Traffic, setting: Setting) -> Summary:
    """Return the figures of one replay."""
    arrivals_s, services_s = traffic.arrivals_s, traffic.likely[0]
    found = replay_grown(Trace(list(arrivals_s), list(services_s)), setting)
    return summary(found, arrivals_s, services_s, setting)


def replay_grown(trace: Trace, setting: Setting) -> Replay:
    """Replay a trace; a pool that grows has grown to the first rate before."""
    if setting.spares is None:
        return replay(trace.arrivals_s, trace.services_s, setting)
    mean_s = sum(trace.services_s) / len(trace.services_s)
    whole, first = with_lead_in(trace, mean_s, setting.spares.start, setting.workers)
    found = replay(whole.arrivals_s, whole.services_s, setting)
    return found._replace(outcomes=found.outcomes[first:], latencies_s=found.latencies_s[first:])
