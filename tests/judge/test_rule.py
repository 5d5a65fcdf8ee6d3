from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, get_args

import pytest

from tuner import packaged
from tuner.errors import RuleError
from tuner.judge.load import load_rules, load_rules_to_judge
from tuner.judge.message import compile_message
from tuner.judge.rule import FAMILIES, read_rule
from tuner.judge.scopes import SCOPES, ScopeName
from tuner.judge.text_place import TextPlace
from tuner.judge.wording import in_words
from tuner.stack import model
from tuner.stack.condition import worlds
from tuner.stack.value import Data, Origin, Value, absent, unknown

if TYPE_CHECKING:
    from conftest import Make

DOCUMENT = {
    "id": "QUE001",
    "name": "backlog-clamped",
    "title": "Backlog above the kernel's ceiling",
    "severity": "warning",
    "scope": "listener",
    "when": "listener.backlog > kernel.somaxconn",
    "at": "listener.backlog",
    "message": "{listener.owner} asks for {listener.backlog}, the kernel gives {kernel.somaxconn}",
    "why": "The kernel cuts it in silence.",
    "fix": "Raise net.core.somaxconn.",
    "requires": "restart {listener.owner}",
    "references": ["https://www.kernel.org/"],
    "since": "0.1.0",
    "examples": [
        {
            "title": "clamped",
            "verdict": "bad",
            "target": "debian-12",
            "files": {"sysctl.d/60-web.conf": "net.core.somaxconn = 128\n"},
            "expect": [{"line": 1, "column": 22, "path": "sysctl.d/60-web.conf", "message": "128"}],
        }
    ],
}


def value(data: Data, unit: str = "") -> Value:
    return Value("v", data, Origin("default", "default"), unit)


def filled(text: str, **names: object) -> str:
    return compile_message(text, TextPlace("x.yaml:message")).fill(names)


# Reading.


def test_a_whole_rule_is_read_and_its_names_are_right() -> None:
    compiled = read_rule(DOCUMENT, "rules/queue/x.yaml")
    compiled.check()
    assert compiled.when.where.words == "rules/queue/x.yaml:when"
    assert compiled.rule.examples[0].expect is not None
    assert compiled.rule.examples[0].expect[0].column == 22


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": "QUE1"}, "id"),
        ({"id": "ABC001"}, "id"),
        ({"id": "QUEUES001"}, "id"),
        ({"id": "QUE001\n"}, "id"),
        ({"name": "Backlog Clamped"}, "name"),
        ({"name": "backlog-"}, "name"),
        ({"severity": "fatal"}, "severity"),
        ({"scope": "server"}, "scope"),
        ({"when": " "}, "when"),
        ({"when": None}, "when"),
        ({"message": 5}, "message"),
        ({"since": 0.1}, "since"),
        ({"severty": "error"}, "severty"),
        ({"examples": [{**DOCUMENT["examples"][0], "verdict": "ugly"}]}, "examples.0.verdict"),
        ({"examples": [{**DOCUMENT["examples"][0], "files": {}}]}, "examples.0.files"),
        ({"message": "x" * 1001}, "message"),
        ({"message": "  "}, "message"),
        ({"examples": [{**DOCUMENT["examples"][0], "expect": [{"line": 0}]}]}, "examples.0.expect.0.line"),
    ],
)
def test_malformed_data_is_an_error_with_path_and_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(RuleError) as caught:
        read_rule({**DOCUMENT, **changes}, "rules/queue/x.yaml")
    assert str(caught.value).startswith(f"rules/queue/x.yaml: {field}: ")


@pytest.mark.parametrize("data", [None, [], "text", 5, {}, {1: 2}])
def test_what_is_no_rule_at_all_is_an_error(data: object) -> None:
    with pytest.raises(RuleError, match=r"x\.yaml"):
        read_rule(data, "x.yaml")


@pytest.mark.parametrize(
    ("field", "text", "message"),
    [
        ("when", "listener.backlgo > 1", "did you mean 'backlog'"),
        ("when", "listener.backlog >", "not an expression"),
        ("at", "listener.owner", "does not lead to a value"),
        ("at", "listener.twin", "an entity (Listener) where a value is needed"),
        ("at", "listener.backlog + 1", "not a name with attributes"),
        ("message", "asks for {listener.backlgo}", "did you mean 'backlog'"),
        ("message", "asks for {listener", "a brace without its twin"),
        ("message", "asks for }", "a brace without its twin"),
        ("message", "asks for {}", "the expression is empty"),
        ("message", "{[x.name for x in host.pools]}", "ListComp"),
        ("message", "{1 + join(x.name for x in host.pools)}", "not a function"),
        ("message", "{join(host.pools)}", "takes a generator"),
        ("message", "of {kernel}", "an entity (Kernel) where a value is needed"),
        ("message", "of {join(p for p in host.pools)}", "an entity (Pool) where a value is needed"),
        ("requires", "restart {pol}", "there is no 'pol'"),
    ],
)
def test_the_check_names_field_and_fault(field: str, text: str, message: str) -> None:
    compiled = read_rule({**DOCUMENT, field: text}, "x.yaml")
    with pytest.raises(RuleError, match=re.escape(message)) as caught:
        compiled.check()
    assert caught.value.where == f"x.yaml:{field}"


