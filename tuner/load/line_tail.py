"""The quick way to the values at the end of a line: split at spaces, from the right.

It takes a value only where a line of this format cannot mean anything else, and leaves every other line to
`tuner.load.line_pattern`. A list of tries (`0.1, 0.2`) holds spaces and moves the words before it: then the
word before the list ends in a comma or is a colon. The LF at the end of a line belongs to its last word.
"""

from collections.abc import Sequence
from typing import NamedTuple

from tuner.load.line_format import Field, LineFormat, Piece


class _Word(NamedTuple):
    """A word of the line: a field between two constant texts."""

    field: Field
    prefix: bytes
    suffix: bytes


class TailWords(NamedTuple):
    """How to find the wanted words: how often to split, each one's place, and what surrounds them.

    The word at `guard`, if there is one, must not end in a comma or a colon. All of nginx's lists in a line
    have one entry for each try (src/http/ngx_http_upstream.c walks r->upstream_states for each of them), so
    that one of them speaks for all.
    """

    splits: int
    places: tuple[int, ...]
    affixes: tuple[tuple[int, bytes, bytes], ...]
    guard: int | None

    def values(self, line: bytes) -> list[bytes] | None:
        """Return the wanted values, or None if this line has to be read the slow way."""
        words = line.rsplit(b" ", self.splits)
        if len(words) <= self.splits:
            return None
        if self.guard is not None and words[self.guard][-1:] in LIST_SIGNS:
            return None
        if self.affixes and not strip_affixes(words, self.affixes):
            return None
        return [words[place] for place in self.places]


LIST_SIGNS = (b",", b":", b"")
"""What the word before the last entry of a list ends in; an empty one cannot be judged."""


def strip_affixes(words: list[bytes], affixes: Sequence[tuple[int, bytes, bytes]]) -> bool:
    """Take what is constant off the words; say whether it was there."""
    for place, prefix, suffix in affixes:
        word = words[place]
        if not (word.startswith(prefix) and word.endswith(suffix)):
            return False
        words[place] = word[len(prefix) : len(word) - len(suffix)]
    return True


def tail_words(line_format: LineFormat, wanted: Sequence[str]) -> TailWords | None:
    """Return how to find the wanted values by splitting, or None where that would not be certain."""
    words, starts_line = _words(line_format.pieces)
    names = [word.field.name for word in words]
    if not wanted or any(name not in names for name in wanted):
        return None
    first = min(_last(names, name) for name in wanted)
    offset = 0 if starts_line and first == 0 else 1
    tail = words[first:]
    tail[-1] = tail[-1]._replace(suffix=tail[-1].suffix + b"\n")
    places = [_last(names, name) - first for name in wanted]
    affixes = [
        (place + offset, tail[place].prefix, tail[place].suffix)
        for place in places
        if tail[place].prefix or tail[place].suffix
    ]
    lists = [n for n, word in enumerate(tail) if word.field.shape and word.field.shape.is_list]
    if lists and lists[-1] - 1 + offset < 0:
        return None
    return TailWords(
        splits=len(tail) - 1 + offset,
        places=tuple(place + offset for place in places),
        affixes=tuple(affixes),
        guard=lists[-1] - 1 + offset if lists else None,
    )


def _last(names: list[str], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)


def _words(pieces: Sequence[Piece]) -> tuple[list[_Word], bool]:
    """Return the last words of a format that are one field each, and whether they are the whole line.

    Of the fields that may hold spaces only lists are taken: they show themselves in the word before them.
    """
    words: list[_Word] = []
    rest = list(pieces)
    suffix = rest.pop() if rest and isinstance(rest[-1], bytes) else b""
    while rest and isinstance(suffix, bytes) and b" " not in suffix:
        field = rest.pop()
        before = rest.pop() if rest else b" "
        if not (isinstance(field, Field) and isinstance(before, bytes)) or not _is_word(field):
            break
        head, space, prefix = before.rpartition(b" ")
        is_first = not rest and (not space or not head)
        if not space and not is_first:
            break
        words.append(_Word(field, prefix, suffix))
        if is_first:
            return words[::-1], True
        suffix = head
    return words[::-1], False


def _is_word(field: Field) -> bool:
    return field.shape is not None and (field.shape.is_list or not field.shape.has_spaces)
