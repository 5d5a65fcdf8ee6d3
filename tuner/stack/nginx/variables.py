"""Variables that nothing defines, so that `nginx -t` says `unknown "x" variable`.

Judged only where every file was read and no other module is in sight: a module may bring variables. Source:
ngx_http_variables_init_vars().
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tuner import packaged
from tuner.formats.document import Word
from tuner.source.regex import regex
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.directives import forms_of
from tuner.stack.nginx.faults import WITHOUT_BLOCKS, Fault
from tuner.stack.nginx.filled_texts import USED_VARIABLE, USING
from tuner.stack.refused import FILLED_IN_LATER
from tuner.stack.value import Place

KIND = "undefined"
NAMED_CAPTURE = regex(r"\(\?P?(?:<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')", re.ASCII)
DEFINING = {
    "set": 0,
    "map": 1,
    "geo": -1,
    "split_clients": 1,
    "auth_request_set": 0,
    "perl_set": 0,
    "js_set": 0,
    "js_var": 0,
}
"""Directives that define a variable, and which of their words names it (-1: the last)."""
OF_PACKAGES = frozenset({"path_info"})
"""Variables that files of nginx's packages define, which need not be at hand: Debian's fastcgi-php.conf."""
LOADING = frozenset({"load_module", "perl_modules", "perl_require"})


class _Use(NamedTuple):
    name: str
    block: Block
    word: Word


def undefined_variables(root: Block) -> Iterator[Fault]:
    """Yield the first use of each variable that a configuration, read as a whole, does not define."""
    if not root.is_complete or _is_open(list(root.walk())):
        return
    for http in root.named("http"):
        known = {name.lower() for level in http.walk() for name in _defined(level)}
        first: dict[str, _Use] = {}
        for use in _uses(http):
            name = use.name.lower()
            is_filled_in = FILLED_IN_LATER.search(use.word.text)
            if name not in known and not is_filled_in and not _is_of_nginx(name):
                first[name] = _earlier(use, first.get(name, use))
        for use in first.values():
            if use.block.text and use.block.parent:
                place = Place(use.block.text, use.word.span)
                yield Fault(KIND, f'unknown "{use.name}" variable', place, use.block.parent, use.block.name)


def _earlier(use: _Use, found: _Use) -> _Use:
    """Return the use that stands first, where both are in one file; else the one that was found first."""
    is_before = use.block.text is found.block.text and use.word.span.start < found.word.span.start
    return use if is_before else found


def _is_open(blocks: Sequence[Block]) -> bool:
    """Say whether one of the blocks may define variables in a way that is not seen here."""
    if any(block.not_followed or block.has_open_pattern or block.is_template for block in blocks):
        return True
    judged = (block for block in blocks if block.name not in WITHOUT_BLOCKS)
    names = {name for block in judged for name, _ in block.each_name()}
    return any(name in LOADING or not forms_of(name) for name in names)


def _defined(level: Block) -> Iterator[str]:
    """Yield the variables that a block and the directives in it define."""
    for name, blocks in level.each_name():
        at = DEFINING.get(name)
        for block in blocks:
            words = block.directive.args if block.directive else ()
            if at is not None and len(words) > at:
                yield words[at].text.removeprefix("$")
            for word in words:
                if "(?" in word.text:
                    yield from _captured(word.text)
        if "(?" in name:
            yield from _captured(name)


def _captured(text: str) -> Iterator[str]:
    return (one or other for one, other in NAMED_CAPTURE.findall(text))


def _uses(http: Block) -> Iterator[_Use]:
    for level in http.walk():
        for block in level.among(USING):
            start, end = USING[block.name]
            for word in _words(block)[start:end]:
                yield from (_Use(name, block, word) for name in _names(word.text))
        for block in level.named("if"):
            for word in _words(block)[:1]:
                name = word.text.removeprefix("($").removesuffix(")")
                if word.text.startswith("($") and name:
                    yield _Use(name, block, word)


def _words(block: Block) -> Sequence[Word]:
    words = block.directive.args if block.directive else ()
    return () if any(word.unknown for word in words) else words


def _names(text: str) -> Iterator[str]:
    if "$" in text:
        for used in USED_VARIABLE.finditer(text):
            name = used["name"] or (used["inner"] if used["close"] else "")
            if name:
                yield name


def _is_of_nginx(name: str) -> bool:
    names, beginnings = _known()
    return name in names or name in OF_PACKAGES or name.startswith(beginnings)


@cache
def _known() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the variables of nginx's own modules, and the beginnings of those that go by the request."""
    words = packaged.directive_table("nginx")["variables"].split()
    names = frozenset(word for word in words if not word.endswith("*"))
    return names, tuple(word[:-1] for word in words if word.endswith("*"))
