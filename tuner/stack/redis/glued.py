"""Files of one include pattern, which Redis puts together before it reads them.

Source: src/config.c, loadServerConfig(), Redis 7.0 and newer.
"""

from collections.abc import Sequence

from tuner.formats.document import Directive, Document, Word
from tuner.formats.redis import parse
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.include import IncludeReport
from tuner.stack.value import Place


def glued(documents: Sequence[Document], report: IncludeReport) -> list[Document]:
    """Return the documents with the lines that Redis makes where a file does not end in a line end.

    Such a line stands at the end of the first of the files, and is gone from the next ones.
    """
    made = list(documents)
    at = 0
    while at < len(made) - 1:
        data = made[at].text.data
        start = data.rfind(b"\n") + 1
        rest = data[start:]
        if not rest.strip():
            at += 1
            continue
        taken, behind = _first_lines(made, at + 1)
        if taken.strip():
            place = Place(made[at].text, Span(start + len(rest.rstrip()) - 1, len(data)))
            words = f"no line end at the end: Redis puts the first line of {made[at + 1].text.path} behind it"
            report.problem("syntax", place, words, "warning")
            made[at] = _with_last_line(made[at], start, rest + taken)
        at = behind
    return made


def _first_lines(made: list[Document], at: int) -> tuple[bytes, int]:
    """Take the first line out of the document at `at`, of the following ones too as long as none ends.

    Return it with the number of the document in which it ends.
    """
    taken = b""
    for index in range(at, len(made)):
        data = made[index].text.data
        end = data.find(b"\n")
        first = data if end < 0 else data[:end]
        kept = tuple(d for d in made[index].directives if d.span.start >= len(first))
        made[index] = made[index]._replace(directives=kept)
        taken += first
        if end >= 0:
            return taken, index
    return taken, len(made)


def _with_last_line(document: Document, start: int, line: bytes) -> Document:
    """Return `document` with another last line, whose words end where the file does."""
    end = len(document.text.data)
    made = parse(Text(document.text.path, line), is_template=document.is_template)
    last = tuple(_moved(directive, start, end) for directive in made.directives)
    before = tuple(d for d in document.directives if d.span.start < start)
    return document._replace(directives=(*before, *last))


def _moved(directive: Directive, start: int, end: int) -> Directive:
    words = tuple(_moved_word(word, start, end) for word in directive.args)
    name = _moved_word(directive.name, start, end)
    return Directive(name, words, _moved_span(directive.span, start, end))


def _moved_word(word: Word, start: int, end: int) -> Word:
    return word._replace(span=_moved_span(word.span, start, end))


def _moved_span(span: Span, start: int, end: int) -> Span:
    return Span(min(span.start + start, end), min(span.end + start, end))
