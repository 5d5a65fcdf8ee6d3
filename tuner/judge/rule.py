"""A rule as it stands in its YAML file."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from tuner.errors import RuleError
from tuner.judge.expression import Expression, compile_expression
from tuner.judge.finding import Severity
from tuner.judge.message import Message, compile_message
from tuner.judge.scopes import ScopeName, scope_types
from tuner.judge.text_place import TextPlace
from tuner.load.declared import arrivals_per_s, service_time_s
from tuner.stack.model import Owner
from tuner.stack.value import Value

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Template = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,8}\d{3}$")]
KebabName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]

FAMILIES = ("QUE", "FPM", "NGX", "RDS", "SYS", "UNT", "CTR", "PTH", "CFG")
"""The letters that the ids of built-in rules begin with."""
FAMILY_DIGITS = 3
OWN = {"is_own": True}
"""The context in which a rule of the user's is validated."""


def _inside(path: str) -> str:
    """Return a path of an example's file. Raises ValueError for one that could leave the example's folder."""
    if path.startswith("/") or "\0" in path or set(path.split("/")) & {"", ".", ".."}:
        raise ValueError(f"'{path}' is not a plain relative path")
    return str(PurePosixPath(path))


def _service_time(text: str) -> str:
    service_time_s(text)
    return text


def _rate(text: str) -> str:
    arrivals_per_s(text)
    return text


