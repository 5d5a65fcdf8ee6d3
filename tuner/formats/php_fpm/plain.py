"""Lines that need no grammar: most of every file, read without cutting them into tokens."""

from typing import NamedTuple

from tuner.formats.php_fpm.constants import PHP_CONSTANTS, is_error_level
from tuner.formats.php_fpm.patterns import CONSTANT, FALSE, TRUE
from tuner.source.regex import regex
from tuner.source.text import decode

_LINE = regex(
    rb"(?P<name>[A-Za-z_.]+)[ \t]*+=[ \t]*+(?P<value>[A-Za-z0-9_./:,*@%+-]+)[ \t]*+\r?"
    rb"|[ \t]*+(?P<comment>;[^\r\0]*+)\r?"
)


class PlainLine(NamedTuple):
    """An entry with the places of its name and value in the line, or with `name_end` 0 a comment."""

    name_end: int
    start: int
    end: int


def plain_line(line: bytes) -> PlainLine | None:
    """Return what a line holds, None for one that needs the grammar: every word means itself here."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    if found["name"] is None:
        return PlainLine(0, *found.span("comment"))
    return (
        None
        if _has_meaning(found["name"], found["value"])
        else PlainLine(found.end("name"), *found.span("value"))
    )


def _has_meaning(name: bytes, value: bytes) -> bool:
    """Say whether a word is one of those that stand for something else."""
    for word in (name.lower(), value.lower()):
        if word in TRUE or word in FALSE:
            return True
    if CONSTANT.fullmatch(value) is None:
        return False
    text = decode(value)
    return text in PHP_CONSTANTS or is_error_level(text)
