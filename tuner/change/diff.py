"""The difference that edits make to a file, as text that `patch` and `git apply` take."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tuner.source.edit import Edit, apply_edits, ordered
from tuner.source.span import Span
from tuner.source.text import decode

_LINE = re.compile(rb"[^\n]*+\n|[^\n]++\Z")
_CONTEXT_LINES = 3
_QUOTED = re.compile(r'[\x00-\x1f\x7f"\\]')
_ESCAPES = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_NO_LINE_END = "\n\\ No newline at end of file\n"


def new_file_diff(path: str, data: bytes) -> str:
    """Return the diff that makes a new file at `path` of `data`, which is not empty, with mode 0644."""
    lines = _LINE.findall(data)
    head = f"{_git_line(path)}new file mode 100644\n--- /dev/null\n"
    hunk = f"+++ {_named('b/' + path)}\n@@ -0,0 +1,{len(lines)} @@\n"
    return "".join((head, hunk, *_marked("+", lines)))


class _Piece(NamedTuple):
    """Whole lines of the old file that edits touch, and the lines that come in their place."""

    first: int
    old: list[bytes]
    new: list[bytes]

    @property
    def end(self) -> int:
        return self.first + len(self.old)


def unified_diff(path: str, data: bytes, edits: Iterable[Edit]) -> str:
    """Return the unified diff that `edits` make to `data`, the file at `path`; empty if they change nothing.

    Its first line makes git take the path from the repository's root, in whichever folder of it.
    It takes linear time and names no line that no edit touches, for it is made of the edits. Lines end at
    LF alone, so that a CRLF file keeps its bytes; bytes that are not UTF-8 are lone surrogates. Control
    characters stay: who prints to a terminal escapes them. Raises ChangeError for edits that overlap.
    """
    lines = _LINE.findall(data)
    pieces = [piece for piece in _pieces(data, ordered(edits)) if piece.old != piece.new]
    shown: list[str] = []
    shift = 0
    for hunk in _hunks(pieces):
        shown += _hunk_lines(lines, hunk, shift)
        shift += sum(len(piece.new) - len(piece.old) for piece in hunk)
    names = (f"--- {_named('a/' + path)}\n", f"+++ {_named('b/' + path)}\n")
    return "".join((_git_line(path), *names, *shown)) if shown else ""


def _git_line(path: str) -> str:
    return f"diff --git {_name('a/' + path)} {_name('b/' + path)}\n"


def _named(path: str) -> str:
    """Return a path as `git apply` and `patch` read it behind --- and +++: a tab ends one with blanks."""
    name = _name(path)
    return f"{name}\t" if " " in name and name == path else name


def _name(path: str) -> str:
    """Return a path in the quotes of C if it holds what git would take for something else."""
    if not _QUOTED.search(path):
        return path
    return '"' + _QUOTED.sub(lambda found: _ESCAPES.get(found[0], f"\\{ord(found[0]):03o}"), path) + '"'


def _pieces(data: bytes, edits: list[Edit]) -> Iterator[_Piece]:
    """Yield the touched lines; edits that touch a common line make one piece."""
    line, counted = 0, 0
    for touched, together in _touched(data, edits):
        line += data.count(b"\n", counted, touched.start)
        counted = touched.start
        inside = data[touched.start : touched.end]
        moved = [_moved(edit, touched.start) for edit in together]
        yield _Piece(line, _LINE.findall(inside), _LINE.findall(apply_edits(inside, moved)))


def _moved(edit: Edit, start: int) -> Edit:
    return Edit(Span(edit.span.start - start, edit.span.end - start), edit.text)


def _touched(data: bytes, edits: list[Edit]) -> Iterator[tuple[Span, list[Edit]]]:
    """Yield the bytes of the lines that edits touch, with these edits."""
    together: list[Edit] = []
    whole = Span(0, 0)
    for edit in edits:
        own = _lines_of(data, edit)
        # The last line may have lost its end: what comes behind it is then a part of it.
        if own.start < whole.end or (together and own.start == whole.end == len(data)):
            whole = Span(whole.start, max(whole.end, own.end))
        else:
            if together:
                yield whole, together
            together, whole = [], own
        together.append(edit)
    if together:
        yield whole, together


def _lines_of(data: bytes, edit: Edit) -> Span:
    start = data.rfind(b"\n", 0, edit.span.start) + 1
    end = edit.span.end
    head = data[start : edit.span.start] + edit.text
    is_whole = (end == 0 or data[end - 1 : end] == b"\n") and (not head or head.endswith(b"\n"))
    if not is_whole:
        found = data.find(b"\n", end)
        end = len(data) if found < 0 else found + 1
    return Span(start, max(start, end))


def _hunks(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Yield pieces whose context would meet together."""
    hunk: list[_Piece] = []
    for piece in pieces:
        if hunk and piece.first - hunk[-1].end > 2 * _CONTEXT_LINES:
            yield hunk
            hunk = []
        hunk.append(piece)
    if hunk:
        yield hunk


def _hunk_lines(lines: list[bytes], hunk: list[_Piece], shift: int) -> Iterator[str]:
    start = max(0, hunk[0].first - _CONTEXT_LINES)
    end = min(len(lines), hunk[-1].end + _CONTEXT_LINES)
    added = sum(len(piece.new) - len(piece.old) for piece in hunk)
    yield f"@@ -{_range(start, end - start)} +{_range(start + shift, end - start + added)} @@\n"
    at = start
    for piece in hunk:
        yield from _marked(" ", lines[at : piece.first])
        yield from _marked("-", piece.old)
        yield from _marked("+", piece.new)
        at = piece.end
    yield from _marked(" ", lines[at:end])


def _range(start: int, count: int) -> str:
    """Return a range of lines from 1; an empty one names the line before it."""
    return f"{start + 1 if count else start},{count}"


def _marked(mark: str, lines: Iterable[bytes]) -> Iterator[str]:
    for line in lines:
        text = mark + decode(line)
        yield text if text.endswith("\n") else text + _NO_LINE_END
