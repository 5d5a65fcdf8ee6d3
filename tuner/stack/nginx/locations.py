"""Where nginx passes requests to FastCGI, with the timeouts in force, and the upstreams they go to."""

from collections.abc import Iterable, Iterator, Mapping

from tuner.formats.document import Word
from tuner.stack.model import Listener, Location, Upstream
from tuner.stack.nginx.blocks import Block, Configuration
from tuner.stack.nginx.listens import server_title, servers
from tuner.stack.nginx.values import in_block, in_force, on_or_off, variable, worker_processes
from tuner.stack.settings import as_text, decimal, nginx_time_s, written
from tuner.stack.target import Target
from tuner.stack.value import Value, absent

PASS = "fastcgi_pass"
KEEP_CONN = "fastcgi_keep_conn"
MAX_CONNS = "max_conns="
TIMELESS = frozenset({"if", "limit_except"})
"""Blocks that take fastcgi_pass, and no timeouts for it."""


def build_upstreams(configuration: Configuration, target: Target) -> dict[str, Upstream]:
    """Return the `upstream` blocks of one nginx by their name in lower case, as nginx compares them."""
    root = configuration.root
    holders = [root] if root.context == "http" else root.named("http")
    found: dict[str, Upstream] = {}
    for holder in holders:
        for block in holder.named("upstream"):
            name = block.arguments[0] if block.arguments else ""
            servers = [(member, server) for server in block.named("server") if (member := _member(server))]
            upstream = Upstream(
                entity=f"upstream:{name}",
                name=name,
                keepalive=in_block(block, "keepalive", "upstream.keepalive", decimal, target),
                zone=_zone(block),
                members=[member for member, _ in servers],
                max_conns=[_max_conns(server) for _, server in servers],
            )
            found.setdefault(name.lower(), upstream)
    return found


def _member(server: Block) -> Value | None:
    """Return the address of a `server` of an upstream; None for one that is `down`."""
    if not server.directive or server.text is None or not server.arguments or "down" in server.arguments[1:]:
        return None
    word = variable(server.directive.args[0])
    return written("upstream.member", word, server.text, as_text, label="server")


def _zone(block: Block) -> Value:
    """Return the name of the shared memory in which the worker processes count together."""
    for zone in block.named("zone"):
        if zone.directive and zone.directive.args and zone.text:
            return written("upstream.zone", zone.directive.args[0], zone.text, as_text, label="zone")
    return absent("upstream.zone", "each worker process counts by itself", label="zone")


def _max_conns(server: Block) -> Value:
    """Return the bound of a `server`, with the whole parameter as its place; 0 is none."""
    for word in server.directive.args[1:] if server.directive and server.text else ():
        if word.text.startswith(MAX_CONNS) and server.text:
            found = written("upstream.max_conns", word, server.text, _bound, label="max_conns")
            return absent(found.name, "0 bounds nothing", label=found.label) if found.data == 0 else found
    return absent("upstream.max_conns", "nothing bounds them", unit="connections", label="max_conns")


def _bound(text: str) -> int | None:
    return decimal(text.removeprefix(MAX_CONNS))


def build_locations(
    configuration: Configuration,
    upstreams: Mapping[str, Upstream],
    listeners_of: Mapping[int, list[Listener]],
    target: Target,
) -> list[tuple[Block, Location]]:
    """Return every place of one nginx that has a fastcgi_pass, with the block it stands in."""
    found = []
    workers = worker_processes(configuration.root, target)
    for server, block in _passes(configuration.root):
        location = _location(block, server, upstreams, target, workers)
        if location:
            location.listeners = listeners_of.get(id(server), []) if server else []
            found.append((block, location))
    return found


def _passes(root: Block) -> Iterator[tuple[Block | None, Block]]:
    """Yield every block that holds a fastcgi_pass, with its server where that is known."""
    known = servers(root)
    for server in known:
        yield from ((server, block) for block in _holders(server))
    if not known and root.context == "location":
        yield from ((None, block) for block in _holders(root))


def _holders(block: Block) -> Iterable[Block]:
    return (inner for inner in block.walk() if inner.named(PASS))


def _location(
    block: Block, server: Block | None, upstreams: Mapping[str, Upstream], target: Target, workers: Value
) -> Location | None:
    directive = block.named(PASS)[-1].directive
    text = block.named(PASS)[-1].text
    if directive is None or text is None or not directive.args:
        return None
    word = variable(directive.args[0])
    passed = written("location.fastcgi_pass", word, text, as_text, label=PASS)
    path, name = path_of(block), server_title(server) if server else ""

    def timeout(label: str) -> Value:
        return in_force(block, label, f"location.{label}", nginx_time_s, target)

    return Location(
        entity=f"location:{name}{path}",
        server=name,
        path=path,
        fastcgi_pass=passed,
        beside=_beside(block, passed),
        fastcgi_keep_conn=in_force(block, KEEP_CONN, f"location.{KEEP_CONN}", on_or_off, target),
        fastcgi_connect_timeout=timeout("fastcgi_connect_timeout"),
        fastcgi_send_timeout=timeout("fastcgi_send_timeout"),
        fastcgi_read_timeout=timeout("fastcgi_read_timeout"),
        worker_processes=workers,
        upstream=_upstream(word, passed, upstreams),
    )


def _beside(block: Block, passed: Value) -> Value:
    """Return `fastcgi_pass`, or what is around it in the innermost block that takes timeouts."""
    if block.name not in TIMELESS:
        return passed.renamed("location.beside")
    while block.parent and block.parent.name in TIMELESS:
        block = block.parent
    if block.directive is None or block.text is None:
        return passed.renamed("location.beside")
    return written("location.beside", block.directive.name, block.text, as_text, label=block.name)


def _upstream(word: Word, passed: Value, upstreams: Mapping[str, Upstream]) -> Upstream | None:
    """Return the named upstream, or one that has the address itself as its only member."""
    if not passed.is_known:
        return None
    named = upstreams.get(word.text.lower())
    if named:
        return named
    keepalive = absent(
        "upstream.keepalive", "nginx keeps connections only to an upstream {}", label="keepalive"
    )
    member = passed._replace(name="upstream.member")
    return Upstream(
        entity=f"upstream:{word.text}",
        name=word.text,
        keepalive=keepalive,
        zone=absent("upstream.zone", "an address itself has none", label="zone"),
        members=[member],
        max_conns=[absent("upstream.max_conns", "an address itself has none", label="max_conns")],
    )


def path_of(block: Block) -> str:
    """Return the location as it is written, with an `if` inside it."""
    parts = [
        " ".join([level.name, *level.arguments]) if level.name != "location" else " ".join(level.arguments)
        for level in reversed(list(block.upwards()))
        if level.name in ("location", "if", "limit_except")
    ]
    return " > ".join(parts) or "(included into a location)"
