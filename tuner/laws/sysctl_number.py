"""How the kernel reads the number in an int sysctl."""

import re

INT_MIN = -(2**31)
INT_MAX = 2**31 - 1

_BLANKS = " \t\n\v\f\r"
_NUMBER = re.compile(r"-?(?:0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)(?![^ \t\n])")
_LONGEST_NUMBER_CHARACTERS = 20
_LONGEST_WRITE_BYTES = 4095


def kernel_integer(text: str) -> int | None:
    """Return the number that the kernel takes from `text` for an int key, or None where it answers EINVAL.

    The prefixes are C's: 0x for base 16, a leading 0 for base 8 (01000 is 512). Reading stops at the first
    blank after the number, so `1024 # queue` and `1024 2048` both set 1024. Refused are anything glued to the
    number, a plus sign, a unit, quotes, and a number longer than 20 characters or outside -2^31..2^31-1. The
    bounds of a single key (0..255 of tcp_syncookies) come on top and are not checked here.

    Source: proc_dointvec (kernel/sysctl.c), measured on 6.18.44. Keys of other C types (the unsigned long
    fs.file-max) have wider bounds.
    """
    start = len(text) - len(text.lstrip(_BLANKS))
    match = _NUMBER.match(text, start)
    if match is None or len(match[0]) > _LONGEST_NUMBER_CHARACTERS or match.end() > _LONGEST_WRITE_BYTES:
        return None
    digits = match[0].removeprefix("-").lower()
    value = int(digits, _base(digits))
    if match[0].startswith("-"):
        value = -value
    return value if INT_MIN <= value <= INT_MAX else None


def _base(digits: str) -> int:
    if digits.startswith("0x"):
        return 16
    return 8 if digits.startswith("0") else 10
