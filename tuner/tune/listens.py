"""The queues of nginx's own sockets: long enough for what comes while its processes stall for a second."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import NamedTuple

from tuner.stack.model import Listener, Stack
from tuner.stack.value import Value
from tuner.tune.backlog import USUAL_BACKLOG
from tuner.tune.connections import Demands
from tuner.tune.demand import MOST_CONNECTIONS, Demand
from tuner.tune.kernel import LISTEN_BACKLOG
from tuner.tune.plan import Recommendation, Spot
from tuner.tune.together import most_within_of_all

STALL_S = 1.0
FORMULA = (
    "the most arrivals of the log within one second for all pools that it leads to, for each of its sockets; "
    "at least 511, else rounded up to a power of two"
)
UNSEEN = "a file that was not read may have options of the same listen, which may be given once only"
SHARED = "several servers include this listen, and its options may be given once only"
CONFLICT = "it cannot be bound beside another listen of its port as it is"


class Wanted(NamedTuple):
    """The queue that a socket of nginx should have, and how many requests came for it within a second."""

    listener: Listener
    backlog: int
    peak: int


def wanted_queues(stack: Stack, demands: Demands) -> tuple[Wanted, ...]:
    """Return the sockets of nginx whose queue is shorter than what came within a second.

    A socket and its IPv6 twin get alike: the log does not tell by which of them requests came.
    """
    peaks = _peaks(stack, demands)
    wanted: dict[int, Wanted] = {}
    for listener in stack.listeners:
        peak = peaks.get(id(listener), 0)
        if listener.owner != "nginx" or not peak:
            continue
        for one in (listener, listener.twin):
            found = _wanted(one, peak) if one is not None else None
            if found is not None and (id(one) not in wanted or wanted[id(one)].peak < found.peak):
                wanted[id(one)] = found
    return tuple(wanted.values())


def recommend_listens(stack: Stack, wanted: Sequence[Wanted]) -> Iterator[Recommendation]:
    """Yield `backlog=` for each socket that asks for another number than it is `wanted` to have.

    One that asks for more is cut now; a larger net.core.somaxconn shall not make it as long as that.
    """
    for listener, number, peak in wanted:
        present = listener.backlog
        if present.is_known and present.data == number:
            continue
        place = listener.listen.origin.place
        yield Recommendation(
            LISTEN_BACKLOG,
            "nginx",
            listener.entity,
            present,
            number,
            _why(present, number, peak),
            FORMULA,
            (present, listener.effective_backlog),
            "reload",
            None,
            Spot(place, "listen") if place else None,
            id(listener),
            by_hand="" if present.is_written else _obstacle(stack.has_unseen_listeners, listener),
        )


def _why(present: Value, number: int, peak: int) -> str:
    if present.is_known and int(present.data or 0) > number:
        return (
            f"{peak} requests came within a second; {present.data} is cut to less than that, and "
            "with the larger net.core.somaxconn would be more than anybody needs"
        )
    return (
        f"{peak} requests came within a second: if its processes stall that long, the rest finds no room and "
        "hangs until it asks again"
    )


def _peaks(stack: Stack, demands: Demands) -> dict[int, int]:
    """Return the most arrivals of a second that may come through each socket."""
    behind: dict[int, set[int]] = {}
    for location in stack.locations:
        pools = [id(pool) for pool in location.pools if id(pool) in demands]
        for listener in location.listeners:
            behind.setdefault(id(listener), set()).update(pools)
    groups = set(map(frozenset, behind.values()))
    together = {pools: _peak([demands[pool] for pool in pools]) for pools in groups}
    return {listener: together[frozenset(pools)] for listener, pools in behind.items()}


def _peak(demands: Sequence[Demand]) -> int:
    """Return the most arrivals of a second, or how many clients there are if that is less."""
    clients = min((demand.clients for demand in demands if demand.clients is not None), default=None)
    peak = most_within_of_all(demands, STALL_S)
    return peak if clients is None else min(peak, clients)


def _wanted(listener: Listener, peak: int) -> Wanted | None:
    """Return the queue that the socket should have; None where the present one does or is not known."""
    sockets = int(listener.sockets.data or 1) if listener.sockets.is_known else 1
    share = min(ceil(peak / max(1, sockets)), MOST_CONNECTIONS)
    longest = _longest(listener)
    if longest is None or longest >= share:
        return None
    number = USUAL_BACKLOG if share <= USUAL_BACKLOG else 1 << (share - 1).bit_length()
    return Wanted(listener, min(number, MOST_CONNECTIONS), peak)


def _longest(listener: Listener) -> int | None:
    """Return how long the queue is at most; None where nobody knows."""
    asked, present = listener.backlog, listener.effective_backlog
    if present.is_known:
        return int(present.data or 0)
    return int(asked.data or 0) if asked.is_known and int(asked.data or 0) > 0 else None


def _obstacle(unseen: Value, listener: Listener) -> str:
    """Return why no socket option may be added to its `listen` without a look, empty where one may."""
    if listener.bind_conflict.state != "absent":
        return CONFLICT
    if listener.has_shared_listen:
        return SHARED
    return "" if unseen.is_known else UNSEEN
