"""The join location -> upstream -> pool, by address.

An address that no pool listens on, or that a variable holds, is unknown, never an error: most trees hold
only some of the pools they talk to.
"""

from collections.abc import Iterable

from tuner.stack.address import Endpoint, nginx_endpoint, pool_endpoint
from tuner.stack.keepalive import find_kept_connections
from tuner.stack.model import Listener, Location, Path, Pool
from tuner.stack.value import Value, derive

_Endpoints = dict[tuple[str, str], list[tuple[Pool, Endpoint]]]
"""The pools by the path or the port that they listen on."""


def join(locations: Iterable[Location], pools: Iterable[Pool]) -> list[Path]:
    """Link every location with the pools it reaches, and return one path for each way of a request."""
    listening = [pool for pool in pools if pool.listen.is_known]
    endpoints: _Endpoints = {}
    for pool in listening:
        endpoint = pool_endpoint(str(pool.listen.data))
        endpoints.setdefault((endpoint.path, endpoint.port), []).append((pool, endpoint))
    paths = [path for location in locations for path in _paths_of(location, endpoints)]
    for pool in listening:
        _find_longest_read_timeout(pool)
        find_kept_connections(pool)
    return paths


def _paths_of(location: Location, endpoints: _Endpoints) -> list[Path]:
    members = location.upstream.members if location.upstream else [location.fastcgi_pass]
    found = []
    for member in members:
        pools: list[Pool | None] = [*_pools_at(member, endpoints)] or [None]
        listeners: list[Listener | None] = [*location.listeners] or [None]
        for pool in pools:
            if pool and all(pool is not joined for joined in location.pools):
                pool.locations.append(location)
                location.pools.append(pool)
            for listener in listeners:
                entity = f"{listener.entity if listener else 'nginx'} -> {location.entity} -> {member.data}"
                found.append(
                    Path(entity=entity, listener=listener, location=location, member=member, pool=pool)
                )
    return found


def _pools_at(member: Value, endpoints: _Endpoints) -> list[Pool]:
    target = nginx_endpoint(str(member.data)) if member.is_known else None
    if target is None:
        return []
    near = endpoints.get((target.path, target.port), ())
    return [pool for pool, endpoint in near if target.may_be(endpoint)]


def _find_longest_read_timeout(pool: Pool) -> None:
    """Set the longest fastcgi_read_timeout of the locations that reach `pool`.

    Where a file that was not read may set it, it is unknown, without "60 s, if that file does not": nobody
    keeps the timeouts out of nginx.conf to leave them at their defaults.
    """
    timeouts = [location.fastcgi_read_timeout for location in pool.locations]
    if not timeouts:
        return
    if all(timeout.is_known for timeout in timeouts):
        longest = max(timeouts, key=lambda timeout: float(timeout.data or 0))
        pool.longest_read_timeout = longest.renamed("pool.longest_read_timeout")
        return
    pool.longest_read_timeout = derive(
        "pool.longest_read_timeout",
        lambda *seconds: max(seconds),
        *(timeout._replace(options=()) for timeout in timeouts),
        unit="s",
        label="fastcgi_read_timeout",
        words="the longest of the locations that reach the pool",
    )
