"""`fpmtune parse --format json`."""

from tuner.formats.document import Comment, Directive, Document, Problem
from tuner.report.value_json import Json, ascii_json
from tuner.source.span import Span
from tuner.source.text import Text

SCHEMA_VERSION = 1


def parse_json(document: Document) -> str:
    """Return a file's syntax tree as ASCII JSON: lines and columns from 1, spans in bytes."""
    text = document.text
    problems = [problem for problem in document.problems if problem.severity == "error"]
    warnings = [problem for problem in document.problems if problem.severity == "warning"]
    return ascii_json(
        {
            "schema_version": SCHEMA_VERSION,
            "kind": document.kind,
            "path": text.path,
            "is_template": document.is_template,
            "directives": _directives(document.directives, text),
            "comments": [_comment(comment, text) for comment in document.comments],
            "errors": [_problem(problem, text) for problem in problems],
            "warnings": [_problem(problem, text) for problem in warnings],
        }
    )


def _directives(directives: tuple[Directive, ...], text: Text) -> list[Json]:
    return [_directive(directive, text) for directive in directives]


def _directive(directive: Directive, text: Text) -> Json:
    described: Json = {"name": directive.name.text}
    if directive.key is not None:
        described["key"] = directive.key.text
    described |= {
        "args": [word.text for word in directive.args],
        **_place(directive.span, text),
        "arg_spans": [list(word.span) for word in directive.args],
    }
    if any(word.unknown for word in directive.args):
        described["unknown"] = [word.unknown or None for word in directive.args]
    if directive.children is not None:
        described["children"] = _directives(directive.children, text)
    return described


def _comment(comment: Comment, text: Text) -> Json:
    return {"text": comment.text, **_place(comment.span, text)}


def _problem(problem: Problem, text: Text) -> Json:
    return {**_place(problem.span, text), "message": problem.message}


def _place(span: Span, text: Text) -> Json:
    position = text.position(span.start)
    return {"line": position.line, "column": position.column, "start": span.start, "end": span.end}
