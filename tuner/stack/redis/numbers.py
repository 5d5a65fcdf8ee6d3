"""Numbers as Redis reads them from text: exactly, or as C's own functions do."""

import math
import re

from tuner.source.regex import regex

INT64_MAX = 2**63 - 1
UINT64 = 2**64
EXACT = regex(r"(?:0|-?[1-9][0-9]{0,18})\Z")
C_LONG = regex(r"[ \t\n\v\f\r]*([+-]?[0-9]+)")
C_OCTAL = regex(r"[ \t\n\v\f\r]*([+-]?[0-7]+)")
C_DOUBLE = regex(
    r"[+-]?(?:inf(?:inity)?|0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?)\Z",
    re.IGNORECASE,
)
SIZE = regex(r"(-?[0-9]*)(b|kb?|mb?|gb?|)\Z", re.IGNORECASE)
MANTISSA_DIGIT = regex(r"[+-]?(?:0x)?[0.]*[1-9a-f]", re.IGNORECASE)
UNIT_BYTES = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 2**10,
    "m": 1000**2,
    "mb": 2**20,
    "g": 1000**3,
    "gb": 2**30,
}
DIGITS_CAP = 127


def exact_integer(text: str) -> int | None:
    """Return an integer of 64 bits without plus, leading zero or unit, or None. Source: string2ll()."""
    number = int(text) if EXACT.match(text) else None
    return number if number is not None and -INT64_MAX - 1 <= number <= INT64_MAX else None


def size_bytes(text: str, *, refuses_overflow: bool = False) -> int | None:
    """Return a size with an optional unit as 64 bits keep it, or None. Source: util.c, memtoull().

    `k`, `m` and `g` are powers of 1000, `kb`, `mb` and `gb` of 1024; no digits at all are 0. More than 64
    bits hold is the largest number, unless it `refuses_overflow`.
    """
    found = SIZE.match(text)
    if not found or found[1].startswith("-") or len(found[1]) > DIGITS_CAP:
        return None
    number = int(found[1] or "0")
    if number >= UINT64 and refuses_overflow:
        return None
    return min(number, UINT64 - 1) * UNIT_BYTES[found[2].lower()] % UINT64


def signed_size_bytes(text: str) -> int | None:
    """Return a size as Redis before 7.0 reads it, maybe negative, or None. Source: util.c, memtoll()."""
    found = SIZE.match(text)
    if not found or len(found[1]) > DIGITS_CAP or found[1] == "-":
        return None
    return as_signed(_in_64_bits(int(found[1] or "0")) * UNIT_BYTES[found[2].lower()])


def as_signed(number: int) -> int:
    """Return `number` as a 64-bit signed integer keeps it."""
    return (number + UINT64 // 2) % UINT64 - UINT64 // 2


def whole_long(text: str) -> int | None:
    """Return what strtoll() reads if it reads all of `text` (nothing of nothing is 0), or None."""
    if not text:
        return 0
    found = C_LONG.fullmatch(text)
    return _in_64_bits(_number(found[1])) if found else None


def leading_long(text: str) -> int:
    """Return what atoi() and strtol() read at the start of `text`, 0 where there is no number."""
    found = C_LONG.match(text)
    return _in_64_bits(_number(found[1])) if found else 0


def octal(text: str) -> int | None:
    """Return what strtoll() reads in base 8 if it reads all of `text`, or None."""
    if not text:
        return 0
    found = C_OCTAL.fullmatch(text)
    return _octal_in_64_bits(found[1]) if found else None


def leading_octal(text: str) -> int | None:
    """Return what strtol() reads in base 8 at the start of `text`, or None beyond 64 bits."""
    found = C_OCTAL.match(text)
    return _octal_in_64_bits(found[1]) if found else 0


def double(text: str) -> float | None:
    """Return what strtod() reads if it reads all of `text` and that is a number, or None.

    Source: util.c, string2d().
    """
    if not C_DOUBLE.match(text):
        return None
    number = float.fromhex(text) if "x" in text.lower() else float(text)
    is_written_infinite = "inf" in text.lower()
    is_lost = number == 0 and MANTISSA_DIGIT.match(text) is not None
    return None if is_lost or (math.isinf(number) and not is_written_infinite) else number


def shown_double(number: float) -> str:
    """Return a number as CONFIG GET prints percentiles: six decimals without trailing zeros."""
    return f"{number:f}".rstrip("0").rstrip(".")


def _number(digits: str) -> int:
    """Return a long row of digits as a number beyond 64 bits: Python reads only some thousand of them."""
    return int(digits) if len(digits) <= DIGITS_CAP else int(f"{digits[0]}{'9' * 30}".lstrip("+"))


def _in_64_bits(number: int) -> int:
    return max(-INT64_MAX - 1, min(INT64_MAX, number))


def _octal_in_64_bits(digits: str) -> int | None:
    number = int(digits, 8) if len(digits) <= DIGITS_CAP else UINT64
    return number if -INT64_MAX - 1 <= number <= INT64_MAX else None
