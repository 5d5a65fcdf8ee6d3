"""Template holes: found by a grammar that the caller passes, and masked without moving a byte."""

import re
from bisect import bisect_left
from re import Pattern
from typing import NamedTuple

from tuner.source.span import Span

MASK = b"x"


class HoleGrammar(NamedTuple):
    """What a template language looks like.

    `value` matches a hole that stands for text; it is masked by a word of the same length.
    `control` matches what leaves no text (statements, comments); it is masked by blanks, line ends kept.
    """

    value: Pattern[bytes]
    control: Pattern[bytes]


class Masked(NamedTuple):
    """Template text with its holes masked: `data` has the length of the original."""

    data: bytes
    holes: tuple[Span, ...]

    def touches(self, span: Span) -> bool:
        """Say whether `span` overlaps a hole, that is, whether its text is not fixed."""
        after = bisect_left(self.holes, (span.end,))
        return after > 0 and self.holes[after - 1].end > span.start


def mask(data: bytes, grammar: HoleGrammar) -> Masked:
    """Return `data` with its holes masked; offsets of everything else stay as they are."""
    holes: list[Span] = []

    def blank(match: re.Match[bytes]) -> bytes:
        return re.sub(rb"[^\r\n]", b" ", match.group())

    def word(match: re.Match[bytes]) -> bytes:
        holes.append(Span(match.start(), match.end()))
        return MASK * len(match.group())

    without_control = grammar.control.sub(blank, data)
    return Masked(grammar.value.sub(word, without_control), tuple(holes))
