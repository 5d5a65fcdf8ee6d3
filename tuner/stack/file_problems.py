"""What is wrong with the files themselves, and the lines of php-fpm files that hold a `#`."""

import re
from collections.abc import Iterable, Sequence

from tuner.formats.document import Directive, Document
from tuner.laws.version import Version
from tuner.source.regex import regex
from tuner.source.span import Span
from tuner.source.text import Text, encode
from tuner.stack import defaults
from tuner.stack.condition import Condition
from tuner.stack.files import ReadFile
from tuner.stack.include import IncludeReport
from tuner.stack.line_entities import HashLine
from tuner.stack.php_fpm.directives import Type, names_of_type
from tuner.stack.target import Target, target_at, version_in_path
from tuner.stack.value import Option, Origin, Place, Value, undetermined

PLACEHOLDER = regex(r"\{\{|\{%|<%|@\{\w+\}")
MAYBE_TEMPLATE = "; if the file is a template, a line '# fpmtune: template' says so"
TEST_DATA = regex(
    r"(?:^|/)(?:testdata|test-data|fixtures|__fixtures__|tests?/data|archived?|attic|deprecated|obsolete)/",
    re.IGNORECASE,
)
"""Where files lie that are wrong on purpose, or that nobody uses any more."""
FIRST_WITHOUT_HASH = Version.parse("7.0")
NOT_TEXT: tuple[Type, ...] = ("process_manager", "integer", "time", "rlimit", "log_level", "facility")
"""Types of directives that take a number, a time or a word of a list: a `#` behind the value is refused.

In text it is one character more.
"""


def note_problems(files: Iterable[ReadFile], report: IncludeReport) -> None:
    """Put the syntax errors of every file, and what could not be read, into `report`.

    A folder that nobody asked for and that has nothing to do with the programs is passed over.
    """
    for file in files:
        text = file.source.text
        if text is None:
            if file.hides_configuration:
                report.problem("unreadable", Place(Text(file.path, b""), Span(0, 0)), file.reason)
        elif not text.data.strip():
            report.problem("empty", Place(text, Span(0, 0)), "the file is empty", "warning")
        if file.document:
            _note_syntax(file, file.document, report)


def test_data(files: Iterable[ReadFile], given: Sequence[str]) -> list[str]:
    """Return the paths of the files that lie where test data lies, without those that were given by name.

    Only folders below the `given` ones, paths on disk, count: who names an archive wants to know.
    """
    return [f.path for f in files if not f.source.is_given and TEST_DATA.search(_below(f, given))]


def _below(file: ReadFile, given: Sequence[str]) -> str:
    path = file.source.disk_path
    roots = [root.rstrip("/") + "/" for root in given]
    return path[max((len(root) for root in roots if path.startswith(root)), default=0) :]


def _note_syntax(file: ReadFile, document: Document, report: IncludeReport) -> None:
    for problem in document.problems:
        place = Place(document.text, problem.span)
        if not document.is_template and holds_placeholder(place):
            report.problem("syntax", place, f"{problem.message}{MAYBE_TEMPLATE}", "note")
        else:
            report.problem("syntax", place, problem.message, problem.severity)


def holds_placeholder(place: Place) -> bool:
    """Say whether the line of `place` looks like one of a template that nobody called one."""
    return PLACEHOLDER.search(place.text.line(place.text.position(place.span.start).line)) is not None


def hash_lines(files: Iterable[ReadFile], target: Target) -> list[HashLine]:
    """Return every line of the php-fpm files that starts with `#`, and every number or word before one."""
    return [
        line
        for file in files
        if file.kind == "php-fpm" and file.document
        for line in _of_document(file.document, target_at(file.path, target))
    ]


def _of_document(document: Document, target: Target) -> Iterable[HashLine]:
    comment = _starts_comment(document, target)
    for directive in document.walk():
        if directive.name.text.startswith("#"):
            yield _hash_line(document, directive.name.span, _reading(directive), comment)
        elif directive.key is None and _has_hash(directive) and _is_not_text(directive):
            yield _behind_value(document, directive, comment)


def _is_not_text(directive: Directive) -> bool:
    return directive.name.text.lower() in names_of_type(*NOT_TEXT)


def _starts_comment(document: Document, target: Target) -> Value:
    """Return whether `#` starts a comment: open where the file names PHP 5 (`php5-fpm.sock`)."""
    name, label = "hash_line.hash_starts_comment", "# starts a comment"
    if target.version("php") is None and any(_names_php_5(directive) for directive in document.walk()):
        options = (
            Option(True, (Condition("php", until=FIRST_WITHOUT_HASH),)),
            Option(False, (Condition("php", since=FIRST_WITHOUT_HASH),)),
        )
        return undetermined(name, options, "the file names PHP 5: give --target php=X.Y", label=label)
    default = defaults.default("php-fpm", "hash-starts-comment", name, target)
    return default.renamed(name, label)


def _names_php_5(directive: Directive) -> bool:
    found = (version_in_path(word.text) for word in directive.args if not word.unknown)
    return any(version is not None and version < FIRST_WITHOUT_HASH for version in found)


def _has_hash(directive: Directive) -> bool:
    return bool(directive.args) and not directive.args[0].unknown and "#" in directive.args[0].text


def _reading(directive: Directive) -> str:
    if directive.args:
        return f"as the unknown directive '{directive.name.text}' and refuses it"
    return "as a directive without a value and refuses it"


def _behind_value(document: Document, directive: Directive, comment: Value) -> HashLine:
    word = directive.args[0]
    written = document.text.slice(word.span)
    start = word.span.start + len(encode(written[: written.find("#")]))
    reading = "as part of the value before it and refuses it"
    return _hash_line(document, Span(start, word.span.end), reading, comment)


def _hash_line(document: Document, span: Span, reading: str, comment: Value) -> HashLine:
    place = Place(document.text, span)
    text = Value("hash_line.text", place.source, Origin("file", str(place), place))
    return HashLine(
        entity=f"file:{document.text.path}",
        text=text,
        reads_as=reading,
        hash_starts_comment=comment,
    )
