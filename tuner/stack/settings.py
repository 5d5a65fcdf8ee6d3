"""From a written word to a `Value`: places, numbers and times as the programs read them."""

import re
from collections.abc import Callable
from dataclasses import replace

from tuner.formats.document import Word
from tuner.source.text import Text
from tuner.stack.value import Data, Origin, Override, Place, Value

NGINX_TIME = re.compile(
    r"(?:(\d+)y)?\s*(?:(\d+)M)?\s*(?:(\d+)w)?\s*(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m(?!s))?\s*(?:(\d+)s?)?\s*(?:(\d+)ms)?\Z"
)
NGINX_TIME_UNITS_S = (31536000, 2592000, 604800, 86400, 3600, 60, 1, 0.001)
PHP_TIME_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
C_INTEGER = re.compile(r"[ \t\n\v\f\r]*([+-]?\d+)")

Reader = Callable[[str], Data | None]


def written(
    name: str,
    word: Word,
    text: Text,
    read: Reader,
    *,
    label: str,
    unit: str = "",
    default: Data | None = None,
) -> Value:
    """Return the value that `word` sets; unknown, with the reason, where the file does not fix it.

    `read` returns None for text that the program would refuse.
    """
    place = Place(text, word.span)
    origin = Origin("file", str(place), place)
    if word.unknown:
        return Value(name, None, replace(origin, kind="unknown", words=word.unknown), unit, "unknown", label)
    data = read(word.text)
    if data is None:
        refused = replace(origin, kind="refused", words=f"'{word.text}' is refused")
        return Value(name, None, refused, unit, "unknown", label)
    return Value(name, data, origin, unit, label=label, default=default)


def overriding(winner: Value, loser: Value, reason: str) -> Value:
    """Return `winner` with `loser` noted as overridden, if a file set the loser."""
    if loser.data is None or loser.origin.place is None:
        return winner
    entry = Override(loser.data, loser.origin, reason)
    return replace(winner, overrides=(entry, *loser.overrides, *winner.overrides))


def switched_off(value: Value) -> Value:
    """Return `value` as disabled if it is a known 0."""
    return replace(value, state="disabled") if value.is_known and value.data == 0 else value


def c_int(text: str) -> int:
    """Return what C's atoi() makes of `text`, wrapped to 32 bits as php-fpm stores it."""
    found = C_INTEGER.match(text)
    return wrap_int32(int(found.group(1))) if found else 0


def wrap_int32(number: int) -> int:
    """Return `number` as a 32-bit signed integer keeps it."""
    saturated = max(-(2**63), min(2**63 - 1, number))
    return (saturated + 2**31) % 2**32 - 2**31


def php_fpm_integer(text: str) -> int | None:
    """Return an integer directive's value, or None where php-fpm says "not a valid number"."""
    return c_int(text) if re.fullmatch(r"-?[0-9]*", text) else None


def php_fpm_time_s(text: str) -> int | None:
    """Return seconds of a time directive: the last character is the unit, the rest goes through atoi()."""
    if not text:
        return None
    if text[-1] in PHP_TIME_UNITS_S:
        return wrap_int32(c_int(text[:-1]) * PHP_TIME_UNITS_S[text[-1]])
    return c_int(text) if text[-1].isascii() and text[-1].isdigit() else None


def nginx_time_s(text: str) -> int | float | None:
    """Return seconds of an nginx time (`60`, `1m30s`, `500ms`), or None where nginx refuses it."""
    found = NGINX_TIME.match(text)
    if not text or not found or not any(found.groups()):
        return None
    pairs = zip(found.groups(), NGINX_TIME_UNITS_S, strict=True)
    seconds = sum(int(number) * unit for number, unit in pairs if number)
    return int(seconds) if seconds == int(seconds) else seconds


def decimal(text: str) -> int | None:
    """Return a plain decimal integer, maybe negative, or None."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,30}", text) else None


def as_text(text: str) -> str:
    """Return the text itself: every word is allowed."""
    return text
