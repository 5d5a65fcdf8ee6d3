"""PHP-FPM's access.format: its tokens, what each can look like, the units of those that have some.

Source: sapi/fpm/fpm/fpm_log.c. Nothing is escaped there: a quote in a URI is written as it is.
"""

import re
from collections.abc import Mapping

from tuner.load.line_format import DATE, DECIMAL, NUMBER, WORD, Field, LineFormat, Piece, Shape, or_empty

DEFAULT = '%R - %u %t "%m %r" %s'
"""What php-fpm writes where access.format is not set: it has no duration."""

ADVICE = 'access.format = "%{%s}T %p %n %s %{micro}d %M %C %m %r"'
"""What to log; `micro` is taken by every version, `milli` only since PHP 8.0 (`mili` before)."""

DURATION_S: Mapping[str, float] = {
    "seconds": 1.0,
    "": 1.0,
    **dict.fromkeys(("mili", "miliseconds", "milli", "milliseconds"), 1e-3),
    **dict.fromkeys(("micro", "microseconds"), 1e-6),
}
"""Seconds in a unit of %d."""

MEMORY_BYTES: Mapping[str, int] = {
    "bytes": 1,
    "": 1,
    **dict.fromkeys(("kilo", "kilobytes"), 1024),
    **dict.fromkeys(("mega", "megabytes"), 1024 * 1024),
}
"""Bytes in a unit of %M."""

_EPOCH = "%s"
_TOKEN = re.compile(r"%(?:\{([^}]*)\})?([A-Za-z%])")
_SHAPES: dict[str, Shape] = {
    **dict.fromkeys("lpPsM", or_empty(NUMBER)),
    **dict.fromkeys("Cd", or_empty(DECIMAL)),
    **dict.fromkeys("mR", or_empty(WORD)),
    "n": WORD,
}
_OPEN = "efoqQru"
_TIMES = "tT"


def read_access_format(text: str) -> LineFormat:
    """Return the pieces of a format; a field is named as its token without the percent sign: `{micro}d`.

    Raises ValueError for a token that php-fpm does not know.
    """
    pieces: list[Piece] = []
    at = 0
    for token in _TOKEN.finditer(text):
        _add(pieces, text[at : token.start()])
        at = token.end()
        argument, letter = token[1] or "", token[2]
        if letter == "%":
            _add(pieces, "%")
            continue
        pieces.append(Field(token[0][1:], _shape(letter, argument, token[0])))
    _add(pieces, text[at:])
    if "%" in text[at:] or not any(isinstance(piece, Field) for piece in pieces):
        raise ValueError(f"{text!r} is no access.format: it has no token such as %d, or a lone %")
    return LineFormat(text, tuple(pieces))


def _add(pieces: list[Piece], text: str) -> None:
    """Append constant text, joined with what stands before it."""
    if not text:
        return
    if pieces and isinstance(pieces[-1], bytes):
        pieces[-1] += text.encode()
    else:
        pieces.append(text.encode())


def _shape(letter: str, argument: str, token: str) -> Shape | None:
    if letter in _TIMES:
        return DATE if not argument else NUMBER if argument == _EPOCH else None
    units: dict[str, Mapping[str, float]] = {"d": DURATION_S, "M": MEMORY_BYTES}
    if letter in units and argument not in units[letter]:
        raise ValueError(f"access.format: php-fpm knows no {token}")
    if letter in _SHAPES:
        return _SHAPES[letter]
    if letter not in _OPEN:
        raise ValueError(f"access.format: php-fpm knows no {token}")
    return None


def token_of(line_format: LineFormat, letters: str) -> str | None:
    """Return the name of the first field with one of these letters, in the order of the letters."""
    names = [piece.name for piece in line_format.pieces if isinstance(piece, Field)]
    return next((name for letter in letters for name in names if name[-1] == letter), None)


def argument_of(name: str) -> str:
    """Return what stands in the braces of a field's name: `micro` of `{micro}d`."""
    return name[1:-2] if name.startswith("{") else ""
