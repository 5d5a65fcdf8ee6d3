"""How the kernel reads the number in an int sysctl."""

import re
from typing import NamedTuple

INT_MIN = -(2**31)
INT_MAX = 2**31 - 1

_OCTAL = 8
_BLANKS = " \t\n\v\f\r"
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)(?![^ \t\n])")
_LONGEST_NUMBER_CHARACTERS = 20
_LONGEST_WRITE_BYTES = 4095


class WrittenNumber(NamedTuple):
    """A number as the kernel reads it: its C prefix's `base`, and the text `behind` it that nobody reads.

    `as_decimal` is what a person reads who does not know that a leading 0 means base 8.
    """

    value: int
    base: int
    as_decimal: int
    behind: str


def read_number(text: str) -> WrittenNumber | None:
    """Return the number at the start of `text`, however large, or None where the kernel sees none (EINVAL).

    The prefixes are C's: 0x for base 16, a leading 0 for base 8 (01000 is 512). Reading stops at the first
    blank after the number, so `1024 # queue` and `1024 2048` both set 1024. Refused are anything glued to the
    number, a plus sign, a unit, quotes, and a number longer than 20 characters.

    Source: proc_dointvec (kernel/sysctl.c), measured on 6.18.44.
    """
    start = len(text) - len(text.lstrip(_BLANKS))
    match = _NUMBER.match(text, start)
    if match is None or len(match[0]) > _LONGEST_NUMBER_CHARACTERS or match.end() > _LONGEST_WRITE_BYTES:
        return None
    digits = match[0].removeprefix("-").lower()
    sign, base = -1 if match[0].startswith("-") else 1, _base(digits)
    value = sign * int(digits, base)
    as_decimal = sign * int(digits) if base == _OCTAL else value
    return WrittenNumber(value, base, as_decimal, text[match.end() :].strip(_BLANKS))


def kernel_integer(text: str) -> int | None:
    """Return the number that the kernel takes from `text` for an int key, or None where it answers EINVAL.

    It is that of `read_number` if it lies in -2^31..2^31-1. The bounds of a single key (0..255 of
    tcp_syncookies) come on top and are not checked here. Keys of other C types (the unsigned long
    fs.file-max) have wider bounds.
    """
    number = read_number(text)
    return number.value if number is not None and INT_MIN <= number.value <= INT_MAX else None


def _base(digits: str) -> int:
    if digits.startswith("0x"):
        return 16
    return _OCTAL if digits.startswith("0") else 10
