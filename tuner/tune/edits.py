"""From a plan to changes of the files that have the settings, or that should have them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tuner.change.insert import NewDirective, insert_after, insert_into
from tuner.change.replace import add_argument, replace_value
from tuner.change.verify import Change, changed
from tuner.errors import ChangeError
from tuner.formats.document import Directive, Document
from tuner.source.span import Span
from tuner.stack.value import Place
from tuner.tune.admission import MAX_CONNS
from tuner.tune.plan import Recommendation, Spot

SECONDS = frozenset({"fastcgi_connect_timeout", "request_terminate_timeout"})


class FilePatch(NamedTuple):
    """The changes of one file, and what the file is then."""

    document: Document
    changes: tuple[Change, ...]
    data: bytes


class Unwritten(NamedTuple):
    """A recommendation that no file can be changed for, and why."""

    recommendation: Recommendation
    reason: str


class NewFile(NamedTuple):
    """A file that has to be made: its path on disk, and what it holds."""

    path: str
    data: bytes


class Patches(NamedTuple):
    """What of a plan goes into files, and what does not."""

    files: tuple[FilePatch, ...]
    new_files: tuple[NewFile, ...]
    unwritten: tuple[Unwritten, ...]


def patches(recommendations: Sequence[Recommendation], documents: Mapping[str, Document]) -> Patches:
    """Return the changes of `documents`, which are found by the path that users see."""
    by_path: dict[str, list[Change]] = {}
    unwritten = []
    for found in recommendations:
        try:
            path, change = _change(found, documents)
        except ChangeError as error:
            unwritten.append(Unwritten(found, str(error)))
        else:
            by_path.setdefault(path, []).append(change)
    files = []
    for path, changes in by_path.items():
        document = documents[path]
        distinct = tuple(dict.fromkeys(changes))
        files.append(FilePatch(document, distinct, changed(document, distinct)))
    return Patches(tuple(files), (), tuple(unwritten))


def written(found: Recommendation) -> str:
    """Return the recommended value as its program reads it."""
    return f"{found.recommended}s" if found.setting in SECONDS else str(found.recommended)


def _word(found: Recommendation) -> str:
    """Return the word that stands in the file, which may be more than the value."""
    return f"{MAX_CONNS}={written(found)}" if found.setting == MAX_CONNS else written(found)


def _change(found: Recommendation, documents: Mapping[str, Document]) -> tuple[str, Change]:
    place = found.present.origin.place
    if place is not None:
        document = _document(place, documents)
        directive, argument = _argument_at(document, place.span)
        return document.text.path, replace_value(document, directive, _word(found), argument)
    if found.spot is None:
        raise ChangeError("no file of those read has it")
    document = _document(found.spot.place, documents)
    return document.text.path, _inserted(document, found.spot, found)


def _document(place: Place, documents: Mapping[str, Document]) -> Document:
    document = documents.get(place.text.path)
    if document is None:
        raise ChangeError(f"{place.text.path} is not among the files read")
    if document.is_template:
        raise ChangeError(f"{place.text.path} is a template")
    return document


def _argument_at(document: Document, span: Span) -> tuple[Directive, int]:
    """Return the directive and the number of its argument at `span`."""
    for directive in document.walk():
        if not directive.span.start <= span.start <= directive.span.end:
            continue
        for number, word in enumerate(directive.args):
            if word.span == span:
                return directive, number
    raise ChangeError(f"{document.text.path}: what stands there is not one value")


def _inserted(document: Document, spot: Spot, found: Recommendation) -> Change:
    """Return the new directive: beside the one at the spot in nginx, at the end of a section of php-fpm.

    A parameter of a directive goes behind its last word.
    """
    chain = list(_around(document.directives, spot.place.span))
    if not chain:
        raise ChangeError(f"{spot.place.text.path}: there is no {spot.name}")
    if found.setting == MAX_CONNS:
        return add_argument(document, chain[-1], _word(found))
    new = NewDirective(found.setting, tuple(written(found).split()))
    if document.kind == "nginx":
        return insert_after(document, new, chain[-1])
    section = next((one for one in chain if one.children is not None), None)
    return insert_into(document, new, section)


def _around(directives: Sequence[Directive], span: Span) -> Iterator[Directive]:
    """Yield the directives that hold `span`, from the outermost to the innermost."""
    level: Sequence[Directive] = directives
    while level:
        inner = next((one for one in level if one.span.start <= span.start < one.span.end), None)
        if inner is None:
            return
        yield inner
        level = inner.children or ()
