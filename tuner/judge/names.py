"""Name check: does every name and attribute of an expression exist in the model?"""

import ast
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, NamedTuple

from pydantic import BaseModel

from tuner.judge.evaluate import VALUE_ATTRIBUTES
from tuner.judge.expression import CONSTANTS, JOIN, Expression
from tuner.stack.value import Value


class ListOf(NamedTuple):
    """The static type of a list and its elements."""

    element: Any


StaticType = type | ListOf
"""A model class, `Value`, the type of a plain attribute, or a list."""


def check_names(expression: Expression, scope_types: Mapping[str, type]) -> StaticType:
    """Return the type of the expression where its names have `scope_types`.

    Raises RuleError for a name or attribute the model does not have, with the nearest one it has, and for
    a list or entity where a value is needed.
    """
    return _NameCheck(expression).type_of(expression.node, scope_types)


def check_value(expression: Expression, scope_types: Mapping[str, type]) -> StaticType:
    """Do the same for an expression that must give a value, not a list or an entity."""
    check = _NameCheck(expression)
    found = check.type_of(expression.node, scope_types)
    check.must_be_value(expression.node, found)
    return found


@cache
def fields_of(model: type[BaseModel]) -> dict[str, StaticType]:
    """Return the static types of a model's fields."""
    hints = typing.get_type_hints(model)
    return {field: _static(hints[field]) for field in model.model_fields}


def _static(annotation: object) -> StaticType:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, UnionType):
        (annotation,) = (part for part in arguments if part is not NoneType)
        return _static(annotation)
    if origin is list:
        return ListOf(_static(arguments[0]))
    if origin is typing.Literal:
        return type(arguments[0])
    return annotation if isinstance(annotation, type) else object


_FUNCTIONS_OF_VALUES = frozenset({"sum", "min", "max", JOIN})


class _NameCheck:
    def __init__(self, expression: Expression) -> None:
        self.expression = expression

    def type_of(self, node: ast.expr, names: Mapping[str, Any]) -> StaticType:
        if isinstance(node, ast.Name):
            return self._name(node, names)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, self.type_of(node.value, names))
        if isinstance(node, ast.Call):
            return self._call(node, names)
        if isinstance(node, ast.Compare):
            self._compare(node, names)
            return bool
        if isinstance(node, ast.IfExp):
            self.type_of(node.test, names)
            self.type_of(node.orelse, names)
            return self.type_of(node.body, names)
        return self._operands(node, names)

    def _operands(self, node: ast.expr, names: Mapping[str, Any]) -> StaticType:
        is_arithmetic = isinstance(node, ast.BinOp) or (
            isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        )
        for operand in ast.iter_child_nodes(node):
            if isinstance(operand, ast.expr):
                found = self.type_of(operand, names)
                if is_arithmetic:
                    self.must_be_value(operand, found)
        return object

    def _name(self, node: ast.Name, names: Mapping[str, Any]) -> StaticType:
        if node.id in CONSTANTS:
            return Value
        if node.id not in names:
            raise self._no_such(node, f"there is no '{node.id}' here", node.id, (*names, *CONSTANTS))
        found: StaticType = names[node.id]
        return found

    def _attribute(self, node: ast.Attribute, holder: StaticType) -> StaticType:
        if isinstance(holder, ListOf):
            raise self.expression.error(node, f"a list has no '{node.attr}': use any(... for x in ...)")
        if holder is Value:
            if node.attr in VALUE_ATTRIBUTES:
                return VALUE_ATTRIBUTES[node.attr]
            raise self._no_such(node, f"a value has no '{node.attr}'", node.attr, VALUE_ATTRIBUTES)
        fields = fields_of(holder) if issubclass(holder, BaseModel) else {}
        if node.attr not in fields:
            raise self._no_such(node, f"{holder.__name__} has no '{node.attr}'", node.attr, fields)
        return fields[node.attr]

    def _call(self, node: ast.Call, names: Mapping[str, Any]) -> StaticType:
        for argument in node.args:
            if isinstance(argument, ast.GeneratorExp):
                element = self._generator(argument, names)
                if isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS_OF_VALUES:
                    self.must_be_value(argument.elt, element)
            else:
                self.type_of(argument, names)
        return object

    def _generator(self, node: ast.GeneratorExp, names: Mapping[str, Any]) -> StaticType:
        clause = node.generators[0]
        listed = self.type_of(clause.iter, names)
        if not isinstance(listed, ListOf):
            raise self.expression.error(clause.iter, "not a list of the model")
        if not isinstance(clause.target, ast.Name) or clause.target.id in names:
            raise self.expression.error(clause.target, "the generator's name already means something else")
        inner = {**names, clause.target.id: listed.element}
        for condition in clause.ifs:
            self.type_of(condition, inner)
        return self.type_of(node.elt, inner)

    def _compare(self, node: ast.Compare, names: Mapping[str, Any]) -> None:
        is_equality = all(isinstance(comparison, ast.Eq | ast.NotEq) for comparison in node.ops)
        for operand in (node.left, *node.comparators):
            if not isinstance(operand, ast.Tuple | ast.List):
                found = self.type_of(operand, names)
                if not is_equality or isinstance(found, ListOf):
                    self.must_be_value(operand, found)

    def must_be_value(self, node: ast.expr, found: StaticType) -> None:
        if isinstance(found, ListOf) or issubclass(found, BaseModel):
            kind = "a list" if isinstance(found, ListOf) else f"an entity ({found.__name__})"
            raise self.expression.error(node, f"{kind} where a value is needed")

    def _no_such(self, node: ast.expr, message: str, name: str, known: Iterable[str]) -> Exception:
        from difflib import get_close_matches

        nearest = get_close_matches(name, list(known), n=1)
        hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
        at = node
        if isinstance(node, ast.Attribute) and node.end_col_offset is not None:
            at = ast.Name(name, col_offset=node.end_col_offset - len(name.encode()))
        return self.expression.error(at, message + hint)