ServiceTime = Annotated[str, AfterValidator(_service_time)]
Rate = Annotated[str, AfterValidator(_rate)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Expectation(_Strict):
    """Where an example's finding must lie, how grave it must be, and words its message must hold."""

    path: str | None = None
    line: int | None = Field(default=None, ge=1)
    column: int | None = Field(default=None, ge=1)
    severity: Severity | None = None
    message: str | None = None


class LiveSocket(_Strict):
    """A listening socket of the machine in an example: Send-Q and Recv-Q of `ss`, in connections."""

    owner: Owner
    address: Text
    send_q: int = Field(ge=0)
    recv_q: int = Field(default=0, ge=0)


class LiveMachine(_Strict):
    """The running machine of an example: the text of its sysctl keys, None where one may not be read.

    `where` is what has them, `this machine` or a network namespace of a daemon's own.
    """

    sysctl: dict[str, str | int | None] = {}
    where: str = "this machine"
    sockets: list[LiveSocket] = []


class Traffic(_Strict):
    """A measured load in an example, as a load file of these numbers would have it.

    `pool` is its name there. Of `steps` each is a number of seconds and the requests that come in each of
    them, evenly; `service_ms` are service times, and how many requests in a hundred take so long. What is not
    given was not measured.
    """

    pool: Text = "www"
    steps: list[tuple[Annotated[int, Field(ge=1, le=3600)], Annotated[int, Field(ge=0, le=10_000)]]] = []
    service_ms: dict[Annotated[int, Field(ge=0, le=86_400_000)], Annotated[int, Field(ge=1)]] = {}


class Example(_Strict):
    """A small file tree and what the rule says of it. `target` is what `--target` takes.

    With `live` the files lie on a running machine, which has the versions of `target`.
    `service_time` and `qps` are what the options of these names take: a declared load. `load` is what a
    file for the option `--load` tells: a measured one.
    `also` are all other rules (ids) that find an error in an example that is good for this rule, and rightly
    so; an example of the user's that lists none may have errors of other rules.
    """

    title: Text
    verdict: Literal["bad", "good", "undecided", "conditional"]
    target: str | None = None
    service_time: ServiceTime | None = None
    qps: Rate | None = None
    load: Traffic | None = None
    live: LiveMachine | None = None
    files: dict[Annotated[str, AfterValidator(_inside)], str] = Field(min_length=1)
    expect: list[Expectation] | None = None
    also: list[RuleId] = []


class Mitigation(_Strict):
    """The case in which a finding is milder, and how mild it is then."""

    when: Text
    severity: Severity


class Rule(_Strict):
    """One rule: when it holds, what it says, why, what to do, and the examples that prove it.

    `at` leads to the Value whose place is shown first. `message` and `requires` (what must be restarted
    for the cure to take effect) are texts with `{expression}` holes. `stands_on_defaults` keeps the severity
    where nobody wrote any of the numbers: what the program refuses, it refuses unwritten, too. `since`
    is the first version with it.
    """

    id: RuleId
    name: KebabName
    title: Text
    severity: Severity
    scope: ScopeName
    when: Text
    mitigated: Mitigation | None = None
    stands_on_defaults: bool = False
    at: Text | None = None
    message: Annotated[Template, Field(min_length=1)]
    why: Text
    fix: Text
    requires: Template = ""
    references: list[Text] = []
    since: Text
    examples: list[Example] = []

    @field_validator("id")
    @classmethod
    def _has_its_family(cls, value: str, info: ValidationInfo) -> str:
        family = value[:-FAMILY_DIGITS]
        is_built_in = family in FAMILIES
        if info.context == OWN and is_built_in:
            raise ValueError(
                f"{family} is a family of built-in rules: take letters of your own, as in ACME001"
            )
        if info.context != OWN and not is_built_in:
            raise ValueError(f"{family} is none of the families {', '.join(FAMILIES)}")
        return value


class CompiledRule:
    """A rule with its expressions, each compiled when it is first needed.

    `path` is the rule's file; `place_of` gives the place of a field's text in it, where that is known.
    """

    def __init__(self, rule: Rule, path: str, place_of: Callable[[str], TextPlace] | None = None) -> None:
        self.rule = rule
        self.path = path
        self._place_of = place_of

    @property
    def is_own(self) -> bool:
        """Whether it is a rule of the user's."""
        return self.rule.id[:-FAMILY_DIGITS] not in FAMILIES

    @cached_property
    def when(self) -> Expression:
        """The rule's condition. Raises RuleError."""
        return compile_expression(self.rule.when, self.where("when"))

    @cached_property
    def mitigated_when(self) -> Expression | None:
        """The case in which the finding is milder. Raises RuleError."""
        mitigated = self.rule.mitigated
        return compile_expression(mitigated.when, self.where("mitigated.when")) if mitigated else None

    @cached_property
    def at(self) -> Expression | None:
        """The path to the Value that is shown first. Raises RuleError."""
        if self.rule.at is None:
            return None
        expression = compile_expression(self.rule.at, self.where("at"))
        if not expression.is_path:
            raise expression.where.error(f"'{expression.source}' is not a name with attributes")
        return expression

    @cached_property
    def message(self) -> Message:
        """The message. Raises RuleError."""
        return compile_message(self.rule.message, self.where("message"))

    @cached_property
    def requires(self) -> Message:
        """What must be restarted. Raises RuleError."""
        return compile_message(self.rule.requires, self.where("requires"))

    def check(self) -> None:
        """Compile everything and check every name against the model. Raises RuleError for the first fault."""
        for fault in self.faults():
            raise fault

    def faults(self) -> Iterator[RuleError]:
        """Yield what `check` finds wrong, at most one fault a field."""
        for field in ("when", "mitigated_when", "at", "message", "requires"):
            try:
                self._check_field(field)
            except RuleError as error:
                yield error

    def _check_field(self, field: str) -> None:
        # Built-in rules are checked by the tests, so a check of files does without this.
        from tuner.judge.names import check_names, check_value

        compiled: Expression | Message | None = getattr(self, field)
        types = scope_types(self.rule.scope)
        if isinstance(compiled, Message):
            for hole in compiled.holes:
                check_value(hole, types)
        elif compiled is not None and field == "at":
            if check_value(compiled, types) is not Value:
                raise compiled.where.error(f"'{compiled.source}' does not lead to a value")
        elif compiled is not None:
            check_names(compiled, types)

    def where(self, field: str) -> TextPlace:
        """Return the place of a field's text, named as in `examples.0.title`."""
        return self._place_of(field) if self._place_of else TextPlace(f"{self.path}:{field}")


def trusted_rule(data: Mapping[str, Any], path: str) -> CompiledRule:
    """Return a built-in rule as its file holds it, without its examples: no check needs them.

    The tests have validated it; a validator of rules takes longer to build than all rules to judge.
    """
    mitigated = data.get("mitigated")
    case = Mitigation.model_construct(**mitigated) if mitigated else None
    return CompiledRule(Rule.model_construct(**{**data, "mitigated": case, "examples": []}), path)


def read_rule(data: object, path: str) -> CompiledRule:
    """Read a built-in rule from the mapping that its file holds. Raises RuleError with path and field."""
    try:
        return CompiledRule(Rule.model_validate(data), path)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise RuleError(path, f"{field}: {first['msg']}" if field else first["msg"]) from None
