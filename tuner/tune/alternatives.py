"""What else would carry a burst that no backlog carries: workers, a longer timeout, a cache, shedding."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from math import ceil
from random import Random

from tuner.laws.burst import largest_excess, needed_backlog
from tuner.laws.path_limits import QUEUED_REQUEST_BYTES, max_conns_for
from tuner.laws.queueing import answer_time_s
from tuner.laws.simulator.traffic import Traffic
from tuner.load.pool_setting import BACKLOG, MAX_CONNS, READ_TIMEOUT, SOMAXCONN
from tuner.stack.value import Data
from tuner.tune.demand import MOST_CONNECTIONS, Demand
from tuner.tune.plan import Alternative, Prediction
from tuner.tune.prediction import UNNOTICED, Forecast
from tuner.tune.room import MIB, Room
from tuner.tune.workers import most_fed, price, workers_that_ride

SEED = 1
CACHED = "requests answered by it"
SHED = "shed after"


def alternatives(
    forecast: Forecast,
    demand: Demand,
    changes: Mapping[str, Data],
    before: Prediction | None,
    after: Prediction | None,
    room: Room,
) -> Iterator[Alternative]:
    """Yield other ways where the plan leaves requests unanswered.

    `changes` are the plan's, which stay where an alternative says nothing else.
    """
    if after is None or _share(after) >= 1 - UNNOTICED:
        return
    ways = _Ways(forecast._replace(has_sample_ranges=False), demand, changes, after.setting.workers)
    yield from ways.more_workers(room)
    yield from ways.longer_timeout()
    yield from ways.cache()
    if before is not None:
        yield from ways.shedding(_share(before))


class _Ways:
    def __init__(self, forecast: Forecast, demand: Demand, changes: Mapping[str, Data], workers: int) -> None:
        self.forecast = forecast
        self.demand = demand
        self.changes = changes
        self.workers = workers
        self.need = demand.need(workers)
        self.limit = demand.limit(workers)

    def more_workers(self, room: Room) -> Iterator[Alternative]:
        """Yield the workers with which the bursts are ridden."""
        workers = workers_that_ride(self.demand, self.workers)
        if workers is None or workers <= self.workers:
            return
        settings: dict[str, Data] = {"pm.max_children": workers}
        if self.forecast.pool.pm.data != "static":
            settings["pm"] = "static"
        settings |= self._queue(self.demand.limit(workers), workers)
        cost = price(self.demand, workers - self.workers)
        if room.memory_bytes is not None and self.demand.memory_p95_bytes:
            cost += f"; the {room.memory_bytes / MIB:.0f} MiB of --memory do not hold them"
        fed = most_fed(self.demand, room.cores)
        if fed is not None and workers > fed:
            cost += f"; {room.cores:g} processors keep up with {fed}, more would only wait for one another"
        yield self._alternative("more workers", settings, cost)

    def longer_timeout(self) -> Iterator[Alternative]:
        """Yield the timeout within which the queue that the bursts need is answered.

        Nothing where it is not nginx that gives up first, or where nobody can hold such a queue.
        """
        if self.need is None or self.need <= self.limit or self.need > MOST_CONNECTIONS:
            return
        if not self.demand.is_until_nginx_gives_up:
            return
        seconds = ceil(
            answer_time_s(
                self.need,
                self.demand.capacity_per_s(self.workers),
                self.demand.service_time_p95_s,
                self.demand.service_time_cv,
            )
        )
        memory = (self.need + self.workers) * QUEUED_REQUEST_BYTES / MIB
        yield self._alternative(
            "wait for longer",
            {READ_TIMEOUT: seconds, **self._queue(self.need, self.workers)},
            f"the last of the burst waits for up to {seconds} s, if somebody is willing to; nginx then holds "
            f"{self.need + self.workers} requests, with two connections each and {memory:.0f} MiB",
        )

    def cache(self) -> Iterator[Alternative]:
        """Yield which part of the requests nginx must answer from a cache so that PHP-FPM rides the rest."""
        percent = _percent_to_cache(self.demand, self.workers, self.limit)
        if percent is None:
            return
        traffic = _without(self.forecast.traffic, percent / 100)
        if not traffic.arrivals_s:
            return
        rest = self.forecast._replace(traffic=traffic)
        settings: dict[str, Data] = {CACHED: f"{percent} %", **self._queue(self.limit, self.workers)}
        changes = {key: value for key, value in settings.items() if key != CACHED}
        yield Alternative(
            "a cache",
            settings,
            "of the rest that PHP still answers; how stale a page may be is yours to say (fastcgi_cache)",
            _or_none(rest.of({**self.changes, **changes})),
        )

    def shedding(self, share_before: float) -> Iterator[Alternative]:
        """Yield after what wait PHP should answer 503, with the files as they are."""
        after_s = self.demand.deadline_s - self.demand.service_time_p95_s
        found = _or_none(self.forecast.of({}, after_s)) if after_s > 0 else None
        if found is not None and _share(found) > share_before + UNNOTICED:
            yield Alternative(
                "shed what has waited too long",
                {SHED: round(after_s, 3)},
                "a prepended PHP file; php-fpm stays as it is and answers 503 instead of working for nobody",
                found,
            )

    def _alternative(self, title: str, settings: dict[str, Data], cost: str) -> Alternative:
        found = _or_none(self.forecast.of({**self.changes, **settings}))
        return Alternative(title, settings, cost, found)

    def _queue(self, backlog: int, workers: int) -> dict[str, Data]:
        """Return a backlog with what it takes: somaxconn, and the bound of nginx where there is one."""
        settings: dict[str, Data] = {BACKLOG: backlog}
        somaxconn = self.changes.get(SOMAXCONN, self.forecast.stack.kernel.somaxconn.data)
        if isinstance(somaxconn, int) and somaxconn < backlog:
            settings[SOMAXCONN] = backlog
        if MAX_CONNS in self.changes:
            settings[MAX_CONNS] = max_conns_for(workers, backlog)
        return settings


def _percent_to_cache(demand: Demand, workers: int, limit: int) -> int | None:
    """Return the least part of the requests, in whole percents, without which `workers` ride the bursts.

    They are left out by chance, and always the same. None where it takes all of them or none.
    """
    if not demand.windows_s or not limit or demand.clients is not None:
        return None
    low, high = 0, 100
    while high - low > 1:
        middle = (low + high) // 2
        share = middle / 100
        excess = max(_thinned_excess(window_s, share, demand, workers) for window_s in demand.windows_s)
        if needed_backlog(excess, workers, demand.service_time_cv) <= limit:
            high = middle
        else:
            low = middle
    return high if high < 100 else None


def _thinned_excess(window_s: Sequence[float], share: float, demand: Demand, workers: int) -> float:
    kept_s = compress(window_s, _kept(len(window_s), share))
    return largest_excess(kept_s, demand.capacity_per_s(workers))


def _without(traffic: Traffic, share: float) -> Traffic:
    """Return the traffic without a share of its requests."""
    kept = _kept(len(traffic.arrivals_s), share)
    return Traffic(
        list(compress(traffic.arrivals_s, kept)),
        [list(compress(times_s, kept)) for times_s in traffic.likely],
        [list(compress(times_s, kept)) for times_s in traffic.possible],
    )


def _kept(requests: int, share: float) -> list[bool]:
    """Return which requests stay without a share of them; a larger share leaves out these and more."""
    random = Random(SEED)
    return [random.random() >= share for _ in range(requests)]


def _share(found: Prediction) -> float:
    return found.summary.shares["200"]


def _or_none(found: Prediction | str) -> Prediction | None:
    return None if isinstance(found, str) else found
