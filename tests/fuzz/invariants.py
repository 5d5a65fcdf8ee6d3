"""What must hold of every document, whatever was read."""

from tuner.formats.document import Directive, Document, Word
from tuner.source.span import Span


def check(document: Document) -> None:
    """Raise AssertionError where a span lies outside of the file or of what surrounds it, or words lack."""
    size = len(document.text.data)
    _in_order(document.directives, Span(0, size))
    for problem in document.problems:
        assert 0 <= problem.span.start <= problem.span.end <= size, problem
        assert problem.message
    for comment in document.comments:
        assert 0 <= comment.span.start < comment.span.end <= size, comment


def _in_order(directives: tuple[Directive, ...], around: Span) -> None:
    pending = [(directives, around)]
    while pending:
        siblings, around = pending.pop()
        at = around.start
        for directive in siblings:
            assert at <= directive.span.start <= directive.span.end <= around.end, directive
            at = directive.span.start
            for word in (directive.name, *directive.args):
                _lies_in(word, directive.span)
            if directive.children:
                pending.append((directive.children, directive.span))


def _lies_in(word: Word, around: Span) -> None:
    assert around.start <= word.span.start <= word.span.end <= around.end, word
