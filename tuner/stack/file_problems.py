"""What is wrong with the files themselves, and the lines of php-fpm files that hold a `#`."""

import re
from collections.abc import Iterable

from tuner.formats.document import Directive, Document
from tuner.source.span import Span
from tuner.source.text import Text, encode
from tuner.stack import defaults
from tuner.stack.files import ReadFile
from tuner.stack.include import IncludeReport
from tuner.stack.model import HashLine
from tuner.stack.php_fpm.pools import target_at
from tuner.stack.target import Target
from tuner.stack.value import Origin, Place, Value

TRAILING_HASH = re.compile(r"[ \t]+#")
NUMBER_WITH_HASH = re.compile(r"\s*-?[0-9]+[smhd]?[ \t]*#")


def note_problems(files: Iterable[ReadFile], report: IncludeReport) -> None:
    """Put the syntax errors of every file, and the files that could not be read, into `report`."""
    for file in files:
        text = file.source.text
        if text is None:
            nowhere = Place(Text(file.path, b""), Span(0, 0))
            report.problem("unreadable", nowhere, file.reason)
        elif not text.data.strip():
            report.problem("empty", Place(text, Span(0, 0)), "the file is empty", "warning")
        if file.document:
            for problem in file.document.problems:
                place = Place(file.document.text, problem.span)
                report.problem("syntax", place, problem.message, problem.severity)


def hash_lines(files: Iterable[ReadFile], target: Target) -> list[HashLine]:
    """Return every line of the php-fpm files that starts with `#`, and every value followed by one."""
    return [
        line
        for file in files
        if file.kind == "php-fpm" and file.document
        for line in _of_document(file.document, target_at(file.path, target))
    ]


def _of_document(document: Document, target: Target) -> Iterable[HashLine]:
    comment = defaults.default("php-fpm", "hash-starts-comment", "hash_line.hash_starts_comment", target)
    for directive in document.walk():
        if directive.name.text.startswith("#"):
            yield _hash_line(document, directive.name.span, _reading(directive), comment, is_refused=True)
        elif directive.args and not directive.args[0].quote and TRAILING_HASH.search(directive.args[0].text):
            yield _behind_value(document, directive, comment)


def _reading(directive: Directive) -> str:
    if directive.args:
        return f"as the unknown directive '{directive.name.text}' and refuses it"
    return "as a directive without a value and refuses it"


def _behind_value(document: Document, directive: Directive, comment: Value) -> HashLine:
    word = directive.args[0]
    written = document.text.slice(word.span)
    found = TRAILING_HASH.search(written)
    before = written[: found.end() - 1] if found else ""
    start = word.span.start + len(encode(before))
    is_number = NUMBER_WITH_HASH.match(word.text) is not None
    reading = "as part of the number before it and refuses it" if is_number else "as part of the value"
    return _hash_line(document, Span(start, word.span.end), reading, comment, is_refused=is_number)


def _hash_line(document: Document, span: Span, reading: str, comment: Value, *, is_refused: bool) -> HashLine:
    place = Place(document.text, span)
    text = Value("hash_line.text", place.source, Origin("file", str(place), place))
    return HashLine(
        entity=f"file:{document.text.path}",
        text=text,
        reads_as=reading,
        hash_starts_comment=comment,
        is_refused=is_refused,
    )
