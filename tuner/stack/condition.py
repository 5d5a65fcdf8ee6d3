"""What an undetermined value depends on: named causes, their alternatives, and worlds made of them.

A cause is a version nobody stated (`kernel`, `php`, `nginx`, `redis`) or a choice nobody wrote down
("which file is loaded last"). A world fixes every cause, so two values never contradict each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice, pairwise, product
from typing import NamedTuple

from tuner.laws.version import Version

WORLDS_CAP = 32
"""More combinations than this are not tried; the value then counts as unknown without options."""


class Condition(NamedTuple):
    """One alternative of a cause: versions from `since` up to, not including, `until`, or a `choice`."""

    cause: str
    since: Version | None = None
    until: Version | None = None
    choice: str = ""

    def covers(self, other: "Condition") -> bool:
        """Say whether every case of `other`, an atom of the same cause, lies in this condition."""
        if self.choice or other.choice:
            return self.choice == other.choice
        starts = self.since is None or (other.since is not None and self.since <= other.since)
        ends = self.until is None or (other.until is not None and other.until <= self.until)
        return starts and ends

    def __str__(self) -> str:
        """Return the condition as people write it: `kernel < 5.4`, `kernel >= 5.4`, or the choice."""
        if self.choice:
            return self.choice
        if self.since is None and self.until is None:
            return f"any {self.cause}"
        if self.since is None:
            return f"{self.cause} < {self.until}"
        if self.until is None:
            return f"{self.cause} >= {self.since}"
        return f"{self.cause} {self.since} up to before {self.until}"


Conditions = tuple[Condition, ...]
World = Mapping[str, Condition]


def holds_in(conditions: Conditions, world: World) -> bool:
    """Say whether all `conditions` hold in `world`; a cause the world does not fix does not hold."""
    return all(c.cause in world and c.covers(world[c.cause]) for c in conditions)


def worlds(groups: Iterable[Conditions]) -> list[World]:
    """Return every combination of the causes' smallest alternatives, at most `WORLDS_CAP` of them.

    `groups` are the conditions of all options of the values in question. An empty list means that
    there are more combinations than the cap.
    """
    by_cause: dict[str, list[Condition]] = {}
    for conditions in groups:
        for condition in conditions:
            by_cause.setdefault(condition.cause, []).append(condition)
    axes = [_atoms(cause, found) for cause, found in by_cause.items()]
    combinations = list(islice(product(*axes), WORLDS_CAP + 1))
    if len(combinations) > WORLDS_CAP:
        return []
    return [{atom.cause: atom for atom in combination} for combination in combinations]


def _atoms(cause: str, conditions: list[Condition]) -> list[Condition]:
    if conditions[0].choice:
        return list(dict.fromkeys(conditions))
    bounds = sorted({bound for c in conditions for bound in (c.since, c.until) if bound is not None})
    edges: list[Version | None] = [None, *bounds, None]
    if all(c.since is not None for c in conditions):
        edges = edges[1:]
    if all(c.until is not None for c in conditions):
        edges = edges[:-1]
    return [Condition(cause, low, high) for low, high in pairwise(edges)]


def describe(chosen: Sequence[World], every: Sequence[World]) -> str:
    """Say in words which of `every` world the `chosen` ones are, leaving out causes that do not matter."""
    if len(chosen) == len(every):
        return "in every case"
    causes = list(dict.fromkeys(cause for world in every for cause in world))
    picked = {cause: _distinct(chosen, cause) for cause in causes}
    relevant = [cause for cause in causes if len(picked[cause]) < len(_distinct(every, cause))]
    if len(chosen) == _product_size(picked):
        return " and ".join(_merged(picked[cause]) for cause in relevant)
    return "; or ".join(" and ".join(str(world[cause]) for cause in causes) for world in chosen)


def _distinct(chosen: Iterable[World], cause: str) -> list[Condition]:
    return list(dict.fromkeys(world[cause] for world in chosen if cause in world))


def _product_size(picked: Mapping[str, list[Condition]]) -> int:
    size = 1
    for alternatives in picked.values():
        size *= len(alternatives)
    return size


def _merged(atoms: list[Condition]) -> str:
    merged: list[Condition] = []
    for atom in atoms:
        last = merged[-1] if merged else None
        if last and not atom.choice and last.until is not None and last.until == atom.since:
            merged[-1] = Condition(atom.cause, last.since, atom.until)
        else:
            merged.append(atom)
    return " or ".join(str(atom) for atom in merged)
