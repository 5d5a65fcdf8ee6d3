"""What `nginx -t` refuses because two directives do not go together, wherever they stand.

Sources: ngx_http_add_listen(), ngx_http_add_addresses() and ngx_http_join_exact_locations() in src/http,
ngx_http_upstream_add().
"""

from collections.abc import Hashable, Iterator

from tuner.formats.document import Word
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.faults import Fault
from tuner.stack.nginx.listens import Listen, listens_by, servers
from tuner.stack.value import Place

DEFAULT_SERVER = ("default_server", "default")
MODIFIERS = ("^~", "=", "~*", "~", "")
UNIQUE_MODIFIERS = {"=": "=", "^~": "", "": ""}
"""Locations of these modifiers may stand once for a name; `^~` and none are the same in this."""

First = dict[Hashable, Place]


def clashing_directives(root: Block) -> Iterator[Fault]:
    """Yield each directive of a configuration that clashes with an earlier one."""
    yield from _clashing_listens(root)
    for holder in [root] if root.context == "http" else root.named("http"):
        yield from _clashing_upstreams(holder)
    for block in root.walk():
        if block.name in ("server", "location") or block is root:
            yield from _clashing_locations(block)


def _clashing_listens(root: Block) -> Iterator[Fault]:
    same_server: First = {}
    options: First = {}
    defaults: First = {}
    for server in _http_servers(root):
        for listen, place in _plain_listens(server):
            address = listen.address
            yield from _second(same_server, (id(server), address), listen, place, "a duplicate listen")
            if listen.has_own_socket:
                yield from _second(options, address, listen, place, "duplicate listen options for")
            if any(listen.has_parameter(word) for word in DEFAULT_SERVER):
                yield from _second(defaults, address, listen, place, "a duplicate default server for")


def _http_servers(root: Block) -> list[Block]:
    holders = ("http", "") if root.context == "http" else ("http",)
    is_server = root.context == "server" and root.stated_level in ("", "server")
    return [s for s in servers(root) if (is_server if s.parent is None else s.parent.name in holders)]


def _plain_listens(server: Block) -> Iterator[tuple[Listen, Place]]:
    """Yield the listens of a server whose every word is written out, with the place of the address."""
    for block in server.named("listen"):
        words = block.directive.args if block.directive else ()
        if words and block.text and not block.is_template and all(map(_is_plain, words)):
            place = Place(block.text, words[0].span)
            yield from ((listen, place) for listen in listens_by(server, block))


def _is_plain(word: Word) -> bool:
    return not word.unknown and "$" not in word.text


def _second(first: First, key: Hashable, listen: Listen, place: Place, words: str) -> Iterator[Fault]:
    """Yield a fault if another listen was noted under `key`, else note this one."""
    earlier = first.setdefault(key, place)
    if earlier is not place:
        told = f"{words} {listen.address}: the first is in {earlier}"
        yield Fault("listen_clash", told, place, listen.server, "listen")


def _clashing_upstreams(holder: Block) -> Iterator[Fault]:
    first: First = {}
    for block in holder.named("upstream"):
        place = _place_of_name(block)
        if place and block.arguments:
            earlier = first.setdefault(block.arguments[0].lower(), place)
            if earlier is not place:
                words = f'duplicate upstream "{block.arguments[0]}": the first is in {earlier}'
                yield Fault("name_clash", words, place, block, "upstream")


def _clashing_locations(holder: Block) -> Iterator[Fault]:
    first: First = {}
    for block in holder.named("location"):
        key, place = _location_key(block.arguments), _place_of_name(block)
        if key and place:
            earlier = first.setdefault(key, place)
            if earlier is not place:
                words = f'duplicate location "{key[1]}": the first is in {earlier}'
                yield Fault("name_clash", words, place, block, "location")


def _location_key(arguments: list[str]) -> tuple[str, str] | None:
    """Return what may not be twice among locations beside each other; None for regexes and named ones."""
    if len(arguments) == 2:
        modifier, name = arguments
    elif len(arguments) == 1:
        modifier = next(m for m in MODIFIERS if arguments[0].startswith(m))
        name = arguments[0].removeprefix(modifier)
    else:
        return None
    if modifier not in UNIQUE_MODIFIERS or name.startswith("@"):
        return None
    return UNIQUE_MODIFIERS[modifier], name


def _place_of_name(block: Block) -> Place | None:
    """Return the place of a block's last argument, if every word is written out."""
    words = block.directive.args if block.directive else ()
    if not words or block.text is None or block.is_template or not all(map(_is_plain, words)):
        return None
    return Place(block.text, words[-1].span)
