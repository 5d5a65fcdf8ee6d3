"""From a plan to changes of the files that have the settings, or that should have them."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tuner.change.insert import NewDirective, insert_after, insert_into
from tuner.change.making import Batch
from tuner.change.replace import add_argument, replace_value
from tuner.change.verify import Change, changed
from tuner.errors import ChangeError
from tuner.formats.document import Directive, Document
from tuner.load.pool_setting import MAX_CONNS
from tuner.source.span import Span
from tuner.stack.kernel import REFUSED
from tuner.stack.live.machine import NOT_IN_FORCE
from tuner.stack.value import Place
from tuner.tune.kernel import LISTEN_BACKLOG
from tuner.tune.new_file import NO_HOMES, Home, NewFile, different_values, new_files
from tuner.tune.plan import Recommendation, Spot

SECONDS = frozenset({"fastcgi_connect_timeout", "request_terminate_timeout"})
HOMES = frozenset({"http", "server", "location", "upstream"})
"""The blocks of nginx that take what a plan writes: an `if` takes next to nothing, and inherits the rest."""

PARAMETERS = frozenset({MAX_CONNS, LISTEN_BACKLOG})
"""What stands as `name=value` behind the other words of a directive."""

EVENTS = "events"

VOID_BUT_READ = frozenset({NOT_IN_FORCE, REFUSED})
"""Why a line has no effect that would have one with another value."""


class FilePatch(NamedTuple):
    """The changes of one file, and what the file is then."""

    document: Document
    changes: tuple[Change, ...]
    data: bytes


class Unwritten(NamedTuple):
    """A recommendation that no file can be changed for, and why."""

    recommendation: Recommendation
    reason: str


class Patches(NamedTuple):
    """What of a plan goes into files, into new ones, and what does not."""

    files: tuple[FilePatch, ...]
    unwritten: tuple[Unwritten, ...]
    new: tuple[NewFile, ...] = ()


NO_PATCHES = Patches((), ())


class _Key(NamedTuple):
    """What can have one value only: a word of a file, or a new `setting` of the block that is its home."""

    path: str
    home: Span
    setting: str


class _Wish(NamedTuple):
    """The change that some recommendations agree on."""

    change: Change
    recommendations: list[Recommendation]


def patches(
    recommendations: Sequence[Recommendation],
    documents: Mapping[str, Document],
    homes: Mapping[int, Home] = NO_HOMES,
) -> Patches:
    """Return the changes of `documents`, which are found by the path that users see.

    `homes` are those of sysctls that may stand in no file yet, by the identity of the recommendation. What
    cannot be written, or would be read otherwise, keeps nothing else from being written.
    """
    reasons: dict[int, str] = {}
    batches = {path: Batch(document) for path, document in documents.items()}
    by_key: dict[_Key, list[tuple[Recommendation, Change]]] = {}
    without_file: list[tuple[Recommendation, Home]] = []
    for found in recommendations:
        home = homes.get(id(found))
        if home and home.disk_path and _place(found) is None:
            without_file.append((found, home))
            continue
        try:
            key, change = _change(found, batches, home)
        except ChangeError as error:
            reasons[id(found)] = str(error)
        else:
            by_key.setdefault(key, []).append((found, change))
    new = tuple(new_files(without_file, reasons))
    files = []
    for path, wishes in _agreed(by_key, reasons).items():
        kept, data = _as_many_as_possible(documents[path], wishes, reasons)
        if kept:
            files.append(FilePatch(documents[path], tuple(wish.change for wish in kept), data))
    unwritten = (Unwritten(found, reasons[id(found)]) for found in recommendations if id(found) in reasons)
    return Patches(tuple(files), tuple(unwritten), new)


def written(found: Recommendation) -> str:
    """Return the recommended value as its program reads it."""
    return f"{found.recommended}s" if found.setting in SECONDS else str(found.recommended)


def _word(found: Recommendation) -> str:
    """Return the word that stands in the file, which may be more than the value."""
    return f"{found.setting}={written(found)}" if found.setting in PARAMETERS else written(found)


def _agreed(
    by_key: Mapping[_Key, Sequence[tuple[Recommendation, Change]]], reasons: dict[int, str]
) -> dict[str, list[_Wish]]:
    """Return the wishes of each file; those that contradict each other get the reason instead."""
    by_path: dict[str, list[_Wish]] = {}
    for key, wanted in by_key.items():
        wishing = [found for found, _ in wanted]
        if len({_word(found) for found in wishing}) > 1:
            reason = different_values(wishing)
            reasons.update((id(found), reason) for found in wishing)
        else:
            by_path.setdefault(key.path, []).append(_Wish(wanted[0][1], wishing))
    return by_path


def _as_many_as_possible(
    document: Document, wishes: Sequence[_Wish], reasons: dict[int, str]
) -> tuple[list[_Wish], bytes]:
    """Return the wishes that can be made together, and the file then; the others get their reason.

    The file is read again as a whole; only where it is not what it should be, by halves.
    """
    pending, kept = [list(wishes)], list[_Wish]()
    data = document.text.data
    while pending:
        part = pending.pop()
        try:
            data = changed(document, [wish.change for wish in (*kept, *part)])
        except ChangeError as error:
            if len(part) == 1 or (not kept and not _is_changeable(document)):
                reasons.update((id(found), str(error)) for wish in part for found in wish.recommendations)
                continue
            half = len(part) // 2
            pending += (part[half:], part[:half])
        else:
            kept += part
    return kept, data


def _is_changeable(document: Document) -> bool:
    """Say whether the file, read again as it is, says what it said."""
    try:
        changed(document, ())
    except ChangeError:
        return False
    return True


def _place(found: Recommendation) -> Place | None:
    """Return where the setting stands; of a sysctl, the place that sets it although it is not in force."""
    present = found.present
    if found.is_shared:
        return None
    if present.origin.place is not None or found.program != "kernel":
        return present.origin.place
    first = next(iter(present.overrides), None)
    return first.origin.place if first is not None and first.reason in VOID_BUT_READ else None


def _change(found: Recommendation, batches: Mapping[str, Batch], home: Home | None) -> tuple[_Key, Change]:
    if found.by_hand:
        raise ChangeError(found.by_hand)
    place = _place(found)
    if place is not None:
        change = _replaced(_batch(place, batches), place.span, found)
        return _Key(place.text.path, change.edit.span, ""), change
    if home is not None:
        return _at_home(found, home)
    if found.spot is None:
        raise ChangeError("no file of those read has it")
    block, change = _inserted(_batch(found.spot.place, batches), found.spot, found)
    return _Key(found.spot.place.text.path, block, found.setting), change


def _at_home(found: Recommendation, home: Home) -> tuple[_Key, Change]:
    if home.document is None:
        raise ChangeError(home.refusal)
    if home.document.is_template:
        raise ChangeError(f"{home.path} is a template")
    new = NewDirective(found.setting, (str(home.value),))
    change = insert_into(home.document, new, None, Batch(home.document))
    return _Key(home.path, Span(0, len(home.document.text.data)), found.setting), change


def _batch(place: Place, batches: Mapping[str, Batch]) -> Batch:
    batch = batches.get(place.text.path)
    if batch is None:
        raise ChangeError(f"{place.text.path} is not among the files read")
    if batch.document.is_template:
        raise ChangeError(f"{place.text.path} is a template")
    return batch


def _replaced(batch: Batch, span: Span, found: Recommendation) -> Change:
    at = batch.argument_at(span, is_part=found.setting in PARAMETERS)
    if at is None:
        raise ChangeError(f"{batch.document.text.path}: what stands there is not one value")
    directive, argument = at
    return replace_value(batch.document, directive, _word(found), argument, batch)


def _inserted(batch: Batch, spot: Spot, found: Recommendation) -> tuple[Span, Change]:
    """Return where the new directive is at home, and how it gets there.

    In nginx it goes beside the one at the spot, or into `events {}`, in php-fpm to the end of the section. A
    parameter of a directive goes behind its last word.
    """
    document = batch.document
    chain = list(_around(document.directives, spot.place.span))
    if not chain:
        raise ChangeError(f"{spot.place.text.path}: there is no {spot.name}")
    if found.setting in PARAMETERS:
        return chain[-1].span, add_argument(document, chain[-1], _word(found), batch)
    new = NewDirective(found.setting, tuple(written(found).split()))
    if spot.name == EVENTS:
        return chain[-1].span, insert_into(document, new, chain[-1], batch)
    whole = Span(0, len(document.text.data))
    if document.kind == "nginx":
        while len(chain) > 1 and chain[-2].name.text not in HOMES:
            chain.pop()
        home = chain[-2].span if len(chain) > 1 else whole
        return home, insert_after(document, new, chain[-1], batch)
    section = next((one for one in chain if one.children is not None), None)
    return section.span if section else whole, insert_into(document, new, section, batch)


def _around(directives: Sequence[Directive], span: Span) -> Iterator[Directive]:
    """Yield the directives that hold `span`, from the outermost to the innermost."""
    level: Sequence[Directive] = directives
    while level:
        behind = bisect_right(level, span.start, key=_start)
        inner = level[behind - 1] if behind else None
        if inner is None or inner.span.end <= span.start:
            return
        yield inner
        level = inner.children or ()


def _start(directive: Directive) -> int:
    return directive.span.start
