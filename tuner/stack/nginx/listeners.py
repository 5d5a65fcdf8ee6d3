"""nginx's listening sockets: every `listen` of every server, merged as nginx merges them."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from tuner.formats.document import Word
from tuner.source.span import Span
from tuner.source.text import Text, encode
from tuner.stack import defaults
from tuner.stack.listeners import Request, build_listener
from tuner.stack.model import Kernel, Listener
from tuner.stack.nginx.addresses import DEFAULT_HTTP_PORT, ListenAddress, parse_listen
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.values import worker_processes
from tuner.stack.settings import INT64_MAX, as_text, decimal, wrap_int32, written
from tuner.stack.target import Target
from tuner.stack.value import Data, Origin, Value, derive

BACKLOG = "nginx.listen.backlog"
NO_NAME = ("_", "")
OWN_SOCKET_OPTIONS = re.compile(
    r"(?:bind|reuseport|deferred|multipath)\Z|(?:backlog|rcvbuf|sndbuf|fastopen|accept_filter|so_keepalive|setfib|ipv6only)="
)


@dataclass(frozen=True, slots=True)
class _Listen:
    """One `listen` directive (or its absence) of one server."""

    address: ListenAddress
    server: Block
    word: Word | None = None
    text: Text | None = None
    parameters: tuple[Word, ...] = ()

    @property
    def has_own_socket(self) -> bool:
        return any(OWN_SOCKET_OPTIONS.match(word.text) for word in self.parameters)

    def parameter(self, name: str) -> Word | None:
        return next(
            (w for w in reversed(self.parameters) if w.text == name or w.text.startswith(name + "=")), None
        )


def build_listeners(
    roots: Iterable[Block], kernel: Kernel, target: Target
) -> tuple[list[Listener], dict[int, list[Listener]]]:
    """Return the sockets of one nginx, and those of each server by the identity of its block.

    `roots` are the outermost blocks of its files: the main file's, or those of all files that an unknown
    main file includes.
    """
    listens = [listen for root in roots for server in servers(root) for listen in _listens(server)]
    every = {listen.address for listen in listens}
    bound = {listen.address for listen in listens if listen.has_own_socket}
    sockets: dict[ListenAddress, list[_Listen]] = {}
    for listen in listens:
        sockets.setdefault(_socket_address(listen.address, every, bound), []).append(listen)
    built = {address: _build(address, found, kernel, target) for address, found in sockets.items()}
    _pair_twins(built)
    by_server: dict[int, dict[ListenAddress, Listener]] = {}
    for address, found in sockets.items():
        for listen in found:
            by_server.setdefault(id(listen.server), {})[address] = built[address]
    return list(built.values()), {server: list(mine.values()) for server, mine in by_server.items()}


def servers(root: Block) -> list[Block]:
    """Return the server blocks of http, stream and mail; a file that is a server's inside is one itself."""
    if root.context == "server":
        return [root]
    holders = [root] if root.context == "http" else root.named("http", "stream", "mail")
    return [server for holder in holders for server in holder.named("server")]


def _listens(server: Block) -> list[_Listen]:
    directives = server.named("listen")
    if directives:
        return [listen for block in directives for listen in _listens_of(server, block)]
    is_whole_server = server.directive is not None
    if not (is_whole_server and _is_http(server)):
        return []
    return [_Listen(address, server) for address in parse_listen(DEFAULT_HTTP_PORT)]


def _listens_of(server: Block, block: Block) -> list[_Listen]:
    """Return the directive as listeners; none for UDP. A hole for the address leaves the family unknown."""
    words = block.directive.args if block.directive else ()
    if not words:
        return []
    if any(word.text in ("quic", "udp") for word in words[1:]):
        return []
    if words[0].unknown:
        addresses = [ListenAddress("unknown", words[0].text, "")]
    else:
        addresses = parse_listen(words[0].text)
    return [_Listen(address, server, words[0], block.text, words[1:]) for address in addresses]


def _is_http(server: Block) -> bool:
    return server.parent is None or server.parent.context == "http"


