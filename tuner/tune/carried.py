"""A queue that has carried the recorded traffic is cut no shorter than that takes."""

from collections.abc import Mapping

from tuner.load.pool_setting import BACKLOG
from tuner.stack.value import Data
from tuner.tune.plan import Recommendation
from tuner.tune.prediction import UNNOTICED, Forecast

STAYS_LONGER = (
    "the recorded traffic would fare worse with a backlog of {}, of which all is answered in time for sure: "
    "a larger burst is not in the record"
)


def carried(found: Recommendation, forecast: Forecast, changes: Mapping[str, Data]) -> Recommendation | None:
    """Return a backlog with which the recorded traffic fares no worse than with the present one.

    That is the recommended one, else what the bursts need, else None. `changes` are the other settings of the
    pool that are recommended.
    """
    present = forecast.figures(changes)
    if isinstance(present, str):
        return found
    for number in (found.recommended, _need(found, present.setting.backlog)):
        then = forecast.figures({**changes, BACKLOG: number})
        if isinstance(then, str) or then.share_of_ok >= present.share_of_ok - UNNOTICED:
            return found if number == found.recommended else _longer(found, number)
    return None


def _need(found: Recommendation, present: int) -> int:
    """Return what the bursts need where that is less than what is there, else what is recommended anyway."""
    need = found.bounds.need if found.bounds else None
    return int(found.recommended) if need is None or need >= present else need


def _longer(found: Recommendation, number: Data) -> Recommendation:
    why = f"the bursts need {number}, and were answered with it, if closely: a larger one would not be"
    return found._replace(recommended=number, why=why)
