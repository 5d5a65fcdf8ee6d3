"""Severities that a project gives to single rules."""

from collections.abc import Mapping, Sequence

from tuner.errors import UsageError
from tuner.judge.finding import Judgement, Severity
from tuner.judge.rule import CompiledRule
from tuner.judge.selection import find_rule


def severities_by_id(given: Mapping[str, Severity], rules: Sequence[CompiledRule]) -> dict[str, Severity]:
    """Return the severities of `given`, whose keys are ids or names of rules, by id.

    Raises UsageError for a rule that does not exist, and for one with two severities.
    """
    found: dict[str, Severity] = {}
    for word, severity in given.items():
        try:
            rule = find_rule(rules, word).rule
        except UsageError as error:
            raise UsageError(f"severity: {error}") from None
        if found.setdefault(rule.id, severity) != severity:
            raise UsageError(f"severity: {rule.id} and '{rule.name}' are one rule, with two severities")
    return found


def with_severities(judgement: Judgement, by_id: Mapping[str, Severity]) -> Judgement:
    """Return the judgement with the findings of the rules in `by_id` at that severity, however certain."""
    findings = [
        finding._replace(severity=by_id.get(finding.rule, finding.severity)) for finding in judgement.findings
    ]
    return Judgement(findings, judgement.undecided, judgement.crashes)
