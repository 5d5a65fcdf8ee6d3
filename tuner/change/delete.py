"""Directives taken out of a file."""

from tuner.change.editable import BLANKS, editable, is_first_in_line, line_end, line_start
from tuner.change.effect import Effect
from tuner.change.making import Making
from tuner.change.verify import Change
from tuner.formats.document import Directive, Document
from tuner.source.edit import Edit
from tuner.source.span import Span


def delete_directive(document: Document, directive: Directive) -> Change:
    """Take `directive`, a block with all in it, out of the file.

    Where nothing else stands in its lines they go whole, with a comment behind it; a comment above stays.
    Where it shares a line, it goes with the blanks on one side, and the comment stays.
    Raises ChangeError if anything else would be read otherwise.
    """
    editable(document)
    making = Making(document)
    at, _, size = making.position_of(directive)
    edit = Edit(_span_to_delete(document, _with_dropped_rest(document, directive.span)), b"")
    return making.finished(Change(edit, Effect(at, size)))


def _with_dropped_rest(document: Document, span: Span) -> Span:
    """Return `span` with what php-fpm drops behind it: without the value it would be a statement."""
    rest = (problem.span for problem in document.problems if problem.span.start == span.end)
    return Span(span.start, next(rest, span).end) if document.kind == "php-fpm" else span


def _span_to_delete(document: Document, span: Span) -> Span:
    data = document.text.data
    end = line_end(data, span.end)
    rest = data[span.end : end].strip()
    ends_line = not rest or rest.startswith(b";" if document.kind == "php-fpm" else b"#")
    if is_first_in_line(data, span.start):
        if ends_line:
            return Span(line_start(data, span.start), min(end + 1, len(data)))
        return Span(span.start, end - len(data[span.end : end].lstrip(BLANKS)))
    start = len(data[: span.start].rstrip(BLANKS))
    return Span(start, span.end)
