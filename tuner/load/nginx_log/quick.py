"""The quick way to a request: five words from the end of a line, most of which were seen before.

Times in milliseconds, statuses and upstreams repeat from line to line: what a word means is looked up and
parsed once. A word that means nothing here leaves its line to the careful way.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from tuner.load.line_format import DECIMAL, LineFormat
from tuner.load.line_tail import tail_words
from tuner.load.nginx_log.log_format import UPSTREAM_ADDR
from tuner.load.nginx_log.values import MISSING, seconds_of, status_of

MOST_REMEMBERED = 20_000

_Meaning = TypeVar("_Meaning")
_Affix = tuple[bytes, bytes]
_DECIMAL = re.compile(DECIMAL.forwards)
_NO_AFFIX = (b"", b"")


class Remembered(dict[bytes, _Meaning]):
    """What words mean: parsed at the first sight, without the constant text around them.

    Raises ValueError for a word that means nothing, or has not this text around it.
    """

    def __init__(self, parse: Callable[[bytes], _Meaning], affix: _Affix) -> None:
        super().__init__()
        self._parse, self._affix = parse, affix

    def __missing__(self, word: bytes) -> _Meaning:
        meaning = self._parse(_without(word, self._affix))
        if len(self) >= MOST_REMEMBERED:
            self.clear()
        self[word] = meaning
        return meaning


class QuickWords(NamedTuple):
    """How to take the words of a line: how often to split at a space from the right, and which is what.

    `guard` is that of `TailWords`, None where its word is parsed anyway. An upstream is None where a request
    was not passed on.
    """

    splits: int
    guard: int | None
    places: Sequence[int]
    clock: Callable[[bytes], float]
    took_s: Remembered[float]
    statuses: Remembered[int]
    upstream_ms: Remembered[int]
    upstreams: Remembered[bytes | None]


def quick_words(line_format: LineFormat, names: Sequence[str]) -> QuickWords | None:
    """Return how to read lines that end in these values; None for a format that patterns have to read.

    The names are those of the clock ($msec), $request_time, $status, $upstream_response_time and of what
    tells whether a request was passed on.
    """
    wanted = list(dict.fromkeys(names))
    words = tail_words(line_format, wanted)
    if words is None or words.guard is None:
        return None
    places = [words.places[wanted.index(name)] for name in names]
    around = {place: (prefix, suffix) for place, prefix, suffix in words.affixes}
    affixes = [around.get(place, _NO_AFFIX) for place in places]
    # An $upstream_addr is never `-` within a list, so that no list hides behind one that is.
    is_parsed = names[-1] == UPSTREAM_ADDR and words.guard in places[:-1]
    return QuickWords(
        words.splits,
        None if is_parsed else words.guard,
        places,
        _clock(affixes[0]),
        Remembered(_decimal_s, affixes[1]),
        Remembered(status_of, affixes[2]),
        Remembered(lambda word: int(_decimal_s(word) * 1000 + 0.5), affixes[3]),
        Remembered(_upstream, affixes[4]),
    )


def _without(word: bytes, affix: _Affix) -> bytes:
    prefix, suffix = affix
    if len(word) < len(prefix) + len(suffix) or not (word.startswith(prefix) and word.endswith(suffix)):
        raise ValueError
    return word[len(prefix) : len(word) - len(suffix)]


def _clock(affix: _Affix) -> Callable[[bytes], float]:
    """Return how to read the one word that is new in each line."""
    if affix == _NO_AFFIX:
        return float
    return lambda word: float(_without(word, affix))


def _decimal_s(word: bytes) -> float:
    if not _DECIMAL.fullmatch(word):
        raise ValueError
    return seconds_of(word)


def _upstream(word: bytes) -> bytes | None:
    if not word:
        raise ValueError
    return None if word in MISSING else word
