"""Which backlog a pool should have: no shorter than its bursts need, no longer than anybody waits."""

from tuner.stack.model import Listener, Pool
from tuner.stack.value import Place, Value
from tuner.tune.demand import Demand
from tuner.tune.plan import Bounds, Recommendation, Spot

RESERVE = 2
"""How many times the queue of the recorded bursts there is room for, where the deadline allows it."""

FORMULA = (
    "limit: the largest n - 1 with n + 2 cv sqrt(n) <= X (T - p95); need: the largest excess of the recorded "
    "arrivals over X, less the workers, with a margin of 2 cv sqrt(excess); X = workers / (mean + 0.5 ms); "
    "at most 65535"
)


def recommend_backlog(
    pool: Pool, listener: Listener, demand: Demand, workers: int, somaxconn: Value
) -> Recommendation | None:
    """Return what listen.backlog should be, None where it is right as it is.

    It may be written already, if net.core.somaxconn is not large enough for it.
    """
    bounds = demand.bounds(workers)
    found = _better(listener, bounds, somaxconn)
    if found is None or not is_taken(pool, found[0]):
        return None
    backlog, why = found
    if pool.pm.data == "ondemand" and backlog == listener.effective_backlog.data:
        return None
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


def _better(listener: Listener, bounds: Bounds, somaxconn: Value) -> tuple[int, str] | None:
    """Return another backlog and why, None where the present one does as well as any."""
    need, limit = bounds
    if not limit:
        return None
    present = listener.effective_backlog
    longest = _longest(listener)
    if longest is None or longest > limit:
        found = limit, f"of more than {limit} that wait, the last is answered after nginx has given up"
        if bounds.is_empty:
            found = limit, f"the bursts need {need}, but of more than {limit} the last is answered too late"
    elif need is not None and present.is_known and int(present.data or 0) < min(need, limit):
        found = _with_reserve(need, limit, somaxconn), f"the bursts need {need}"
    else:
        return _as_in_force(listener)
    return found


def _as_in_force(listener: Listener) -> tuple[int, str] | None:
    asked, present = listener.backlog, listener.effective_backlog
    if not (asked.is_written and asked.is_known and present.is_known):
        return None
    if int(asked.data or 0) <= int(present.data or 0):
        return None
    return int(
        present.data or 0
    ), f"{asked.data} is cut to it anyway, until somebody raises net.core.somaxconn"


def _with_reserve(need: int, limit: int, somaxconn: Value) -> int:
    """Return the backlog with its reserve, without asking for a larger somaxconn for the reserve alone."""
    wanted = min(limit, RESERVE * need)
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
