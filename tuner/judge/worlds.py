"""The verdict on one expression: evaluated as it is, and where it is unknown in every possible world."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from tuner.judge.evaluate import Environment, evaluate
from tuner.judge.expression import Expression
from tuner.judge.outcome import Outcome, Reads, distinct, reads_of
from tuner.stack.condition import World, describe, worlds

VerdictKind = Literal["certain", "conditional", "undecided", "pass"]


class Verdict(NamedTuple):
    """Whether an expression is true.

    `reads` are the Values that decided it. `worlds` are those in which it is true, empty where it is true
    without asking; `condition` says in words which these are. `missing` are the Values without which it
    stays undecided.
    """

    kind: VerdictKind
    reads: Reads = ()
    worlds: tuple[World, ...] = ()
    condition: str | None = None
    missing: Reads = ()


def decide(expression: Expression, environment: Environment) -> Verdict:
    """Return the verdict on `expression`. Raises RuleError where it does not fit the model."""
    outcome = evaluate(expression, environment)
    if outcome.truth is None:
        return _decided_in_worlds(expression, environment, outcome.missing)
    return Verdict("certain", outcome.reads) if outcome.truth else Verdict("pass", outcome.reads)


def _decided_in_worlds(expression: Expression, environment: Environment, missing: Reads) -> Verdict:
    while True:
        every = worlds(option.conditions for value in missing for option in value.options)
        if not every:
            return Verdict("undecided", missing=missing)
        outcomes = [evaluate(expression, environment, world) for world in every]
        gathered = distinct((*missing, *(value for outcome in outcomes for value in outcome.missing)))
        if len(gathered) == len(missing):
            return _verdict(every, outcomes)
        missing = gathered


def _verdict(every: Sequence[World], outcomes: Sequence[Outcome]) -> Verdict:
    truths = [outcome.truth for outcome in outcomes]
    true_worlds = tuple(world for world, truth in zip(every, truths, strict=True) if truth)
    reads = reads_of(outcome for outcome in outcomes if outcome.truth)
    if all(truths):
        return Verdict("certain", reads, true_worlds)
    if true_worlds:
        return Verdict("conditional", reads, true_worlds, describe(true_worlds, every))
    if None in truths:
        return Verdict("undecided", missing=distinct(v for outcome in outcomes for v in outcome.missing))
    return Verdict("pass", reads_of(outcomes))
