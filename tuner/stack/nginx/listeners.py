"""nginx's listening sockets: every `listen` of every server, merged as nginx merges them."""

from collections.abc import Container, Iterable, Mapping, Sequence

from tuner.formats.document import Word
from tuner.source.span import Span
from tuner.source.text import Text, encode
from tuner.stack import defaults
from tuner.stack.listeners import Request, build_listener
from tuner.stack.model import Kernel, Listener
from tuner.stack.nginx.addresses import ListenAddress
from tuner.stack.nginx.bind_conflicts import bind_conflicts
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.listens import Listen, listen_value, listens_of, server_names, servers
from tuner.stack.nginx.values import worker_processes
from tuner.stack.settings import INT64_MAX, decimal, wrap_int32, written
from tuner.stack.target import Target
from tuner.stack.value import Data, Origin, Value, derive

BACKLOG = "nginx.listen.backlog"


def build_listeners(
    roots: Iterable[Block], kernel: Kernel, target: Target
) -> tuple[list[Listener], dict[int, list[Listener]]]:
    """Return the sockets of one nginx, and those of each server by the identity of its block.

    `roots` are the outermost blocks of its files: the main file's, or those of all files that an unknown
    main file includes.
    """
    listens = [listen for root in roots for server in servers(root) for listen in listens_of(server)]
    every = {listen.address for listen in listens}
    bound = {listen.address for listen in listens if listen.has_own_socket}
    sockets: dict[ListenAddress, list[Listen]] = {}
    for listen in listens:
        sockets.setdefault(_socket_address(listen.address, every, bound), []).append(listen)
    built = {address: _build(address, found, kernel, target) for address, found in sockets.items()}
    _pair_twins(built, sockets)
    for address, conflict in bind_conflicts(sockets):
        built[address].bind_conflict = conflict
    by_server: dict[int, dict[ListenAddress, Listener]] = {}
    for address, found in sockets.items():
        for listen in found:
            by_server.setdefault(id(listen.server), {})[address] = built[address]
    return list(built.values()), {server: list(mine.values()) for server, mine in by_server.items()}


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


def _build(address: ListenAddress, found: list[Listen], kernel: Kernel, target: Target) -> Listener:
    backlog, words = _backlog(found, target)
    served = {id(listen.server): listen.server for listen in found}.values()
    own = _own(address, found)
    request = Request(
        owner="nginx",
        name=", ".join(dict.fromkeys(name for server in served for name in server_names(server)))
        or str(address),
        entity=f"nginx:{address}",
        address=str(address),
        family=address.family,
        listen=listen_value(own),
        backlog=backlog,
        words=words,
        sockets=_sockets(found, target),
    )
    listener = build_listener(request, kernel, target)
    listener.has_shared_listen = sum(listen.word is own.word for listen in found) > 1
    return listener


def _own(address: ListenAddress, found: Sequence[Listen]) -> Listen:
    """Return the `listen` that socket options belong to: the one that has some, else the first."""
    mine = [listen for listen in found if listen.address == address] or found
    return next((listen for listen in mine if listen.has_own_socket), mine[0])


def _backlog(found: list[Listen], target: Target) -> tuple[Value, str]:
    """Return the number nginx passes to listen(2), and the request in words."""
    default = defaults.default("nginx", "listen.backlog", BACKLOG, target)
    for listen in found:
        parameter = listen.parameter("backlog")
        if parameter and listen.text:
            return _written_backlog(parameter, listen.text)
    return default._replace(label="backlog"), f"no backlog= (nginx takes {default.data})"


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


def _sockets(found: list[Listen], target: Target) -> Value:
    """Return how many sockets the address has: one a worker with reuseport, else one."""
    if not any(listen.parameter("reuseport") for listen in found):
        return Value("listener.sockets", 1, Origin("default", "one socket for all workers"), label="sockets")
    outermost = list(found[0].server.upwards())[-1]
    words = "one a worker process (reuseport)"
    return derive(
        "listener.sockets", lambda n: n, worker_processes(outermost, target), label="sockets", words=words
    )


def _pair_twins(
    built: Mapping[ListenAddress, Listener], sockets: Mapping[ListenAddress, list[Listen]]
) -> None:
    """Link the IPv4 and the IPv6 wildcard socket of one port; no other addresses may share options safely."""
    for address in built:
        other = ListenAddress("tcp6", "[::]", address.port)
        if address.host == "0.0.0.0" and other in built:
            for mine, its in ((address, other), (other, address)):
                built[mine].twin = built[its]
                built[mine].twin_listen = listen_value(_beside_backlog(sockets[mine], sockets[its]))


def _beside_backlog(found: Sequence[Listen], of_twin: Sequence[Listen]) -> Listen:
    """Return the twin's `listen` in the server that sets the backlog of `found`, else in its file, else any.

    Two files that both claim the address are seldom loaded together: the advice belongs where the number is.
    """
    setting = next((listen for listen in found if listen.parameter("backlog")), found[0])
    in_server = (listen for listen in of_twin if listen.server is setting.server)
    in_file = (listen for listen in of_twin if listen.text is setting.text)
    return next(in_server, None) or next(in_file, None) or of_twin[0]
