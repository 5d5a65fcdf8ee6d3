"""redis.conf files to Redis servers with their sockets."""

import posixpath
from collections.abc import Iterable

from tuner.formats.document import Directive, Word
from tuner.source.regex import regex
from tuner.source.span import Span
from tuner.stack import defaults
from tuner.stack.listeners import Request, build_listener
from tuner.stack.model import Family, Kernel, Listener, Redis
from tuner.stack.redis.bind import BoundAddress, bound_addresses, bound_twice
from tuner.stack.redis.loading import Settings
from tuner.stack.settings import Reader, as_text, overriding, written
from tuner.stack.target import Target
from tuner.stack.value import Data, Origin, Value, absent, may_be_set_by, unknown

CLUSTER_BUS_OFFSET = 10000
SENTINEL_PORT = 26379
INTEGER = regex(r"(?:0|-?[1-9][0-9]{0,18})\Z")
INT_MAX = 2147483647


def _between(least: int, most: int) -> Reader:
    """Return a reader of integers as Redis takes them: no leading zero, no plus, in the range."""

    def read(text: str) -> Data | None:
        number = int(text) if INTEGER.match(text) else None
        return number if number is not None and least <= number <= most else None

    return read


READERS = {
    "tcp-backlog": _between(0, INT_MAX),
    "maxclients": _between(1, 2**32 - 1),
    "port": _between(0, 65535),
    "tls-port": _between(0, 65535),
    "cluster-port": _between(0, 65535),
}


def build_redis(servers: Iterable[Settings], kernel: Kernel, target: Target) -> list[Redis]:
    """Return the model of each of `servers`, loaded by `load_servers`."""
    return [_server(settings, kernel, target) for settings in servers]


def _server(settings: Settings, kernel: Kernel, target: Target) -> Redis:
    ports = _ports(settings, target)
    bound = bound_addresses(settings.named("bind"), settings.not_followed_after("bind")) if ports else []
    name = posixpath.basename(settings.file.path)
    server = Redis(
        entity=f"redis:{name}",
        name=name,
        tcp_backlog=_scalar(settings, "tcp-backlog", target),
        maxclients=_scalar(settings, "maxclients", target),
        open_files_limit=_open_files_limit(target),
        bound_twice=_bound_twice(bound),
    )
    for address, (family, listen) in _addresses(settings, ports, bound).items():
        server.listeners.append(_listener(server, address, family, listen, kernel, target))
    return server


def _open_files_limit(target: Target) -> Value:
    name, label = "redis.open_files_limit", "limit of open files"
    if target.redis_open_files is None:
        reason = "the limit of open files of redis-server (LimitNOFILE of its unit): --target names a release"
        return unknown(name, reason, unit="files", label=label)
    origin = Origin("target", f"LimitNOFILE of the package's unit, target {target.name}")
    return Value(name, target.redis_open_files, origin, "files", label=label)


def _bound_twice(bound: list[BoundAddress]) -> Value:
    name, label = "redis.bound_twice", "bound addresses"
    pair = bound_twice(bound)
    if pair is None:
        return absent(name, "no address is bound twice", label=label)
    address, rival = pair
    words = f"{address.host} twice" if address.host == rival.host else f"{address.host} beside {rival.host}"
    return Value(name, words, address.listen.origin, label=label)


def _scalar(settings: Settings, label: str, target: Target) -> Value:
    default = defaults.default("redis", label, f"redis.{label}", target)
    value: Value | None = None
    for directive, text in settings.named(label):
        found = written(
            default.name,
            _only_argument(directive),
            text,
            READERS[label],
            label=label,
            unit=default.unit,
            default=default.data,
        )
        value = overriding(found, value, "a later setting wins") if value else found
    include = settings.not_followed_after(label)
    return may_be_set_by(value or default, include) if include else value or default


def _only_argument(directive: Directive) -> Word:
    """Return the argument; of none or several, which Redis refuses, all of them as one word."""
    if len(directive.args) == 1:
        return directive.args[0]
    if not directive.args:
        return Word("", directive.name.span)
    span = Span(directive.args[0].span.start, directive.args[-1].span.end)
    return Word(" ".join(word.text for word in directive.args), span)


def _addresses(
    settings: Settings, ports: list[str], bound: list[BoundAddress]
) -> dict[str, tuple[Family, Value]]:
    """Return every socket: each bound address at each port, and the unix socket."""
    found: dict[str, tuple[Family, Value]] = {}
    for port in ports:
        for address in bound:
            found.setdefault(f"{address.host}:{port}", (address.family, address.listen))
    for directive, text in settings.named("unixsocket")[-1:]:
        listen = written("listener.listen", _only_argument(directive), text, as_text, label="unixsocket")
        if listen.data != "":
            found[f"unix:{directive.args[0].text}"] = ("unix", listen)
    return found


def _ports(settings: Settings, target: Target) -> list[str]:
    """Return every TCP port: the plain and the TLS one, and the cluster bus, whose queue is as long.

    Where a hole or an unknown include decides a port, what is written, or `?`.
    """
    found = [_scalar(settings, label, target) for label in ("port", "tls-port")]
    if settings.named("sentinel") and not found[0].is_written:
        found[0] = found[0]._replace(data=SENTINEL_PORT)
    ports = [port for port in map(_port, found) if port]
    bus = _bus_port(settings, target, ports[0]) if ports and _is_cluster(settings) else ""
    return [*ports, bus] if bus else ports


def _port(port: Value) -> str:
    if port.is_known:
        return str(port.data) if port.data else ""
    if port.origin.place and not port.options:
        return port.origin.place.source
    kept = next((option.data for option in port.options if option.data is not None), None)
    return "" if kept == 0 else "?"


def _is_cluster(settings: Settings) -> bool:
    said = settings.named("cluster-enabled")[-1:]
    return bool(said and said[0][0].args) and said[0][0].args[0].text.lower() == "yes"


def _bus_port(settings: Settings, target: Target, port: str) -> str:
    bus = _scalar(settings, "cluster-port", target)
    if bus.is_known and not bus.data:
        return str(int(port) + CLUSTER_BUS_OFFSET) if port.isdigit() else "?"
    return _port(bus)


def _listener(
    server: Redis, address: str, family: Family, listen: Value, kernel: Kernel, target: Target
) -> Listener:
    backlog = server.tcp_backlog
    place = backlog.origin.place
    by_itself = (
        f"no tcp-backlog (Redis takes {backlog.data})" if backlog.is_known else "the default tcp-backlog"
    )
    words = f"tcp-backlog {place.source}" if place else by_itself
    request = Request(
        owner="redis",
        name=server.name,
        entity=server.entity,
        address=address,
        family=family,
        listen=listen,
        backlog=backlog,
        words=words,
        sockets=Value("listener.sockets", 1, listen.origin, label="sockets"),
    )
    return build_listener(request, kernel, target)
