"""Directives that the location around them, or one beside them, rules out, so that `nginx -t` refuses them.

Sources: ngx_http_core_location() and ngx_http_core_root() in src/http/ngx_http_core_module.c,
ngx_http_proxy_pass() in src/http/modules/ngx_http_proxy_module.c.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from tuner.formats.document import Word
from tuner.source.regex import regex
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.faults import Fault
from tuner.stack.value import Place

KIND = "at_odds"
MODIFIERS = ("=", "^~", "~*", "~", "")
REGEX_MODIFIERS = ("~", "~*")
OWN_FOLDER = regex(r"\$\{?(document_root|realpath_root)")
LITERAL_URL = regex(r"https?://(?:unix:[^:]*:?(?P<path>.*)|[^/?]*(?P<uri>.*))\Z", re.IGNORECASE | re.DOTALL)
WITHOUT_URI = {
    "if": 'inside an "if"',
    "limit_except": 'inside a "limit_except"',
}


class Where(NamedTuple):
    """What a location is called, and how: `modifier` is one of `MODIFIERS`."""

    modifier: str
    name: str

    @property
    def is_regex(self) -> bool:
        """Whether it is given by a regular expression."""
        return self.modifier in REGEX_MODIFIERS

    @property
    def is_named(self) -> bool:
        """Whether it is `@name`."""
        return self.modifier == "" and self.name.startswith("@")


def directives_at_odds(root: Block) -> Iterator[Fault]:
    """Yield each directive of a configuration that does not go with its location, or with one beside it."""
    for block in root.walk():
        if block.is_template:
            continue
        if block.name == "location":
            yield from _misplaced_location(block)
        if block.name in ("location", "server", "http", "if"):
            yield from _roots(block)
        yield from _passes_with_uri(block)


def where(block: Block) -> Where | None:
    """Return what a location is called; None where that is not written out or nginx does not take it."""
    words = block.directive.args if block.directive else ()
    if any(word.unknown for word in words):
        return None
    if len(words) == 2:
        return Where(words[0].text, words[1].text) if words[0].text in MODIFIERS[:-1] else None
    if len(words) != 1:
        return None
    modifier = next(m for m in MODIFIERS if words[0].text.startswith(m))
    return Where(modifier, words[0].text.removeprefix(modifier))


def _misplaced_location(block: Block) -> Iterator[Fault]:
    words = block.directive.args if block.directive else ()
    if len(words) == 2 and not words[0].unknown and words[0].text not in MODIFIERS[:-1]:
        yield from _fault(block, words[0], f'invalid location modifier "{words[0].text}"')
    outer = where(block.parent) if block.parent and block.parent.name == "location" else None
    inner = where(block)
    told = _against(inner, outer) if inner and outer else ""
    if told:
        yield from _fault(block, words[-1], told)


def _against(inner: Where, outer: Where) -> str:
    """Say why a location cannot stand in another one, or nothing."""
    if outer.modifier == "=":
        return f'location "{inner.name}" cannot be inside the exact location "{outer.name}"'
    if outer.is_named:
        return f'location "{inner.name}" cannot be inside the named location "{outer.name}"'
    if inner.is_named:
        return f'named location "{inner.name}" can be on the server level only'
    if not inner.is_regex and not inner.name.startswith(outer.name):
        return f'location "{inner.name}" is outside location "{outer.name}"'
    return ""


def _roots(block: Block) -> Iterator[Fault]:
    roots, aliases = block.named("root"), block.named("alias")
    if roots and aliases:
        first, second = _in_order(roots[0], aliases[0])
        told = f'"{second.name}" directive is duplicate, "{first.name}" directive was specified earlier'
        yield from _fault(second, second.directive.name if second.directive else None, told)
    found = where(block) if aliases and block.name == "location" else None
    for alias in aliases if found and found.is_named else ():
        told = 'the "alias" directive cannot be used inside the named location'
        yield from _fault(alias, alias.directive.name if alias.directive else None, told)
    for setting in (*roots, *aliases):
        words = setting.directive.args if setting.directive else ()
        used = OWN_FOLDER.search(words[0].text) if words and not words[0].unknown else None
        if used:
            told = f'the ${used[1]} variable cannot be used in the "{setting.name}" directive'
            yield from _fault(setting, words[0], told)


def _in_order(one: Block, other: Block) -> tuple[Block, Block]:
    """Return the one that stands first, as far as that can be seen, and then the other."""
    if one.directive and other.directive and one.text is other.text:
        return (one, other) if one.directive.span.start < other.directive.span.start else (other, one)
    return one, other


def _passes_with_uri(block: Block) -> Iterator[Fault]:
    passes = block.named("proxy_pass")
    around = (WITHOUT_URI.get(block.name) or _kind_of_location(block)) if passes else ""
    for setting in passes if around else ():
        words = setting.directive.args if setting.directive else ()
        if len(words) != 1 or words[0].unknown or "$" in words[0].text:
            continue
        url = LITERAL_URL.match(words[0].text)
        uri = (url["path"] or url["uri"]) if url else ""
        if uri:
            told = f'"proxy_pass" cannot have URI part ("{uri}") {around}'
            yield from _fault(setting, words[0], told)


def _kind_of_location(block: Block) -> str:
    found = where(block) if block.name == "location" else None
    if found is None or not (found.is_regex or found.is_named):
        return ""
    if found.is_regex:
        return "in location given by regular expression"
    return "inside named location"


def _fault(block: Block, word: Word | None, told: str) -> Iterator[Fault]:
    if word and block.text and block.parent and not block.is_template:
        yield Fault(KIND, told, Place(block.text, word.span), block.parent, block.name)