def _socket_address(
    address: ListenAddress, every: Container[ListenAddress], bound: Container[ListenAddress]
) -> ListenAddress:
    """Return the socket that serves `address`: a plain one joins the wildcard socket of its port.

    `bound` are those of `every` address of this nginx that have a socket of their own.
    """
    if address.is_wildcard or address.family in ("unix", "unknown") or address in bound:
        return address
    wildcard = ListenAddress(address.family, "0.0.0.0" if address.family == "tcp4" else "[::]", address.port)
    return wildcard if wildcard in every else address


def _build(address: ListenAddress, found: list[_Listen], kernel: Kernel, target: Target) -> Listener:
    backlog, words = _backlog(found, target)
    request = Request(
        owner="nginx",
        name=", ".join(dict.fromkeys(name for listen in found for name in server_names(listen.server)))
        or str(address),
        entity=f"nginx:{address}",
        address=str(address),
        family=address.family,
        listen=_listen_value(next((f for f in found if f.address == address), found[0])),
        backlog=backlog,
        words=words,
        sockets=_sockets(found, target),
    )
    return build_listener(request, kernel, target)


def server_names(server: Block) -> list[str]:
    """Return every name of every `server_name` of a server, without the two that stand for none."""
    names = (name for block in server.named("server_name") for name in block.arguments)
    return [name for name in names if name not in NO_NAME]


def server_title(server: Block) -> str:
    """Return the server's first name or, where it has none, the first address it listens on."""
    titles = [*server_names(server), *(str(listen.address) for listen in _listens(server))]
    return next(iter(titles), "a server without a name")


def _listen_value(listen: _Listen) -> Value:
    if listen.word is None or listen.text is None:
        return Value(
            "listener.listen", "80", Origin("default", "no listen: nginx listens on port 80"), label="listen"
        )
    return written("listener.listen", listen.word, listen.text, as_text, label="listen")


def _backlog(found: list[_Listen], target: Target) -> tuple[Value, str]:
    """Return the number nginx passes to listen(2), and the request in words."""
    default = defaults.default("nginx", "listen.backlog", BACKLOG, target)
    for listen in found:
        parameter = listen.parameter("backlog")
        if parameter and listen.text:
            return _written_backlog(parameter, listen.text)
    return replace(default, label="backlog"), f"no backlog= (nginx takes {default.data})"


def _written_backlog(parameter: Word, text: Text) -> tuple[Value, str]:
    """Return the number as a choice, even where it equals the default: no package writes backlog= out."""
    word = _number_of(parameter)
    number = written(BACKLOG, word, text, _nginx_backlog, label="backlog", unit="connections")
    return number, f"backlog={word.text}"


def _nginx_backlog(text: str) -> Data | None:
    """Read it into a C int as nginx does, which then refuses 0 and its own error number -1."""
    number = decimal(text)
    if number is None or not 0 <= number <= INT64_MAX:
        return None
    backlog = wrap_int32(number)
    return None if backlog in (0, -1) else backlog


def _number_of(parameter: Word) -> Word:
    """Return the part of `backlog=N` behind the equals sign, with its own place where it is written bare."""
    _, _, number = parameter.text.partition("=")
    if parameter.quote or parameter.span.end - parameter.span.start != len(encode(parameter.text)):
        return parameter._replace(text=number)
    return parameter._replace(
        text=number, span=Span(parameter.span.start + len("backlog="), parameter.span.end)
    )


def _sockets(found: list[_Listen], target: Target) -> Value:
    """Return how many sockets the address has: one a worker with reuseport, else one."""
    if not any(listen.parameter("reuseport") for listen in found):
        return Value("listener.sockets", 1, Origin("default", "one socket for all workers"), label="sockets")
    outermost = list(found[0].server.upwards())[-1]
    words = "one a worker process (reuseport)"
    return derive(
        "listener.sockets", lambda n: n, worker_processes(outermost, target), label="sockets", words=words
    )


def _pair_twins(built: dict[ListenAddress, Listener]) -> None:
    """Link the IPv4 and the IPv6 wildcard socket of one port; no other addresses may share options safely."""
    for address, listener in built.items():
        if address.host == "0.0.0.0":
            twin = built.get(ListenAddress("tcp6", "[::]", address.port))
            if twin:
                listener.twin, twin.twin = twin, listener
