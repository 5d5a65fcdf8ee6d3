"""What a change does to the directives of a file, apart from how it is written."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tuner.errors import ChangeError
from tuner.formats.document import Directive, Document, Word
from tuner.source.span import Span


class Argument(NamedTuple):
    """An argument's text, and why it is not fixed."""

    text: str
    unknown: str = ""


class Node(NamedTuple):
    """A directive without its place; `depth` counts the blocks around it."""

    depth: int
    name: str
    key: str
    arguments: tuple[Argument, ...]
    is_block: bool


class Effect(NamedTuple):
    """Of the directives of a file in their order, `removed` from number `at` on go, `added` come."""

    at: int
    removed: int
    added: tuple[Node, ...] = ()


def nodes_of(document: Document) -> list[Node]:
    """Return the document's directives in their order, blocks before their children."""
    return [node_of(depth, directive) for depth, directive in _walk(document)]


def node_of(depth: int, directive: Directive) -> Node:
    """Return the directive, which stands in `depth` blocks, without its place."""
    arguments = tuple(Argument(word.text, word.unknown) for word in directive.args)
    key = directive.key.text if directive.key else ""
    return Node(depth, directive.name.text, key, arguments, directive.children is not None)


def _walk(document: Document) -> Iterator[tuple[int, Directive]]:
    pending = [(0, directive) for directive in reversed(document.directives)]
    while pending:
        depth, directive = pending.pop()
        yield depth, directive
        pending.extend((depth + 1, child) for child in reversed(directive.children or ()))


class Position(NamedTuple):
    """Where a directive stands: its number, its depth, and how many directives it is with all in it."""

    at: int
    depth: int
    size: int


def positions_of(document: Document) -> dict[tuple[Span, Word], Position]:
    """Return the position of each directive by its span and its name."""
    found: dict[tuple[Span, Word], Position] = {}
    open_ones: list[tuple[int, int, Directive]] = []

    def close(depth: int, behind: int) -> None:
        while open_ones and open_ones[-1][1] >= depth:
            at, own_depth, directive = open_ones.pop()
            found[directive.span, directive.name] = Position(at, own_depth, behind - at)

    count = 0
    for depth, directive in _walk(document):
        close(depth, count)
        open_ones.append((count, depth, directive))
        count += 1
    close(0, count)
    return found


def after_effects(nodes: list[Node], effects: Sequence[Effect]) -> list[Node]:
    """Return what `nodes` become when all `effects` happen at once; what comes to one place keeps its order.

    Raises ChangeError if something comes into a block that goes.
    """
    changed = list(nodes)
    going = [effect for effect in effects if effect.removed and not effect.added]
    for _, effect in sorted(enumerate(effects), key=lambda pair: (-pair[1].at, -pair[1].removed, -pair[0])):
        if not effect.removed and any(_takes_home_of(effect, other, nodes) for other in going):
            raise ChangeError(f"{effect.added[0].name} would come into a block that is deleted")
        changed[effect.at : effect.at + effect.removed] = effect.added
    return changed


def _takes_home_of(coming: Effect, going: Effect, nodes: list[Node]) -> bool:
    is_within = going.at < coming.at <= going.at + going.removed
    return is_within and nodes[going.at].depth < coming.added[0].depth
