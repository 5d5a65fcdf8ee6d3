"""max_conns before a TCP socket: what its queue has no room for gets 502 at once, and does not hang."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tuner.laws.path_limits import max_conns_for
from tuner.load.pool_setting import MAX_CONNS
from tuner.stack.model import Pool, Upstream
from tuner.stack.value import Data, Value
from tuner.tune.plan import Recommendation, Spot

ZONE = "zone"
ZONE_SIZE = "64k"
ODD = re.compile(r"[^A-Za-z0-9_]")
"""A zone's name is in one space with all others of nginx, those of limits and caches, too."""

FORMULA = "workers + effective backlog + 1: what the pool works on and what fits into its queue"


class Door(NamedTuple):
    """The one `server` of an upstream {} by which nginx reaches a pool."""

    upstream: Upstream
    member: Value
    max_conns: Value


def door_of(pool: Pool) -> Door | None:
    """Return the only way from nginx to a pool, None of several, or if the address itself is named."""
    upstreams = {
        location.upstream.entity: location.upstream for location in pool.locations if location.upstream
    }
    if len(upstreams) != 1 or not all(location.upstream for location in pool.locations):
        return None
    (upstream,) = upstreams.values()
    if len(upstream.members) != 1 or upstream.members[0].name != "upstream.member":
        return None
    member, place = upstream.members[0], upstream.members[0].origin.place
    is_address_itself = any(location.fastcgi_pass.origin.place == place for location in pool.locations)
    return None if place is None or is_address_itself else Door(upstream, member, upstream.max_conns[0])


def recommend_max_conns(pool: Pool, workers: int, backlog: int) -> Iterator[Recommendation]:
    """Yield the bound, and the zone in which nginx's worker processes count together."""
    door = door_of(pool)
    if door is None or door.member.origin.place is None:
        return
    bound = max_conns_for(workers, backlog)
    present, zone = door.max_conns, door.upstream.zone
    if present.state == "unknown":
        return
    is_kept = (
        present.state != "absent" and zone.state != "absent" and workers <= int(present.data or 0) <= bound
    )
    if not is_kept and present.data != bound:
        why = "a TCP queue that is full answers nobody: its clients hang, while they could be told at once"
        yield _recommendation(MAX_CONNS, pool, present, bound, why, Spot(door.member.origin.place, "server"))
    if zone.state == "absent":
        why = "without it each worker process of nginx counts its own connections only"
        name = f"fpmtune_{ODD.sub('_', door.upstream.name)} {ZONE_SIZE}"
        yield _recommendation(ZONE, pool, zone, name, why, Spot(door.member.origin.place, "upstream"))


def _recommendation(
    setting: str, pool: Pool, present: Value, number: Data, why: str, spot: Spot
) -> Recommendation:
    inputs = (pool.max_children, present)
    return Recommendation(
        setting,
        "nginx",
        pool.entity,
        present,
        number,
        why,
        FORMULA,
        inputs,
        "reload",
        None,
        spot,
        id(pool),
    )
