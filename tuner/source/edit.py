"""Replacements of bytes in one file; every other byte stays."""

from collections.abc import Iterable
from typing import NamedTuple

from tuner.errors import ChangeError
from tuner.source.span import Span
from tuner.source.text import decode


class Edit(NamedTuple):
    """Put `text` in the place of the bytes of `span`; an empty span is a place to insert at."""

    span: Span
    text: bytes

    def as_json(self, path: str) -> dict[str, str | int]:
        """Return the edit of the file at `path` for reports: offsets in bytes, bytes that are not UTF-8
        as lone surrogates.
        """
        return {"path": path, "start": self.span.start, "end": self.span.end, "text": decode(self.text)}


def ordered(edits: Iterable[Edit]) -> list[Edit]:
    """Return `edits` by their places, equal ones once; insertions at one place keep their order.

    Deletions that overlap become one. Raises ChangeError for any others that overlap: both touch a byte, or
    one inserts within the other's bytes.
    """
    found: list[Edit] = []
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: edit.span):
        if found and edit.span.start < found[-1].span.end:
            found[-1] = _joined(found[-1], edit)
        else:
            found.append(edit)
    return found


def _joined(before: Edit, after: Edit) -> Edit:
    (start, end), (next_start, next_end) = before.span, after.span
    if before.text or after.text:
        raise ChangeError(f"two edits overlap: bytes {start} to {end} and {next_start} to {next_end}")
    return Edit(Span(start, max(end, next_end)), b"")


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """Return `data` with all `edits` made at once: their places are those in `data`.

    Raises ChangeError for edits that overlap or reach beyond `data`.
    """
    pieces: list[bytes] = []
    at = 0
    for edit in ordered(edits):
        start, end = edit.span
        if not 0 <= start <= end <= len(data):
            raise ChangeError(f"an edit of bytes {start} to {end} lies outside the file of {len(data)} bytes")
        pieces += (data[at:start], edit.text)
        at = end
    return b"".join((*pieces, data[at:]))
