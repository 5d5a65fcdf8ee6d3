"""Which backlog a pool should have: no shorter than its bursts need, no longer than anybody waits."""

from tuner.stack.model import Listener, Pool
from tuner.stack.value import Place, Value
from tuner.tune.demand import Demand
from tuner.tune.plan import Bounds, Recommendation, Spot

RESERVE = 2
"""How many times the queue of the recorded bursts there is room for, where the deadline allows it."""

USUAL_BACKLOG = 511
"""What nginx and Redis ask for by themselves, and php-fpm did for years: room for what was not recorded."""

FEW_REQUESTS = 1000

FORMULA = (
    "limit: the largest n - 1 with n + 2 cv sqrt(n) <= X (T - p95), at most 65535; need: the largest excess "
    "of the recorded arrivals over X, less the workers, with a margin of 2 cv sqrt(excess), or the longest "
    "queue of a replay; X = workers / (mean + 0.5 ms). Between them: twice the need, 511 or half the limit"
)


def recommend_backlog(
    pool: Pool, listener: Listener, demand: Demand, workers: int, somaxconn: Value
) -> Recommendation | None:
    """Return what listen.backlog should be, None where it is right as it is.

    It may be written already, if net.core.somaxconn is not large enough for it.
    """
    bounds = demand.bounds(workers)
    found = _better(listener, demand, workers, somaxconn)
    if found is not None and pool.least_backlog.is_known:
        found = max(found, min(int(pool.least_backlog.data or 0), bounds.limit or 0))
    if found is None or not is_taken(pool, found):
        return None
    if pool.pm.data == "ondemand" and found == listener.effective_backlog.data:
        return None
    return backlog_of(pool, listener, demand, found, _why(listener, demand, workers, found), bounds)


def backlog_of(
    pool: Pool, listener: Listener, demand: Demand, backlog: int, why: str, bounds: Bounds
) -> Recommendation:
    """Return the recommendation of a backlog."""
    return Recommendation(
        "listen.backlog",
        "php-fpm",
        pool.entity,
        listener.backlog,
        backlog,
        why,
        FORMULA,
        (*demand.inputs, pool.max_children, listener.effective_backlog),
        "nothing" if backlog == listener.effective_backlog.data else "restart",
        bounds,
        spot_in_section(pool),
        id(pool),
    )


def is_taken(pool: Pool, backlog: int) -> bool:
    """Say whether php-fpm is known to listen with that backlog: pm = ondemand may take its default."""
    least = pool.least_backlog
    return least.state == "absent" or (least.is_known and backlog >= int(least.data or 0))


def pinned(pool: Pool, listener: Listener, raised: Value) -> Recommendation:
    """Return the backlog written as it is in force, so that a larger somaxconn makes it no longer."""
    return Recommendation(
        "listen.backlog",
        "php-fpm",
        pool.entity,
        listener.backlog,
        int(listener.effective_backlog.data or 0),
        f"only {raised.label} keeps the queue that short, and it is raised for another listener",
        "as it is in force",
        (listener.backlog, listener.effective_backlog),
        "nothing",
        None,
        spot_in_section(pool),
        id(pool),
    )


def spot_in_section(pool: Pool) -> Spot | None:
    """Return where a setting of the pool that no file has yet goes: into its section."""
    written: tuple[Place | None, ...] = (pool.listen.origin.place, pool.pm.origin.place)
    place = next((place for place in written if place is not None), None)
    return Spot(place, pool.name) if place is not None else None


def _better(listener: Listener, demand: Demand, workers: int, somaxconn: Value) -> int | None:
    """Return another backlog, None where the present one does as well as any."""
    need, limit = demand.need(workers), demand.limit(workers)
    if not limit:
        return None
    longest = _longest(listener)
    if longest is None or longest > demand.bearable(workers):
        return limit if need is None else _with_reserve(need, limit, somaxconn)
    if need is not None and longest < min(need, limit):
        # A number of clients is the most that can ever wait: there is nothing to reserve for.
        return min(need, limit) if demand.clients is not None else _with_reserve(need, limit, somaxconn)
    return _as_in_force(listener)


def _why(listener: Listener, demand: Demand, workers: int, backlog: int) -> str:
    bounds = demand.bounds(workers)
    need, limit = bounds
    longest = _longest(listener)
    if bounds.is_empty:
        words = f"the bursts need {need}, but of more than {limit} the last is answered too late"
    elif longest is None or longest > demand.bearable(workers):
        end = "nginx has given up" if demand.is_until_nginx_gives_up else f"the {demand.deadline_s:g} s"
        words = f"of more than {limit} that wait, the last is answered after {end}"
        words += "" if need is None else f"; the bursts need {need}"
    elif need is not None and longest < min(need, limit or 0):
        words = f"the bursts need {need}"
    else:
        asked = listener.backlog.data
        return f"{asked} is cut to {backlog} anyway, until somebody raises net.core.somaxconn"
    few = demand.requests if 0 < demand.requests < FEW_REQUESTS else 0
    return words + (f" (by {few} recorded requests only)" if few else "")


def _as_in_force(listener: Listener) -> int | None:
    asked, present = listener.backlog, listener.effective_backlog
    if not (asked.is_written and asked.is_known and present.is_known):
        return None
    return int(present.data or 0) if int(asked.data or 0) > int(present.data or 0) else None


def _with_reserve(need: int, limit: int, somaxconn: Value) -> int:
    """Return the backlog with its reserve, without asking for a larger somaxconn for the reserve alone.

    Half of the limit is still answered in time when PHP takes about twice as long.
    """
    wanted = min(limit, max(RESERVE * need, min(USUAL_BACKLOG, limit // 2)))
    room = int(somaxconn.data or 0) if somaxconn.is_known else wanted
    return wanted if need > room else min(wanted, room)


def _longest(listener: Listener) -> int | None:
    """Return how long the queue is at most; None where nothing bounds it."""
    asked, present = listener.backlog, listener.effective_backlog
    if present.is_known:
        return int(present.data or 0)
    bounds = [int(asked.data or 0)] if asked.is_known and int(asked.data or 0) >= 0 else []
    possible = [option.data for option in present.options]
    if possible and None not in possible:
        bounds.append(max(int(data or 0) for data in possible))
    return min(bounds, default=None)
