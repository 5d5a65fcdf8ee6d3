"""What helped to write a plan is removed."""

import errno
import os

from tuner.change.journal import Journal
from tuner.change.record import Record, Step
from tuner.change.temporary import remove_temporary, sync_folder

_STAYS = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR)
"""Somebody else put something into the folder, or it is gone."""


def clear(journal: Journal) -> bool:
    """Remove the temporaries of a plan whose files are all new, and the folders that it empties.

    Says whether it is done; what cannot be removed now, `recover` tries again.
    """
    try:
        for step in journal.record.steps:
            remove_helpers(step)
        remove_empty(journal.record.emptied)
        sync_folders_of(journal.record)
        journal.move("done")
    except OSError:
        return False
    return True


def remove_helpers(step: Step) -> None:
    """Remove the temporaries of a step. Raises OSError if one cannot be removed."""
    remove_temporary(step.temporary)
    if step.kept:
        remove_temporary(step.kept)


def remove_empty(folders: tuple[str, ...]) -> None:
    """Remove those of the folders, named outermost first, that are empty.

    Raises OSError if one cannot be removed.
    """
    for folder in reversed(folders):
        try:
            os.rmdir(folder)
        except OSError as error:
            if error.errno not in _STAYS:
                raise


def sync_folders_of(record: Record) -> None:
    """Put the names of a plan's files on disk."""
    for folder in sorted({os.path.dirname(step.path) for step in record.steps}):
        sync_folder(folder)
