"""A plan that did not come to its end is undone: every file is the old one again."""

import os
from typing import Literal

from tuner.change.clear import remove_empty, remove_helpers, sync_folders_of
from tuner.change.content import content_at, is_there
from tuner.change.journal import Journal
from tuner.change.record import Step
from tuner.change.temporary import remove_temporary, write_temporary
from tuner.errors import ChangeError

_Standing = Literal["old", "new", "untouched", "changed"]
"""What is at a step's path: the old file, the new one, or somebody else's, put there before the step could
be taken (`untouched`) or perhaps after it (`changed`)."""


def put_back(journal: Journal, *, leave_changed: bool = False) -> list[str]:
    """Make every file of the plan what it was; remove all that was made for it.

    It can be cut off anywhere and be called again. Returns the files that somebody else changed since they
    were written: with `leave_changed` they are left as they are; without, nothing is done at all if there
    is one. Raises ChangeError if a file cannot be put back: the others are, and the journal stays.
    """
    standings = _standings(journal)
    changed = [step.path for step, standing in standings if standing == "changed"]
    if changed and not leave_changed:
        return changed
    failures = []
    for index, (step, standing) in reversed(list(enumerate(standings))):
        try:
            if standing == "new":
                _restore(journal, index, step)
            remove_helpers(step)
        except OSError as error:
            failures.append(f"{step.path}: {error.strerror}")
        except ChangeError as error:
            failures.append(str(error))
    try:
        remove_empty(journal.record.made)
    except OSError as error:
        failures.append(f"{error.filename}: {error.strerror}")
    if failures:
        raise ChangeError(f"not put back: {'; '.join(failures)}; the journal is {journal.folder}")
    sync_folders_of(journal.record)
    return changed


def _standings(journal: Journal) -> list[tuple[Step, _Standing]]:
    steps = journal.record.steps
    if journal.state == "preparing":
        return [(step, "untouched") for step in steps]
    try:
        return [(step, _standing(step)) for step in steps]
    except OSError as error:
        raise ChangeError(
            f"not put back: {error.filename}: {error.strerror}; the journal is {journal.folder}"
        ) from None


def _standing(step: Step) -> _Standing:
    now = content_at(step.path)
    if now == step.old:
        return "old"
    if now == step.new:
        return "new"
    return "untouched" if step.new and content_at(step.temporary) == step.new else "changed"


def _restore(journal: Journal, index: int, step: Step) -> None:
    """Bring the old file back: itself, with what somebody wrote into it at the last moment, or a copy."""
    if step.attributes is None:
        os.unlink(step.path)
    elif is_there(step.kept):
        os.replace(step.kept, step.path)
    else:
        remove_temporary(step.temporary)
        write_temporary(step.temporary, journal.old_bytes(index), step.attributes)
        os.replace(step.temporary, step.path)