def test_scopes_and_families_agree_with_the_rule_model() -> None:
    assert set(SCOPES) == set(get_args(ScopeName))
    for family in FAMILIES:
        assert read_rule({**DOCUMENT, "id": f"{family}001"}, "x.yaml").rule.id == f"{family}001"


# Loading.


def test_built_in_rules_are_read_by_id_and_must_be_unique(monkeypatch: pytest.MonkeyPatch) -> None:
    second = {**DOCUMENT, "id": "FPM001", "name": "other"}
    documents = {"queue/a.yaml": DOCUMENT, "fpm/b.yaml": second}
    monkeypatch.setattr(packaged, "rule_documents", lambda: documents)
    assert [compiled.rule.id for compiled in load_rules()] == ["FPM001", "QUE001"]
    documents["fpm/b.yaml"] = {**second, "name": "backlog-clamped"}
    with pytest.raises(RuleError, match=r"'backlog-clamped' is already taken by rules/fpm/b\.yaml"):
        load_rules()


# Messages.


@pytest.mark.parametrize(
    ("data", "unit", "words"),
    [
        (60.0, "s", "60 s"),
        (60, "s", "60 s"),
        (0.5, "s", "0.5 s"),
        (0.1 + 0.2, "s", "0.3 s"),
        (1024, "connections", "1024"),
        (2.0, "", "2"),
        (1e300, "", "1e+300"),
        (-1, "", "-1"),
        (True, "", "on"),
        (False, "", "off"),
        ("unix:/run/php.sock", "", "unix:/run/php.sock"),
    ],
)
def test_data_in_words(data: Data, unit: str, words: str) -> None:
    assert in_words(data, unit) == words
    assert filled("<{v}>", v=value(data, unit)) == f"<{words}>"


def test_states_in_words() -> None:
    disabled = Value("v", 0, Origin("default", ""), "s", "disabled")
    assert filled("{a}, {b}, {c}, {d}", a=absent("a"), b=disabled, c=unknown("c", "?"), d=None) == (
        "not set, off, unknown, not set"
    )


def test_units_survive_a_choice_but_not_arithmetic() -> None:
    names = {"a": value(60, "s"), "b": value(2.0, "s")}
    assert filled("{min(a, b)} {max(a, b)} {a / b} {a * b}", **names) == "2 s 60 s 30 120"
    assert filled("{max(a, b)}", a=value(60, "s"), b=value(70, "connections")) == "70"
    assert filled("{max(a, b)}", a=value(60, "s"), b=value(50, "bytes")) == "60"


def test_join_lists_what_a_generator_yields(make: Make) -> None:
    pools = [make.entity(model.Pool, name=name, max_children=value(5)) for name in ("a", "b", "c")]
    names = {"host": make.entity(model.Stack, pools=pools)}
    assert filled("{join(p.name for p in host.pools if p.name != 'b')}", **names) == "a, c"
    assert filled("{join(p.name for p in host.pools if p.name == 'x')}", **names) == "none"
    assert filled("{join(p.max_children for p in host.pools)}", **names) == "5, 5, 5"


def test_in_worlds_an_unknown_value_prints_what_it_is_there(somaxconn: Callable[[], Value]) -> None:
    limit = somaxconn()
    every = worlds(option.conditions for option in limit.options)
    message = compile_message("cut from {backlog} to {limit}", TextPlace("x.yaml:message"))
    names = {"limit": limit, "backlog": value(65535)}
    assert message.fill(names) == "cut from 65535 to unknown"
    assert message.fill(names, every) == "cut from 65535 to 128 (kernel < 5.4) or 4096 (kernel >= 5.4)"
    assert message.fill(names, every[:1]) == "cut from 65535 to 128"


def test_a_folded_message_is_one_line() -> None:
    assert filled("one\n  two {v}\n", v=value(3)) == "one two 3"


def test_the_rules_to_judge_are_the_validated_ones_without_their_examples() -> None:
    validated = [compiled.rule.model_copy(update={"examples": []}) for compiled in load_rules()]
    assert [compiled.rule for compiled in load_rules_to_judge()] == validated
