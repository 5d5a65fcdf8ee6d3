"""What a pool makes of the recorded traffic, as it is and as it would be."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from tuner.errors import UsageError
from tuner.laws.queueing import OVERHEAD_S
from tuner.laws.simulator.prediction import predict
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


class Forecast(NamedTuple):
    """Predicts for one pool what becomes of recorded requests that are waited for until `deadline_s`.

    `patience_s`, where it was said, is how long whoever asks waits at all, for a connection as well.
    """

    stack: Stack
    pool: Pool
    traffic: Traffic
    deadline_s: float
    patience_s: float | None = None

    def of(self, changes: Mapping[str, Data], shed_after_s: float | None = None) -> Prediction | str:
        """Return what `changes` of settings would make of them, with a range, or why that cannot be said."""
        setting = self._setting(changes, shed_after_s)
        if isinstance(setting, str):
            return setting
        if setting.spares is not None:
            return Prediction(setting, self._grown(setting))
        return Prediction(setting, *predict(self.traffic, setting))

    def share_of_ok(self, changes: Mapping[str, Data]) -> float | None:
        """Return which part of the requests would be answered in time; None where that cannot be said."""
        setting = self._setting(changes, None)
        return None if isinstance(setting, str) else self._grown(setting).shares["200"]

    def _setting(self, changes: Mapping[str, Data], shed_after_s: float | None) -> Setting | str:
        behaviour = Behaviour(OVERHEAD_S, shed_after_s=shed_after_s)
        try:
            setting = setting_of({READ_TIMEOUT: self.deadline_s, **changes}, behaviour, self.stack, self.pool)
        except (UsageError, ValueError) as error:
            return str(error)
        if self.patience_s is None or setting.connect_timeout_s <= self.patience_s:
            return setting
        return replace(setting, connect_timeout_s=self.patience_s)

    def _grown(self, setting: Setting) -> Summary:
        """Return the figures of one replay."""
        arrivals_s, services_s = self.traffic.arrivals_s, self.traffic.likely[0]
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
