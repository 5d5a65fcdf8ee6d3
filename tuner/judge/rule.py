"""A rule as it stands in its YAML file."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tuner.errors import RuleError
from tuner.judge.expression import Expression, compile_expression
from tuner.judge.finding import Severity
from tuner.judge.message import Message, compile_message
from tuner.judge.names import check_names, check_value
from tuner.judge.scopes import ScopeName, scope_types
from tuner.stack.value import Value

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
RuleId = Annotated[str, StringConstraints(pattern=r"^(QUE|FPM|NGX|RDS|SYS|UNT|CTR|PTH|CFG)\d{3}$")]
KebabName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]

FAMILIES = ("QUE", "FPM", "NGX", "RDS", "SYS", "UNT", "CTR", "PTH", "CFG")
"""The letters rule ids begin with."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Expectation(_Strict):
    """Where an example's finding must lie, how grave it must be, and words its message must hold."""

    path: str | None = None
    line: int | None = Field(default=None, ge=1)
    column: int | None = Field(default=None, ge=1)
    severity: Severity | None = None
    message: str | None = None


class Example(_Strict):
    """A small file tree and what the rule says of it. `target` is what `--target` takes.

    `also` are the other rules (ids) that find an error in a good example, and rightly so.
    """

    title: Text
    verdict: Literal["bad", "good", "undecided", "conditional"]
    target: str | None = None
    files: dict[str, str] = Field(min_length=1)
    expect: list[Expectation] | None = None
    also: list[RuleId] = []


class Mitigation(_Strict):
    """The case in which a finding is milder, and how mild it is then."""

    when: Text
    severity: Severity


class Rule(_Strict):
    """One rule: when it holds, what it says, why, what to do, and the examples that prove it.

    `at` leads to the Value whose place is shown first. `message` and `requires` (what must be restarted
    for the cure to take effect) are texts with `{expression}` holes. `since` is the first version with it.
    """

    id: RuleId
    name: KebabName
    title: Text
    severity: Severity
    scope: ScopeName
    when: Text
    mitigated: Mitigation | None = None
    at: Text | None = None
    message: Text
    why: Text
    fix: Text
    requires: str = ""
    references: list[Text] = []
    since: Text
    examples: list[Example] = []


class CompiledRule:
    """A rule with its expressions, each compiled when it is first needed.

    `path` is the rule's file; `lines` are the lines its fields begin at, where that is known.
    """

    def __init__(self, rule: Rule, path: str, lines: Mapping[str, int] | None = None) -> None:
        self.rule = rule
        self.path = path
        self._lines = lines or {}

    @cached_property
    def when(self) -> Expression:
        """The rule's condition. Raises RuleError."""
        return compile_expression(self.rule.when, self._where("when"))

    @cached_property
    def mitigated_when(self) -> Expression | None:
        """The case in which the finding is milder. Raises RuleError."""
        mitigated = self.rule.mitigated
        return compile_expression(mitigated.when, self._where("mitigated")) if mitigated else None

    @cached_property
    def at(self) -> Expression | None:
        """The path to the Value that is shown first. Raises RuleError."""
        if self.rule.at is None:
            return None
        expression = compile_expression(self.rule.at, self._where("at"))
        if not expression.is_path:
            raise RuleError(expression.where, f"'{expression.source}' is not a name with attributes")
        return expression

    @cached_property
    def message(self) -> Message:
        """The message. Raises RuleError."""
        return compile_message(self.rule.message, self._where("message"))

    @cached_property
    def requires(self) -> Message:
        """What must be restarted. Raises RuleError."""
        return compile_message(self.rule.requires, self._where("requires"))

    def check(self) -> None:
        """Compile everything and check every name against the model. Raises RuleError."""
        types = scope_types(self.rule.scope)
        check_names(self.when, types)
        if self.mitigated_when is not None:
            check_names(self.mitigated_when, types)
        if self.at is not None and check_value(self.at, types) is not Value:
            raise RuleError(self.at.where, f"'{self.at.source}' does not lead to a value")
        for hole in (*self.message.holes, *self.requires.holes):
            check_value(hole, types)

    def _where(self, field: str) -> str:
        return f"{self.path}:{self._lines.get(field, field)}"


def read_rule(data: object, path: str, lines: Mapping[str, int] | None = None) -> CompiledRule:
    """Read one rule from the mapping that its file holds. Raises RuleError with the path and the field."""
    try:
        return CompiledRule(Rule.model_validate(data), path, lines)
    except ValidationError as error:
        raise _rule_error(error, path, lines or {}) from None


def _rule_error(error: ValidationError, path: str, lines: Mapping[str, int]) -> RuleError:
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    line = lines.get(str(first["loc"][0])) if first["loc"] else None
    return RuleError(
        f"{path}:{line}" if line else path, f"{field}: {first['msg']}" if field else first["msg"]
    )
