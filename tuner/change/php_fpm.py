"""Values and entries as php-fpm's INI dialect writes them, so that every PHP since 7.0 reads the same."""

import re
from collections.abc import Sequence

from tuner.change.writing import Setting, Writing, as_read, bytes_of
from tuner.errors import ChangeError

_BARE = re.compile(rb"(?:[A-Za-z0-9_./:@%+*?,-]|\$[A-Za-z_])+")
_WORDS = frozenset({b"true", b"on", b"yes", b"false", b"off", b"no", b"none", b"null"})
_MAY_BE_CONSTANT = re.compile(rb"[A-Z_][A-Z0-9_]*")
"""PHP's constants, and those of extensions that nobody can list, are in capitals."""
_SWITCHES = {b"on": (b"on", b"off"), b"true": (b"true", b"false")}
_SWITCH_OF_OLD = {old: pair for pair in _SWITCHES.values() for old in pair}
_TO_ESCAPE = re.compile(rb"[\"\\]|\$(?=\{)")


def write_value(value: Setting, old: bytes = b"", quote: str = "") -> Writing:
    """Return how to write `value` where `old`, within the quotes `quote`, stands so far.

    A switch is a boolean word, which php-fpm reads as "1" or as nothing. Text is kept from meaning
    anything else: words that are booleans or may be constants are quoted. `$pool` in text stays what it
    is, php-fpm replaces it in any quotes.
    """
    if isinstance(value, bool):
        yes, no = _SWITCH_OF_OLD.get(old.lower(), (b"yes", b"no"))
        return Writing(yes, "1") if value else Writing(no, "")
    text = bytes_of(str(value))
    return as_read(_quoted(text, quote), text)


def _quoted(text: bytes, quote: str) -> bytes:
    can_be_single = bool(text) and b"'" not in text
    if quote == "'" and can_be_single:
        return b"'" + text + b"'"
    if quote != '"' and _is_plain(text):
        return text
    if quote != '"' and can_be_single and _TO_ESCAPE.search(text):
        return b"'" + text + b"'"
    return b'"' + _TO_ESCAPE.sub(rb"\\\g<0>", text) + b'"'


def _is_plain(text: bytes) -> bool:
    return bool(_BARE.fullmatch(text)) and text.lower() not in _WORDS and not _MAY_BE_CONSTANT.fullmatch(text)


def write_entry(name: str, key: str, values: Sequence[Writing], equals: bytes) -> bytes:
    """Return the entry `name = value`, or `name[key] = value`.

    Raises ChangeError unless it has one value.
    """
    if len(values) != 1:
        raise ChangeError(f"{name} takes one value in a php-fpm file")
    subscript = b"[" + bytes_of(key) + b"]" if key else b""
    return bytes_of(name) + subscript + equals + values[0].written
