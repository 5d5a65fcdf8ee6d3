"""How many children of a pool nginx's kept connections can hold.

php-fpm gives a connection to one child, which waits on it while nginx keeps it idle. nginx keeps `keepalive`
of them in each worker process, shared by the servers of the upstream, where `fastcgi_keep_conn` is on.
"""

from collections.abc import Iterator, Sequence

from tuner.stack.model import Location, Pool, Upstream
from tuner.stack.value import derive

UNIT = "connections"


def find_kept_connections(pool: Pool) -> None:
    """Set how many idle connections the locations that reach `pool` keep to it."""
    kept = list({id(upstream): (location, upstream) for location, upstream in _keeping(pool)}.values())
    if not kept:
        return
    members = [len(upstream.members) for _, upstream in kept]
    inputs = [value for location, up in kept for value in (location.fastcgi_keep_conn, up.keepalive)]
    workers = [location.worker_processes for location, _ in kept]

    def of_one_worker(*data: int) -> int:
        return sum(_shares(data, members))

    def of_all_workers(*data: int) -> int:
        shares = _shares(data[: len(inputs)], members)
        return sum(share * count for share, count in zip(shares, data[len(inputs) :], strict=True))

    pool.keepalive_per_worker = derive(
        "pool.keepalive_per_worker",
        of_one_worker,
        *inputs,
        unit=UNIT,
        label="connections kept by each worker process",
        words="keepalive of the upstreams that lead to the pool",
    )
    pool.kept_connections = derive(
        "pool.kept_connections",
        of_all_workers,
        *inputs,
        *workers,
        unit=UNIT,
        label="connections kept by nginx",
        words="keepalive of the upstreams that lead to the pool x worker_processes",
    )


def _keeping(pool: Pool) -> Iterator[tuple[Location, Upstream]]:
    """Yield the locations that keep connections, or may; that an unseen file may say so does not count."""
    for location in pool.locations:
        switch, upstream = location.fastcgi_keep_conn, location.upstream
        is_off = not switch.is_written or switch.data is False
        if upstream and not is_off and upstream.keepalive.state != "absent":
            yield location, upstream


def _shares(data: Sequence[int], members: Sequence[int]) -> list[int]:
    """Return each upstream's kept connections to one server; `data` are its switch and its `keepalive`."""
    pairs = zip(data[::2], data[1::2], members, strict=True)
    return [keepalive // count if is_on else 0 for is_on, keepalive, count in pairs]
