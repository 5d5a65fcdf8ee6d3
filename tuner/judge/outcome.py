"""What evaluating an expression gives, and Kleene's three-valued logic over it."""

from collections.abc import Iterable
from enum import Enum
from typing import Any, NamedTuple

from tuner.stack.value import Value

Reads = tuple[Value, ...]


class Special(Enum):
    """The states that are values of their own; an expression names them `absent` and `disabled`."""

    ABSENT = "absent"
    DISABLED = "disabled"


class Unknown(NamedTuple):
    """Data that nothing fixes; `missing` are the Values that would decide it."""

    missing: Reads


class Outcome(NamedTuple):
    """The result of an expression, with the Values that decided it.

    `data` is a number, a text, a bool, an entity, a list, a `Special` or an `Unknown`.
    """

    data: Any
    reads: Reads = ()

    @property
    def truth(self) -> bool | None:
        """Whether it counts as true; None when that is not known. Absent and disabled are false."""
        if isinstance(self.data, Unknown):
            return None
        return not isinstance(self.data, Special) and bool(self.data)

    @property
    def missing(self) -> Reads:
        """The Values that would decide an unknown outcome; empty for a known one."""
        return self.data.missing if isinstance(self.data, Unknown) else ()


def distinct(values: Iterable[Value]) -> Reads:
    """Return `values` with each object once, in order."""
    return tuple({id(value): value for value in values}.values())


def reads_of(outcomes: Iterable[Outcome]) -> Reads:
    """Return what any of the outcomes read."""
    return distinct(value for outcome in outcomes for value in outcome.reads)


def unknown_from(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the unknown outcome that waits for everything that is missing in `outcomes`."""
    found = tuple(outcomes)
    return Outcome(Unknown(distinct(v for outcome in found for v in outcome.missing)), reads_of(found))


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Return `and` of the outcomes: false by the false ones alone, true by all of them."""
    return _joined(tuple(outcomes), deciding=False)


def any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Return `or` of the outcomes: true by the true ones alone, false by all of them."""
    return _joined(tuple(outcomes), deciding=True)


def negated(outcome: Outcome) -> Outcome:
    """Return `not` of the outcome."""
    truth = outcome.truth
    return outcome if truth is None else Outcome(not truth, outcome.reads)


def _joined(outcomes: tuple[Outcome, ...], *, deciding: bool) -> Outcome:
    truths = [outcome.truth for outcome in outcomes]
    if deciding in truths:
        decisive = (o for o, truth in zip(outcomes, truths, strict=True) if truth is deciding)
        return Outcome(deciding, reads_of(decisive))
    if None in truths:
        return unknown_from(outcomes)
    return Outcome(not deciding, reads_of(outcomes))
