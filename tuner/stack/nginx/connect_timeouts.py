"""Every `fastcgi_connect_timeout` once, with all locations it governs: one server makes one decision."""

from collections.abc import Iterable, Sequence

from tuner.laws.syn_timers import syn_retransmission_times_s
from tuner.stack.address import Endpoint, nginx_endpoint
from tuner.stack.model import ConnectTimeout, Location
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.listens import server_title
from tuner.stack.nginx.locations import path_of
from tuner.stack.value import Place, Value, absent, derive, unknown

DIRECTIVE = "fastcgi_connect_timeout"
KERNEL_GIVES_UP_S = syn_retransmission_times_s(retries=6, linear_timeouts=4).gives_up_at_s
"""With the default of net.ipv4.tcp_syn_retries, on kernels that repeat a SYN every second at first."""
TCP_MEMBER = "connect_timeout.tcp_member"

Passes = Sequence[tuple[Block, Location]]


def build_connect_timeouts(passes: Passes) -> list[ConnectTimeout]:
    """Return the connect timeouts of one nginx; `passes` are its locations with the blocks they stand in.

    What one server repeats is one decision, that of its main location. A timeout that nobody wrote is left
    out where an unseen file may set it.
    """
    governed: dict[Place | None, list[tuple[Block, Location]]] = {}
    for block, location in passes:
        governed.setdefault(location.fastcgi_connect_timeout.origin.place, []).append((block, location))
    decisions: dict[object, list[tuple[Block, Location]]] = {}
    for place, found in governed.items():
        decisions.setdefault(_decision(place, found), []).extend(found)
    built = [_build(sorted(found, key=_remoteness)) for found in decisions.values()]
    return [one for one in built if one.timeout.is_known or one.timeout.is_written]


def _decision(place: Place | None, passes: Passes) -> object:
    """Return what lines have in common that one server writes for all its locations of one kind."""
    block, location = passes[0]
    level, timeout = _level(block, place), location.fastcgi_connect_timeout
    server = server_around(level) if level else None
    if server is None or not timeout.is_known:
        return place
    return id(server), timeout.data, tuple(sorted({_kind(m) for _, other in passes for m in _members(other)}))


def _kind(member: Value) -> str:
    endpoint = _endpoint(member)
    return "unknown" if endpoint is None else "unix" if endpoint.path else "tcp"


def _remoteness(pair: tuple[Block, Location]) -> tuple[int, bool]:
    """Rank the locations of a server: those that most requests for PHP come to are first."""
    block, location = pair
    return sum(level.name == "location" for level in block.upwards()), ".php" not in location.path


def _build(passes: Passes) -> ConnectTimeout:
    written = [location.fastcgi_connect_timeout for _, location in passes]
    timeout = next((value for value in written if value.is_known), written[0])
    others = {value.origin.place: value for value in written if value.origin.place != timeout.origin.place}
    levels = [
        level
        for (block, _), value in zip(passes, written, strict=True)
        if (level := _level(block, value.origin.place))
    ]
    members = [member for _, location in passes for member in _members(location)]
    endpoints = [_endpoint(member) for member in members]
    distinct = {id(level): level for level in levels}.values()
    inner_blocks = (inner for level in distinct for inner in level.walk())
    has_unseen = any(inner.not_followed or inner.has_open_pattern for inner in inner_blocks)
    return ConnectTimeout(
        entity=f"{DIRECTIVE}:{title_of(levels[0]) if levels else 'nginx'}",
        timeout=timeout.renamed("connect_timeout.timeout")._replace(inputs=tuple(others.values())),
        hang=derive(
            "connect_timeout.hang",
            lambda seconds: min(seconds, KERNEL_GIVES_UP_S),
            timeout,
            unit="s",
            label="longest hang",
            words=f"the timeout, at most the {KERNEL_GIVES_UP_S} s after which the kernel gives up",
        ),
        tcp_member=_tcp_member(members, timeout),
        at_each=_at_each(location for _, location in passes),
        has_only_unix_sockets=not has_unseen and all(e is not None and bool(e.path) for e in endpoints),
        locations=[location for _, location in passes],
    )


def _at_each(locations: Iterable[Location]) -> str:
    """Return the words for an upstream of several TCP servers: nginx tries one after another."""
    most = max(sum(_kind(member) == "tcp" for member in _members(location)) for location in locations)
    return f" at each of {most} addresses" if most > 1 else ""


def _level(block: Block, place: Place | None) -> Block | None:
    """Return the block around `block`, or itself, in which the directive stands at `place`."""
    if place is None:
        return None
    return next((level for level in block.upwards() if _sets_at(level, place)), None)


def _sets_at(level: Block, place: Place) -> bool:
    return any(
        setting.text is place.text and setting.directive.args[0].span == place.span
        for setting in level.named(DIRECTIVE)
        if setting.directive and setting.directive.args
    )


def server_around(level: Block) -> Block | None:
    """Return the server that the block lies in, or is; None where it is outside of any."""
    return next((around for around in level.upwards() if around.name == "server"), None)


def title_of(level: Block) -> str:
    """Return a name of the block that stays when lines move."""
    server = server_around(level)
    title = server_title(server) if server else level.context
    return title if level is server or level.name in ("http", "") else f"{title}{path_of(level)}"


def _members(location: Location) -> Iterable[Value]:
    return location.upstream.members if location.upstream else [location.fastcgi_pass]


def _endpoint(member: Value) -> Endpoint | None:
    return nginx_endpoint(str(member.data)) if member.is_known else None


def _tcp_member(members: Sequence[Value], timeout: Value) -> Value:
    """Return the first server reached by TCP.

    Whether an address that is not known is one, is worth a question only where somebody wrote the timeout.
    """
    for member in members:
        endpoint = _endpoint(member)
        if endpoint and not endpoint.path:
            return member.renamed(TCP_MEMBER)
    if timeout.is_written and any(_endpoint(member) is None for member in members):
        return unknown(
            TCP_MEMBER, "whether an address of fastcgi_pass is a unix socket", label="fastcgi_pass"
        )
    return absent(TCP_MEMBER, "every server is a unix socket", label="fastcgi_pass")
