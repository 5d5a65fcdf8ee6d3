"""Messages of rules: text with `{expression}` holes."""

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from tuner.judge.evaluate import Environment, evaluate, evaluate_elements
from tuner.judge.expression import Expression, compile_expression, join_call
from tuner.judge.outcome import Outcome
from tuner.judge.text_place import TextPlace
from tuner.judge.wording import in_words
from tuner.source.regex import regex
from tuner.stack.condition import World, describe

_HOLE = regex(r"\{([^{}]*)\}")
_BRACE = regex(r"[{}]")
_UNIT_KEEPING_FUNCTIONS = ("min", "max")
_CASES_NAMED = 3


class Message(NamedTuple):
    """A text, cut at its holes."""

    parts: tuple[str | Expression, ...]

    @property
    def holes(self) -> tuple[Expression, ...]:
        """The expressions of the holes."""
        return tuple(part for part in self.parts if isinstance(part, Expression))

    def fill(self, environment: Environment, worlds: Sequence[World] = ()) -> str:
        """Return the text with its holes filled.

        With `worlds`, what is unknown otherwise prints the values it has there, joined by "or", and in which
        case each holds: `128 (kernel < 5.4) or 4096 (kernel >= 5.4)`.
        Raises RuleError where a hole does not fit the model.
        """
        return "".join(
            part if isinstance(part, str) else _filled(part, environment, worlds) for part in self.parts
        )


def compile_message(text: str, where: TextPlace) -> Message:
    """Read a text with holes. Raises RuleError for a bad expression or a brace without its twin."""
    return Message(tuple(_parts(" ".join(text.split()), where)))


def _parts(text: str, where: TextPlace) -> Iterator[str | Expression]:
    for number, piece in enumerate(_HOLE.split(text)):
        if number % 2:
            yield compile_expression(piece, where.behind("{"), in_message=True)
            where = where.behind("{" + piece + "}")
            continue
        brace = _BRACE.search(piece)
        if brace:
            raise where.error(f"a brace without its twin in '{piece}'", piece, brace.start())
        where = where.behind(piece)
        yield piece


def _filled(hole: Expression, environment: Environment, worlds: Sequence[World]) -> str:
    if not worlds:
        return _printed(hole, environment, None)
    cases: dict[str, list[World]] = {}
    for world in worlds:
        cases.setdefault(_printed(hole, environment, world), []).append(world)
    if not 1 < len(cases) <= _CASES_NAMED:
        return " or ".join(cases)
    return " or ".join(f"{words} ({describe(found, worlds)})" for words, found in cases.items())


def _printed(hole: Expression, environment: Environment, world: World | None) -> str:
    joined = join_call(hole)
    if joined is None:
        return _in_words(hole, hole.node, evaluate(hole, environment, world))
    (generator,) = joined.args
    element = generator.elt if isinstance(generator, ast.GeneratorExp) else generator
    found = evaluate_elements(hole, joined, environment, world)
    return ", ".join(_in_words(hole, element, outcome) for outcome in found) or "none"


def _in_words(hole: Expression, node: ast.expr, outcome: Outcome) -> str:
    if isinstance(outcome.data, BaseModel | list):
        raise hole.error(node, "a value is needed here")
    return in_words(outcome.data, _unit(outcome) if _keeps_unit(node) else "")


def _keeps_unit(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _UNIT_KEEPING_FUNCTIONS
    return isinstance(node, ast.Attribute | ast.Name)


def _unit(outcome: Outcome) -> str:
    units = {value.unit for value in outcome.reads}
    return units.pop() if len(units) == 1 else ""
