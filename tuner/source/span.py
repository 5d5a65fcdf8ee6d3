"""Places in a file."""

from typing import NamedTuple


class Span(NamedTuple):
    """Bytes `start` (inclusive) to `end` (exclusive) of one file."""

    start: int
    end: int


class Position(NamedTuple):
    """A place as people write it: line and column, both from 1, the column in characters."""

    line: int
    column: int
