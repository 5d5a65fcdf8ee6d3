"""Every rule is well-formed, and its examples come out as they say."""

import json
import runpy
from pathlib import Path

import pytest

from tests.trees import judgement_of, write_tree
from tuner import packaged
from tuner.judge.finding import Finding, Judgement
from tuner.judge.load import load_rules
from tuner.judge.rule import CompiledRule, Example, Expectation

ROOT = Path(__file__).parent.parent
RULES = load_rules()
EXAMPLES = [(compiled, example) for compiled in RULES for example in compiled.rule.examples]


def ids(value: object) -> str:
    if isinstance(value, CompiledRule):
        return value.rule.name
    return value.title if isinstance(value, Example) else str(value)


@pytest.mark.parametrize("compiled", RULES, ids=ids)
def test_names_exist_in_the_model(compiled: CompiledRule) -> None:
    compiled.check()


@pytest.mark.parametrize("compiled", RULES, ids=ids)
def test_is_well_formed(compiled: CompiledRule) -> None:
    rule = compiled.rule
    verdicts = {example.verdict for example in rule.examples}
    assert {"bad", "good"} <= verdicts
    assert Path(compiled.path).stem == rule.name
    assert rule.why.count(".") >= 2 or ": " in rule.why
    assert rule.references
    assert not rule.title.endswith(".")


def place_of(finding: Finding, root: Path) -> tuple[str, int, int]:
    if not finding.locations:
        return "", 0, 0
    location = finding.locations[0].place
    position = location.text.position(location.span.start)
    return str(Path(location.text.path).relative_to(root)), position.line, position.column


@pytest.mark.parametrize(("compiled", "example"), EXAMPLES, ids=ids)
def test_example(compiled: CompiledRule, example: Example, tmp_path: Path) -> None:
    write_tree(tmp_path, example.files)
    judgement = judgement_of(tmp_path, example.target or "")
    assert comes_out(compiled, example, judgement, tmp_path) == ""


def comes_out(compiled: CompiledRule, example: Example, judgement: Judgement, root: Path) -> str:
    """Say in what way the judgement differs from what the example promises; empty if in none."""
    mine = [finding for finding in judgement.findings if finding.rule == compiled.rule.id]
    undecided = [item for item in judgement.undecided if item.rule == compiled.rule.id]
    if judgement.crashes:
        return f"{judgement.crashes}"
    seen = [(place_of(f, root), f.certainty, f.severity, f.message) for f in mine]
    if example.verdict in ("good", "undecided"):
        as_promised = not mine and bool(undecided) == (example.verdict == "undecided")
        return "" if as_promised else f"{seen}, {undecided}"
    certainty = "conditional" if example.verdict == "conditional" else "certain"
    expected = example.expect or []
    as_promised = (
        {finding.certainty for finding in mine} == {certainty}
        and len(mine) == len(expected)
        and all(any(matches(finding, one, root) for finding in mine) for one in expected)
    )
    return "" if as_promised else f"{seen} instead of {expected}"


def matches(finding: Finding, expected: Expectation, root: Path) -> bool:
    path, line, column = place_of(finding, root)
    return (
        expected.path in (None, path)
        and expected.line in (None, line)
        and expected.column in (None, column)
        and expected.severity in (None, finding.severity)
        and (expected.message is None or expected.message in finding.message)
    )


def test_good_examples_are_good_all_round(tmp_path: Path) -> None:
    """An example that shows how to do it right must not trip over another rule that warns."""
    for number, (compiled, example) in enumerate(EXAMPLES):
        if example.verdict != "good":
            continue
        root = tmp_path / str(number)
        write_tree(root, example.files)
        errors = [f for f in judgement_of(root, example.target or "").findings if f.severity == "error"]
        assert {finding.rule for finding in errors} == set(example.also), (
            compiled.rule.name,
            example.title,
            [finding.message for finding in errors],
        )


def test_compiled_data_equals_the_yaml() -> None:
    compile_rules = runpy.run_path(str(ROOT / "rules" / "compile_hook.py"))["compile_rules"]
    compiled = json.loads(json.dumps(compile_rules(ROOT / "rules")))
    assert compiled["rules.json"] == json.loads(json.dumps(packaged.rule_documents()))
    assert compiled["defaults.json"] == json.loads(json.dumps(packaged.defaults_tables()))
    assert len(compiled["rules.json"]) == len(RULES) >= 18
