"""Values and assignments as sysctl files write them."""

from collections.abc import Sequence

from tuner.change.writing import Setting, Writing, as_read, bytes_of
from tuner.errors import ChangeError

_BLANKS = b" \t\r\v\f"


def write_value(value: Setting, old: bytes = b"", quote: str = "") -> Writing:
    """Return `value` as it is: nothing can be quoted in a sysctl file.

    Raises ChangeError for blanks around it, which the programs would drop.
    """
    text = bytes_of(str(int(value)) if isinstance(value, bool) else str(value))
    if text != text.strip(_BLANKS):
        raise ChangeError("a sysctl value cannot begin or end with a blank")
    return as_read(text, text)


def write_entry(name: str, key: str, values: Sequence[Writing], equals: bytes) -> bytes:
    """Return the assignment `name = value`; the `key` `-` before it lets a refused write pass.

    Raises ChangeError unless it has one value.
    """
    if len(values) != 1:
        raise ChangeError(f"{name} takes one value in a sysctl file")
    return bytes_of(key) + bytes_of(name) + equals + values[0].written
