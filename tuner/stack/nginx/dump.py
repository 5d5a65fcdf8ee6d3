"""`nginx -T` dumps: one text that holds every file of an nginx, cut into them again.

nginx prints `# configuration file PATH:`, the file and a line end for each file once, the main file first.
Such a line may also stand in a file, so a part counts only if an include of the dump reaches its path.
"""

from __future__ import annotations

import fnmatch
import posixpath
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

from tuner.formats.document import Comment, Directive, Document, Problem
from tuner.formats.nginx_dump import HEADER, is_dump, readable
from tuner.source.text import Text, decode
from tuner.source.tree import SourceFile
from tuner.stack.files import ReadFile, read_as

SEPARATOR = ":"


_Spanned = TypeVar("_Spanned", Directive, Problem, Comment)


class _Part(NamedTuple):
    """The bytes of one file of a dump and the path that nginx loaded it from; the last has no end."""

    path: str
    start: int
    end: int | None


def unpacked(file: ReadFile) -> list[tuple[str, ReadFile]]:
    """Return each file of a dump with the path that nginx has it under; nothing for any other file.

    Their places are those of the dump, their path for users is the dump's with their own behind it.
    """
    text = file.source.text
    if file.kind != "nginx" or text is None or not is_dump(text.data):
        return []
    whole = Text(text.path, readable(text.data))
    document = read_as(file.source._replace(text=whole), "nginx").document
    if document is None:
        return []
    return [_read_part(file, document, part) for part in _parts(document)]


def _parts(document: Document) -> list[_Part]:
    """Return the files of a dump; a header inside a block or a string, or that nothing includes, is text."""
    headers = list(_headers(document))
    main = posixpath.dirname(headers[0][1]) if headers else "/"
    patterns = [
        posixpath.normpath(posixpath.join(main, directive.args[0].text))
        for directive in document.walk()
        if directive.name.text == "include" and directive.args
    ]
    kept = (
        [headers[0], *(header for header in headers[1:] if _is_reached(header[1], patterns))]
        if headers
        else []
    )
    ends = [*(start for start, _ in kept[1:]), None]
    return [_Part(path, start, end) for (start, path), end in zip(kept, ends, strict=True)]


def _headers(document: Document) -> Iterator[tuple[int, str]]:
    """Yield where a header stands between the outermost directives, and the path it names."""
    spans = iter([directive.span for directive in document.directives])
    span = next(spans, None)
    for found in HEADER.finditer(document.text.data):
        while span and span.end <= found.start():
            span = next(spans, None)
        if span is None or found.start() < span.start:
            yield found.start(), decode(found["path"])


def _is_reached(path: str, patterns: Sequence[str]) -> bool:
    normal = posixpath.normpath(path)
    return any(
        len(normal.split("/")) == len(pattern.split("/")) and fnmatch.fnmatchcase(normal, pattern)
        for pattern in patterns
    )


def _read_part(file: ReadFile, dump: Document, part: _Part) -> tuple[str, ReadFile]:
    shown = f"{file.path}{SEPARATOR}{part.path}"
    text = dump.text.under(shown)
    problems = _inside(dump.problems, part)
    document = Document("nginx", text, _inside(dump.directives, part), problems, _inside(dump.comments, part))
    source = SourceFile(shown, f"{file.source.disk_path}{SEPARATOR}{part.path}", text, is_given=True)
    has_errors = any(problem.severity == "error" for problem in problems)
    reason = "has syntax errors: the rest of it counts" if has_errors else ""
    return part.path, ReadFile(source, "nginx", "partial" if has_errors else "checked", reason, document)


def _inside(items: Sequence[_Spanned], part: _Part) -> tuple[_Spanned, ...]:
    """Return those of the items, which stand in their order, that begin in a part of the dump."""
    first = bisect_left(items, part.start, key=_start_of)
    last = bisect_left(items, part.end, key=_start_of) if part.end is not None else len(items)
    return tuple(items[first:last])


def _start_of(item: Directive | Problem | Comment) -> int:
    return item.span.start
