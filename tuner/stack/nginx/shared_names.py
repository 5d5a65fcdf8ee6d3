"""Names that may be given once only: log formats, and zones of shared memory with one use and one size.

Sources: ngx_http_log_set_format(), ngx_shared_memory_add(), ngx_http_limit_req_zone(),
ngx_http_limit_conn_zone(), ngx_http_file_cache_set_slot().
"""

from collections.abc import Iterator
from typing import NamedTuple

from tuner.formats.document import Word
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.faults import Fault
from tuner.stack.nginx.readers import size_bytes
from tuner.stack.value import Place

KIND = "name_clash"
PREDEFINED_FORMAT = "combined"
MARKS = {
    "limit_req_zone": "zone=",
    "limit_conn_zone": "zone=",
    "fastcgi_cache_path": "keys_zone=",
    "proxy_cache_path": "keys_zone=",
    "scgi_cache_path": "keys_zone=",
    "uwsgi_cache_path": "keys_zone=",
    "ssl_session_cache": "shared:",
}
"""Directives that make a zone, and what stands before its name."""
MAY_SHARE = frozenset({"ssl_session_cache"})
"""Those whose zone may be named again, by the same directive and with the same size."""


class Zone(NamedTuple):
    """A zone as one directive makes it; `size` is None where nginx cannot read it."""

    block: Block
    word: Word
    name: str
    size: int | None


def doubled_names(root: Block) -> Iterator[Fault]:
    """Yield each log format and each zone whose name an earlier directive has taken."""
    https = [root] if root.context == "http" else root.named("http")
    for holder in https:
        yield from _doubled_formats(holder, PREDEFINED_FORMAT)
        yield from _doubled_zones(holder)
    for holder in root.named("stream"):
        yield from _doubled_formats(holder, "")


def _doubled_formats(holder: Block, predefined: str) -> Iterator[Fault]:
    first: dict[str, Place] = {}
    for block in holder.named("log_format"):
        words = block.directive.args if block.directive else ()
        if not words or words[0].unknown or block.text is None:
            continue
        name, place = words[0].text, Place(block.text, words[0].span)
        told = f'duplicate "log_format" name "{name}"'
        earlier = first.setdefault(name, place)
        if name == predefined:
            yield from _fault(block, words[0], f"{told}: nginx has one of its own")
        elif earlier is not place:
            yield from _fault(block, words[0], f"{told}: the first is in {earlier}")


def _doubled_zones(http: Block) -> Iterator[Fault]:
    first: dict[str, Zone] = {}
    for zone in _in_order(list(_zones(http))):
        earlier = first.setdefault(zone.name, zone)
        told = "" if earlier is zone else _against(zone, earlier)
        if told and earlier.block.text:
            place = Place(earlier.block.text, earlier.word.span)
            yield from _fault(zone.block, zone.word, f"{told}: the first is in {place}")


def _against(zone: Zone, earlier: Zone) -> str:
    """Say why a zone cannot have the name of an earlier one, or nothing."""
    if zone.block.name != earlier.block.name:
        return f'the shared memory zone "{zone.name}" is already declared for a different use'
    if zone.block.name not in MAY_SHARE:
        return f'the zone "{zone.name}" is given twice'
    if None not in (zone.size, earlier.size) and zone.size != earlier.size:
        return f'the size of shared memory zone "{zone.name}" conflicts with already declared size'
    return ""


def _zones(http: Block) -> Iterator[Zone]:
    for level in http.walk():
        for block in level.among(MARKS):
            mark = MARKS[block.name]
            for word in block.directive.args if block.directive and not block.is_template else ():
                if word.text.startswith(mark) and not word.unknown:
                    name, _, size = word.text.removeprefix(mark).partition(":")
                    yield Zone(block, word, name, size_bytes(size))


def _in_order(zones: list[Zone]) -> list[Zone]:
    """Return zones of one file as they stand there; of several files as they were found."""
    if len({id(zone.block.text) for zone in zones}) > 1:
        return zones
    return sorted(zones, key=lambda zone: zone.word.span.start)


def _fault(block: Block, word: Word, told: str) -> Iterator[Fault]:
    if block.text and block.parent and not block.is_template:
        yield Fault(KIND, told, Place(block.text, word.span), block.parent, block.name)
