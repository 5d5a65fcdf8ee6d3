"""Timeouts in their order: the slowest request, PHP-FPM's limit, nginx's patience, the connection."""

from collections.abc import Container, Iterable, Iterator
from math import floor

from tuner.stack.address import nginx_endpoint
from tuner.stack.model import ConnectTimeout, Location, Pool, Stack
from tuner.stack.value import Place
from tuner.tune.backlog import spot_in_section
from tuner.tune.plan import Recommendation, Spot

LONGEST_CONNECT_S = 10.0
SHORT_CONNECT_S = 2
"""Long enough for a second SYN, which comes 1.02 s after the first."""

HANGING = "a full queue of a TCP socket answers nobody, and a client hangs until this is over"
ONE_OF_SEVERAL = (
    "; of several servers one that lets it run out once (max_fails=1) gets nothing for fail_timeout (10 s), "
    'the others get its load, and while all are out everything gets 502 ("no live upstreams"): max_fails=0 '
    "keeps them in"
)
"""Source: nginx ngx_http_upstream_round_robin.c; a single server is never taken out."""

IN_TIME = 0.75
"""php-fpm ends a request up to a third later than request_terminate_timeout says."""


def recommend_connect_timeouts(stack: Stack) -> Iterator[Recommendation]:
    """Yield fastcgi_connect_timeout where a full queue of a TCP socket lets clients hang on it."""
    in_an_if = {
        location.fastcgi_pass.origin.place
        for found in stack.connect_timeouts
        for location in found.locations
        if location.beside.origin.place != location.fastcgi_pass.origin.place
    }
    for found in stack.connect_timeouts:
        seconds = found.timeout.data
        is_known = found.timeout.is_known and isinstance(seconds, int | float)
        if is_known and found.tcp_member.is_known and float(seconds or 0) > LONGEST_CONNECT_S:
            yield from _connect_timeout(found, in_an_if)


def _connect_timeout(found: ConnectTimeout, in_an_if: Container[Place | None]) -> Iterator[Recommendation]:
    """Yield one for each line that says it, and for each location where nobody does, if they lead to TCP.

    Nothing is added to a file that is included within an `if` as well: there it would be refused.
    """
    done: set[Place] = set()
    locations = list(filter(_leads_to_tcp, found.locations))
    why = HANGING + (ONE_OF_SEVERAL if _have_several_servers(locations) else "")
    for location in locations:
        present, beside = location.fastcgi_connect_timeout, location.beside.origin.place
        place = present.origin.place or beside
        if place is None or place in done:
            continue
        done.add(place)
        yield Recommendation(
            "fastcgi_connect_timeout",
            "nginx",
            found.entity,
            present,
            SHORT_CONNECT_S,
            why,
            "long enough for a second SYN, 1.02 s after the first",
            (present, found.tcp_member),
            "reload",
            None,
            None
            if beside is None or beside in in_an_if or present.origin.place
            else Spot(beside, "location"),
        )


def _leads_to_tcp(location: Location) -> bool:
    """Say whether one of its servers is known to be reached by TCP."""
    servers = location.upstream.members if location.upstream else [location.fastcgi_pass]
    endpoints = (nginx_endpoint(str(server.data)) for server in servers if server.is_known)
    return any(endpoint is not None and not endpoint.path for endpoint in endpoints)


def _have_several_servers(locations: Iterable[Location]) -> bool:
    upstreams = (location.upstream for location in locations)
    return any(upstream is not None and len(upstream.members) > 1 for upstream in upstreams)


def governing(stack: Stack, pool: Pool) -> set[str]:
    """Return the connect timeouts of the locations through which requests go to the pool by TCP."""
    own = {id(location) for location in filter(_leads_to_tcp, pool.locations)}
    if not own:
        return set()
    return {
        found.entity
        for found in stack.connect_timeouts
        if any(id(location) in own for location in found.locations)
    }


def recommend_terminate_timeout(pool: Pool) -> Recommendation | None:
    """Return request_terminate_timeout where it lets a request run on that nginx has given up for sure.

    None where it is off: to kill requests is a decision that no number makes; where no load was measured; and
    where it would end requests of the load, of which one in a hundred takes so long.
    """
    present, read = pool.request_terminate_timeout, pool.longest_read_timeout
    if pool.load is None or pool.load.kind != "measured":
        return None
    if not (present.is_known and read.is_known) or float(present.data or 0) < float(read.data or 0):
        return None
    number = max(1, floor(IN_TIME * float(read.data or 0)))
    slowest = pool.load.service_time_p99 if pool.load else None
    if slowest is not None and slowest.is_known and number < float(slowest.data or 0):
        return None
    if number >= float(present.data or 0):
        return None
    return Recommendation(
        "request_terminate_timeout",
        "php-fpm",
        pool.entity,
        present,
        number,
        f"nginx waits for {read.data:g} s: what runs on after it is worked for nobody",
        "three quarters of the longest fastcgi_read_timeout: php-fpm looks late, by up to a third",
        (present, read),
        "reload",
        None,
        spot_in_section(pool),
        id(pool),
    )
