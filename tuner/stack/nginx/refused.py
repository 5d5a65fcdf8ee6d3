"""Values that nginx does not take, by the kinds of its table of directives, and parameters of `listen`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from tuner.formats.document import Word
from tuner.laws.version import Version
from tuner.stack.nginx.addresses import WITH_PORT
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.directives import Form
from tuner.stack.nginx.faults import forms_in_force
from tuner.stack.nginx.levels import Levels, holders
from tuner.stack.nginx.naming import name_of
from tuner.stack.nginx.readers import VARIABLE, first_refused, on_or_off, size_bytes
from tuner.stack.target import Target
from tuner.stack.value import Place

HTTP_SERVER = "server"
HTTP_LISTEN = "listen"
LISTEN_WORDS = frozenset(
    {
        *("default_server", "default", "bind", "deferred", "reuseport", "multipath", "ssl", "http2", "http3"),
        *("quic", "spdy", "proxy_protocol"),
    }
)
LISTEN_READERS: Mapping[str, Callable[[str], object]] = {
    "backlog": lambda _: True,
    "setfib": lambda _: True,
    "fastopen": lambda text: re.fullmatch(r"[0-9]+", text),
    "rcvbuf": size_bytes,
    "sndbuf": size_bytes,
    "accept_filter": lambda _: True,
    "ipv6only": lambda text: on_or_off(text) is not None and text == text.lower(),
    "so_keepalive": lambda text: re.fullmatch(r"on|off|[0-9smhdwMy]*:[0-9smhdwMy]*:[0-9]*", text),
}
"""Parameters with a value; `backlog` has rules of its own. Source: ngx_http_core_listen()."""
NEW_PARAMETERS: Mapping[tuple[str, str], Version] = {
    ("listen", "quic"): Version.parse("1.25.0"),
    ("server", "resolve"): Version.parse("1.27.3"),
    ("server", "service"): Version.parse("1.27.3"),
}
"""Parameters by directive, with the release that brought them. Source: nginx CHANGES 1.25.0, 1.27.3."""
WITH_PARAMETERS = frozenset({HTTP_LISTEN, *(directive for directive, _ in NEW_PARAMETERS)})
NOT_JUDGED = VARIABLE
"""Stands for what only a template fills in: as little is known of it as of a variable."""

LINES_KEPT = 4096
LARGEST_PORT = 65535
PORT_DIGITS = 9


class RefusedWord(NamedTuple):
    """An argument that nginx refuses: of which directive, and where."""

    entity: str
    directive: str
    place: Place


def refused_words(root: Block, target: Target) -> Iterator[RefusedWord]:
    """Yield every argument of a configuration that nginx refuses, whatever stands elsewhere."""
    version = target.version("nginx")
    for holder, levels in holders(root):
        for name, blocks in holder.each_name():
            for block in blocks if _may_refuse(name, levels, version) else ():
                word = _refused_word(block, levels, version)
                if word and block.text:
                    yield RefusedWord(name_of(name, holder), name, Place(block.text, word.span))


@cache
def _may_refuse(name: str, levels: Levels, version: Version | None) -> bool:
    """Say whether there are words that nginx does not take behind a directive."""
    return name in WITH_PARAMETERS or any(form.kind for form in forms_in_force(name, levels, version))


def _refused_word(block: Block, levels: Levels, version: Version | None) -> Word | None:
    words = block.directive.args if block.directive else ()
    texts = tuple(NOT_JUDGED if word.unknown else word.text for word in words)
    at = _refused_at(block.name, texts, levels, version, block.is_block) if texts else None
    return None if at is None else words[at]


@lru_cache(LINES_KEPT)
def _refused_at(
    name: str, texts: tuple[str, ...], levels: Levels, version: Version | None, is_block: bool
) -> int | None:
    """Return which argument nginx refuses: of a machine with many sites most lines are the same."""
    at = _refused_by_all(forms_in_force(name, levels, version), texts, is_block)
    if at is None:
        at = _too_new(name, texts, version)
    if at is None and name == HTTP_LISTEN and levels == {HTTP_SERVER}:
        at = _of_listen(texts)
    return at


def _refused_by_all(forms: Sequence[Form], texts: Sequence[str], is_block: bool) -> int | None:
    """Return the argument that no form takes; what has the wrong shape altogether is told of elsewhere."""
    fitting = [form for form in forms if form.is_block == is_block and form.takes(len(texts))]
    refused = [first_refused(form.kind, texts) if form.kind else None for form in fitting]
    return refused[0] if refused and None not in refused else None


def _too_new(name: str, texts: Sequence[str], version: Version | None) -> int | None:
    """Return a parameter that the nginx meant does not have yet, where it is known which that is."""
    for at, text in enumerate(texts[1:], 1):
        since = NEW_PARAMETERS.get((name, text.partition("=")[0]))
        if since and version and version.numbers < since.numbers[: len(version.numbers)]:
            return at
    return None


def _of_listen(texts: Sequence[str]) -> int | None:
    if not _has_possible_port(texts[0]):
        return 0
    parameters = ((at, text) for at, text in enumerate(texts[1:], 1) if VARIABLE not in text)
    return next((at for at, text in parameters if not _is_parameter(text)), None)


def _has_possible_port(address: str) -> bool:
    if VARIABLE in address or address.lower().startswith("unix:"):
        return True
    found = WITH_PORT.match(address)
    ports = found["port"] if found else address
    numbers = [int(port) for port in ports.split("-") if port.isdecimal() and len(port) <= PORT_DIGITS]
    return all(1 <= port <= LARGEST_PORT for port in numbers)


def _is_parameter(text: str) -> bool:
    name, equals, value = text.partition("=")
    if not equals:
        return name in LISTEN_WORDS
    return name in LISTEN_READERS and bool(LISTEN_READERS[name](value))
