"""The releases of Redis and Valkey that are told apart, and which one a file is meant for."""

import posixpath
from functools import cache
from typing import Literal, NamedTuple

from tuner import packaged
from tuner.laws.version import Version
from tuner.stack.target import Target

Program = Literal["redis", "valkey"]
PROGRAMS: tuple[Program, ...] = ("redis", "valkey")
ONE_ARGUMENT = Version.parse("7.0")
"""Since Redis 7.0 a quoted list is one argument, an include may be a pattern, and a user is defined once."""

VALKEY_9 = 9


class Release(NamedTuple):
    """A release of a program, by the first two numbers of its version."""

    program: Program
    version: Version

    @property
    def is_before_7(self) -> bool:
        """Whether it is a Redis that still reads lists and includes as Redis 6 did."""
        return self.program == "redis" and self.version < ONE_ARGUMENT

    def is_redis_since(self, version: str) -> bool:
        """Say whether it is a Redis, not a Valkey, of `version` or newer."""
        return self.program == "redis" and Version.parse(version) <= self.version

    @property
    def is_valkey_9(self) -> bool:
        """Whether it is a Valkey of version 9 or newer."""
        return self.program == "valkey" and self.version.numbers[0] >= VALKEY_9

    def __str__(self) -> str:
        """Return the name as people write it: `Redis 7.0`."""
        return f"{self.program.capitalize()} {self.version}"


@cache
def known_releases() -> tuple[Release, ...]:
    """Return every release of the directive table, oldest first, those of Redis before those of Valkey."""
    table = packaged.directive_table("redis")["releases"]
    return tuple(Release(program, Version.parse(text)) for program in PROGRAMS for text in table[program])


def newest(program: Program) -> Release:
    """Return the newest release that is known of `program`."""
    return _releases_of(program)[-1]


def possible_releases(path: str, target: Target) -> tuple[Release, ...]:
    """Return the releases that may load the file at `path`: one where the target says which.

    A version between two known ones counts as the older of them, one before all as the oldest. A file that
    is named after Valkey is Valkey's.
    """
    is_valkeys = "valkey" in posixpath.basename(path).lower()
    order: tuple[Program, ...] = ("valkey", "redis") if is_valkeys else ("redis", "valkey")
    for program in order:
        version = target.version(program)
        if version:
            return (_at(program, version),)
    return _releases_of("valkey") if is_valkeys else known_releases()


def _at(program: Program, version: Version) -> Release:
    releases = _releases_of(program)
    return next((r for r in reversed(releases) if r.version <= version), releases[0])


def _releases_of(program: Program) -> tuple[Release, ...]:
    return tuple(release for release in known_releases() if release.program == program)
