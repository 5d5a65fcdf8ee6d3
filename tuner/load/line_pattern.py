"""From a line's format to what finds the wanted values in a line, in linear time.

Everything before the first open field is matched from the left, everything behind the last one from the
right, on the reversed line. No pattern gives back what it has taken, so no line can make it slow. A wanted
value between two open fields has no certain place: such a format is refused. What is left over in the middle
is the value of the one open field.
"""

import re
from collections.abc import Sequence

from tuner.load.line_format import DELIMITERS, LONGEST_LINE_BYTES, WORD_BYTE, Field, LineFormat, Piece

FARTHEST_DELIMITER = 64
"""How far behind a word what ends it may begin: so many bytes are compared at each byte of the word."""


class AmbiguousFormatError(ValueError):
    """A wanted value, named in the text, has no certain place in the format's lines."""


class LinePattern:
    """Finds the values of `wanted` fields in lines of a format.

    Raises AmbiguousFormatError, saying which field, and KeyError for a field that the format does not have.
    """

    def __init__(self, line_format: LineFormat, wanted: Sequence[str]) -> None:
        missing = [name for name in wanted if name not in line_format.names]
        if missing:
            raise KeyError(missing[0])
        pieces = line_format.pieces
        opened = [n for n, piece in enumerate(pieces) if isinstance(piece, Field) and _is_open(pieces, n)]
        self._is_closed = not opened
        before = pieces[: opened[0]] if opened else pieces
        behind = pieces[opened[-1] + 1 :] if opened else ()
        left, right = _fields(before), _fields(behind)
        middle = _fields([pieces[opened[0]]]) if len(opened) == 1 else []
        self._forwards = re.compile(_pattern(before), re.DOTALL)
        self._backwards = re.compile(_pattern(_reversed(behind), backwards=True), re.DOTALL)
        # The values are put together as those of the left, those of the right reversed, and the middle.
        order = [*left, *reversed(right), *middle]
        ambiguous = [name for name in wanted if name not in order]
        if ambiguous:
            raise AmbiguousFormatError(ambiguous[0])
        self._places = [order.index(name) for name in wanted]
        self._lefts = len(left)

    def match(self, line: bytes) -> list[bytes] | None:
        """Return the wanted values of a line without its end, or None if it has not this format."""
        if len(line) > LONGEST_LINE_BYTES:
            return None
        if self._is_closed:
            whole = self._forwards.fullmatch(line)
            values = whole.groups() if whole else ()
            return [values[place] for place in self._places] if whole else None
        forwards = self._forwards.match(line)
        if forwards is None:
            return None
        backwards = self._backwards.match(line[::-1])
        if backwards is None or forwards.end() + backwards.end() > len(line):
            return None
        middle = line[forwards.end() : len(line) - backwards.end()]
        found = (*forwards.groups(), *(value[::-1] for value in backwards.groups()), middle)
        return [found[place] for place in self._places]


def _fields(pieces: Sequence[Piece]) -> list[str]:
    return [piece.name for piece in pieces if isinstance(piece, Field)]


def _reversed(pieces: Sequence[Piece]) -> list[Piece]:
    return [piece[::-1] if isinstance(piece, bytes) else piece for piece in reversed(pieces)]


def _is_open(pieces: Sequence[Piece], n: int) -> bool:
    """Say whether a field may hold anything, or is a word with nothing beside it that ends words."""
    field = pieces[n]
    if not isinstance(field, Field) or field.shape is None:
        return True
    before, behind = pieces[max(0, n - 1) : n], pieces[n + 1 : n + 2]
    near = [piece[-FARTHEST_DELIMITER:] if isinstance(piece, bytes) else b"" for piece in before]
    near += [piece[:FARTHEST_DELIMITER] if isinstance(piece, bytes) else b"" for piece in behind]
    return field.shape.is_word and any(not any(byte in DELIMITERS for byte in text) for text in near)


def _pattern(pieces: Sequence[Piece], *, backwards: bool = False) -> bytes:
    """Return the pattern of pieces in the order of reading."""
    parts = []
    for n, piece in enumerate(pieces):
        if isinstance(piece, bytes):
            parts.append(re.escape(piece))
        elif piece.shape is not None:
            one = piece.shape.backwards if backwards else piece.shape.forwards
            behind = pieces[n + 1] if n + 1 < len(pieces) else None
            if piece.shape.is_word and isinstance(behind, bytes) and behind[0] not in DELIMITERS:
                one = one.replace(WORD_BYTE, b"(?>(?!" + re.escape(behind) + b")" + WORD_BYTE + b")")
            parts.append(b"(" + one + b")")
    return b"".join(parts)
