"""From a written word to a `Value`: places, numbers and times as the programs read them."""

import re
from collections.abc import Callable

from tuner.formats.document import Word
from tuner.source.regex import regex
from tuner.source.text import Text
from tuner.stack.value import Data, Origin, Override, Place, Value

INT64_MAX = 2**63 - 1
NGINX_TIME_STEP = regex(r"0*([0-9]{0,19})(ms|[wdhms ]) *")
NGINX_TIME_REST = regex(r"0*([0-9]{0,19})\Z")
NGINX_TIME_STEPS_MS = {
    "w": (1, 604_800_000),
    "d": (2, 86_400_000),
    "h": (3, 3_600_000),
    "m": (4, 60_000),
    "s": (5, 1000),
    "ms": (6, 1),
    " ": (7, 1000),
}
NGINX_SECONDS_STEP = 5
PHP_TIME_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
C_INTEGER = regex(r"[ \t\n\v\f\r]*([+-]?)0*([0-9]*)")

OVERRIDES_CAP = 20
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
        return Value(name, None, origin._replace(kind="unknown", words=word.unknown), unit, "unknown", label)
    data = read(word.text)
    if data is None:
        refused = origin._replace(kind="refused", words=f"'{word.text}' is refused")
        return Value(name, None, refused, unit, "unknown", label)
    return Value(name, data, origin, unit, label=label, default=default)


def overriding(winner: Value, loser: Value, reason: str) -> Value:
    """Return `winner` with `loser` noted as overridden, if a file set the loser.

    Of more than `OVERRIDES_CAP` the nearest stay.
    """
    lost = (*loser.overrides, *winner.overrides)
    if loser.data is not None and loser.origin.place is not None:
        lost = (Override(loser.data, loser.origin, reason), *lost)
    return winner._replace(overrides=lost[:OVERRIDES_CAP])


def switched_off(value: Value) -> Value:
    """Return `value` as disabled if it is a known 0."""
    return value._replace(state="disabled") if value.is_known and value.data == 0 else value


def c_int(text: str) -> int:
    """Return what C's atoi() makes of `text`, wrapped to 32 bits as php-fpm stores it."""
    found = C_INTEGER.match(text)
    sign, digits = found.groups() if found else ("", "")
    # strtol() stops at the bounds of 64 bits; 20 digits are beyond them.
    size = int(digits[:20] or "0")
    return wrap_int32(max(-INT64_MAX - 1, -size) if sign == "-" else min(INT64_MAX, size))


def wrap_int32(number: int) -> int:
    """Return `number` as a 32-bit signed integer keeps it."""
    return (number + 2**31) % 2**32 - 2**31


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
    """Return seconds of an nginx timeout (`60`, `1m30s`, `500ms`), or None where nginx refuses it.

    Units go from large to small, each once; a number without a unit counts seconds. Source: ngx_parse_time.
    """
    total_ms, reached, at = 0, 0, 0
    while found := NGINX_TIME_STEP.match(text, at):
        step, unit_ms = NGINX_TIME_STEPS_MS[found.group(2)]
        if reached >= (step if found.group(2) != " " else NGINX_SECONDS_STEP):
            return None
        total_ms += int(found.group(1) or "0") * unit_ms
        reached, at = step, found.end()
    rest = NGINX_TIME_REST.match(text, at)
    has_number = any(digit in text for digit in "0123456789")
    if rest is None or not has_number:
        return None
    total_ms += int(rest.group(1) or "0") * 1000
    if total_ms > INT64_MAX:
        return None
    return total_ms / 1000 if total_ms % 1000 else total_ms // 1000


def decimal(text: str) -> int | None:
    """Return a plain decimal integer, maybe negative, or None."""
    return int(text) if re.fullmatch(r"-?[0-9]{1,30}", text) else None


def as_text(text: str) -> str:
    """Return the text itself: every word is allowed."""
    return text
