"""What depends on the release of PHP, as a value: known for a known release, else with its possible cases."""

from collections.abc import Sequence
from typing import NamedTuple

from tuner.laws.version import Version
from tuner.stack import defaults
from tuner.stack.condition import Condition
from tuner.stack.target import Target
from tuner.stack.value import Option, Origin, Value, undetermined

PHP = "php"
BY_VERSION = "it depends on the php version"


class Releases(NamedTuple):
    """The releases of PHP from `since` up to, not including, `until`; None is open."""

    since: Version | None = None
    until: Version | None = None

    def hold(self, version: Version) -> bool:
        """Say whether `version` is one of them."""
        return (self.since is None or self.since <= version) and (self.until is None or version < self.until)


EVERY = (Releases(),)


def before(version: Version) -> tuple[Releases, ...]:
    """Return the releases before one."""
    return (Releases(until=version),)


def since(version: Version) -> tuple[Releases, ...]:
    """Return one release and all later ones."""
    return (Releases(since=version),)


def holds(name: str, releases: Sequence[Releases], target: Target) -> Value:
    """Return whether the target's php is one of `releases`.

    A target of two numbers (8.2) leaves open what changed within it, no target all since PHP 7.0.
    """
    stated = target.patch_level(PHP)
    first, end = _window(stated)
    steps = sorted({v for r in releases for v in r if v and first < v and (end is None or v < end)})
    if stated is not None and not (steps and len(stated.numbers) == 2):
        is_held = any(r.hold(stated) for r in releases)
        return Value(name, is_held, Origin("target", f"php {stated}"))
    options = [
        Option(any(r.hold(low) for r in releases), (Condition(PHP, low, high),))
        for low, high in zip((first, *steps), (*steps, end), strict=True)
    ]
    if stated is None and options:
        start = options[0].conditions[0]
        options[0] = options[0]._replace(conditions=(Condition(PHP, None, start.until),))
    return undetermined(name, options, BY_VERSION)


def _window(stated: Version | None) -> tuple[Version, Version | None]:
    """Return the first release that comes into question and the first that no longer does."""
    if stated is None:
        return defaults.oldest_considered("php-fpm"), None
    major, minor, *_ = stated.numbers
    return stated, Version.parse(f"{major}.{minor + 1}")


def holds_anywhere(value: Value) -> bool:
    """Say whether a value of `holds` is true in some release."""
    return value.data is True or any(option.data is True for option in value.options)
