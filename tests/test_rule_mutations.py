"""A rule's examples pin its condition down: change any part of it a little, and one of them fails."""

import ast
import copy
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.test_rules import RULES
from tests.trees import write_tree
from tuner.judge.examples import shortfall, stacks_of_example
from tuner.judge.expression import Expression
from tuner.judge.rule import CompiledRule, Example
from tuner.judge.run import judge
from tuner.judge.text_place import TextPlace
from tuner.stack.model import Stack

NEIGHBOURS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
Mutation = Callable[[ast.AST], None]


def mutations_of(node: ast.AST) -> Iterator[Mutation]:
    """Every small change of this one node, as a function that makes it in a copy of it."""
    if isinstance(node, ast.Compare):
        for number in range(len(node.ops)):
            yield lambda twin, at=number: shift(twin, at)
    if isinstance(node, ast.BoolOp):
        for number in range(len(node.values)):
            yield lambda twin, at=number: twin.values.pop(at)
    if isinstance(node, ast.GeneratorExp) and node.generators[0].ifs:
        yield lambda twin: twin.generators[0].ifs.clear()


def shift(compare: ast.Compare, at: int) -> None:
    compare.ops[at] = NEIGHBOURS[type(compare.ops[at])]()


def mutants_of(node: ast.expr) -> Iterator[ast.expr]:
    """Copies of the expression, each with one small change."""
    for number, original in enumerate(ast.walk(node)):
        for mutate in mutations_of(original):
            twin = copy.deepcopy(node)
            mutate(list(ast.walk(twin))[number])
            yield collapsed(twin)


class Collapse(ast.NodeTransformer):
    """`and` of one operand is that operand."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        return node.values[0] if len(node.values) == 1 else node


def collapsed(node: ast.expr) -> ast.expr:
    found = Collapse().visit(node)
    assert isinstance(found, ast.expr)
    return found


def expressions_of(compiled: CompiledRule) -> dict[str, Expression]:
    found = {"when": compiled.when}
    if compiled.mitigated_when is not None:
        found["mitigated_when"] = compiled.mitigated_when
    return found


CASES = [
    pytest.param(compiled, field, mutant, id=f"{compiled.rule.name}-{field}-{ast.unparse(mutant)}")
    for compiled in RULES
    for field, expression in expressions_of(compiled).items()
    for mutant in mutants_of(expression.node)
]


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Example], tuple[list[Stack], Path]]:
    @cache
    def build(title: str, key: int) -> tuple[list[Stack], Path]:
        root = tmp_path_factory.mktemp("example")
        write_tree(root, by_key[key].files)
        return stacks_of_example(by_key[key], root), root

    by_key: dict[int, Example] = {}

    def of(example: Example) -> tuple[list[Stack], Path]:
        by_key[id(example)] = example
        return build(example.title, id(example))

    return of


@pytest.mark.parametrize(("compiled", "field", "mutant"), CASES)
def test_an_example_notices(
    compiled: CompiledRule,
    field: str,
    mutant: ast.expr,
    stacks: Callable[[Example], tuple[list[Stack], Path]],
) -> None:
    mutated = CompiledRule(compiled.rule, compiled.path)
    expression = Expression(ast.unparse(mutant), TextPlace("mutant"), mutant)
    mutated.__dict__[field] = expression
    for example in compiled.rule.examples:
        built, root = stacks(example)
        if shortfall(mutated, example, judge(built, [mutated]), root):
            return
    pytest.fail(f"no example of {compiled.rule.name} notices: {expression.source}")
