"""Every `listen` of every server, and what a server is called."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from tuner.formats.document import Word
from tuner.source.regex import regex
from tuner.source.text import Text
from tuner.stack.nginx.addresses import DEFAULT_HTTP_PORT, ListenAddress, parse_listen
from tuner.stack.nginx.blocks import Block
from tuner.stack.settings import as_text, written
from tuner.stack.value import Origin, Value

NO_NAME = ("_", "")
OWN_SOCKET_OPTIONS = regex(
    r"(?:bind|reuseport|deferred|multipath)\Z|(?:backlog|rcvbuf|sndbuf|fastopen|accept_filter|so_keepalive|setfib|ipv6only)="
)


class Listen(NamedTuple):
    """One `listen` directive (or its absence) of one server."""

    address: ListenAddress
    server: Block
    word: Word | None = None
    text: Text | None = None
    parameters: tuple[Word, ...] = ()

    @property
    def has_own_socket(self) -> bool:
        """Whether a socket option of it makes nginx bind the address apart from a wildcard."""
        return any(OWN_SOCKET_OPTIONS.match(word.text) for word in self.parameters)

    def parameter(self, name: str) -> Word | None:
        """Return the last parameter of that name, with or without a value."""
        return next(
            (w for w in reversed(self.parameters) if w.text == name or w.text.startswith(name + "=")), None
        )

    def has_parameter(self, text: str) -> bool:
        """Whether one of its parameters is exactly `text`."""
        return any(word.text == text for word in self.parameters)

    @property
    def outermost(self) -> Block:
        """The outermost block of the configuration it stands in."""
        return list(self.server.upwards())[-1]


def servers(root: Block) -> list[Block]:
    """Return the server blocks of http, stream and mail; a file that is a server's inside is one itself."""
    if root.context == "server":
        return [root]
    holders = [root] if root.context == "http" else root.named("http", "stream", "mail")
    return [server for holder in holders for server in holder.named("server")]


def listens_of(server: Block) -> list[Listen]:
    """Return what the server listens on; without any `listen` that is port 80."""
    return list(_each_listen(server))


def _each_listen(server: Block) -> Iterator[Listen]:
    block = None
    for block in server.each_named("listen"):
        yield from listens_by(server, block)
    is_whole_server = server.directive is not None
    if block is None and is_whole_server and _is_http(server):
        yield from (Listen(address, server) for address in parse_listen(DEFAULT_HTTP_PORT))


def listens_by(server: Block, block: Block) -> list[Listen]:
    """Return what one `listen` makes the server listen on: nothing for UDP.

    A hole for the address leaves the family unknown.
    """
    words = block.directive.args if block.directive else ()
    if not words:
        return []
    if any(word.text in ("quic", "udp") for word in words[1:]):
        return []
    if words[0].unknown:
        addresses: Sequence[ListenAddress] = [ListenAddress("unknown", words[0].text, "")]
    else:
        addresses = parse_listen(words[0].text)
    return [Listen(address, server, words[0], block.text, words[1:]) for address in addresses]


def _is_http(server: Block) -> bool:
    return server.parent is None or server.parent.context == "http"


def server_names(server: Block) -> list[str]:
    """Return every name of every `server_name` of a server, without the two that stand for none."""
    return list(_each_name(server))


def _each_name(server: Block) -> Iterator[str]:
    for block in server.each_named("server_name"):
        words = block.directive.args if block.directive else ()
        yield from (word.text for word in words if word.text not in NO_NAME)


def server_title(server: Block) -> str:
    """Return the server's first name or, where it has none, the first address it listens on."""
    addresses = (str(listen.address) for listen in _each_listen(server))
    return next(chain(_each_name(server), addresses), "a server without a name")


def listen_value(listen: Listen) -> Value:
    """Return the address as it is written."""
    if listen.word is None or listen.text is None:
        return Value(
            "listener.listen", "80", Origin("default", "no listen: nginx listens on port 80"), label="listen"
        )
    return written("listener.listen", listen.word, listen.text, as_text, label="listen")
