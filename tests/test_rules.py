"""Every rule is well-formed, and its examples come out as they say."""

import json
import runpy
from pathlib import Path

import pytest

from tests.trees import write_tree
from tuner import packaged
from tuner.judge.examples import expected_words, other_errors, shortfall, stacks_of_example
from tuner.judge.load import load_rules
from tuner.judge.rule import CompiledRule, Example
from tuner.judge.run import judge

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
    for example in rule.examples:
        assert (example.expect is None) == (example.verdict in ("good", "undecided")), example.title
    assert not rule.title.endswith(".")


@pytest.mark.parametrize(("compiled", "example"), EXAMPLES, ids=ids)
def test_example(compiled: CompiledRule, example: Example, tmp_path: Path) -> None:
    write_tree(tmp_path, example.files)
    judgement = judge(stacks_of_example(example, tmp_path), RULES)
    assert shortfall(compiled, example, judgement, tmp_path) == "", expected_words(example)


def test_good_examples_are_good_all_round(tmp_path: Path) -> None:
    """An example that shows how to do it right must not trip over another rule that warns."""
    for number, (compiled, example) in enumerate(EXAMPLES):
        if example.verdict != "good":
            continue
        root = tmp_path / str(number)
        write_tree(root, example.files)
        judgement = judge(stacks_of_example(example, root), RULES)
        assert other_errors(example, judgement) == "", (compiled.rule.name, example.title)


def test_compiled_data_equals_the_yaml() -> None:
    compile_rules = runpy.run_path(str(ROOT / "rules" / "compile_hook.py"))["compile_rules"]
    compiled = json.loads(json.dumps(compile_rules(ROOT / "rules")))
    assert compiled["rules.json"] == json.loads(json.dumps(packaged.rule_documents()))
    assert compiled["defaults.json"] == json.loads(json.dumps(packaged.defaults_tables()))
    assert len(compiled["rules.json"]) == len(RULES) >= 18
