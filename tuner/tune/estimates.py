"""What can be said of a pool whose traffic nobody recorded: ranges, and nothing to be changed for."""

from collections.abc import Iterator
from math import ceil, floor, log

from tuner.laws.erlang import waiting
from tuner.laws.queueing import (
    EXPONENTIAL_P95_PER_MEAN,
    OVERHEAD_S,
    capacity_per_s,
    enough_workers,
    largest_backlog,
    longest_mean_service_time_s,
    offered_erlangs,
)
from tuner.stack.model import Pool
from tuner.tune.demand import MOST_CONNECTIONS, Demand, Wishes, deadline_of
from tuner.tune.plan import Estimate
from tuner.tune.workers import MOST_WORKERS

FAST_S, SLOW_S = 0.02, 0.5
"""Mean service times of quick and of slow PHP applications, for pools of which nothing is known."""

RARE = 1e-4
"""The share of requests that even random arrivals may find without room in the queue."""


def estimates_without_load(pool: Pool, wishes: Wishes) -> Iterator[Estimate]:
    """Yield what the number of workers and the timeout say by themselves."""
    workers, deadline_s = _workers(pool), deadline_of(pool, wishes)
    if not workers or deadline_s is None:
        return
    slow, fast = (_largest_backlog(workers, mean_s, deadline_s) for mean_s in (SLOW_S, FAST_S))
    yield Estimate(
        "listen.backlog",
        slow,
        fast,
        f"the longest queue that {workers} workers answer within {deadline_s:g} s, for mean service times of "
        f"{1000 * SLOW_S:g} to {1000 * FAST_S:g} ms",
    )
    listener = pool.listener
    if listener is None or not listener.effective_backlog.is_known:
        return
    backlog = int(listener.effective_backlog.data or 0)
    longest_s = longest_mean_service_time_s(backlog, workers, deadline_s)
    words = f"so quick has PHP to be for the last in the present queue of {backlog} to be answered in time"
    if not longest_s:
        words = f"the last in the present queue of {backlog} is answered too late, however quick PHP is"
    yield Estimate("mean service time (ms)", 0, round(1000 * longest_s, 1), words)


def estimates_of_rate(pool: Pool, demand: Demand) -> Iterator[Estimate]:
    """Yield what a rate and a mean service time say: nothing of bursts, but the least that chance needs."""
    workers, rate = _workers(pool), demand.arrivals_per_s
    if not 0 < workers <= MOST_WORKERS or rate is None or demand.windows_s:
        return
    busy = offered_erlangs(rate, demand.mean_service_time_s + OVERHEAD_S)
    yield Estimate(
        "pm.max_children",
        floor(busy) + 1,
        enough_workers(rate, demand.mean_service_time_s),
        f"{rate:g} requests a second keep {busy:.1f} workers busy: from all of them always busy to nine in "
        "ten requests that never wait (R + 1.42 sqrt(R)); bursts need more",
    )
    limit = demand.limit(workers)
    if busy >= workers:
        words = f"{workers} workers cannot serve {rate:g} requests a second: any queue fills, and stays full"
        yield Estimate("listen.backlog", 0, limit, words)
        return
    chance = _queue_by_chance(busy, workers)
    if chance <= limit:
        yield Estimate(
            "listen.backlog",
            chance,
            limit,
            "from what random arrivals at an even rate need (one in 10,000 finds no room) to what is "
            f"answered within {demand.deadline_s:g} s; bursts need more than the first",
        )


def _queue_by_chance(busy: float, workers: int) -> int:
    """Return the backlog that Poisson arrivals at this load exceed with a chance of RARE: C rho^n."""
    waits = waiting(busy, workers)
    if waits <= RARE:
        return 0
    return max(0, ceil(log(RARE / waits) / log(busy / workers)) - 1)


def _workers(pool: Pool) -> int:
    return int(pool.max_children.data or 0) if pool.max_children.is_known else 0


def _largest_backlog(workers: int, mean_s: float, deadline_s: float) -> int:
    capacity = capacity_per_s(workers, mean_s)
    return min(MOST_CONNECTIONS, largest_backlog(capacity, deadline_s, EXPONENTIAL_P95_PER_MEAN * mean_s))
