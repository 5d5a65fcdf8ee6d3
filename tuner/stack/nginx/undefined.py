"""Names that nginx looks up in its configuration and does not find, so that `nginx -t` refuses it.

Judged only where every file that may define the name was read. Sources: ngx_http_log_set_log(),
ngx_init_zone_pool() ("zero size shared memory zone"), ngx_http_upstream_init_main_conf().
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from tuner.formats.document import Word
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.faults import Fault
from tuner.stack.value import Place

PREDEFINED_FORMATS = frozenset({"combined"})
FORMAT_ARGUMENT = 1
CACHE_WORDS = frozenset({"off"})
CACHE_PATHS = {"fastcgi_cache": "fastcgi_cache_path", "proxy_cache": "proxy_cache_path"}


class _Names(NamedTuple):
    """What an http block defines, log formats with their `log_format`."""

    upstreams: frozenset[str]
    zones: frozenset[str]
    caches: frozenset[str]
    formats: Mapping[str, Block | None]


def undefined_names(root: Block) -> Iterator[Fault]:
    """Yield each use of a name that the configuration, read as a whole, does not define."""
    if not root.is_complete or root.is_template or root.not_followed:
        return
    for http in root.named("http"):
        if not http.not_followed:
            yield from _undefined_in(http)


def _undefined_in(http: Block) -> Iterator[Fault]:
    names = _Names(
        frozenset(name.lower() for block in http.named("upstream") for name in block.arguments[:1]),
        frozenset(_zones(http, "limit_req_zone", "limit_conn_zone", mark="zone=")),
        frozenset(_zones(http, *CACHE_PATHS.values(), mark="keys_zone=")),
        {**dict.fromkeys(PREDEFINED_FORMATS), **_formats(http)},
    )
    for level in http.walk():
        for block in level.among(USES):
            found = USES[block.name](block, names)
            if found and block.text:
                word, words = found
                yield Fault("undefined", words, Place(block.text, word.span), level, block.name)


def _formats(http: Block) -> Mapping[str, Block]:
    return {name: block for block in reversed(http.named("log_format")) for name in block.arguments[:1]}


def _zones(http: Block, *directives: str, mark: str) -> Iterator[str]:
    for block in http.named(*directives):
        for word in block.arguments:
            if word.startswith(mark):
                yield word.removeprefix(mark).partition(":")[0]


def _words(block: Block, *, has_variables: bool = True) -> tuple[Word, ...]:
    """Return the words of a directive; none where something fills them in, or nginx itself does."""
    words = block.directive.args if block.directive else ()
    is_open = any(word.unknown or (has_variables and "$" in word.text) for word in words)
    return () if is_open else words


Found = tuple[Word, str] | None


def _log_format(block: Block, names: _Names) -> Found:
    words = block.directive.args if block.directive else ()
    if len(words) <= FORMAT_ARGUMENT or words[FORMAT_ARGUMENT].unknown:
        return None
    word = words[FORMAT_ARGUMENT]
    if word.text not in names.formats:
        return word, f'unknown log format "{word.text}"'
    if _is_above(block, names.formats[word.text]):
        return word, f'unknown log format "{word.text}": its log_format stands below'
    return None


def _is_above(block: Block, definition: Block | None) -> bool:
    """Say whether `block` stands above the definition in the same file."""
    if definition is None or definition.directive is None or block.directive is None:
        return False
    return block.text is definition.text and block.directive.span.end < definition.directive.span.start


def _request_zone(block: Block, names: _Names) -> Found:
    for word in _words(block, has_variables=False):
        name = word.text.removeprefix("zone=")
        if name != word.text and name not in names.zones:
            return word, f'zero size shared memory zone "{name}"'
    return None


def _connection_zone(block: Block, names: _Names) -> Found:
    words = _words(block, has_variables=False)
    if not words or words[0].text in names.zones:
        return None
    return words[0], f'zero size shared memory zone "{words[0].text}"'


def _cache(block: Block, names: _Names) -> Found:
    words = _words(block)
    if not words or words[0].text in CACHE_WORDS or words[0].text in names.caches:
        return None
    return words[0], f'"{block.name}" zone "{words[0].text}" is unknown'


def _fastcgi_pass(block: Block, names: _Names) -> Found:
    words = _words(block)
    if not words or ":" in words[0].text or words[0].text.lower() in names.upstreams:
        return None
    return words[0], f'no port in upstream "{words[0].text}", and no upstream of this name'


USES: Mapping[str, Callable[[Block, _Names], Found]] = {
    "access_log": _log_format,
    "limit_req": _request_zone,
    "limit_conn": _connection_zone,
    "fastcgi_pass": _fastcgi_pass,
    **dict.fromkeys(CACHE_PATHS, _cache),
}
"""How each directive that uses a name is looked at."""
