"""The plan of one pool: what is recommended for it, and what that would have made of the recorded traffic."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tuner.laws.queueing import longest_mean_service_time_s
from tuner.load.load_file import MeasuredPool
from tuner.stack.model import ConnectTimeout, Pool, Stack
from tuner.stack.value import Data
from tuner.tune.admission import door_of, recommend_max_conns
from tuner.tune.backlog import recommend_backlog, spot_in_section
from tuner.tune.demand import Demand, Wishes, demand_of
from tuner.tune.kernel import BACKLOG, SOMAXCONN
from tuner.tune.plan import Alternative, PoolPlan, Prediction, Recommendation
from tuner.tune.prediction import Forecast
from tuner.tune.timeouts import recommend_terminate_timeout
from tuner.tune.workers import RELOAD, WorkerMemory, more_workers, price, ramps, recommend_workers

REPLAYED = ("static", "dynamic")
FEW_REQUESTS = 1000
UNNOTICED = 0.001
"""A share of requests that is not worth another setting."""

RAMP_FORMULA = (
    "the least spare servers with which the replay loses at most 0.1 % more than all workers at once"
)


class Study(NamedTuple):
    """What was found out about a pool before the rest of the host is known."""

    pool: Pool
    demand: Demand | None
    recommendations: tuple[Recommendation, ...]
    notes: tuple[str, ...]


def study(stack: Stack, pool: Pool, measured: MeasuredPool | None, wishes: Wishes) -> Study:
    """Return what a pool needs by itself. `measured` is its part of the load file, if there is one."""
    terminate = recommend_terminate_timeout(pool)
    always = (terminate,) if terminate else ()
    demand = demand_of(pool, measured, wishes)
    if isinstance(demand, str):
        return Study(pool, None, always, (f"its queue is left alone: {demand}",))
    if pool.listener is None or not pool.max_children.is_known or int(pool.max_children.data or 0) < 1:
        return Study(
            pool, None, always, ("its queue is left alone: its workers or its socket are not known",)
        )
    workers = recommend_workers(pool, demand, _memory(demand, wishes))
    number = int((workers.recommended if workers else pool.max_children.data) or 0)
    backlog = None
    if pool.pm.data in REPLAYED and not _is_held_back(pool, demand, number):
        backlog = recommend_backlog(pool, pool.listener, demand, number, stack.kernel.somaxconn)
    own = [found for found in (workers, backlog) if found is not None]
    ramp = _ramp(stack, pool, demand, changes_of(own, stack, pool), _memory(demand, wishes))
    door = _door(pool, demand, number, backlog)
    return Study(pool, demand, (*ramp, *own, *always, *door), tuple(_notes(pool, demand, number, wishes)))


def _is_held_back(pool: Pool, demand: Demand, workers: int) -> bool:
    """Say whether max_conns keeps the queue within the deadline already, whatever the backlog."""
    door = door_of(pool)
    if door is None or not (door.max_conns.is_known and door.upstream.zone.is_known):
        return False
    return int(door.max_conns.data or 0) - workers <= demand.limit(workers) + 1


def _door(
    pool: Pool, demand: Demand, workers: int, backlog: Recommendation | None
) -> Iterator[Recommendation]:
    """Yield max_conns for a TCP socket whose queue the recorded bursts fill."""
    listener = pool.listener
    if listener is None or listener.family not in ("tcp4", "tcp6"):
        return
    present = listener.effective_backlog
    queue = int(backlog.recommended) if backlog else int(present.data or 0) if present.is_known else None
    need = demand.need(workers)
    if queue is not None and need is not None and need > queue:
        yield from recommend_max_conns(pool, workers, queue)


def pool_plan(stack: Stack, found: Study, recommended: Sequence[Recommendation]) -> PoolPlan:
    """Return what all `recommended` settings of the host do to the pool of a study."""
    pool, demand = found.pool, found.demand
    changes = changes_of(recommended, stack, pool)
    if demand is None:
        return PoolPlan(pool.entity, pool.name, None, None, None, (), None, found.notes)
    workers = int(changes.get("pm.max_children", pool.max_children.data or 0))
    traffic, notes = demand.traffic(int(pool.max_children.data or 0)), list(found.notes)
    before = after = None
    alternatives: tuple[Alternative, ...] = ()
    if traffic is not None and demand.clients is None:
        forecast = Forecast(stack, pool, traffic, demand.deadline_s)
        before = _prediction(forecast.of({}), notes)
        after = _prediction(forecast.of(changes), notes)
        alternatives = tuple(_alternatives(forecast, demand, changes, before, after))
    return PoolPlan(
        pool.entity,
        pool.name,
        demand.bounds(workers),
        before,
        after,
        alternatives,
        _survives_s(after, demand),
        tuple(dict.fromkeys(notes)),
    )


def changes_of(recommended: Sequence[Recommendation], stack: Stack, pool: Pool) -> dict[str, Data]:
    """Return the settings among `recommended` that concern the pool, as the simulator takes them."""
    shared = {stack.kernel.entity}
    shared |= {found.entity for found in stack.connect_timeouts if _reaches(found, pool)}
    return {
        found.setting: found.recommended
        for found in recommended
        if found.subject == id(pool) or found.entity in shared
    }


def _reaches(timeout: ConnectTimeout, pool: Pool) -> bool:
    return any(reached is pool for location in timeout.locations for reached in location.pools)


def _memory(demand: Demand, wishes: Wishes) -> WorkerMemory | None:
    if wishes.memory_bytes is None or not demand.memory_p95_bytes:
        return None
    return WorkerMemory(wishes.memory_bytes, demand.memory_p95_bytes)


def _doubts(pool: Pool, demand: Demand) -> Iterator[str]:
    """Yield what makes the numbers less sure than they look."""
    shortest = pool.queue.shortest_read_timeout if pool.queue else None
    if shortest is not None and shortest.is_known and float(shortest.data or 0) < demand.deadline_s:
        yield (
            f"locations wait between {shortest.data:g} and {demand.deadline_s:g} s for it: the longest "
            "counts, unless --deadline says another"
        )
    requests = sum(len(window_s) for window_s in demand.windows_s)
    if 0 < requests < FEW_REQUESTS:
        yield f"only {requests} requests were recorded: too few for numbers to rely on"
    if demand.record is not None:
        yield from demand.record.unknown
    if pool.kept_connections.is_known and int(pool.kept_connections.data or 0) > 0:
        yield "idle connections that nginx keeps to it hold workers: that is in no number here"


def _prediction(found: Prediction | str, notes: list[str]) -> Prediction | None:
    """Return a prediction; why there is none becomes a note."""
    if isinstance(found, str):
        notes.append(f"nothing is predicted: {found.partition('; give --set')[0]}")
        return None
    return found


def _ramp(
    stack: Stack, pool: Pool, demand: Demand, changes: Mapping[str, Data], memory: WorkerMemory | None
) -> Iterator[Recommendation]:
    """Yield the spare servers with which a dynamic pool keeps up with the recorded traffic."""
    workers = int(changes.get("pm.max_children", pool.max_children.data or 0))
    traffic = demand.traffic(workers)
    if traffic is None or pool.pm.data != "dynamic" or demand.clients is not None:
        return
    room = min(workers, memory.most_workers) if memory else workers
    forecast = Forecast(stack, pool, traffic, demand.deadline_s)
    best = forecast.share_of_ok({**changes, "pm": "static"})
    present = forecast.share_of_ok(changes)
    if best is None or present is None or present >= best - UNNOTICED:
        return
    tried = ((ramp, forecast.share_of_ok({**changes, **ramp})) for ramp in ramps(pool, room))
    enough = next((ramp for ramp, share in tried if share is not None and share >= best - UNNOTICED), None)
    if enough is None:
        return
    more = int(enough["pm.min_spare_servers"]) - int(pool.min_spare_servers.data or 0)
    why = (
        f"php-fpm starts too few workers a second, which loses {100 * (best - present):.1f} % of the "
        f"requests; at rest {price(demand, more)}"
    )
    for setting, number in enough.items():
        yield _ramp_recommendation(pool, setting, number, why)


def _ramp_recommendation(pool: Pool, setting: str, number: Data, why: str) -> Recommendation:
    present = {
        "pm": pool.pm,
        "pm.start_servers": pool.start_servers,
        "pm.min_spare_servers": pool.min_spare_servers,
        "pm.max_spare_servers": pool.max_spare_servers,
    }
    return Recommendation(
        setting,
        "php-fpm",
        pool.entity,
        present[setting],
        number,
        why,
        RAMP_FORMULA,
        tuple(present.values()),
        RELOAD,
        None,
        spot_in_section(pool),
        id(pool),
    )


def _alternatives(
    forecast: Forecast,
    demand: Demand,
    changes: Mapping[str, Data],
    before: Prediction | None,
    after: Prediction | None,
) -> Iterator[Alternative]:
    """Yield other ways where the plan leaves requests unanswered that the deadline would have allowed."""
    if after is None or after.summary.shares["200"] >= 1 - UNNOTICED:
        return
    more = more_workers(demand, after.setting.workers)
    if more is not None:
        settings, cost = more
        settings = {
            key: value for key, value in settings.items() if (key, value) != ("pm", forecast.pool.pm.data)
        }
        settings |= _somaxconn_for(forecast, changes, int(settings[BACKLOG]))
        yield Alternative("more workers", settings, cost, _or_none(forecast.of({**changes, **settings})))
    shed_after_s = demand.deadline_s - demand.service_time_p95_s
    shed = _or_none(forecast.of({}, shed_after_s)) if shed_after_s > 0 else None
    if shed is not None and before is not None and _share(shed) > _share(before) + UNNOTICED:
        yield Alternative(
            "shed what has waited too long",
            {"shed after": round(shed_after_s, 3)},
            "a prepended PHP file; php-fpm stays as it is and answers 503 instead of working for nobody",
            shed,
        )


def _share(found: Prediction) -> float:
    return found.summary.shares["200"]


def _somaxconn_for(forecast: Forecast, changes: Mapping[str, Data], backlog: int) -> dict[str, Data]:
    """Return the somaxconn that a backlog takes, where it is not there."""
    present = changes.get(SOMAXCONN, forecast.stack.kernel.somaxconn.data)
    return {SOMAXCONN: backlog} if isinstance(present, int) and present < backlog else {}


def _or_none(found: Prediction | str) -> Prediction | None:
    return None if isinstance(found, str) else found


def _survives_s(after: Prediction | None, demand: Demand) -> float | None:
    if after is None:
        return None
    setting, mean_s = after.setting, demand.mean_service_time_s
    p95_per_mean = demand.service_time_p95_s / mean_s
    return longest_mean_service_time_s(
        setting.backlog, setting.workers, demand.deadline_s, p95_per_mean, demand.service_time_cv
    )


def _notes(pool: Pool, demand: Demand, workers: int, wishes: Wishes) -> Iterator[str]:
    yield from _doubts(pool, demand)
    bounds = demand.bounds(workers)
    if pool.pm.data not in REPLAYED:
        yield (
            f"its backlog is left alone with pm = {pool.pm.data or 'unknown'}: before PHP 8.2 ondemand takes "
            "no less than 511, and starts workers as requests come"
        )
    if bounds.limit == 0:
        yield (
            f"no queue is short enough for the {demand.deadline_s:g} s that anybody waits: raise "
            "fastcgi_read_timeout, give the pool more workers, or slow scripts a pool of their own"
        )
    if demand.windows_s and demand.clients is not None:
        yield (
            "nothing is predicted for a number of clients: what they send depends on the answers they get, "
            "and the recorded arrivals hold what they sent again"
        )
    if not demand.windows_s:
        yield "without recorded arrivals nothing is predicted, and nobody knows what bursts need"
    if wishes.memory_bytes is not None and not demand.memory_p95_bytes:
        yield "--memory says nothing here: the memory of a worker was not measured"
    if bounds.is_empty and bounds.limit:
        yield (
            f"the bursts need a queue of {bounds.need}, but of more than {bounds.limit} the last is answered "
            "too late: no backlog rides them, but more workers, a longer timeout or caching would"
        )
