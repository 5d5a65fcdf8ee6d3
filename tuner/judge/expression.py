"""The expression language of rules: a small part of Python's, checked before anything is evaluated.

An expression may come from a stranger's pull request: only the node types listed here pass, and length,
depth and the nesting of generators are bounded.
"""

import ast
import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

from tuner.errors import RuleError
from tuner.judge.operators import ARITHMETIC, ORDERS
from tuner.judge.outcome import Special
from tuner.judge.text_place import TextPlace

LENGTH_CAP_CHARACTERS = 500
DEPTH_CAP_LEVELS = 20

CONSTANTS = {"absent": Special.ABSENT, "disabled": Special.DISABLED}
FUNCTIONS = frozenset({"any", "all", "sum", "min", "max", "len"})
JOIN = "join"
"""A function of messages only: the texts of a generator, separated by commas."""


class Expression(NamedTuple):
    """A checked expression. `where` is the place of its source."""

    source: str
    where: TextPlace
    node: ast.expr

    @property
    def is_path(self) -> bool:
        """Whether it is a name with attributes (`pool.listener.backlog`) and nothing else."""
        return is_path(self.node)

    def error(self, node: ast.AST, message: str) -> RuleError:
        """Return the error that says `message` of the part `node`."""
        before = self.source.encode()[: getattr(node, "col_offset", 0)]
        return self.where.error(message, self.source, len(before.decode("utf-8", "ignore")))


def compile_expression(source: str, where: TextPlace, *, in_message: bool = False) -> Expression:
    """Read one expression; `in_message` allows `join(...)` as the whole of it. Raises RuleError."""
    source = source.strip()
    if not source:
        raise where.error("the expression is empty")
    if len(source) > LENGTH_CAP_CHARACTERS:
        raise where.error(f"the expression is longer than {LENGTH_CAP_CHARACTERS} characters")
    first, *more = source.splitlines()
    if more:
        fault = "an expression is one line (in YAML, fold it with '>', all lines indented alike)"
        raise where.behind(first).error(fault)
    expression = Expression(source, where, _parsed(source, where))
    joined = join_call(expression)
    if in_message and joined:
        _Checker(expression).check_generator_call(joined, 1)
    else:
        _Checker(expression).check(expression.node, 1)
    return expression


