"""Words and directives as nginx writes them."""

import re
from collections.abc import Sequence

from tuner.change.writing import Setting, Writing, as_read, bytes_of
from tuner.errors import ChangeError

_ORDINARY = rb"[^\x00-\x20\x7f;{}\"'\\$]|\$(?!\{)|\\[^\x00-\x20\x7f\\\"'trn;{}]"
_BARE = re.compile(rb"(?!#)(?:" + _ORDINARY + rb")+")
_BACKSLASH_THAT_ESCAPES = re.compile(rb"\\(?=[\\\"'trn]|\Z)")


def write_value(value: Setting, old: bytes = b"", quote: str = "") -> Writing:
    """Return how to write `value` where a word within the quotes `quote` stands so far.

    Quotes that are there stay: what follows them may be the `)` of an `if`. A `$` is not kept from
    naming a variable, for nginx has no way to say so.
    """
    if isinstance(value, bool):
        value = "on" if value else "off"
    text = bytes_of(str(value))
    if quote == "" and _BARE.fullmatch(text):
        return as_read(text, text)
    mark = quote.encode() or (b"'" if b'"' in text and b"'" not in text else b'"')
    escaped = _BACKSLASH_THAT_ESCAPES.sub(rb"\\\\", text).replace(mark, b"\\" + mark)
    return as_read(mark + escaped + mark, text)


def write_entry(name: str, key: str, values: Sequence[Writing], equals: bytes) -> bytes:
    """Return the directive `name value ...;`. Raises ChangeError for a subscript, which nginx has not."""
    if key:
        raise ChangeError(f"an nginx directive has no subscript: {name}[{key}]")
    words = [write_value(name).written, *(value.written for value in values)]
    return b" ".join(words) + b";"
