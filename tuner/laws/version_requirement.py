"""Which versions of fpmtune a project asks for: `>=0.1,<1`."""

import re
from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import NamedTuple

Numbers = tuple[int, ...]

_OPERATORS: dict[str, Callable[[Numbers, Numbers], bool]] = {
    "==": eq,
    "!=": ne,
    ">=": ge,
    "<=": le,
    ">": gt,
    "<": lt,
    "": eq,
}
_CLAUSE = re.compile(r"(==|!=|>=|<=|>|<|)\s*([0-9]{1,9}(?:\.[0-9]{1,9})*)")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)*")
EXPECTED = "versions with ==, !=, >=, <=, > or <, joined by commas, like >=0.1,<1"


class VersionRequirement(NamedTuple):
    """Clauses that a version has to meet, all of them.

    Numbers that are not written count as 0, as in Python packaging (PEP 440): 0.1 equals 0.1.0. A version
    without an operator means exactly that one. A suffix (`.dev1`, `rc2`) counts for nothing.
    """

    text: str
    clauses: tuple[tuple[str, Numbers], ...]

    @classmethod
    def parse(cls, text: str) -> "VersionRequirement":
        """Read a comma-separated list of clauses. Raises ValueError that says what is wrong with which."""
        clauses = []
        for clause in text.split(","):
            match = _CLAUSE.fullmatch(clause.strip())
            if match is None:
                raise ValueError(f"expected {EXPECTED}; not '{clause.strip()}'")
            clauses.append((match[1], _numbers(match[2])))
        return cls(text, tuple(clauses))

    def admits(self, version: str) -> bool:
        """Say whether `version`, which begins with a number, meets every clause."""
        match = _VERSION.match(version)
        numbers = _numbers(match[0]) if match else ()
        return all(_OPERATORS[operator](*_padded(numbers, wanted)) for operator, wanted in self.clauses)


def _numbers(text: str) -> Numbers:
    return tuple(int(number) for number in text.split("."))


def _padded(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    length = max(len(a), len(b))
    return a + (0,) * (length - len(a)), b + (0,) * (length - len(b))