def is_path(node: ast.expr) -> bool:
    """Say whether `node` is a name with attributes and nothing else."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def join_call(expression: Expression) -> ast.Call | None:
    """Return the call if the expression is a `join(...)` of a message, else None."""
    node = expression.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == JOIN:
        return node
    return None


def _parsed(source: str, where: TextPlace) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return ast.parse(source, mode="eval").body
    except SyntaxError as error:
        offset = error.offset - 1 if error.offset else len(source)
        raise where.error(f"not an expression: {error.msg}", source, offset) from None
    except (ValueError, MemoryError, RecursionError) as error:
        raise where.error(f"not an expression: {str(error) or type(error).__name__}") from None


class _Checker:
    """Walks the tree once; every node type that has no check here is refused."""

    def __init__(self, expression: Expression) -> None:
        self.expression = expression
        self.is_in_generator = False

    def check(self, node: ast.expr, level: int) -> None:
        if level > DEPTH_CAP_LEVELS:
            raise self.expression.error(node, f"nested deeper than {DEPTH_CAP_LEVELS} levels")
        check = _CHECKS.get(type(node))
        if check is None:
            raise self.expression.error(node, f"{type(node).__name__} is not part of the rule language")
        check(self, node, level)

    def constant(self, node: ast.Constant, level: int) -> None:
        if not isinstance(node.value, bool | int | float | str):
            raise self.expression.error(
                node, f"{node.value!r} is not a number, text, True or False; see 'absent'"
            )
        if isinstance(node.value, float) and not math.isfinite(node.value):
            raise self.expression.error(node, "the number is too large")

    def name(self, node: ast.Name, level: int) -> None:
        self._check_identifier(node, node.id)
        if node.id in FUNCTIONS or node.id == JOIN:
            raise self.expression.error(node, f"{node.id} is a function: write {node.id}(...)")

    def attribute(self, node: ast.Attribute, level: int) -> None:
        self._check_identifier(node, node.attr)
        if not is_path(node.value):
            raise self.expression.error(node, "only a name has attributes")
        self.check(node.value, level + 1)

    def bool_op(self, node: ast.BoolOp, level: int) -> None:
        for operand in node.values:
            self.check(operand, level + 1)

    def unary_op(self, node: ast.UnaryOp, level: int) -> None:
        if not isinstance(node.op, ast.Not | ast.USub):
            raise self.expression.error(node, f"{type(node.op).__name__} is not part of the rule language")
        self.check(node.operand, level + 1)

    def bin_op(self, node: ast.BinOp, level: int) -> None:
        if type(node.op) not in ARITHMETIC:
            raise self.expression.error(node, f"{type(node.op).__name__} is not part of the rule language")
        for operand in (node.left, node.right):
            if isinstance(operand, ast.Constant) and isinstance(operand.value, str):
                raise self.expression.error(operand, "arithmetic is for numbers, not for a text")
            self.check(operand, level + 1)

    def if_exp(self, node: ast.IfExp, level: int) -> None:
        for part in (node.test, node.body, node.orelse):
            self.check(part, level + 1)

    def compare(self, node: ast.Compare, level: int) -> None:
        self.check(node.left, level + 1)
        for comparison, operand in zip(node.ops, node.comparators, strict=True):
            if isinstance(comparison, ast.In | ast.NotIn):
                self._check_choices(node, operand)
            elif type(comparison) in ORDERS or isinstance(comparison, ast.Eq | ast.NotEq):
                self.check(operand, level + 1)
            else:
                raise self.expression.error(
                    node, f"{type(comparison).__name__} is not part of the rule language"
                )

    def call(self, node: ast.Call, level: int) -> None:
        function = node.func.id if isinstance(node.func, ast.Name) else ""
        if function not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS))
            raise self.expression.error(node, f"not a function of the rule language: expected one of {known}")
        if len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            self.check_generator_call(node, level)
        elif node.keywords or not self._takes(function, node.args):
            raise self.expression.error(node, f"{function} takes {_ARGUMENTS[function]}")
        else:
            for argument in node.args:
                self.check(argument, level + 1)

    def check_generator_call(self, node: ast.Call, level: int) -> None:
        """Check a call whose only argument is a generator."""
        generator = node.args[0] if len(node.args) == 1 else None
        if node.keywords or not isinstance(generator, ast.GeneratorExp):
            raise self.expression.error(node, "the function takes a generator (x.name for x in ...)")
        if self.is_in_generator or len(generator.generators) > 1:
            raise self.expression.error(generator, "a generator inside a generator")
        self._check_clause(generator.generators[0], level + 2)
        self.is_in_generator = True
        self.check(generator.elt, level + 2)
        for condition in generator.generators[0].ifs:
            self.check(condition, level + 2)
        self.is_in_generator = False

    def _check_clause(self, clause: ast.comprehension, level: int) -> None:
        target = clause.target
        if not isinstance(target, ast.Name) or clause.is_async:
            raise self.expression.error(target, "a generator has one plain name: x.name for x in ...")
        if target.id in FUNCTIONS or target.id in CONSTANTS or target.id == JOIN:
            raise self.expression.error(target, f"'{target.id}' has a meaning of its own")
        self._check_identifier(target, target.id)
        if not is_path(clause.iter):
            raise self.expression.error(clause.iter, "a generator runs over a list of the model")
        if len(clause.ifs) > 1:
            raise self.expression.error(clause.ifs[1], "a generator has at most one 'if'")
        self.check(clause.iter, level)

    def _check_choices(self, node: ast.Compare, choices: ast.expr) -> None:
        if len(node.ops) > 1:
            raise self.expression.error(node, "'in' cannot be chained")
        if not isinstance(choices, ast.Tuple | ast.List):
            raise self.expression.error(choices, "'in' needs constants in parentheses: in (1, 2)")
        for choice in choices.elts:
            if not _is_constant(choice):
                raise self.expression.error(choice, "'in' needs constants in parentheses: in (1, 2)")
            self.check(choice, 1)

    def _check_identifier(self, node: ast.AST, identifier: str) -> None:
        if identifier.startswith("_"):
            raise self.expression.error(node, f"'{identifier}' is not part of the rule language")

    def _takes(self, function: str, arguments: list[ast.expr]) -> bool:
        if function == "len":
            return len(arguments) == 1 and is_path(arguments[0])
        return function in ("min", "max") and len(arguments) > 1


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
        return isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id in CONSTANTS)


_ARGUMENTS = {
    "any": "a generator: any(x.name == 'a' for x in ...)",
    "all": "a generator: all(x.name == 'a' for x in ...)",
    "sum": "a generator: sum(x.number for x in ...)",
    "min": "a generator or at least two operands",
    "max": "a generator or at least two operands",
    "len": "a list of the model or a generator",
}
_CHECKS: dict[type[ast.expr], Callable[..., None]] = {
    ast.Constant: _Checker.constant,
    ast.Name: _Checker.name,
    ast.Attribute: _Checker.attribute,
    ast.BoolOp: _Checker.bool_op,
    ast.UnaryOp: _Checker.unary_op,
    ast.BinOp: _Checker.bin_op,
    ast.IfExp: _Checker.if_exp,
    ast.Compare: _Checker.compare,
    ast.Call: _Checker.call,
}
