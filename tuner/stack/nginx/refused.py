"""Values that nginx does not take, by the kinds of its table of directives, and parameters of `listen`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from tuner.formats.document import Word
from tuner.laws.version import Version
from tuner.stack.nginx.addresses import WITH_PORT
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.directives import Form
from tuner.stack.nginx.faults import forms_in_force
from tuner.stack.nginx.levels import Levels, holders
from tuner.stack.nginx.naming import name_of
from tuner.stack.nginx.readers import first_refused, on_or_off, size_bytes
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
            forms = _forms_that_refuse(name, levels, version)
            for block in blocks if forms else ():
                word = _refused_word(forms, block, levels, version)
                if word and block.text:
                    yield RefusedWord(name_of(name, holder), name, Place(block.text, word.span))


@cache
def _forms_that_refuse(name: str, levels: Levels, version: Version | None) -> tuple[Form, ...]:
    """Return the forms of a directive, none where nginx takes every word of it."""
    forms = forms_in_force(name, levels, version)
    return forms if name in WITH_PARAMETERS or any(form.kind for form in forms) else ()


def _refused_word(
    forms: Sequence[Form], block: Block, levels: Levels, version: Version | None
) -> Word | None:
    words = block.directive.args if block.directive else ()
    if not words:
        return None
    refused = _refused_by_all(forms, block, words) or _too_new(block.name, words, version)
    is_listen = block.name == HTTP_LISTEN and levels == {HTTP_SERVER}
    return refused or (_of_listen(words) if is_listen else None)


def _refused_by_all(forms: Sequence[Form], block: Block, words: tuple[Word, ...]) -> Word | None:
    """Return the argument that no form takes; what has the wrong shape altogether is told of elsewhere."""
    fitting = [form for form in forms if form.is_block == block.is_block and form.takes(len(words))]
    refused = [first_refused(form.kind, words) if form.kind else None for form in fitting]
    return refused[0] if refused and all(refused) else None


def _too_new(name: str, words: Sequence[Word], version: Version | None) -> Word | None:
    """Return a parameter that the nginx meant does not have yet, where it is known which that is."""
    for word in words[1:]:
        since = NEW_PARAMETERS.get((name, word.text.partition("=")[0]))
        if since and version and version.numbers < since.numbers[: len(version.numbers)]:
            return word
    return None


def _of_listen(words: Sequence[Word]) -> Word | None:
    address, *parameters = words
    plain = [word for word in parameters if not word.unknown and "$" not in word.text]
    if not _has_possible_port(address):
        return address
    return next((word for word in plain if not _is_parameter(word.text)), None)


def _has_possible_port(word: Word) -> bool:
    if word.unknown or "$" in word.text or word.text.lower().startswith("unix:"):
        return True
    found = WITH_PORT.match(word.text)
    ports = found["port"] if found else word.text
    numbers = [int(port) for port in ports.split("-") if port.isdecimal() and len(port) <= PORT_DIGITS]
    return all(1 <= port <= LARGEST_PORT for port in numbers)


def _is_parameter(text: str) -> bool:
    name, equals, value = text.partition("=")
    if not equals:
        return name in LISTEN_WORDS
    return name in LISTEN_READERS and bool(LISTEN_READERS[name](value))
