"""Words and lines as redis.conf writes them, for Redis 6.2 to 8 and Valkey."""

import re
from collections.abc import Sequence

from tuner.change.writing import Setting, Writing, as_read, bytes_of
from tuner.errors import ChangeError

_BARE = re.compile(rb"(?!#)[^\x00-\x20\x7f\"']+")
_TO_ESCAPE = re.compile(rb"[\"\\]")


def write_value(value: Setting, old: bytes = b"", quote: str = "") -> Writing:
    """Return how to write `value` where a word within the quotes `quote` stands so far."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = bytes_of(str(value))
    if quote == "" and _BARE.fullmatch(text):
        return as_read(text, text)
    if quote == "'" and b"'" not in text and b"\\" not in text:
        return as_read(b"'" + text + b"'", text)
    return as_read(b'"' + _TO_ESCAPE.sub(rb"\\\g<0>", text) + b'"', text)


def write_entry(name: str, key: str, values: Sequence[Writing], equals: bytes) -> bytes:
    """Return the line `name value ...`. Raises ChangeError for a subscript, which Redis has not."""
    if key:
        raise ChangeError(f"a redis directive has no subscript: {name}[{key}]")
    return b" ".join((bytes_of(name), *(value.written for value in values)))
