"""How Redis takes the arguments of a directive: the value that it keeps, or why it refuses them."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tuner.stack.redis import texts
from tuner.stack.redis.directives import Definition
from tuner.stack.redis.lists import LIST_READERS
from tuner.stack.redis.numbers import (
    INT64_MAX,
    UINT64,
    as_signed,
    exact_integer,
    leading_octal,
    octal,
    signed_size_bytes,
    size_bytes,
)
from tuner.stack.redis.releases import Release
from tuner.stack.redis.taken import WRONG_COUNT, Refused, Taken
from tuner.stack.value import Data

PERCENT_CAP = 100


class Single(NamedTuple):
    """One argument of one directive, and who reads it."""

    text: str
    definition: Definition
    release: Release

    @property
    def c_string(self) -> str:
        """What C's string functions see of it: the text before the first NUL."""
        return self.text.partition("\0")[0]


def take(definition: Definition, release: Release, arguments: Sequence[str], before: Data | None) -> Taken:
    """Return what `release` keeps of `arguments`, in the words of CONFIG GET, or why it refuses them.

    `before` is what an earlier line of the file left, None for the first one: some lists grow.
    """
    if definition.type in LIST_READERS:
        return LIST_READERS[definition.type](definition, release, arguments, before)
    if len(arguments) != 1:
        return Refused(WRONG_COUNT)
    return READERS[definition.type](Single(arguments[0], definition, release))


def _integer(single: Single) -> Taken:
    number = exact_integer(single.text)
    if number is None:
        return Refused("argument couldn't be parsed into an integer")
    return _bounded(number, single.definition)


def _bounded(number: int, definition: Definition) -> Taken:
    if definition.least <= number <= definition.most:
        return number
    return Refused(f"argument must be between {definition.least} and {definition.most} inclusive")


def _memory(single: Single) -> Taken:
    if single.release.is_before_7:
        number = signed_size_bytes(single.c_string)
        if number is None or number < 0:
            return Refused("argument must be a memory value")
        return _bounded(number, single.definition)
    size = size_bytes(single.c_string, refuses_overflow=single.release.is_valkey_9)
    if size is None:
        return Refused("argument must be a memory value")
    if single.definition.is_unsigned and size > INT64_MAX and single.release.is_redis_since("8.2"):
        return Refused("argument must be greater or equal to 0")
    return _bounded(size if single.definition.is_unsigned else as_signed(size), single.definition)


def _memory_or_percent(single: Single) -> Taken:
    size = size_bytes(single.c_string)
    if size is not None:
        return _bounded(as_signed(size), single.definition)
    percent = exact_integer(single.text[:-1]) if single.text.endswith("%") else None
    if percent is None or percent < 0:
        return Refused("argument must be a memory or percent value")
    if percent > PERCENT_CAP:
        return Refused(f"percentage argument must be less or equal to {PERCENT_CAP}")
    return f"{percent}%" if percent else 0


def _octal(single: Single) -> Taken:
    """Take a mode: its digits are in base 8, as CONFIG GET prints them."""
    if single.release.is_before_7:
        mode = leading_octal(single.c_string)
        if mode is None or mode % UINT64 > single.definition.most:
            return Refused("Invalid socket file permissions")
        return int(f"{mode:o}")
    mode = octal(single.c_string)
    if mode is None:
        return Refused("argument couldn't be parsed as an octal number")
    if not single.definition.least <= mode <= single.definition.most:
        return Refused(f"argument must be between 0 and {single.definition.most:o} inclusive")
    return int(f"{mode:o}")


def _boolean(single: Single) -> Taken:
    word = texts.folded(single.c_string)
    return word if word in ("yes", "no") else Refused("argument must be 'yes' or 'no'")


def _word(single: Single) -> Taken:
    choices = single.definition.choices
    found = next((c for c in choices if texts.folded(c) == texts.folded(single.c_string)), None)
    if found is None:
        return Refused(f"argument must be one of the following: {', '.join(choices)}")
    return single.definition.prints.get(found, found)


def _text(single: Single) -> Taken:
    text, check = single.c_string, single.definition.check
    reason = texts.CHECKS[check](text) if check else ""
    return Refused(reason) if reason else text


READERS: Mapping[str, Callable[[Single], Taken]] = {
    "integer": _integer,
    "memory": _memory,
    "memory-or-percent": _memory_or_percent,
    "octal": _octal,
    "boolean": _boolean,
    "word": _word,
    "text": _text,
    "folder": _text,
}
"""The readers of directives with one argument, by the type of the directive table."""
