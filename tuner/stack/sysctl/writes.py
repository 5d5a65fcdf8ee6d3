"""What each program writes into /proc/sys, and in which order: systemd-sysctl, `sysctl --system`, busybox."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from tuner.formats.document import Document, Word
from tuner.formats.sysctl import Dialect, normalise_key, parse, reads_differently
from tuner.formats.sysctl_busybox import parse_busybox
from tuner.source.text import Text
from tuner.stack.hosts import GLOB
from tuner.stack.sysctl.keys import every_key
from tuner.stack.sysctl.order import Assignment, SysctlFile, matches

_SEPARATORS = re.compile(r"[./]+")
_IDLE_SEPARATOR = re.compile(r"[./][./]|\A[./]")
_PROC_SYS = "/proc/sys/"


class Write(NamedTuple):
    """One write into a key, in its normal form.

    `is_optional` says that a `-` forgives its failure; where `ends_file` and it fails, the file's rest is not
    read.
    """

    key: str
    value: Word
    text: Text
    is_optional: bool = False
    ends_file: bool = False


def boot_writes(files: Iterable[SysctlFile]) -> list[Write]:
    """Return what systemd-sysctl writes: the last value of each key, where that line stands.

    Saying the same again moves nothing. A glob is one key until the end, and then leaves out every key that a
    file names, `-key` included. Source: src/sysctl/sysctl.c, measured with systemd 252 and 257.
    """
    last: dict[str, Assignment] = {}
    for assignment in _assignments(files, "systemd"):
        key = assignment.directive.name.text
        if key in last and _value(last[key]) == _value(assignment):
            continue
        last.pop(key, None)
        last[key] = assignment
    return list(_expanded(last.values(), last))


def system_writes(files: Iterable[SysctlFile]) -> list[Write]:
    """Return what `sysctl --system` of procps 4 writes: every line in turn, globs only what no line names.

    It does not find a key with a blank behind the leading `-`, nor one with a separator behind it. It
    compares paths as they are written: with a separator too many, a line takes no key out of the globs, and a
    glob leaves out none. Source: src/sysctl.c, measured with procps 4.0.2 and 4.0.4.
    """
    found = [a for a in _assignments(files, "procps") if a.is_known_to_procps and not _ends_open(a)]
    named = {a.directive.name.text for a in found if not _has_idle_separator(a)}
    return list(_expanded(found, named, _has_idle_separator))


def busybox_writes(files: Iterable[SysctlFile]) -> list[Write]:
    """Return what busybox's `sysctl -p` writes if it reads one file after the other.

    It knows neither globs nor a leading `-`, and ends at the first value that the kernel refuses.
    """
    documents = [parse_busybox(file.document.text) for file in files if file.document]
    keys = {_parts(key): key for key in every_key()}
    return [
        Write(key, directive.args[0], document.text, ends_file=True)
        for document in documents
        for directive in document.directives
        if (key := _busybox_key(directive.name.text, keys))
    ]


def _assignments(files: Iterable[SysctlFile], dialect: Dialect) -> Iterator[Assignment]:
    for file in files:
        if file.document:
            document = as_read(file.document, dialect)
            yield from (
                Assignment(file, document.text, directive)
                for directive in document.directives
                if not directive.name.unknown
            )


def as_read(document: Document, dialect: Dialect) -> Document:
    """Return a document as `dialect` reads its text; the document itself is procps' reading."""
    if dialect == "procps" or not reads_differently(document):
        return document
    return parse(document.text, is_template=document.is_template, dialect=dialect)


def _value(assignment: Assignment) -> str | None:
    args = assignment.directive.args
    return args[0].text if args else None


def _has_idle_separator(assignment: Assignment) -> bool:
    return _IDLE_SEPARATOR.search(assignment.text.slice(assignment.directive.name.span)) is not None


def _ends_open(assignment: Assignment) -> bool:
    """Say whether a separator stands behind the key; glob(3) minds it only behind a glob."""
    name = assignment.text.slice(assignment.directive.name.span)
    is_glob, last = GLOB.search(name), assignment.directive.name.text.rsplit(".", 1)[-1]
    return name.endswith((".", "/")) and (is_glob is None or GLOB.search(last) is not None)


def _expanded(
    found: Iterable[Assignment],
    named: Collection[str],
    ignores_names: Callable[[Assignment], bool] = lambda _: False,
) -> Iterator[Write]:
    keys = every_key(named)
    reached: dict[tuple[str, bool], list[str]] = {}
    for assignment in found:
        name, args = assignment.directive.name.text, assignment.directive.args
        if not args:
            continue
        kind = name, ignores_names(assignment)
        if kind not in reached:
            left_out = () if kind[1] else named
            is_glob = GLOB.search(name) is not None
            reached[kind] = [k for k in keys if k not in left_out and matches(name, k)] if is_glob else [name]
        is_optional = assignment.directive.key is not None
        for key in reached[kind]:
            yield Write(key, args[0], assignment.text, is_optional)


def _parts(key: str) -> tuple[str, ...]:
    return tuple(_SEPARATORS.split(key))


def _busybox_key(written: str, keys: Mapping[tuple[str, ...], str]) -> str:
    """Return the key that busybox opens, or "" where there can be none.

    Where a dot stands before the first slash, the two are swapped; else every dot that makes a path that
    exists becomes a slash. Source: sysctl_dots_to_slashes().
    """
    name = written.removeprefix(_PROC_SYS)
    if GLOB.search(name) or name.startswith(("-", ".", "/")) or name.endswith((".", "/")):
        return ""
    dot, slash = name.find("."), name.find("/")
    if 0 <= dot < slash:
        return normalise_key(name)
    return keys.get(_parts(name)) or normalise_key(name)
