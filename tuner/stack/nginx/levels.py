"""Which kind of block a directive stands in, as far as the files tell."""

from collections.abc import Iterator
from functools import cache

from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.directives import ANYWHERE, LEVELS, forms_of
from tuner.stack.nginx.surroundings import INSIDE

Levels = frozenset[str]


@cache
def inside(name: str, around: Levels) -> Levels:
    """Return what the inside of a block may be that is called `name` and stands in one of `around`.

    Nothing for a block that is not nginx's own, or that holds no directives, as `map` and `types` do.
    """
    kinds = INSIDE.get(name, {})
    return frozenset(kinds[level] for level in around if level in kinds)


def outermost_levels(root: Block) -> Levels:
    """Return what the outermost block of a configuration may be.

    Of a file on its own that is where all its directives may stand; every level where no single one would do.
    """
    if root.is_complete:
        return frozenset({"main"})
    if root.stated_level:
        return frozenset({root.stated_level})
    possible = LEVELS
    for _, children in root.each_name():
        allowed = _allowed(children[0])
        possible = possible & allowed if allowed else possible
    return possible or LEVELS


def holders(root: Block) -> Iterator[tuple[Block, Levels]]:
    """Yield every block whose directives are nginx's, with what it may be."""
    pending = [(root, outermost_levels(root))]
    while pending:
        block, levels = pending.pop()
        if not levels:
            continue
        yield block, levels
        pending.extend((child, inside(child.name, levels)) for child in reversed(block.blocks))


def _allowed(child: Block) -> Levels:
    """Return where a directive may stand; nothing where that says nothing of its surroundings."""
    forms = [form for form in forms_of(child.name) if form.is_block == child.is_block]
    if any(ANYWHERE in form.levels for form in forms):
        return frozenset()
    return frozenset(level for form in forms for level in form.levels)
