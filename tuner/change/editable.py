"""Which documents can be changed, and how their lines lie."""

from tuner.errors import ChangeError
from tuner.formats.document import Document
from tuner.formats.templates import prepare
from tuner.source.span import Span

BLANKS = b" \t"


def editable(document: Document) -> None:
    """Raise ChangeError if places in the document cannot be trusted: nginx stops at the first error."""
    if document.kind != "nginx":
        return
    error = next((problem for problem in document.problems if problem.severity == "error"), None)
    if error is not None:
        line = document.text.position(error.span.start).line
        raise ChangeError(f"{document.text.path}:{line}: nginx does not read this file: {error.message}")


def has_template_statements(document: Document) -> bool:
    """Say whether a template's statements or comments stand in the file: lines may repeat or be left out."""
    if not document.is_template:
        return False
    masked = prepare(document.text, True)
    data, at = document.text.data, 0
    for hole in (*masked.holes, Span(len(data), len(data))):
        if data[at : hole.start] != masked.data[at : hole.start]:
            return True
        at = hole.end
    return False


def line_start(data: bytes, at: int) -> int:
    """Return where the line with byte `at` begins."""
    return data.rfind(b"\n", 0, at) + 1


def line_end(data: bytes, at: int) -> int:
    """Return where the line with byte `at` ends: at its line end, or at the end of the file."""
    found = data.find(b"\n", at)
    return len(data) if found < 0 else found


def line_ending(data: bytes, at: int) -> bytes:
    """Return how the line with byte `at` ends; the file's last line ends as the one before it."""
    end = data.find(b"\n", at)
    if end < 0:
        end = data.rfind(b"\n", 0, at)
    return b"\r\n" if data.endswith(b"\r", 0, max(end, 0)) else b"\n"


def indentation(data: bytes, at: int) -> bytes:
    """Return the blanks that the line with byte `at` begins with."""
    line = data[line_start(data, at) : line_end(data, at)]
    return line[: len(line) - len(line.lstrip(BLANKS))]


def is_first_in_line(data: bytes, at: int) -> bool:
    """Say whether only blanks stand before byte `at` in its line."""
    return not data[line_start(data, at) : at].strip(BLANKS)
