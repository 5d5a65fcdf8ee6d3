"""New directives in a file, written as their neighbours are."""

import re
from typing import NamedTuple

from tuner.change.dialect import DIALECTS
from tuner.change.editable import (
    editable,
    has_template_statements,
    indentation,
    is_first_in_line,
    line_end,
    line_ending,
)
from tuner.change.effect import Argument, Effect, Node, Position
from tuner.change.making import Batch, Making
from tuner.change.verify import Change
from tuner.change.writing import Setting, Writing
from tuner.errors import ChangeError
from tuner.formats.document import Directive, Document
from tuner.source.edit import Edit
from tuner.source.span import Span

_FOUR_BLANKS = b"    "
_TIGHT_EQUALS = re.compile(rb"\S=\S")


class NewDirective(NamedTuple):
    """A directive to write: `key` is the subscript of a php-fpm array, or the `-` of a sysctl assignment."""

    name: str
    values: tuple[Setting, ...]
    key: str = ""


def insert_after(
    document: Document, new: NewDirective, neighbour: Directive, batch: Batch | None = None
) -> Change:
    """Put `new` behind `neighbour`, on a line of its own where `neighbour` ends its line.

    Raises ChangeError if the format cannot write it, or if something else would be read otherwise.
    """
    editable(document)
    if document.kind == "php-fpm" and neighbour.children is not None:
        raise ChangeError(f"behind the section {neighbour.name.text} is still in it: name it as the block")
    data = document.text.data
    making = batch or Making(document)
    at, depth, size = making.position_of(neighbour)
    entry, node = _entry(document, new, neighbour, depth)
    end = neighbour.span.end
    rest = data[end : line_end(data, end)].strip()
    if DIALECTS[document.kind].has_blocks and rest and not rest.startswith(b"#"):
        edit = Edit(Span(end, end), b" " + entry)
    else:
        edit = _line_behind(data, end, _indentation_beside(data, neighbour) + entry)
    return making.finished(Change(edit, Effect(at + size, 0, (node,))))


def insert_into(
    document: Document, new: NewDirective, block: Directive | None = None, batch: Batch | None = None
) -> Change:
    """Put `new` at the end of a php-fpm section or an nginx block, or of the file's top level if None.

    Raises ChangeError as `insert_after`, for a php-fpm file whose end lies within a section, and where
    a template's statements leave open how often the place comes.
    """
    editable(document)
    if has_template_statements(document):
        raise ChangeError(f"{document.text.path}: a template's statements decide what comes at the end")
    if block is None:
        return _at_top_level(document, new, batch)
    if block.children is None:
        raise ChangeError(f"{block.name.text} is not a block")
    making = batch or Making(document)
    position = making.position_of(block)
    if DIALECTS[document.kind].has_blocks:
        change = _before_brace(document, new, block, position)
    else:
        change = _at_end_of_section(document, new, block, position)
    return making.finished(change)


def _at_top_level(document: Document, new: NewDirective, batch: Batch | None) -> Change:
    data = document.text.data
    last = document.directives[-1] if document.directives else None
    if document.kind == "php-fpm" and last is not None:
        if last.children is not None:
            raise ChangeError(f"{document.text.path}: the end of the file lies in a section: name one")
        return insert_after(document, new, last, batch)
    entry, node = _entry(document, new, last, 0)
    making, at = batch or Making(document), 0
    if last is not None:
        position = making.position_of(last)
        at = position.at + position.size
    edit = _line_behind(data, len(data), entry)
    return making.finished(Change(edit, Effect(at, 0, (node,))))


def _at_end_of_section(
    document: Document, new: NewDirective, section: Directive, position: Position
) -> Change:
    data = document.text.data
    last = section.children[-1] if section.children else None
    entry, node = _entry(document, new, last, position.depth + 1)
    indent = b"" if last is None else _indentation_beside(data, last)
    edit = _line_behind(data, section.span.end, indent + entry)
    return Change(edit, Effect(position.at + position.size, 0, (node,)))


def _before_brace(document: Document, new: NewDirective, block: Directive, position: Position) -> Change:
    data = document.text.data
    brace = block.span.end - 1
    if data[brace : block.span.end] != b"}":
        raise ChangeError(f"the block {block.name.text} is not closed")
    entry, node = _entry(document, new, None, position.depth + 1)
    if is_first_in_line(data, brace):
        at = brace - len(indentation(data, brace))
        edit = Edit(Span(at, at), _indentation_within(data, block) + entry + line_ending(data, brace))
    else:
        before = b"" if data[brace - 1 : brace] in (b" ", b"\t") else b" "
        edit = Edit(Span(brace, brace), before + entry + b" ")
    return Change(edit, Effect(position.at + position.size, 0, (node,)))


def _entry(
    document: Document, new: NewDirective, neighbour: Directive | None, depth: int
) -> tuple[bytes, Node]:
    """Return how the directive is written, and what will be read."""
    dialect = DIALECTS[document.kind]
    values: list[Writing] = [dialect.write_value(value) for value in new.values]
    equals = _equals_of(document.text.data, neighbour)
    entry = dialect.write_entry(new.name, new.key, values, equals)
    arguments = tuple(Argument(value.text) for value in values)
    return entry, Node(depth, dialect.name(new.name), new.key, arguments, False)


def _equals_of(data: bytes, neighbour: Directive | None) -> bytes:
    """Return ` = `, or `=` where the neighbour has no blanks around it."""
    if neighbour is None or _TIGHT_EQUALS.search(data[neighbour.span.start : neighbour.span.end]) is None:
        return b" = "
    return b"="


def _line_behind(data: bytes, at: int, line: bytes) -> Edit:
    """Return the edit that puts `line` behind the line with byte `at`; a last line may lack its end."""
    end = line_end(data, at)
    ending = line_ending(data, at)
    if end < len(data):
        return Edit(Span(end + 1, end + 1), line + ending)
    is_at_start = end == 0 or data.endswith(b"\n")
    return Edit(Span(end, end), line + ending if is_at_start else ending + line)


def _indentation_beside(data: bytes, neighbour: Directive) -> bytes:
    return indentation(data, neighbour.span.start)


def _indentation_within(data: bytes, block: Directive) -> bytes:
    """Return the indentation of the block's last directive that begins its line, else one step more."""
    for child in reversed(block.children or ()):
        if is_first_in_line(data, child.span.start):
            return indentation(data, child.span.start)
    outer = indentation(data, block.span.start)
    return outer + (b"\t" if outer[-1:] == b"\t" else _FOUR_BLANKS)
