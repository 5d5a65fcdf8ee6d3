"""Comparison and arithmetic of the rule language on outcomes, with absent, disabled and unknown operands."""

import ast
import operator
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel

from tuner.judge.outcome import Outcome, Special, Unknown, any_of, negated, reads_of, unknown_from

ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class OperandError(TypeError):
    """Operands of kinds that an operation is not made for: a mistake of the rule."""


def compare(comparison: ast.cmpop, left: Outcome, right: Outcome) -> Outcome:
    """Return `left < right`, `left == right` and so on. Raises OperandError."""
    if type(comparison) in ORDERS:
        return _in_order(ORDERS[type(comparison)], left, right)
    same = _equal(left, right)
    return negated(same) if isinstance(comparison, ast.NotEq) else same


def is_one_of(comparison: ast.cmpop, left: Outcome, choices: Sequence[Outcome]) -> Outcome:
    """Return `left in choices`, or `not in`. Raises OperandError."""
    found = any_of(_equal(left, choice) for choice in choices)
    found = found if choices else Outcome(False, left.reads)
    return negated(found) if isinstance(comparison, ast.NotIn) else found


def calculate(function: Callable[..., Any], operands: Sequence[Outcome]) -> Outcome:
    """Return `function` of numbers; absent when an operand is absent or disabled, or there is no result.

    Raises OperandError for anything that is not a number.
    """
    numbers = [outcome.data for outcome in operands]
    for number in numbers:
        if not isinstance(number, int | float | Special | Unknown):
            raise OperandError(f"arithmetic is for numbers, not for {_kind(number)}")
    return _applied(function, operands, numbers)


def least_or_greatest(function: Callable[..., Any], operands: Sequence[Outcome]) -> Outcome:
    """Return `min` or `max` of numbers or of texts; absent when there are none or one is absent or disabled.

    Raises OperandError for numbers mixed with texts, and for anything else.
    """
    data = [outcome.data for outcome in operands]
    known = [item for item in data if not isinstance(item, Special | Unknown)]
    for item in known:
        _check_order(known[0], item)
    return _applied(lambda *items: function(items), operands, data) if data else Outcome(Special.ABSENT)


def _applied(function: Callable[..., Any], operands: Sequence[Outcome], data: Sequence[Any]) -> Outcome:
    special = [outcome for outcome in operands if isinstance(outcome.data, Special)]
    if special:
        return Outcome(Special.ABSENT, reads_of(special))
    if any(isinstance(item, Unknown) for item in data):
        return unknown_from(operands)
    try:
        result = function(*data)
    except ArithmeticError:
        result = Special.ABSENT
    return Outcome(result, reads_of(operands))


def _in_order(function: Callable[[Any, Any], bool], left: Outcome, right: Outcome) -> Outcome:
    special = [outcome for outcome in (left, right) if isinstance(outcome.data, Special)]
    if special:
        return Outcome(False, reads_of(special))
    if isinstance(left.data, Unknown) or isinstance(right.data, Unknown):
        return unknown_from((left, right))
    _check_order(left.data, right.data)
    return Outcome(function(left.data, right.data), reads_of((left, right)))


def _check_order(left: object, right: object) -> None:
    both_numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if not both_numbers and not (isinstance(left, str) and isinstance(right, str)):
        raise OperandError(f"{_kind(left)} and {_kind(right)} have no order")


def _equal(left: Outcome, right: Outcome) -> Outcome:
    for outcome in (left, right):
        if isinstance(outcome.data, list):
            raise OperandError("a list cannot be compared")
    if isinstance(left.data, Unknown) or isinstance(right.data, Unknown):
        return unknown_from((left, right))
    # Entities refer to each other in circles: comparing their contents would not end.
    by_identity = isinstance(left.data, BaseModel | Special) or isinstance(right.data, BaseModel | Special)
    same = left.data is right.data if by_identity else left.data == right.data
    return Outcome(same, reads_of((left, right)))


def _kind(data: object) -> str:
    if isinstance(data, str):
        return "a text"
    if isinstance(data, int | float):
        return "a number"
    return "a list" if isinstance(data, list) else f"an entity ({type(data).__name__})"
