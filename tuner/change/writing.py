"""What a value is written as, and what the program then reads."""

import re
from typing import NamedTuple

from tuner.errors import ChangeError
from tuner.source.text import decode, encode

Setting = str | int | bool
"""A value to write: text or a number as the program shall read it, or a switch in the format's own word."""

_NEVER_WRITTEN = re.compile(r"[\0\n\r]")
_NAMES = {"\0": "a NUL", "\n": "a line end", "\r": "a carriage return"}


class Writing(NamedTuple):
    """A value in a file: the bytes `written`, and the `text` that the program's parser makes of them."""

    written: bytes
    text: str


def bytes_of(text: str) -> bytes:
    """Return the bytes of `text`.

    Raises ChangeError for what is never written to a configuration file: NUL, line ends, and code points
    that stand for no byte.
    """
    found = _NEVER_WRITTEN.search(text)
    if found is not None:
        raise ChangeError(f"a value with {_NAMES[found[0]]} in it is not written")
    try:
        return encode(text)
    except UnicodeEncodeError:
        raise ChangeError("a value with a lone surrogate in it is not written") from None


def as_read(written: bytes, data: bytes) -> Writing:
    """Return the Writing of a value whose meaning is the bytes `data`."""
    return Writing(written, decode(data))
