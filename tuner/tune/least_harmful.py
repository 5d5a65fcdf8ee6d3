"""A backlog for a pool whose queue is never answered in time by the law: what the replay likes best."""

from collections.abc import Iterator, Mapping

from tuner.load.pool_setting import BACKLOG
from tuner.stack.model import Pool
from tuner.stack.value import Data
from tuner.tune.backlog import backlog_of, is_taken
from tuner.tune.demand import Demand
from tuner.tune.plan import Recommendation
from tuner.tune.prediction import UNNOTICED, Forecast

LONGEST_PER_WORKER = 4


def least_harmful(
    pool: Pool, demand: Demand, workers: int, forecast: Forecast, changes: Mapping[str, Data]
) -> Recommendation | None:
    """Return that of a few short backlogs with which most is answered; None if the present one is as good.

    The law asks that the last in a full queue be answered unless it is unlucky. Where one slow request alone
    takes longer than anybody waits, no queue does that, but a long one still answers nobody.
    """
    present = forecast.share_of_ok(changes)
    if pool.listener is None or present is None:
        return None
    tried = ((number, forecast.share_of_ok({**changes, BACKLOG: number})) for number in _short_ones(workers))
    shares = {number: share for number, share in tried if share is not None and is_taken(pool, number)}
    best = max(shares, key=shares.__getitem__, default=None)
    if best is None or shares[best] <= present + UNNOTICED:
        return None
    why = f"not even a short queue is answered within {demand.deadline_s:g} s, but a long one answers nobody"
    return backlog_of(pool, pool.listener, demand, best, why, demand.bounds(workers))


def _short_ones(workers: int) -> Iterator[int]:
    number = 1
    while number <= LONGEST_PER_WORKER * workers:
        yield number
        number *= 2
