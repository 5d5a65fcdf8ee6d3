"""What a pool makes of the recorded traffic, as it is and as it would be."""

from collections.abc import Mapping

from tuner.errors import UsageError
from tuner.laws.queueing import OVERHEAD_S
from tuner.laws.simulator.confidence import Range, bootstrap_ranges, model_ranges, overflows_on_tcp
from tuner.laws.simulator.replay import Replay
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import summary
from tuner.load.pool_setting import Behaviour, setting_of
from tuner.load.trace import Trace
from tuner.stack.model import Pool, Stack
from tuner.stack.value import Data
from tuner.tune.plan import Prediction

DRAWS = 5
MOST_BOOTSTRAPPED = 50_000
"""Requests of a trace whose service times are drawn anew: more of them hardly differ by chance."""


def predict(
    trace: Trace,
    stack: Stack,
    pool: Pool,
    changes: Mapping[str, Data],
    *,
    shed_after_s: float | None = None,
    with_range: bool = True,
) -> Prediction | str:
    """Return what becomes of the requests of `trace` with `changes`, or why that cannot be said."""
    behaviour = Behaviour(OVERHEAD_S, shed_after_s=shed_after_s)
    try:
        setting = setting_of(changes, behaviour, stack, pool)
    except (UsageError, ValueError) as error:
        return str(error)
    found = replay(trace.arrivals_s, trace.services_s, setting)
    figures = summary(found, trace.arrivals_s, trace.services_s, setting)
    return Prediction(setting, figures, _ranges(trace, setting, found) if with_range else None)


def _ranges(trace: Trace, setting: Setting, found: Replay) -> Mapping[str, Range] | None:
    """Return the range of the model or of chance; None where neither is worth the time."""
    if overflows_on_tcp(setting, found):
        return model_ranges(trace.arrivals_s, trace.services_s, setting)
    if len(trace.arrivals_s) > MOST_BOOTSTRAPPED:
        return None
    return bootstrap_ranges(trace.arrivals_s, trace.services_s, setting, draws=DRAWS)
