"""sysctl files as busybox reads them: Alpine's `sysctl -p FILE`.

Source: procps/sysctl.c and libbb/parse_config.c of busybox 1.35 and 1.37, measured with both.
"""

from collections.abc import Iterator

from tuner.formats.document import Directive, Document, Problem, Word
from tuner.source.span import Span
from tuner.source.text import Text, decode

_BLANKS = b" \t\n\r\v\f"
_FIRST_OF_COMMENT = (b"#", b";")


def parse_busybox(text: Text) -> Document:
    """Read a sysctl file: one directive an assignment, `name` the key as it is written, `args` the value.

    A backslash before the end of a line joins the next one to it, in a comment too. A leading `-` is part of
    the key, and so is a glob. Lines without a value, which busybox passes over, are warnings.
    """
    directives: list[Directive] = []
    problems: list[Problem] = []
    for line, written in _logical_lines(text.data):
        if not written.strip(_BLANKS) or written.lstrip(_BLANKS)[:1] in _FIRST_OF_COMMENT:
            continue
        name, _equals, value = written.partition(b"=")
        if name.strip(_BLANKS) and value.strip(_BLANKS):
            directives.append(_directive(text.data, line, name, value))
        else:
            problems.append(Problem(line, "busybox needs a key and a value", "warning"))
    return Document("sysctl", text, tuple(directives), tuple(problems))


def _directive(data: bytes, line: Span, name: bytes, value: bytes) -> Directive:
    equals = data.find(b"=", line.start)
    key = _trimmed(data, Span(line.start, equals))
    rest = _trimmed(data, Span(equals + 1, line.end))
    return Directive(
        Word(decode(name.strip(_BLANKS)), key), (Word(decode(value.strip(_BLANKS)), rest),), line
    )


def _trimmed(data: bytes, span: Span) -> Span:
    written = data[span.start : span.end]
    start = span.start + len(written) - len(written.lstrip(_BLANKS))
    return Span(start, max(start, span.start + len(written.rstrip(_BLANKS))))


def _logical_lines(data: bytes) -> Iterator[tuple[Span, bytes]]:
    """Yield each line with those that a backslash joins to it, up to a NUL byte, which ends a C string."""
    start = 0
    while start < len(data):
        parts: list[bytes] = []
        at, is_joined = start, True
        while is_joined and at < len(data):
            end = data.find(b"\n", at)
            end = len(data) if end < 0 else end
            is_joined = data[at:end].endswith(b"\\")
            parts.append(data[at : end - is_joined])
            at = end + 1
        yield Span(start, min(at, len(data) + 1) - 1), b"".join(parts).split(b"\0", 1)[0]
        start = at
