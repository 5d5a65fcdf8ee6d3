"""What each release of Redis and Valkey knows: `rules/directives/redis.yaml`, cut for one of them."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from tuner import packaged
from tuner.laws.version import Version
from tuner.stack.redis.releases import Release, known_releases


class Definition(NamedTuple):
    """How one release reads a directive.

    `least` and `most` bound a number, sizes in bytes; an `is_unsigned` size counts to 2^64-1 in the
    comparison. `choices` are the words it takes, `prints` those that CONFIG GET prints as another one.
    `check` names a further rule for text. `alias` is its other name.
    """

    name: str
    type: str
    least: int = 0
    most: int = 0
    is_unsigned: bool = False
    choices: tuple[str, ...] = ()
    prints: Mapping[str, str] = {}
    check: str = ""
    default: int | str | None = None
    alias: str = ""
    is_hidden: bool = False


class Knowledge(NamedTuple):
    """Every name that one release knows.

    `directives` has each definition under its name and its alias. `ignored` are names that it passes over,
    `statements` those of the loader itself. `commands` are what `rename-command` and ACL rules may name.
    """

    directives: Mapping[str, Definition]
    ignored: frozenset[str]
    statements: frozenset[str]
    commands: frozenset[str]
    categories: frozenset[str]

    def knows(self, name: str) -> bool:
        """Say whether a line may begin with `name`, which is in lower case."""
        return name in self.directives or name in self.ignored or name in self.statements


@cache
def knowledge_of(release: Release) -> Knowledge:
    """Return what `release` knows."""
    table = packaged.directive_table("redis")
    definitions: dict[str, Definition] = {}
    for name, row in table["directives"].items():
        if _has(row, release):
            definition = _definition(name, row, release)
            definitions[name] = definition
            if definition.alias:
                definitions[definition.alias] = definition
    return Knowledge(
        definitions,
        frozenset(name for name, row in table["ignored"].items() if _has(row, release)),
        frozenset(table["statements"]),
        frozenset(n for group in table["commands"] if _has(group, release) for n in group["names"]),
        frozenset(table["categories"]),
    )


def releases_that_know(name: str) -> tuple[Release, ...]:
    """Return every release that knows the directive or alias `name`."""
    return tuple(release for release in known_releases() if knowledge_of(release).knows(name))


def _has(row: Mapping[str, Any], release: Release) -> bool:
    bounds = row.get(release.program, {})
    if bounds is None:
        return False
    since, until = bounds.get("since"), bounds.get("until")
    is_there = since is None or Version.parse(since) <= release.version
    return is_there and (until is None or release.version < Version.parse(until))


def _definition(name: str, row: Mapping[str, Any], release: Release) -> Definition:
    fields = dict(row)
    for change in _changes(row, release):
        fields.update(change)
    least, most = fields.get("range") or (0, 0)
    return Definition(
        name,
        fields["type"],
        least,
        most,
        bool(fields.get("unsigned")),
        tuple(fields.get("choices") or ()),
        fields.get("prints") or {},
        fields.get("check") or "",
        fields.get("default"),
        fields.get("alias") or "",
        bool(fields.get("hidden")),
    )


def _changes(row: Mapping[str, Any], release: Release) -> Iterator[Mapping[str, Any]]:
    changes = (row.get(release.program) or {}).get("changes") or {}
    return (change for since, change in changes.items() if Version.parse(since) <= release.version)
