"""What changing a file needs to know of its format."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from tuner.change import nginx, php_fpm, redis, sysctl
from tuner.change.writing import Setting, Writing
from tuner.formats import nginx as nginx_format
from tuner.formats import php_fpm as php_fpm_format
from tuner.formats import redis as redis_format
from tuner.formats import sysctl as sysctl_format
from tuner.formats.document import Document, Kind
from tuner.source.text import Text


class _WriteValue(Protocol):
    def __call__(self, value: Setting, old: bytes = b"", quote: str = "") -> Writing: ...


_WriteEntry = Callable[[str, str, Sequence[Writing], bytes], bytes]
Reader = Callable[[Text, bool], Document]
"""A parser: takes a file, and whether it is a template."""


class Dialect(NamedTuple):
    """How a format is written and read.

    `readers` are its parsers, one for each way in which the versions of the program read it; `name` gives
    a directive's name the form that they give it. `has_blocks`: statements end with a mark, not with their
    line; `has_assignments`: `name = value`.
    """

    write_value: _WriteValue
    write_entry: _WriteEntry
    readers: tuple[Reader, ...]
    name: Callable[[str], str] = str
    has_blocks: bool = False
    has_assignments: bool = False


def _php_fpm_since(php: tuple[int, int]) -> Reader:
    return lambda text, is_template: php_fpm_format.parse(text, is_template=is_template, php=php)


DIALECTS: dict[Kind, Dialect] = {
    "php-fpm": Dialect(
        php_fpm.write_value,
        php_fpm.write_entry,
        (_php_fpm_since((8, 2)), _php_fpm_since((8, 3))),
        has_assignments=True,
    ),
    "nginx": Dialect(
        nginx.write_value,
        nginx.write_entry,
        (lambda text, is_template: nginx_format.parse(text, is_template=is_template),),
        has_blocks=True,
    ),
    "redis": Dialect(
        redis.write_value,
        redis.write_entry,
        (lambda text, is_template: redis_format.parse(text, is_template=is_template),),
        str.lower,
    ),
    "sysctl": Dialect(
        sysctl.write_value,
        sysctl.write_entry,
        (lambda text, is_template: sysctl_format.parse(text, is_template=is_template),),
        sysctl_format.normalise_key,
        has_assignments=True,
    ),
}
"""The dialect of each kind of file."""
