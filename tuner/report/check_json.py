"""`fpmtune check --format json`."""

from collections.abc import Sequence

from tuner.judge.finding import SEVERITIES, Finding, Judgement, Location, Undecided
from tuner.report.value_json import Json, ascii_json, evidence_json
from tuner.stack.files import ReadFile

SCHEMA_VERSION = 1


def check_json(judgement: Judgement, files: Sequence[ReadFile], version: str) -> str:
    """Return the report as ASCII JSON, ending in a line end; `version` is fpmtune's own.

    `crashes` is there only when a rule crashed.
    """
    report: Json = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "fpmtune", "version": version},
        "files": [_file(file) for file in files],
        "findings": [_finding(finding) for finding in judgement.findings],
        "undecided": [_undecided(item) for item in judgement.undecided],
        "suppressed": [],
        "summary": _summary(judgement, files),
    }
    if judgement.crashes:
        report["crashes"] = [
            {"rule": crash.rule, "entity": crash.entity, "error": crash.error} for crash in judgement.crashes
        ]
    return ascii_json(report)


def _file(file: ReadFile) -> Json:
    entry: Json = {"path": file.path, "kind": file.kind, "status": file.status}
    return {**entry, "reason": file.reason} if file.reason else entry


def _finding(finding: Finding) -> Json:
    return {
        "rule": finding.rule,
        "name": finding.name,
        "severity": finding.severity,
        "certainty": finding.certainty,
        "condition": finding.condition,
        "entity": finding.entity,
        "hosts": list(finding.hosts),
        "message": finding.message,
        "locations": [_location(location) for location in finding.locations],
        "evidence": [evidence_json(value) for value in finding.evidence],
        "fixes": [],
        "fingerprint": finding.fingerprint,
    }


def _location(location: Location) -> Json:
    text, span = location.place.text, location.place.span
    start, end = text.position(span.start), text.position(span.end)
    return {
        "role": location.role,
        "path": text.path,
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "text": text.slice(span),
    }


def _undecided(item: Undecided) -> Json:
    return {
        "rule": item.rule,
        "name": item.name,
        "entity": item.entity,
        "hosts": list(item.hosts),
        "missing": list(item.missing),
        "hint": item.hint,
    }


def _summary(judgement: Judgement, files: Sequence[ReadFile]) -> Json:
    """Return the counts; `files` is how many were read, so 0 says that nothing was checked."""
    return {
        "files": sum(1 for file in files if file.status != "skipped"),
        **{severity: judgement.count(severity) for severity in SEVERITIES},
        "undecided": len(judgement.undecided),
        "suppressed": 0,
    }
