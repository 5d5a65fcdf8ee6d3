"""What a pool makes of the recorded traffic, as it is and as it would be."""

from collections.abc import Mapping
from typing import NamedTuple

from tuner.errors import UsageError
from tuner.laws.queueing import OVERHEAD_S
from tuner.laws.simulator.confidence import Range, bootstrap_ranges, model_ranges, overflows_on_tcp
from tuner.laws.simulator.replay import Replay
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import Summary, summary
from tuner.load.lead_in import with_lead_in
from tuner.load.pool_setting import Behaviour, setting_of
from tuner.load.trace import Trace
from tuner.stack.model import Pool, Stack
from tuner.stack.value import Data
from tuner.tune.plan import Prediction

DRAWS = 5
MOST_BOOTSTRAPPED = 50_000
"""Requests of a trace whose service times are drawn anew: more of them hardly differ by chance."""


class Forecast(NamedTuple):
    """Predicts for one pool what becomes of the requests of a trace."""

    stack: Stack
    pool: Pool
    trace: Trace

    def of(self, changes: Mapping[str, Data], shed_after_s: float | None = None) -> Prediction | str:
        """Return what `changes` of settings would make of it, with a range, or why that cannot be said."""
        setting = self._setting(changes, shed_after_s)
        if isinstance(setting, str):
            return setting
        found = self._replayed(setting)
        figures = self._summary(found, setting)
        ranges = _ranges(self.trace, setting, found)
        return Prediction(setting, figures, ranges and _with(ranges, figures.shares))

    def share_of_ok(self, changes: Mapping[str, Data]) -> float | None:
        """Return which part of the requests would be answered in time; None where that cannot be said."""
        setting = self._setting(changes, None)
        if isinstance(setting, str):
            return None
        return self._summary(self._replayed(setting), setting).shares["200"]

    def _setting(self, changes: Mapping[str, Data], shed_after_s: float | None) -> Setting | str:
        behaviour = Behaviour(OVERHEAD_S, shed_after_s=shed_after_s)
        try:
            return setting_of(changes, behaviour, self.stack, self.pool)
        except (UsageError, ValueError) as error:
            return str(error)

    def _summary(self, found: Replay, setting: Setting) -> Summary:
        return summary(found, self.trace.arrivals_s, self.trace.services_s, setting)

    def _replayed(self, setting: Setting) -> Replay:
        """Return the replay of the trace; a pool that grows has grown to its first rate before."""
        trace, first = self.trace, 0
        if setting.spares is not None:
            mean_s = sum(trace.services_s) / len(trace.services_s)
            trace, first = with_lead_in(trace, mean_s, setting.spares.start, setting.workers)
        found = replay(trace.arrivals_s, trace.services_s, setting)
        return found._replace(outcomes=found.outcomes[first:], latencies_s=found.latencies_s[first:])


def _ranges(trace: Trace, setting: Setting, found: Replay) -> Mapping[str, Range] | None:
    """Return the range of the model or of chance; None where neither is known or worth the time."""
    if overflows_on_tcp(setting, found):
        return model_ranges(trace.arrivals_s, trace.services_s, setting)
    if len(trace.arrivals_s) > MOST_BOOTSTRAPPED or setting.spares is not None:
        return None
    return bootstrap_ranges(trace.arrivals_s, trace.services_s, setting, draws=DRAWS)


def _with(ranges: Mapping[str, Range], shares: Mapping[str, float]) -> dict[str, Range]:
    """Return the ranges with the prediction itself in them: it is as likely as any draw."""
    return {
        status: Range(min(found.low, shares[status]), max(found.high, shares[status]))
        for status, found in ranges.items()
    }
