"""A plan that was carried out, taken back."""

import os
from collections.abc import Iterator, Sequence

from tuner.change.attributes import NEW_FILE
from tuner.change.content import content_at
from tuner.change.daemon_test import DaemonTest
from tuner.change.journal import Journal, journals
from tuner.change.journal_folder import locked
from tuner.change.planned import Wanted
from tuner.change.recovery import recover_all
from tuner.change.transaction import Applied, carry_out
from tuner.errors import ChangeError


def revert(journal_folder: str, plan: int = 0, tests: Sequence[DaemonTest] = ()) -> Applied:
    """Put back what the files of a plan held before it: all or none, as `apply` writes them.

    `plan` is its number, 0 the last one that was written. A plan that was interrupted is the last one: it is
    put back as `recover` does it, and no other is. Files that were put back by hand are passed over; a plan
    that was taken back already leaves nothing to do. It can be interrupted and be called again.

    Raises ChangeError, with nothing changed, if a file is not exactly what the plan wrote, naming all of
    them; if there is no such plan; and for all that `apply` raises it for.
    """
    _require_plans(journal_folder)
    with locked(journal_folder):
        recovered = recover_all(journal_folder)
        known = journals(journal_folder)
        journal = _wanted(known, plan, journal_folder)
        if journal.state == "undone":
            paths = next((one.plan.paths for one in recovered if one.plan.plan == journal.number), ())
            return Applied(journal.number, journal.folder, paths)
        if any(other.record.reverts == journal.number for other in known):
            return Applied(journal.number, journal.folder, ())
        return _taken_back(journal, journal_folder, tests)


def to_revert(journal_folder: str) -> tuple[str, ...]:
    """Return the paths of the files that `revert` would put back now, or has put back already.

    Raises ChangeError if there is no plan, or if the journals cannot be read.
    """
    _require_plans(journal_folder)
    journal = _wanted(journals(journal_folder), 0, journal_folder)
    return tuple(step.path for step in journal.record.steps)


def _require_plans(journal_folder: str) -> None:
    if not os.path.isdir(journal_folder):
        raise ChangeError(f"{journal_folder}: no plan was written")


def _wanted(known: Sequence[Journal], plan: int, journal_folder: str) -> Journal:
    for journal in reversed(known):
        if journal.number == plan or not (plan or journal.record.reverts):
            return journal
    raise ChangeError(f"{journal_folder}: there is no plan {plan or 'to take back'}")


def _taken_back(journal: Journal, journal_folder: str, tests: Sequence[DaemonTest]) -> Applied:
    try:
        wanted = list(_old_files(journal))
    except OSError as error:
        raise ChangeError(f"{error.filename}: cannot be read: {error.strerror}") from None
    done = carry_out(wanted, journal_folder, tests, journal.record.made, journal.number)
    return done._replace(plan=journal.number)


def _old_files(journal: Journal) -> Iterator[Wanted]:
    """Yield what is to be put back, the last file first.

    Raises ChangeError if a file is neither what the plan wrote nor what was there before.
    """
    steps = journal.record.steps
    standings = [content_at(step.path) for step in steps]
    changed = [
        step.path for step, now in zip(steps, standings, strict=True) if now not in (step.new, step.old)
    ]
    if changed:
        raise ChangeError(
            f"{', '.join(changed)}: not what plan {journal.number} wrote, so nothing is put back"
        )
    for index, step in reversed(list(enumerate(steps))):
        if standings[index] == step.new:
            old = None if step.old is None else journal.old_bytes(index)
            yield Wanted(step.path, step.new, old, step.attributes or NEW_FILE)
