"""`fpmtune parse` for people: one directive a line with its place, then what is wrong."""

from collections.abc import Iterator

from tuner.formats.document import Directive, Document, Problem
from tuner.report.terminal import Style, padded, printable
from tuner.source.span import Span
from tuner.source.text import Text


def parse_text(document: Document, style: Style) -> str:
    """Return the tree of `document`: `line:column name arguments`, children two columns to the right.

    An argument is shown as the program understands it, in angle brackets where the file leaves it open.
    """
    text = document.text
    rows = [(_place(directive.span, text), line) for directive, line in _lines(document)]
    width = max((len(place) for place, _ in rows), default=0)
    lines = [f"{style.paint(padded(place, width), 'dim')}  {line}" for place, line in rows]
    faults = [_fault(problem, text, style) for problem in document.problems]
    kind = f"{document.kind}{' (template)' if document.is_template else ''}"
    return "\n".join([f"{printable(text.path)}: {kind}", *lines, *faults]) + "\n"


def _lines(document: Document) -> Iterator[tuple[Directive, str]]:
    pending = [(directive, 0) for directive in reversed(document.directives)]
    while pending:
        directive, depth = pending.pop()
        yield directive, "  " * depth + _words(directive)
        pending.extend((child, depth + 1) for child in reversed(directive.children or ()))


def _words(directive: Directive) -> str:
    name = _shown(directive.name.text)
    key = f"[{printable(directive.key.text)}]" if directive.key else ""
    words = [f"<{printable(word.text)}>" if word.unknown else _shown(word.text) for word in directive.args]
    block = [] if directive.children is None else ["{}"]
    return " ".join([name + key, *words, *block])


def _shown(word: str) -> str:
    # In quotes where one would not see where it begins and ends.
    shown = printable(word)
    is_plain = shown and shown == word and not any(char in word for char in " '\"<")
    return shown if is_plain else f'"{shown}"'


def _fault(problem: Problem, text: Text, style: Style) -> str:
    paint = style.paint(problem.severity, "red" if problem.severity == "error" else "yellow")
    return f"{printable(text.path)}:{_place(problem.span, text)}: {paint}: {printable(problem.message)}"


def _place(span: Span, text: Text) -> str:
    position = text.position(span.start)
    return f"{position.line}:{position.column}"
