"""The directives that php-fpm knows: the table `rules/directives/php-fpm.yaml`."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from tuner import packaged
from tuner.laws.version import Version

Section = Literal["global", "pool", "arrays"]
Type = Literal[
    "text", "path", "integer", "time", "boolean", "log_level", "facility", "rlimit", "process_manager"
]
PHP_FPM = "php-fpm"


class Limit(NamedTuple):
    """The numbers that php-fpm takes, both ends inclusive, and its words about any other.

    `exempt` is a number that means "not set"; `under` is the process manager under which it looks at all.
    """

    minimum: int
    words: str
    maximum: int | None = None
    exempt: int | None = None
    under: str = ""

    def allows(self, number: int) -> bool:
        """Say whether php-fpm takes `number`."""
        is_in_range = self.minimum <= number and (self.maximum is None or number <= self.maximum)
        return is_in_range or number == self.exempt


class Row(NamedTuple):
    """One directive: how its text is read, its default as `php-fpm -tt` has it, and the first PHP with it.

    For arrays `keys` says whether each entry needs a key, `may_be_empty` whether it may be without text, and
    `array` is the list that php-fpm keeps it in (flags are values).
    """

    name: str
    type: Type
    since: Version
    unit: str = ""
    default: int | str | None = None
    platform: str = ""
    limit: Limit | None = None
    keys: bool = True
    may_be_empty: bool = True
    array: str = ""


@cache
def rows(section: Section) -> Mapping[str, Row]:
    """Return the directives of a section by their names, in php-fpm's order."""
    return {name: _row(name, data) for name, data in _table()[section].items()}


def names_of_type(*types: Type) -> frozenset[str]:
    """Return the names of all directives, but no arrays, that are read in one of these ways."""
    table = _table()
    return frozenset(name for name, data in _scalars(table) if data["type"] in types)


def is_global(name: str) -> bool:
    """Say whether a name, in small letters, is one of the global section."""
    return name in _table()["global"]


def _table() -> dict[str, Any]:
    return packaged.directive_table(PHP_FPM)


def _scalars(table: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for section in ("global", "pool"):
        yield from table[section].items()


def _row(name: str, data: Mapping[str, Any]) -> Row:
    limit = data.get("limit")
    return Row(
        name=name,
        type=data["type"],
        since=Version.parse(data["since"]),
        unit=data.get("unit", ""),
        default=data.get("default"),
        platform=data.get("platform", ""),
        limit=Limit(**limit) if limit else None,
        keys=data.get("keys", True),
        may_be_empty=data.get("empty", True),
        array=data.get("list", ""),
    )
