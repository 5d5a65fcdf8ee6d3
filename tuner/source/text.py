"""One file's bytes with an index of its lines."""

from bisect import bisect_right
from functools import cached_property

from tuner.source.span import Position, Span

BOM = b"\xef\xbb\xbf"


def decode(data: bytes) -> str:
    """Return `data` as text; bytes that are not UTF-8 become lone surrogates, so nothing is lost."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """Return the bytes that `decode` made `text` of; sorted by them, names stand in the programs' order."""
    return text.encode("utf-8", "surrogateescape")


class Text:
    """The bytes of one file under the path that users see.

    Only LF ends a line; columns count characters, and a byte that is not UTF-8 counts as one.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        find = self.data.find
        at = find(b"\n")
        while at >= 0:
            starts.append(at + 1)
            at = find(b"\n", at + 1)
        return starts

    def line_number(self, offset: int) -> int:
        """Return the line, from 1, of the byte at `offset`."""
        return bisect_right(self._line_starts, max(0, offset))

    def under(self, path: str) -> "Text":
        """Return the same bytes under another path; the index of lines is made once for all of them."""
        other = Text(path, self.data)
        other._line_starts = self._line_starts
        return other

    def position(self, offset: int) -> Position:
        """Return line and column of the byte at `offset` (the end of the file is a valid place)."""
        offset = max(0, min(offset, len(self.data)))
        line = self.line_number(offset)
        return Position(line, len(decode(self.data[self._line_starts[line - 1] : offset])) + 1)

    def line(self, number: int) -> str:
        """Return line `number` (from 1) without its line end."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] if number < len(self._line_starts) else len(self.data)
        return decode(self.data[start:end]).rstrip("\r\n")

    def slice(self, span: Span) -> str:
        """Return the text of `span`."""
        return decode(self.data[span.start : span.end])
