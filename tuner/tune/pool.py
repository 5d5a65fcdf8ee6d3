"""The plan of one pool: what is recommended for it, and what that would have made of the recorded traffic."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tuner.laws.queueing import longest_mean_service_time_s
from tuner.stack.model import Pool, Stack
from tuner.stack.value import Data
from tuner.tune.admission import recommend_max_conns
from tuner.tune.alternatives import alternatives
from tuner.tune.backlog import recommend_backlog
from tuner.tune.carried import STAYS_LONGER, carried
from tuner.tune.demand import Demand, Wishes
from tuner.tune.estimates import estimates_of_rate, estimates_without_load
from tuner.tune.least_harmful import least_harmful
from tuner.tune.notes import REPLAYED, notes_of
from tuner.tune.plan import Alternative, PoolPlan, Prediction, Recommendation
from tuner.tune.prediction import Forecast
from tuner.tune.ramp import recommend_ramp
from tuner.tune.room import Allotment
from tuner.tune.timeouts import governing, recommend_terminate_timeout
from tuner.tune.workers import recommend_workers


class Host(NamedTuple):
    """What all pools of a host have in common: the stack, what the user wishes, and planned timeouts."""

    stack: Stack
    wishes: Wishes
    timeouts: tuple[Recommendation, ...]


class Study(NamedTuple):
    """What was found out about a pool before the rest of the host is known."""

    pool: Pool
    demand: Demand | None
    recommendations: tuple[Recommendation, ...]
    notes: tuple[str, ...]


def study(host: Host, pool: Pool, demand: Demand | str, allotment: Allotment) -> Study:
    """Return what a pool needs by itself, with its part of the room; `demand` may say why nobody knows."""
    stack, wishes, timeouts = host
    terminate = recommend_terminate_timeout(pool)
    always = (terminate,) if terminate else ()
    if isinstance(demand, str):
        return Study(pool, None, always, (f"its queue is left alone: {demand}",))
    if pool.listener is None or not pool.max_children.is_known or int(pool.max_children.data or 0) < 1:
        return Study(
            pool, None, always, ("its queue is left alone: its workers or its socket are not known",)
        )
    given = allotment.workers
    workers = recommend_workers(pool, demand, allotment, wishes.room)
    backlog = None
    if pool.pm.data in REPLAYED:
        backlog = recommend_backlog(pool, pool.listener, demand, given, stack.kernel.somaxconn)
    notes = list(notes_of(pool, demand, given, wishes))
    traffic = demand.traffic(given) if demand.clients is None else None
    if traffic is not None:
        forecast = Forecast(stack, pool, traffic, demand.deadline_s, demand.patience_s)
        others = changes_of(filter(None, (*timeouts, workers)), stack, pool)
        if backlog is not None:
            limit = backlog.recommended
            backlog = carried(backlog, forecast, others)
            notes += [] if backlog and backlog.recommended == limit else [STAYS_LONGER.format(limit)]
        elif demand.limit(given) == 0:
            backlog = least_harmful(pool, demand, given, forecast, others)
    own = [found for found in (workers, backlog) if found is not None]
    door = tuple(_door(pool, demand, given, backlog))
    ramp = recommend_ramp(stack, pool, demand, changes_of((*own, *door, *timeouts), stack, pool), allotment)
    return Study(pool, demand, (*ramp, *own, *always, *door), tuple(notes))


def _door(
    pool: Pool, demand: Demand, workers: int, backlog: Recommendation | None
) -> Iterator[Recommendation]:
    """Yield max_conns for a TCP socket whose queue the recorded bursts fill."""
    listener = pool.listener
    if listener is None or listener.family not in ("tcp4", "tcp6"):
        return
    present = listener.effective_backlog
    queue = int(backlog.recommended) if backlog else int(present.data or 0) if present.is_known else None
    need = demand.need(workers) if demand.windows_s else None
    if queue is not None and need is not None and need > queue:
        yield from recommend_max_conns(pool, workers, queue)


def pool_plan(stack: Stack, found: Study, recommended: Sequence[Recommendation], wishes: Wishes) -> PoolPlan:
    """Return what all `recommended` settings of the host do to the pool of a study."""
    pool, demand = found.pool, found.demand
    changes = changes_of(recommended, stack, pool)
    if demand is None:
        estimates = tuple(estimates_without_load(pool, wishes))
        return PoolPlan(pool.entity, pool.name, None, None, None, (), None, None, found.notes, estimates)
    workers = int(changes.get("pm.max_children", pool.max_children.data or 0))
    traffic, notes = demand.traffic(int(pool.max_children.data or 0)), list(found.notes)
    before = after = None
    others: tuple[Alternative, ...] = ()
    if traffic is not None and demand.clients is None:
        forecast = Forecast(stack, pool, traffic, demand.deadline_s, demand.patience_s)
        before = _prediction(forecast.of({}), notes)
        after = _prediction(forecast.of(changes), notes)
        others = tuple(alternatives(forecast, demand, changes, before, after, wishes.room))
    return PoolPlan(
        pool.entity,
        pool.name,
        demand.bounds(workers),
        before,
        after,
        others,
        _survives_s(after, demand),
        demand.mean_service_time_s,
        tuple(dict.fromkeys(notes)),
        tuple(estimates_of_rate(pool, demand)),
    )


def changes_of(recommended: Iterable[Recommendation], stack: Stack, pool: Pool) -> dict[str, Data]:
    """Return the settings among `recommended` that concern the pool, as the simulator takes them."""
    shared = {stack.kernel.entity}
    shared |= governing(stack, pool)
    return {
        found.setting: found.recommended
        for found in recommended
        if found.subject == id(pool) or found.entity in shared
    }


def _prediction(found: Prediction | str, notes: list[str]) -> Prediction | None:
    """Return a prediction; why there is none becomes a note."""
    if isinstance(found, str):
        notes.append(f"nothing is predicted: {found.partition('; give --set')[0]}")
        return None
    return found


def _survives_s(after: Prediction | None, demand: Demand) -> float | None:
    if after is None:
        return None
    setting, mean_s = after.setting, demand.mean_service_time_s
    p95_per_mean = demand.service_time_p95_s / mean_s
    return longest_mean_service_time_s(
        setting.backlog, setting.workers, demand.deadline_s, p95_per_mean, demand.service_time_cv
    )
