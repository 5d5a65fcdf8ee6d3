"""The keys of /proc/sys: how the kernel reads each, by version (`rules/directives/sysctl.yaml`)."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from tuner import packaged
from tuner.laws.sysctl_number import INT_MAX, INT_MIN
from tuner.laws.version import Version
from tuner.source.regex import regex
from tuner.stack.hosts import GLOB

Kind = Literal["numbers", "words", "read-only"]
ALWAYS_THERE = ("all", "default", "lo")
"""The network interfaces that every machine has keys for; `all` is none of the `neigh` folder."""

_INTERFACE = regex(r"(net\.ipv[46]\.(?:conf|neigh)\.)([^.]+)(\..+)")


class Bounds(NamedTuple):
    """The numbers that the kernel takes since a version; None: since ever."""

    least: float
    most: float
    since: Version | None = None

    def __str__(self) -> str:
        """Return the bounds as a message says them: `0 to 255`."""
        return f"{self.least} to {self.most}"


INT = Bounds(INT_MIN, INT_MAX)


class KnownKey(NamedTuple):
    """How the kernel reads one key: `length` numbers within `bounds`, newest first, or text.

    Of several numbers that are not `whole` the kernel stores each as it reads it; `ordered` ones may not
    fall. A `read-only` key takes nothing.
    """

    kind: Kind
    length: int = 0
    bounds: tuple[Bounds, ...] = ()
    is_whole: bool = True
    is_ordered: bool = False


def known_key(key: str) -> KnownKey | None:
    """Return how the kernel reads `key`, or None for one that is in no table."""
    return _known(key) or _known(_INTERFACE.sub(r"\1*\3", key))


def every_key(others: Iterable[str] = ()) -> list[str]:
    """Return each known key, those of network interfaces for `ALWAYS_THERE` and the interfaces of `others`.

    `others` are keys that somebody names; a glob in one names no interface.
    """
    named = {found[2]: None for key in others if (found := _INTERFACE.fullmatch(key))}
    interfaces = dict.fromkeys([*ALWAYS_THERE, *(name for name in named if not GLOB.search(name))])
    return [key for pattern in _keys() for key in _expanded(pattern, interfaces)]


def _expanded(pattern: str, interfaces: Mapping[str, None]) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    is_neigh = ".neigh." in pattern
    return [pattern.replace("*", name) for name in interfaces if not (is_neigh and name == "all")]


@cache
def _known(key: str) -> KnownKey | None:
    table = packaged.directive_table("sysctl")
    rows = _number_rows().get(key)
    if rows:
        return KnownKey("numbers", 1, _newest_first([_bounds(row) for row in rows]))
    if key in table["vectors"]:
        return _vector(table["vectors"][key])
    if key in table["read_only"]:
        return KnownKey("read-only")
    return KnownKey("words") if key in table["words"] else None


@cache
def _number_rows() -> dict[str, list[Mapping[str, Any]]]:
    """Return the rows of each key that holds one number."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in packaged.directive_table("sysctl")["numbers"]:
        for key in row["keys"]:
            found.setdefault(key, []).append(row)
    return found


def _keys() -> Iterable[str]:
    table = packaged.directive_table("sysctl")
    return dict.fromkeys([*table["words"], *table["read_only"], *table["vectors"], *_number_rows()])


def _vector(row: Mapping[str, Any]) -> KnownKey:
    return KnownKey(
        "numbers", row["count"], (_bounds(row),), row.get("whole", False), row.get("ordered", False)
    )


def _bounds(row: Mapping[str, Any]) -> Bounds:
    since = Version.parse(row["since"]) if "since" in row else None
    return Bounds(row.get("least", float("-inf")), row.get("most", float("inf")), since)


def _newest_first(rows: list[Bounds]) -> tuple[Bounds, ...]:
    """Return the rows with what holds before the first of them: every 32-bit number."""
    oldest = () if any(row.since is None for row in rows) else (INT,)
    dated = sorted((row for row in rows if row.since), key=_since, reverse=True)
    return (*dated, *(row for row in rows if row.since is None), *oldest)


def _since(row: Bounds) -> tuple[int, ...]:
    return row.since.numbers if row.since else ()
