"""All files of a plan written, or none."""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import NamedTuple

from tuner.change.clear import clear, sync_folders_of
from tuner.change.content import Content
from tuner.change.daemon_test import DaemonTest, Outcome, blamed, run_tests
from tuner.change.journal import Journal, begin_journal, prune
from tuner.change.journal_folder import locked, require_outside
from tuner.change.place import prepare, put_in_place, require_unchanged, require_unharmed
from tuner.change.planned import Planned, Wanted, missing_folders, planned
from tuner.change.put_back import put_back
from tuner.change.record import Record, Task
from tuner.change.recovery import recover_all
from tuner.errors import ChangeError

_FOLDER_MODE = 0o755


class FileChange(NamedTuple):
    """One file of a plan: it must hold `expected` and gets `new`.

    `expected` None: there must be no such file; it is made with mode 0644, and folders that are missing
    with it. `new` None: the file is removed.
    """

    path: str
    expected: bytes | None
    new: bytes | None


class About(NamedTuple):
    """What the journal says of a plan beside its files: how it came about, and which plan it takes back.

    `reverts` is 0 for none. `back` is what is to be done, in which order, when it is taken back itself.
    """

    way: str = ""
    back: tuple[Task, ...] = ()
    reverts: int = 0


NOTHING_SAID = About()


class Applied(NamedTuple):
    """What was done: the plan's number and the folder of its journal, and the files that were changed.

    Number 0 and no journal where there was nothing to do. `before` and `after` are the daemons' tests.
    `forgotten` are the numbers of older plans that are in place and cannot be taken back any more.
    """

    plan: int
    journal: str
    paths: tuple[str, ...]
    before: tuple[Outcome, ...] = ()
    after: tuple[Outcome, ...] = ()
    forgotten: tuple[int, ...] = ()


def apply(
    changes: Sequence[FileChange],
    journal_folder: str,
    tests: Sequence[DaemonTest] = (),
    about: About = NOTHING_SAID,
) -> Applied:
    """Write all files of a plan, in the order given, or none of them.

    Each is replaced in one step and keeps owner, mode, extended attributes and the links to it. `tests` are
    run before and after; if one fails that did not fail alike before, all is put back. A plan that was
    interrupted is put back first (see `recover`). However the process ends, `recover` or `revert` finds in
    the journal what it needs.

    Raises ChangeError, and all files are what they were unless the error names those that could not be put
    back: for a file that is not what was expected (nothing is written then), for one that cannot be
    written, for a test that fails because of the change, and while another fpmtune writes.
    """
    wanted = [
        Wanted(change.path, None if change.expected is None else Content.of(change.expected), change.new)
        for change in changes
    ]
    require_outside(journal_folder, [os.path.realpath(change.path) for change in changes])
    with locked(journal_folder):
        recover_all(journal_folder)
        return carry_out(wanted, journal_folder, tests, about=about)


def carry_out(
    wanted: Sequence[Wanted],
    journal_folder: str,
    tests: Sequence[DaemonTest],
    emptied: tuple[str, ...] = (),
    about: About = NOTHING_SAID,
) -> Applied:
    """Do what `apply` promises, for one who holds the lock and found no plan interrupted.

    `emptied` are folders to remove at the end if they are empty.
    """
    steps = planned(wanted)
    if not steps:
        return Applied(0, "", ())
    before = run_tests(tests)
    journal = _begun(steps, journal_folder, emptied, about)
    try:
        _write(steps, journal)
        after = run_tests(tests)
        _judge(before, after)
        with _named(journal.folder):
            journal.move("clearing")
    except BaseException as error:
        raise _undone(journal, error) from None
    clear(journal)
    forgotten: tuple[int, ...] = ()
    with suppress(OSError, ChangeError):
        forgotten = prune(journal_folder)
    paths = tuple(one.step.path for one in steps)
    return Applied(journal.number, journal.folder, paths, before, after, forgotten)


def _begun(steps: Sequence[Planned], journal_folder: str, emptied: tuple[str, ...], about: About) -> Journal:
    begun = datetime.now(UTC).isoformat(timespec="seconds")
    old = [one.target.data if one.target else None for one in steps]
    try:
        record = Record(
            begun,
            tuple(one.step for one in steps),
            missing_folders(steps),
            emptied,
            about.reverts,
            about.way,
            about.back,
        )
        return begin_journal(journal_folder, record, old)
    except OSError as error:
        raise ChangeError(
            f"{journal_folder}: the journal cannot be written: {error.strerror}; nothing was changed"
        ) from None


def _write(steps: Sequence[Planned], journal: Journal) -> None:
    for folder in journal.record.made:
        with _named(folder):
            os.mkdir(folder)
            os.chmod(folder, _FOLDER_MODE)
    _each(prepare, steps)
    _each(require_unchanged, steps)
    with _named(journal.folder):
        journal.move("writing")
    _each(put_in_place, steps)
    sync_folders_of(journal.record)
    _each(require_unharmed, steps)


def _each(do: Callable[[Planned], None], steps: Sequence[Planned]) -> None:
    for one in steps:
        with _named(one.step.path):
            do(one)


@contextmanager
def _named(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ChangeError(f"{path}: cannot be written: {error.strerror}") from None


def _judge(before: Sequence[Outcome], after: Sequence[Outcome]) -> None:
    """Raise ChangeError if a test blames the new files."""
    refusals = [f"{shlex.join(one.test.command)}: {one.message}" for one in blamed(before, after)]
    if refusals:
        raise ChangeError("\n".join(refusals))


def _undone(journal: Journal, error: BaseException) -> BaseException:
    """Put everything back; return what to raise: the error with how that went."""
    said = str(error) or "interrupted"
    try:
        left = put_back(journal, leave_changed=True)
    except ChangeError as failure:
        return ChangeError(f"{said}\n{failure}")
    exception = f", but for {', '.join(left)}; the journal is {journal.folder}" if left else ""
    with suppress(OSError):
        if left:
            journal.move("undone")
        else:
            journal.discard()
    if not isinstance(error, ChangeError):
        return error
    return ChangeError(f"{said}\nevery file is what it was before{exception}")
