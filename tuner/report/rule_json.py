"""Rules as data: `fpmtune rules --format json` and `fpmtune explain --format json`."""

from collections.abc import Sequence

from tuner.judge.rule import CompiledRule
from tuner.report.rule_page import RulePage, rule_page
from tuner.report.value_json import Json, ascii_json

SCHEMA_VERSION = 1


def rules_json(rules: Sequence[CompiledRule]) -> str:
    """Return the list of rules as ASCII JSON, ending in a line end.

    `{"schema_version": 1, "rules": [{"id": "QUE001", "name": "backlog-clamped", "severity": "warning",
    "title": "...", "scope": "listener", "since": "0.1.0", "path": null}]}`; `path` is the file of a rule of
    the user's.
    """
    return ascii_json({"schema_version": SCHEMA_VERSION, "rules": [_head(rule_page(r)) for r in rules]})


def explain_json(compiled: CompiledRule) -> str:
    """Return one rule as ASCII JSON, ending in a line end.

    `{"schema_version": 1, "rule": {...}}`: the keys of the list, then `when`, `mitigated` (null, or its
    `when` and `severity`), `message`, `why`, `fix`, `requires` (texts, holes and all, as the rule file has
    them), `references` (a list of texts) and `examples` (as in the rule file: `title`, `verdict`, `target`,
    `service_time`, `qps`, `load`, `files`, `expect`).
    """
    rule = compiled.rule
    page = rule_page(compiled)
    texts = {"message": rule.message, "why": page.why, "fix": page.fix, "requires": rule.requires}
    document = _head(page) | {
        "when": page.when,
        "mitigated": rule.mitigated.model_dump() if rule.mitigated else None,
        **texts,
        "references": list(page.references),
        "examples": [example.model_dump(exclude={"also"}) for example in rule.examples],
    }
    return ascii_json({"schema_version": SCHEMA_VERSION, "rule": document})


def _head(page: RulePage) -> Json:
    return {
        "id": page.id,
        "name": page.name,
        "severity": page.severity,
        "title": page.title,
        "scope": page.scope,
        "since": page.since,
        "path": page.path or None,
    }
