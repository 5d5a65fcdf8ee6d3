"""A changed file is read again: it must differ in what was asked for and in nothing else."""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from tuner.change.dialect import DIALECTS, Reader
from tuner.change.effect import Effect, Node, after_effects, nodes_of
from tuner.errors import ChangeError
from tuner.formats.document import Document
from tuner.source.edit import Edit, apply_edits, ordered
from tuner.source.span import Span
from tuner.source.text import Text

_NUMBER = re.compile(r"[0-9]+")


class Change(NamedTuple):
    """An edit of one file and what it does to the file's directives."""

    edit: Edit
    effect: Effect


def changed(document: Document, changes: Sequence[Change]) -> bytes:
    """Return the bytes of the document's file with all `changes` made.

    Raises ChangeError if two of them overlap, or if the file, read again, would differ in anything else.
    """
    data = apply_edits(document.text.data, [change.edit for change in changes])
    distinct = list(dict.fromkeys(changes))
    if not reread_differs_only_in(document, data, distinct):
        raise ChangeError(f"{document.text.path}: the changed file would be read otherwise than asked")
    return data


def verified(document: Document, change: Change) -> Change:
    """Return `change`. Raises ChangeError if it would do anything but its effect."""
    changed(document, [change])
    return change


def reread_differs_only_in(document: Document, data: bytes, changes: Sequence[Change]) -> bool:
    """Say whether `data`, read as `document` was, differs from it by the effects of `changes` alone.

    Directives, problems and comments are compared. Where versions of the program read a file differently,
    all that read the unchanged file as `document` says must agree.
    """
    before = nodes_of(document)
    wanted = after_effects(before, [change.effect for change in changes])
    comments = _comments_that_stay(document, changes)
    text = Text(document.text.path, data)
    readings = 0
    for reader, known in _readings(document, before):
        readings += 1
        new = reader(text, document.is_template)
        if nodes_of(new) != wanted or _problems(new) - _problems(known):
            return False
        if [comment.text for comment in new.comments] != comments:
            return False
    return readings > 0


def _readings(document: Document, nodes: list[Node]) -> Iterator[tuple[Reader, Document]]:
    """Yield each reader that finds `nodes` in the unchanged file, with all that it finds."""
    readers = DIALECTS[document.kind].readers
    if len(readers) == 1:
        yield readers[0], document
        return
    for reader in readers:
        known = reader(document.text, document.is_template)
        if nodes_of(known) == nodes:
            yield reader, known


def _comments_that_stay(document: Document, changes: Sequence[Change]) -> list[str]:
    gone = [edit.span for edit in ordered(change.edit for change in changes)]
    return [comment.text for comment in document.comments if not _is_within(comment.span.start, gone)]


def _is_within(at: int, spans: Sequence[Span]) -> bool:
    """Say whether byte `at` lies in one of `spans`, which are in order and apart."""
    behind = bisect_right(spans, at, key=attrgetter("start"))
    return behind > 0 and at < spans[behind - 1].end


def _problems(document: Document) -> Counter[tuple[str, str]]:
    """Count the document's problems by severity and message; numbers in messages are places."""
    return Counter((problem.severity, _NUMBER.sub("", problem.message)) for problem in document.problems)
