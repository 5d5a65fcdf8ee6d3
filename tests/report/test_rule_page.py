"""A rule as something to read: in the terminal, in markdown, as JSON."""

import json
import re
from typing import Any

import pytest

from tuner.judge.load import load_rules
from tuner.judge.rule import CompiledRule, Example, read_rule
from tuner.report.rule_json import explain_json, rules_json
from tuner.report.rule_markdown import rule_index_markdown, rule_markdown
from tuner.report.rule_page import RESTART, rule_page, rule_pages
from tuner.report.rule_text import MINIMUM_WIDTH, WIDTH, explain_text, rules_text
from tuner.report.terminal import Style

PLAIN = Style()
RULES = load_rules()
RULE: dict[str, Any] = {
    "id": "QUE999",
    "name": "odd-rule",
    "title": "A | title",
    "severity": "warning",
    "scope": "pool",
    "when": "pool.max_children > 1",
    "mitigated": {"when": "pool.pm == 'static'", "severity": "note"},
    "message": "{pool.max_children} <b> and \x1b[31m{pool.name}",
    "why": "First.\n  Second " + "word " * 60,
    "fix": "Fix it.",
    "requires": "{listener.restart}, then {pool.name}",
    "references": ["one", "two"],
    "since": "0.1.0",
    "examples": [
        {
            "title": "first bad",
            "verdict": "bad",
            "target": "debian-12",
            "files": {"a.conf": "x\ty\n```\n\x00\n"},
            "expect": [{"path": "a.conf", "line": 1, "column": 2, "message": "msg"}, {"message": "only"}],
        },
        {"title": "second bad", "verdict": "bad", "files": {"b.conf": "b"}},
        {"title": "the good", "verdict": "good", "files": {"c.conf": "c\n"}},
    ],
}


def odd(**changes: object) -> CompiledRule:
    return read_rule({**RULE, **changes}, "rules/queue/odd-rule.yaml")


def test_the_page_in_the_terminal() -> None:
    text = explain_text(rule_page(odd(why="First.\n  Second.")), PLAIN)
    assert text == (
        "QUE999 odd-rule (warning, since 0.1.0)\n"
        "A | title\n\n"
        "Holds for a pool when\n  pool.max_children > 1\n\n"
        "Milder\n  note when pool.pm == 'static'\n\n"
        "Says\n  <pool.max_children> <b> and \\x1b[31m<pool.name>\n\n"
        "Why\n  First. Second.\n\n"
        "Fix\n  Fix it.\n\n"
        f"Needs\n  {RESTART}, then\n  <pool.name>\n\n"
        "References\n  - one\n  - two\n\n"
        "Bad: first bad (--target debian-12)\n"
        "  --> a.conf\n  | x   y\n  | ```\n  | \\x00\n"
        "  finds a.conf:1:2: msg\n  finds only\n\n"
        "Good: the good\n  --> c.conf\n  | c\n\n"
        "1 more example: fpmtune explain QUE999 --format markdown\n"
    )


@pytest.mark.parametrize("width", [1, 40, 72, 100, 500])
def test_prose_is_wrapped_at_the_terminals_width(width: int) -> None:
    lines = explain_text(rule_page(odd()), PLAIN, width).splitlines()
    limit = max(MINIMUM_WIDTH, min(width, WIDTH))
    why = lines[lines.index("Why") + 1 : lines.index("Fix") - 1]
    assert len(why) > 2
    assert max(map(len, why)) <= limit
    assert max(map(len, why)) > limit - 10


def test_colours_only_where_asked_for() -> None:
    page = rule_page(odd())
    assert "\x1b" not in explain_text(page, PLAIN) + rules_text([page], PLAIN)
    for text in (explain_text(page, Style(True)), rules_text([page], Style(True))):
        assert "\x1b[1;33mwarning\x1b[0m" in text


@pytest.mark.parametrize("compiled", RULES, ids=lambda compiled: compiled.rule.name)
def test_every_page_says_everything(compiled: CompiledRule) -> None:
    rule, page = compiled.rule, rule_page(compiled)
    text, markdown = explain_text(page, PLAIN), rule_markdown(page)
    for shown in (text, markdown):
        words = " ".join(shown.replace("&lt;", "<").replace("\\|", "|").split())
        for wanted in (
            rule.id,
            rule.name,
            rule.title,
            rule.severity,
            rule.since,
            rule.why,
            rule.fix,
            *rule.references,
        ):
            assert " ".join(wanted.split()) in words
    for example in rule.examples:
        assert example.title.split("|")[0] in markdown
    assert max(map(len, text.splitlines())) <= 160
    assert not re.search(r"listener\.(?:restart|relisten)[}>]", text + markdown)


def test_markdown_shows_text_as_text() -> None:
    markdown = rule_markdown(rule_page(odd(title="a <b> | c", why="Use <x>.")))
    assert "**a &lt;b> \\| c** (warning, since 0.1.0)" in markdown
    assert "Use &lt;x>." in markdown
    assert "````\nx   y\n```\n\\x00\n````\n" in markdown
    assert markdown.endswith("c\n```\n")
    assert "\n\n\n" not in markdown


def test_the_index_links_every_page() -> None:
    index = rule_index_markdown(rule_pages([odd(), *RULES]))
    assert "| [QUE999](QUE999.md) | `odd-rule` | warning | A \\| title |\n" in index
    assert index.count("](") == len(RULES) + 2


def test_the_list_is_a_table() -> None:
    lines = rules_text(rule_pages(RULES), PLAIN).splitlines()
    assert [line.split()[0] for line in lines] == sorted(compiled.rule.id for compiled in RULES)
    column = lines[0].index(RULES[0].rule.title)
    assert all(line[column - 1] == " " and line[column] != " " for line in lines)
    assert rules_text([], PLAIN) == ""


def test_the_list_as_json() -> None:
    document = json.loads(rules_json([odd()]))
    assert document == {
        "schema_version": 1,
        "rules": [
            {
                "id": "QUE999",
                "name": "odd-rule",
                "severity": "warning",
                "title": "A | title",
                "scope": "pool",
                "since": "0.1.0",
                "path": None,
            }
        ],
    }


def test_a_rule_as_json() -> None:
    document = json.loads(explain_json(odd()))
    rule = document["rule"]
    assert document["schema_version"] == 1
    assert list(rule)[:7] == list(json.loads(rules_json([odd()]))["rules"][0])
    assert rule["mitigated"] == RULE["mitigated"]
    assert rule["requires"] == RULE["requires"]
    assert rule["examples"][0]["files"] == {"a.conf": "x\ty\n```\n\x00\n"}
    assert set(rule["examples"][2]) == set(Example.model_fields) - {"also"}
    assert json.loads(explain_json(odd(mitigated=None)))["rule"]["mitigated"] is None
