"""How the kernel reads the numbers in a sysctl."""

import re
from collections.abc import Sequence
from itertools import pairwise
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


class TakenNumbers(NamedTuple):
    """The numbers that the kernel read from the front of a text, and whether it answered EINVAL then.

    `is_number` says that what stopped it was a number, one that lies outside the bounds.
    """

    numbers: tuple[int, ...]
    is_refused: bool
    is_number: bool = False


def read_number(text: str) -> WrittenNumber | None:
    """Return the number at the start of `text`, however large, or None where the kernel sees none (EINVAL).

    The prefixes are C's: 0x for base 16, a leading 0 for base 8 (01000 is 512). Reading stops at the first
    blank after the number, so `1024 # queue` and `1024 2048` both set 1024. Refused are anything glued to the
    number, a plus sign, a unit, quotes, and a number longer than 20 characters.

    Source: proc_dointvec (kernel/sysctl.c), measured on 6.18.44.
    """
    match = _number_at(text, 0)
    if match is None:
        return None
    digits = match[0].removeprefix("-").lower()
    sign, base = -1 if match[0].startswith("-") else 1, _base(digits)
    as_decimal = sign * int(digits) if base == _OCTAL else _value(match[0])
    return WrittenNumber(_value(match[0]), base, as_decimal, text[match.end() :].strip(_BLANKS))


def take_numbers(text: str, count: int, least: float, most: float) -> TakenNumbers:
    """Return what the kernel takes from `text` for a key of `count` numbers within the bounds.

    It reads one number after the other and stops at the first that it refuses: those before it are taken all
    the same. Fewer than `count` are enough, none at all is refused, and what stands behind the last is not
    read. `4096 87380 # x` for three numbers is refused after two.

    Source: do_proc_dointvec (kernel/sysctl.c), measured on 6.18.44 with tcp_rmem.
    """
    numbers: list[int] = []
    at = 0
    while len(numbers) < count:
        match = _number_at(text, at)
        if match is None:
            is_at_end = not text[at:].strip(_BLANKS)
            return TakenNumbers(tuple(numbers), not (numbers and is_at_end))
        if not least <= _value(match[0]) <= most:
            return TakenNumbers(tuple(numbers), is_refused=True, is_number=True)
        numbers.append(_value(match[0]))
        at = match.end()
    return TakenNumbers(tuple(numbers), is_refused=False)


def falls(numbers: Sequence[int]) -> bool:
    """Say whether a number is smaller than the one before it, which a range of ports may not be."""
    return any(later < earlier for earlier, later in pairwise(numbers))


def kernel_integer(text: str) -> int | None:
    """Return the number that the kernel takes from `text` for an int key, or None where it answers EINVAL.

    It is that of `read_number` if it lies in -2^31..2^31-1. The bounds of a single key (0..255 of
    tcp_syncookies) come on top and are not checked here. Keys of other C types (the unsigned long
    fs.file-max) have wider bounds.
    """
    number = read_number(text)
    return number.value if number is not None and INT_MIN <= number.value <= INT_MAX else None


def _number_at(text: str, at: int) -> re.Match[str] | None:
    rest = text[at:]
    match = _NUMBER.match(text, at + len(rest) - len(rest.lstrip(_BLANKS)))
    if match is None or len(match[0]) > _LONGEST_NUMBER_CHARACTERS or match.end() > _LONGEST_WRITE_BYTES:
        return None
    return match


def _value(number: str) -> int:
    digits = number.removeprefix("-").lower()
    return int(digits, _base(digits)) * (-1 if number.startswith("-") else 1)


def _base(digits: str) -> int:
    if digits.startswith("0x"):
        return 16
    return _OCTAL if digits.startswith("0") else 10
