"""Where the shipped data is found: in a wheel beside the modules, in a checkout at its root."""

import json
from pathlib import Path

import pytest

from tuner import packaged
from tuner.judge.load import load_rules
from tuner.report.rule_markdown import rule_markdown
from tuner.report.rule_page import rule_page

ROOT = Path(__file__).parent.parent
RULE = {
    "id": "QUE999",
    "name": "of-the-wheel",
    "title": "A rule of the wheel",
    "severity": "info",
    "scope": "pool",
    "when": "True",
    "message": "m",
    "why": "Because.",
    "fix": "Do it.",
    "since": "0.1.0",
}


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "rule.md.j2").write_text("{{ page.name }} in a wheel\n")
    (tmp_path / "rules.json").write_text(json.dumps({"queue/x.yaml": RULE}))
    monkeypatch.setattr(packaged, "_WHEEL_DATA", tmp_path)
    return tmp_path


def test_a_wheel_brings_its_own(wheel: Path) -> None:
    assert packaged.template_folder() == wheel / "templates"
    (compiled,) = load_rules()
    assert rule_markdown(rule_page(compiled)) == "of-the-wheel in a wheel\n"


def test_a_checkout_uses_its_root() -> None:
    assert packaged.template_folder() == ROOT / "templates"
    assert {path.name for path in packaged.template_folder().iterdir()} >= {"rule.md.j2", "rules.md.j2"}
