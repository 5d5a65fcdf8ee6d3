"""A plan that was carried out, taken back: the newest that is in place, plan by plan."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from tuner.change.attributes import NEW_FILE
from tuner.change.content import Content, content_at
from tuner.change.daemon_test import DaemonTest, Outcome
from tuner.change.journal import ENDED, Journal, in_place, journals
from tuner.change.journal_folder import locked
from tuner.change.planned import Wanted
from tuner.change.record import Task
from tuner.change.recovery import Recovered, recover_all
from tuner.change.transaction import About, carry_out
from tuner.errors import ChangeError


class Known(NamedTuple):
    """A plan of the journal: its number, and how it came about, empty where that is not known."""

    plan: int
    way: str


class Reverted(NamedTuple):
    """What was taken back: the plan's number and how it came about, its journal, the files put back.

    Number 0 where nothing is left to take back. `after` are the daemons' tests, `tasks` what is to be done
    then, `still` the plans that are in place still, the newest first.
    """

    plan: int
    way: str
    journal: str
    paths: tuple[str, ...]
    after: tuple[Outcome, ...]
    tasks: tuple[Task, ...]
    still: tuple[Known, ...]


def revert(journal_folder: str, plan: int = 0, tests: Sequence[DaemonTest] = ()) -> Reverted:
    """Put back what the files of a plan held before it: all or none, as `apply` writes them.

    `plan` is its number, 0 the newest that is in place: called again and again, it takes back plan by plan.
    A plan, or the taking back of one, that was interrupted is the newest: it is brought to its end as
    `recover` does it, and no other plan is touched if that put files back. Files that were put back by hand
    are passed over, and so is a plan of which all were. It can be interrupted and be called again.

    Raises ChangeError, with nothing changed, if a file is not exactly what the plan wrote, naming all of
    them; if there is no such plan; and for all that `apply` raises it for.
    """
    _require_plans(journal_folder)
    with locked(journal_folder):
        recovered = recover_all(journal_folder)
        known = journals(journal_folder)
        _require_known(known, plan, journal_folder)
        for ended in filter(_is_old_now, recovered):
            number = ended.plan.reverts or ended.plan.plan
            if plan in (0, number):
                return _reverted(journal_folder, number, ended.plan.paths)
        journal = _newest(known, plan)
        if journal is None:
            return _reverted(journal_folder, plan, ())
        paths, after = _taken_back(journal, journal_folder, tests)
        return _reverted(journal_folder, journal.number, paths, after)


def to_revert(journal_folder: str) -> tuple[str, ...]:
    """Return the paths of the files that `revert` would put back now; none if it would put back nothing.

    Raises ChangeError if there is no plan, or if the journals cannot be read.
    """
    _require_plans(journal_folder)
    known = journals(journal_folder)
    _require_known(known, 0, journal_folder)
    standing = {journal.number for journal in in_place(known)}
    for journal in reversed(known):
        if journal.state not in ENDED or (journal.number in standing and not _is_back(journal)):
            return tuple(step.path for step in journal.record.steps)
    return ()


def _require_plans(journal_folder: str) -> None:
    if not os.path.isdir(journal_folder):
        raise ChangeError(f"{journal_folder}: no plan was written")


def _require_known(known: Sequence[Journal], plan: int, journal_folder: str) -> None:
    if not any(plan in (0, journal.number) for journal in known):
        raise ChangeError(f"{journal_folder}: there is no plan {plan or 'to take back'}")


def _is_old_now(recovered: Recovered) -> bool:
    """Say whether files are the old ones now: the plan was put back, or its taking back was ended."""
    return recovered.is_new == bool(recovered.plan.reverts)


def _newest(known: Sequence[Journal], plan: int) -> Journal | None:
    """Return the plan to take back; None if that is done. Those that were put back by hand are noted so."""
    for journal in reversed(in_place(known)):
        if plan not in (0, journal.number):
            continue
        if not _is_back(journal):
            return journal
        try:
            journal.move("undone")
        except OSError as error:
            raise ChangeError(f"{journal.folder}: cannot be written: {error.strerror}") from None
    return None


def _reverted(
    journal_folder: str, number: int, paths: tuple[str, ...], after: tuple[Outcome, ...] = ()
) -> Reverted:
    known = journals(journal_folder)
    still = tuple(Known(one.number, one.record.way) for one in reversed(in_place(known)))
    own = next((journal for journal in known if journal.number == number), None)
    if own is None:
        return Reverted(number, "", "", paths, after, (), still)
    return Reverted(number, own.record.way, own.folder, paths, after, own.record.back, still)


def _taken_back(
    journal: Journal, journal_folder: str, tests: Sequence[DaemonTest]
) -> tuple[tuple[str, ...], tuple[Outcome, ...]]:
    try:
        wanted = _old_files(journal)
    except OSError as error:
        raise ChangeError(f"{error.filename}: cannot be read: {error.strerror}") from None
    about = About(reverts=journal.number)
    done = carry_out(wanted, journal_folder, tests, journal.record.made, about)
    return done.paths, done.after


def _is_back(journal: Journal) -> bool:
    """Say whether every file of the plan is what it was before."""
    return all(now == step.old for step, now in zip(journal.record.steps, _standings(journal), strict=True))


def _standings(journal: Journal) -> list[Content | None]:
    try:
        return [content_at(step.path) for step in journal.record.steps]
    except OSError as error:
        raise ChangeError(f"{error.filename}: cannot be read: {error.strerror}") from None


def _old_files(journal: Journal) -> list[Wanted]:
    """Return what is to be put back, the last file first.

    Raises ChangeError if a file is neither what the plan wrote nor what was there before.
    """
    steps = journal.record.steps
    standings = _standings(journal)
    changed = [
        step.path for step, now in zip(steps, standings, strict=True) if now not in (step.new, step.old)
    ]
    if changed:
        way = f" ({journal.record.way})" if journal.record.way else ""
        raise ChangeError(
            f"{', '.join(changed)}: not what plan {journal.number}{way} wrote, so nothing is put back"
        )
    return [
        Wanted(
            step.path,
            step.new,
            None if step.old is None else journal.old_bytes(index),
            step.attributes or NEW_FILE,
        )
        for index, step in reversed(list(enumerate(steps)))
        if standings[index] == step.new
    ]
