"""What nginx's own modules take, by release: the rows of `rules/directives/nginx.yaml`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import NamedTuple

from tuner import packaged
from tuner.laws.version import Version

ANYWHERE = "any"
LEVELS = frozenset(
    {
        *("main", "events", "http", "server", "location", "server-if", "location-if", "limit_except"),
        *("upstream", "stream", "stream-server", "stream-upstream", "mail", "mail-server"),
    }
)
"""The kinds of block that nginx tells apart; `server-if` is an `if` that stands in a `server`."""


class Form(NamedTuple):
    """One form of a directive: where it may stand, with how many arguments, of which kind, in which releases.

    `counts` are pairs of the least and the largest number, the latter None where there is no largest.
    `kind` is the kind of value, empty where nginx reads it in a way of its own. `is_once` says that a second
    one in the same block "is duplicate". `module` is a file below nginx's src/.
    """

    module: str
    levels: frozenset[str]
    counts: tuple[tuple[int, int | None], ...]
    is_block: bool
    kind: str
    is_once: bool
    since: Version | None
    until: Version | None

    def may_stand_in(self, levels: frozenset[str]) -> bool:
        """Say whether one of `levels` is a block for it."""
        return ANYWHERE in self.levels or not self.levels.isdisjoint(levels)

    def takes(self, number: int) -> bool:
        """Say whether it takes so many arguments."""
        return any(low <= number and (high is None or number <= high) for low, high in self.counts)

    def is_in(self, version: Version) -> bool | None:
        """Say whether a release has this form; None for `1.25` of what 1.25.1 brought."""
        after_start, before_end = _reaches(version, self.since), _reaches(version, self.until)
        if after_start is False or (self.until is not None and before_end):
            return False
        is_sure = after_start is not None and (self.until is None or before_end is not None)
        return True if is_sure else None


@cache
def forms_of(name: str) -> tuple[Form, ...]:
    """Return every form of a directive; none for one that is not of nginx's own modules."""
    found = ((module, rows[name]) for module, rows in _modules().items() if name in rows)
    return tuple(_form(module, row) for module, rows in found for row in _texts(rows))


def words_of(kind: str) -> frozenset[str]:
    """Return the words that a kind like `one of off on` lists, in lower case."""
    return frozenset(kind.lower().split()[2:])


def known_directives() -> Collection[str]:
    """Return the names of all directives of the table."""
    return dict.fromkeys(name for rows in _modules().values() for name in rows)


def _reaches(version: Version, bound: Version | None) -> bool | None:
    """Say whether `version` is `bound` or later; None where it has too few numbers to tell."""
    if bound is None:
        return True
    length = len(version.numbers)
    if (
        length < len(bound.numbers)
        and bound.numbers[:length] == version.numbers
        and any(bound.numbers[length:])
    ):
        return None
    return version.numbers >= bound.numbers[:length] if length < len(bound.numbers) else version >= bound


def _modules() -> Mapping[str, Mapping[str, str | list[str]]]:
    """Return the rows of each module's directives by name, as they stand in the table."""
    modules: Mapping[str, Mapping[str, str | list[str]]] = packaged.directive_table("nginx")["modules"]
    return modules


def _texts(rows: str | list[str]) -> list[str]:
    return rows if isinstance(rows, list) else [rows]


def _form(module: str, row: str) -> Form:
    levels, arguments, *rest = row.split("; ")
    numbers, _, brace = arguments.partition(" ")
    dates = dict(part.split(" ") for part in rest if part.startswith(("since ", "until ")))
    kinds = [part for part in rest if part != "once" and not part.startswith(("since ", "until "))]
    return Form(
        module,
        frozenset(levels.split(" ")),
        tuple(_count(number) for number in numbers.split(",")),
        brace == "{",
        kinds[0] if kinds else "",
        "once" in rest,
        Version.parse(dates["since"]) if "since" in dates else None,
        Version.parse(dates["until"]) if "until" in dates else None,
    )


def _count(text: str) -> tuple[int, int | None]:
    if text == ANYWHERE:
        return 0, None
    if text.endswith("+"):
        return int(text[:-1]), None
    low, _, high = text.partition("-")
    return int(low), int(high or low)
