"""What a pool's accept queue means in time: how fast it is served, and how long it may be."""

from collections.abc import Callable
from math import ceil, floor, log10

from tuner.laws import queueing
from tuner.stack.model import Pool
from tuner.stack.pool_load import PoolLoad, PoolQueue
from tuner.stack.value import Data, Value, derive, unknown

GIVE_A_LOAD = "give --load, or --qps and --service-time"
NO_LOCATION = "no nginx location is known to pass requests to this pool"
OTHER_FILE_LISTENS = "another file says where this pool listens"
SIGNIFICANT_DIGITS = 3
SHORTEST_S = 0.0001


def unknown_load(entity: str, reason: str = GIVE_A_LOAD) -> PoolLoad:
    """Return the load of a pool of which nothing was declared or measured, for this reason."""
    return PoolLoad(
        entity=entity,
        kind="none",
        arrival_rate=unknown("pool.load.arrival_rate", reason, unit="requests/s", label="arrival rate"),
        service_time=unknown("pool.load.service_time", reason, unit="s", label="mean service time"),
        service_time_p95=unknown("pool.load.service_time_p95", reason, unit="s", label="p95 service time"),
        service_time_p99=unknown("pool.load.service_time_p99", reason, unit="s", label="p99 service time"),
        service_time_cv=unknown("pool.load.service_time_cv", reason, label="cv of the service time"),
    )


def bound_queue(pool: Pool) -> None:
    """Set `pool.queue` from the pool's load, workers, listener and the timeouts of its locations.

    Whoever changes one of them calls this again. A pool without a load gets an unknown one.
    """
    load = pool.load = pool.load or unknown_load(pool.entity)
    timeout = _shortest_read_timeout(pool)
    capacity = _capacity(pool, load)
    backlog = _effective_backlog(pool)
    pool.queue = PoolQueue(
        entity=pool.entity,
        shortest_read_timeout=timeout,
        first_timeout=_first_timeout(pool),
        capacity=capacity,
        utilisation=derive(
            "pool.queue.utilisation",
            lambda rate, per_s: _rounded_up(queueing.utilisation(rate, per_s)),
            load.arrival_rate,
            capacity,
            label="utilisation",
            words="arrival rate / capacity",
        ),
        enough_workers=derive(
            "pool.queue.enough_workers",
            queueing.enough_workers,
            load.arrival_rate,
            load.service_time,
            unit=pool.max_children.unit,
            label="enough workers",
            words="R + 1.42 sqrt(R), R = arrival rate * (mean service time + 0.5 ms): one in ten waits",
        ),
        largest_backlog=derive(
            "pool.queue.largest_backlog",
            queueing.largest_backlog,
            capacity,
            timeout,
            load.service_time_p95,
            load.service_time_cv,
            unit="connections",
            label="largest backlog",
            words="n - 1 for the largest n with n + 2 cv sqrt(n) <= capacity * (timeout - p95)",
        ),
        drain_time=derive(
            "pool.queue.drain_time",
            lambda length, per_s: _rounded_up(queueing.drain_time_s(length, per_s)),
            backlog,
            capacity,
            unit="s",
            label="drain time",
            words="(effective backlog + 1) / capacity",
        ),
        answer_time=derive(
            "pool.queue.answer_time",
            lambda *numbers: _rounded_up(queueing.answer_time_s(*numbers)),
            backlog,
            capacity,
            load.service_time_p95,
            load.service_time_cv,
            unit="s",
            label="time to the last answer",
            words="(n + 2 cv sqrt(n)) / capacity + p95, n = effective backlog + 1",
        ),
        longest_mean_service_time=_longest_mean_service_time(
            "longest_mean_service_time", "of a full queue", pool, backlog, timeout
        ),
        unclamped_mean_service_time=_longest_mean_service_time(
            "unclamped_mean_service_time",
            "of a full queue of the backlog that is asked for",
            pool,
            _asked_backlog(pool),
            timeout,
        ),
    )


def _shortest_read_timeout(pool: Pool) -> Value:
    """Return the shortest fastcgi_read_timeout of the locations that reach `pool`."""
    name = "pool.queue.shortest_read_timeout"
    timeouts = [location.fastcgi_read_timeout for location in pool.locations]
    if not timeouts:
        return unknown(name, NO_LOCATION, unit="s", label="fastcgi_read_timeout")
    if all(timeout.is_known for timeout in timeouts):
        return min(timeouts, key=lambda timeout: float(timeout.data or 0)).renamed(name)
    return derive(
        name,
        lambda *seconds: min(seconds),
        *timeouts,
        unit="s",
        label="fastcgi_read_timeout",
        words="the shortest of the locations that reach the pool",
    )


def _first_timeout(pool: Pool) -> Value:
    """Return what ends a slow request first, as far as it is known."""
    timeouts = (pool.longest_read_timeout, pool.request_terminate_timeout)
    known = [timeout for timeout in timeouts if timeout.is_known]
    first = min(known, key=lambda timeout: float(timeout.data or 0)) if known else timeouts[0]
    return first.renamed("pool.queue.first_timeout")


def _effective_backlog(pool: Pool) -> Value:
    if pool.listener:
        return pool.listener.effective_backlog
    return unknown("listener.effective_backlog", OTHER_FILE_LISTENS, label="effective backlog")


def _asked_backlog(pool: Pool) -> Value:
    """Return what listen(2) is asked for; unknown where that is all that somaxconn allows."""
    if pool.listener is None:
        return _effective_backlog(pool)
    asked = pool.listener.backlog
    if asked.is_known and int(asked.data or 0) < 0:
        return unknown(asked.name, "it is as long as net.core.somaxconn allows", label=asked.label)
    return asked


def _workers(pool: Pool) -> Value:
    """Return pm.max_children, unknown where php-fpm does not start with it."""
    children = pool.max_children
    if children.is_known and int(children.data or 0) <= 0:
        reason = f"php-fpm does not start with pm.max_children = {children.data}"
        return unknown(children.name, reason, unit=children.unit, label=children.label)
    return children


def _capacity(pool: Pool, load: PoolLoad) -> Value:
    return derive(
        "pool.queue.capacity",
        lambda workers, mean: queueing.capacity_per_s(workers, mean) if workers > 0 else None,
        _workers(pool),
        load.service_time,
        unit="requests/s",
        label="capacity",
        words="pm.max_children / (mean service time + 0.5 ms)",
    )


def _longest_mean_service_time(field: str, whose: str, pool: Pool, backlog: Value, timeout: Value) -> Value:
    return derive(
        f"pool.queue.{field}",
        _longest_mean_service_time_s,
        backlog,
        _workers(pool),
        timeout,
        unit="s",
        label="longest mean service time",
        words=f"at which the last {whose} is answered within the timeout, times taken as exponential",
    )


def _longest_mean_service_time_s(backlog: int, workers: int, timeout_s: float) -> Data | None:
    if workers <= 0 or backlog < 0:
        return None
    longest_s = queueing.longest_mean_service_time_s(backlog, workers, timeout_s)
    return _rounded(longest_s, floor) if longest_s >= SHORTEST_S else 0.0


def _rounded_up(number: float) -> float:
    return _rounded(number, ceil) if number else 0.0


def _rounded(number: float, whole: Callable[[float], int]) -> float:
    """Return a positive `number` with as many digits as such an estimate is worth; `whole` says which way."""
    digits = SIGNIFICANT_DIGITS - 1 - floor(log10(number))
    # Nine decimals keep the noise of the arithmetic from counting as a part of one.
    steps = whole(round(number * 10.0**digits, 9))
    return steps / 10**digits if digits >= 0 else float(steps * 10**-digits)
