"""Plans whose writing was cut off: which there are, and how they are brought to an end."""

import os
from typing import NamedTuple

from tuner.change.clear import clear
from tuner.change.journal import ENDED, Journal, State, journals, sweep
from tuner.change.journal_folder import locked
from tuner.change.put_back import put_back
from tuner.errors import ChangeError


class Interrupted(NamedTuple):
    """A plan that did not come to its end: its number, when it was begun, how far it came, its files.

    `state` is `preparing` (nothing is written yet), `writing` (some files may be new) or `clearing` (all
    are new). `reverts` is the number of the plan that it was to take back, or 0.
    """

    plan: int
    journal: str
    begun: str
    state: State
    paths: tuple[str, ...]
    reverts: int


class Recovered(NamedTuple):
    """An interrupted plan that is brought to an end.

    `is_new`: all its files are the new ones; else all are what they were before.
    `left`: files that somebody changed meanwhile and that were left so.
    """

    plan: Interrupted
    is_new: bool
    left: tuple[str, ...] = ()


def pending(journal_folder: str) -> tuple[Interrupted, ...]:
    """Return the plans that did not come to their end; nothing is changed.

    One that another process is writing at this moment is among them. Raises ChangeError if the journals
    cannot be read.
    """
    return tuple(_interrupted(journal) for journal in journals(journal_folder) if journal.state not in ENDED)


def recover(journal_folder: str, *, leave_changed: bool = False) -> tuple[Recovered, ...]:
    """Bring what was interrupted to an end: a plan that was not whole and tested is put back.

    It can be interrupted itself and be called again; with nothing to do it does nothing. Raises ChangeError
    if somebody changed a file of the plan since: nothing is done then, unless `leave_changed` says that such
    files stay as they are and the others are put back; if a file cannot be put back; while another fpmtune
    writes.
    """
    if not os.path.isdir(journal_folder):
        return ()
    with locked(journal_folder):
        return recover_all(journal_folder, leave_changed=leave_changed)


def recover_all(journal_folder: str, *, leave_changed: bool = False) -> tuple[Recovered, ...]:
    """Do what `recover` promises, for one who holds the lock."""
    found = [journal for journal in journals(journal_folder) if journal.state not in ENDED]
    try:
        recovered = tuple(_recovered(journal, leave_changed) for journal in found)
        sweep(journal_folder)
    except OSError as error:
        raise ChangeError(f"{journal_folder}: the journal cannot be written: {error.strerror}") from None
    return recovered


def _recovered(journal: Journal, leave_changed: bool) -> Recovered:
    plan = _interrupted(journal)
    if journal.state == "clearing":
        if not clear(journal):
            raise ChangeError(f"{journal.folder}: its temporary files cannot be removed")
        return Recovered(plan, is_new=True)
    changed = put_back(journal, leave_changed=leave_changed)
    if changed and not leave_changed:
        raise ChangeError(
            f"{', '.join(changed)}: changed after fpmtune was interrupted, and not put back; what the plan "
            f"began with is in {journal.folder}"
        )
    if plan.reverts:
        journal.discard()
    else:
        journal.move("undone")
    return Recovered(plan, is_new=False, left=tuple(changed))


def _interrupted(journal: Journal) -> Interrupted:
    record = journal.record
    paths = tuple(step.path for step in record.steps)
    return Interrupted(journal.number, journal.folder, record.begun, journal.state, paths, record.reverts)
