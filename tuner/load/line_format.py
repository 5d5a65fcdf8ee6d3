"""A log line's format as pieces: literal text and fields of a known shape, in any program's notation.

A shape is closed when its own pattern says where a value ends, whatever stands behind it. An open field may
hold anything, also what looks like the rest of the line: only its neighbours tell where it ends.
"""

import re
from dataclasses import dataclass, replace

LONGEST_LINE_BYTES = 65_536
"""nginx's own buffers hold less; what lies beyond is not looked at."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value looks like: regular expressions for its bytes read forwards and read backwards.

    Both are possessive: they never give back a byte, so that matching takes linear time. `has_spaces` says
    that a value may hold a space, `is_list` that this is so only between the entries of a list. A word ends
    only at one of the DELIMITERS: the constant text beside it has to hold one.
    """

    forwards: bytes
    backwards: bytes
    has_spaces: bool = False
    is_list: bool = False
    is_word: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A value in the line; `shape` is None for an open one."""

    name: str
    shape: Shape | None


Piece = bytes | Field


@dataclass(frozen=True, slots=True)
class LineFormat:
    """The pieces of a line, in order, and the text that a user wrote for them."""

    text: str
    pieces: tuple[Piece, ...]

    def __post_init__(self) -> None:
        """Raise ValueError for a format that is longer than any line that is read."""
        if len(self.text) > LONGEST_LINE_BYTES:
            raise ValueError(
                f"a format of {len(self.text)} characters: lines are read up to {LONGEST_LINE_BYTES} bytes"
            )

    @property
    def names(self) -> frozenset[str]:
        """The names of all fields in it."""
        return frozenset(piece.name for piece in self.pieces if isinstance(piece, Field))


_COUNT = rb"[0-9]++"
_MINUS = rb"-"


def _either(*patterns: bytes) -> bytes:
    return rb"(?>" + rb"|".join(patterns) + rb")"


def list_of(one: Shape) -> Shape:
    """Return the shape of nginx's lists: `a, b` for the tries of an upstream, `a : b` for the next one."""
    return replace(
        one,
        forwards=one.forwards + rb"(?>(?>, | : )" + one.forwards + rb")*+",
        backwards=one.backwards + rb"(?>(?> ,| : )" + one.backwards + rb")*+",
        has_spaces=True,
        is_list=True,
    )


def or_empty(one: Shape) -> Shape:
    """Return the shape of a value that may be missing: nothing, or a minus sign."""
    return replace(
        one,
        forwards=_either(one.forwards, _MINUS, b""),
        backwards=_either(one.backwards, _MINUS, b""),
    )


NUMBER = Shape(_COUNT, _COUNT)
DECIMAL = Shape(rb"[0-9]++(?>\.[0-9]++)?+", rb"(?>[0-9]++\.)?+[0-9]++")
DELIMITERS = b' "[],{}\t|'
WORD_BYTE = b"[^" + re.escape(DELIMITERS) + b"]"
WORD = Shape(WORD_BYTE + b"++", WORD_BYTE + b"++", is_word=True)
DATE = Shape(
    rb"[0-9]{2}/[A-Za-z]{3}/[0-9]{4}(?>:[0-9]{2}){3} [+-][0-9]{4}",
    rb"[0-9]{4}[+-] (?>[0-9]{2}:){3}[0-9]{4}/[A-Za-z]{3}/[0-9]{2}",
    has_spaces=True,
)
ISO_DATE = Shape(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?>[0-9]{2}:){2}[0-9]{2}(?>[+-][0-9]{2}:[0-9]{2}|Z)",
    rb"(?>[0-9]{2}:[0-9]{2}[+-]|Z)[0-9]{2}(?>:[0-9]{2}){2}T[0-9]{2}-[0-9]{2}-[0-9]{4}",
)
QUOTED = Shape(rb'[^"]*+', rb'[^"]*+', has_spaces=True)
"""Between quotes, where the program writes a quote within the value in another way."""

QUOTED_JSON = Shape(rb'[^"\\]*+(?>\\.[^"\\]*+)*+', rb'[^"]*+(?>"(?=\\)[^"]*+)*+', has_spaces=True)
"""Between quotes, where a quote within the value has a backslash before it."""
