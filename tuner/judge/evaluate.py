"""Evaluation of rule expressions over the model: three-valued, with a trace of the reads that decided.

Every operand of `and` and `or` is evaluated, so neither the result nor the reads depend on their order.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from tuner.judge import operators
from tuner.judge.expression import CONSTANTS, Expression
from tuner.judge.operators import ARITHMETIC, OperandError
from tuner.judge.outcome import (
    Outcome,
    Special,
    Unknown,
    all_of,
    any_of,
    negated,
    reads_of,
    unknown_from,
)
from tuner.stack.condition import World
from tuner.stack.value import Value

Environment = Mapping[str, Any]
"""What the names of an expression stand for: entities, by name."""

VALUE_ATTRIBUTES: Mapping[str, type] = {
    "is_known": bool,
    "is_written": bool,
    "is_own_choice": bool,
    "set_by": str,
}
"""The attributes that an expression may ask of a Value, with their types."""


def evaluate(expression: Expression, environment: Environment, world: World | None = None) -> Outcome:
    """Return what the expression gives; in a `world`, unknown Values are what they are there.

    Raises RuleError where the expression does not fit the model.
    """
    return _Evaluation(expression, environment, world).of(expression.node)


def evaluate_elements(
    expression: Expression, call: ast.Call, environment: Environment, world: World | None = None
) -> list[Outcome]:
    """Return what the generator of `call` yields; an element whose `if` is unknown counts as yielded."""
    elements = _Evaluation(expression, environment, world).elements(call)
    return [element.outcome() for element in elements if element.passes.truth is not False]


def value_at(expression: Expression, environment: Environment) -> Value | None:
    """Return the Value that a path leads to, or None where the path breaks off. Raises RuleError."""
    found = _Evaluation(expression, environment, None).along_path(expression.node)
    return found if isinstance(found, Value) else None


class _Evaluation:
    """One expression, the names in force and the world it is evaluated in."""

    __slots__ = ("environment", "expression", "world")

    def __init__(self, expression: Expression, environment: Environment, world: World | None) -> None:
        self.expression = expression
        self.environment = environment
        self.world = world

    def of(self, node: ast.expr) -> Outcome:
        try:
            return _EVALUATIONS[type(node)](self, node)
        except OperandError as error:
            raise self.expression.error(node, str(error)) from None

    def constant(self, node: ast.Constant) -> Outcome:
        return Outcome(node.value)

    def path(self, node: ast.expr) -> Outcome:
        if isinstance(node, ast.Name) and node.id in CONSTANTS:
            return Outcome(CONSTANTS[node.id])
        if isinstance(node, ast.Attribute) and node.attr in VALUE_ATTRIBUTES:
            holder = self.along_path(node.value)
            if isinstance(holder, Value):
                return self._asked_of(holder, node.attr)
        found = self.along_path(node)
        if isinstance(found, Value):
            return self._read(found)
        return Outcome(Special.ABSENT if found is None else found)

    def _asked_of(self, value: Value, attribute: str) -> Outcome:
        """Return what a Value says of itself; whether it is known may depend on the world."""
        seen = value.resolved_in(self.world) if self.world and attribute == "is_known" else value
        return Outcome(getattr(seen, attribute), (value,))

    def along_path(self, node: ast.expr) -> object:
        """Return the bare object a path leads to; None where it breaks off."""
        if isinstance(node, ast.Name):
            if node.id not in self.environment:
                raise self.expression.error(node, f"there is no '{node.id}' here")
            return self.environment[node.id]
        if not isinstance(node, ast.Attribute):
            raise self.expression.error(node, "not a name with attributes")
        holder = self.along_path(node.value)
        if holder is None:
            return None
        if not isinstance(holder, BaseModel) or node.attr not in type(holder).model_fields:
            raise self.expression.error(node, f"{type(holder).__name__} has no '{node.attr}'")
        found: object = getattr(holder, node.attr)
        return found

    def _read(self, value: Value) -> Outcome:
        seen = value if self.world is None else value.resolved_in(self.world)
        if seen.state == "known":
            return Outcome(seen.data, (value,))
        if seen.state == "unknown":
            return Outcome(Unknown((value,)), (value,))
        return Outcome(Special(seen.state), (value,))

    def bool_op(self, node: ast.BoolOp) -> Outcome:
        operands = [self.of(operand) for operand in node.values]
        return all_of(operands) if isinstance(node.op, ast.And) else any_of(operands)

    def unary_op(self, node: ast.UnaryOp) -> Outcome:
        operand = self.of(node.operand)
        if isinstance(node.op, ast.Not):
            return negated(operand)
        return operators.calculate(lambda number: -number, (operand,))

    def bin_op(self, node: ast.BinOp) -> Outcome:
        return operators.calculate(ARITHMETIC[type(node.op)], (self.of(node.left), self.of(node.right)))

    def if_exp(self, node: ast.IfExp) -> Outcome:
        test = self.of(node.test)
        if test.truth is not None:
            chosen = self.of(node.body if test.truth else node.orelse)
            return Outcome(chosen.data, reads_of((test, chosen)))
        branches = (self.of(node.body), self.of(node.orelse))
        if operators.compare(ast.Eq(), *branches).truth:
            return Outcome(branches[0].data, reads_of(branches))
        return unknown_from((test, *branches))

    def compare(self, node: ast.Compare) -> Outcome:
        left = self.of(node.left)
        if isinstance(node.ops[0], ast.In | ast.NotIn):
            (choices,) = node.comparators
            elements = choices.elts if isinstance(choices, ast.Tuple | ast.List) else []
            return operators.is_one_of(node.ops[0], left, [self.of(choice) for choice in elements])
        pairs = []
        for comparison, operand in zip(node.ops, node.comparators, strict=True):
            right = self.of(operand)
            pairs.append(operators.compare(comparison, left, right))
            left = right
        return pairs[0] if len(pairs) == 1 else all_of(pairs)

    def call(self, node: ast.Call) -> Outcome:
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        if isinstance(node.args[0], ast.GeneratorExp):
            return _FOLDS[function](self.elements(node))
        if function == "len":
            return Outcome(len(self._list(node.args[0])))
        return operators.least_or_greatest(_EXTREMES[function], [self.of(part) for part in node.args])

    def elements(self, call: ast.Call) -> "list[_Element]":
        """Return every element of the generator in `call`, also those that its `if` leaves out."""
        (generator,) = call.args
        assert isinstance(generator, ast.GeneratorExp)
        (clause,) = generator.generators
        assert isinstance(clause.target, ast.Name)
        found = []
        for item in self._list(clause.iter):
            inner = _Evaluation(self.expression, {**self.environment, clause.target.id: item}, self.world)
            passes = inner.of(clause.ifs[0]) if clause.ifs else Outcome(True)
            found.append(_Element(passes, inner, generator.elt))
        return found

    def _list(self, node: ast.expr) -> Sequence[Any]:
        found = self.along_path(node)
        if found is None:
            return ()
        if not isinstance(found, list):
            raise self.expression.error(node, "not a list of the model")
        return found


class _Element(NamedTuple):
    """One element of a generator: whether it passes the `if`, and what it yields."""

    passes: Outcome
    evaluation: _Evaluation
    node: ast.expr

    def outcome(self) -> Outcome:
        return self.evaluation.of(self.node)


def _any(elements: Sequence[_Element]) -> Outcome:
    return any_of(e.passes if e.passes.truth is False else all_of((e.passes, e.outcome())) for e in elements)


def _all(elements: Sequence[_Element]) -> Outcome:
    return all_of(
        negated(e.passes) if e.passes.truth is False else any_of((negated(e.passes), e.outcome()))
        for e in elements
    )


def _len(elements: Sequence[_Element]) -> Outcome:
    filters = [element.passes for element in elements]
    truths = [passes.truth for passes in filters]
    return unknown_from(filters) if None in truths else Outcome(truths.count(True), reads_of(filters))


def _sum(elements: Sequence[_Element]) -> Outcome:
    return _with_filters(elements, operators.calculate(lambda *numbers: sum(numbers), _yielded(elements)))


def _min(elements: Sequence[_Element]) -> Outcome:
    return _with_filters(elements, operators.least_or_greatest(min, _yielded(elements)))


def _max(elements: Sequence[_Element]) -> Outcome:
    return _with_filters(elements, operators.least_or_greatest(max, _yielded(elements)))


def _yielded(elements: Sequence[_Element]) -> list[Outcome]:
    """Return what the elements yield; one that may be left out counts as unknown."""
    kept = [element for element in elements if element.passes.truth is not False]
    return [unknown_from((e.passes,)) if e.passes.truth is None else e.outcome() for e in kept]


def _with_filters(elements: Sequence[_Element], result: Outcome) -> Outcome:
    return Outcome(result.data, reads_of((*(element.passes for element in elements), result)))


_EXTREMES: dict[str, Callable[..., Any]] = {"min": min, "max": max}
_FOLDS: dict[str, Callable[[Sequence[_Element]], Outcome]] = {
    "any": _any,
    "all": _all,
    "len": _len,
    "sum": _sum,
    "min": _min,
    "max": _max,
}
_EVALUATIONS: dict[type[ast.expr], Callable[..., Outcome]] = {
    ast.Constant: _Evaluation.constant,
    ast.Name: _Evaluation.path,
    ast.Attribute: _Evaluation.path,
    ast.BoolOp: _Evaluation.bool_op,
    ast.UnaryOp: _Evaluation.unary_op,
    ast.BinOp: _Evaluation.bin_op,
    ast.IfExp: _Evaluation.if_exp,
    ast.Compare: _Evaluation.compare,
    ast.Call: _Evaluation.call,
}
