"""What must hold after a plan was cut off, whenever and however."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

from tests.change.file_sets import FileSet, file_set, snapshot
from tuner.change.journal import ENDED
from tuner.change.recovery import pending, recover
from tuner.change.revert import revert
from tuner.change.transaction import apply
from tuner.errors import ChangeError

IN_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""A folder where nobody waits for a disk; None where there is none: the folder for temporary files."""


@contextmanager
def fresh_set(seed: int, files: int, largest_bytes: int = 4000) -> Iterator[FileSet]:
    """Give a set of files in memory, where a disk's patience is not counted, that always is the same."""
    with tempfile.TemporaryDirectory(prefix="fpmtune-test-", dir=IN_MEMORY) as folder:
        yield file_set(Path(folder) / "etc", Random(seed), files, largest_bytes)


def standing(files: FileSet) -> str:
    """Return whether the folder holds the old set, the new one, or something else: `mixed`."""
    now = snapshot(files.folder)
    if now == files.old:
        return "old"
    return "new" if now == files.new else "mixed"


def write_again(files: FileSet) -> None:
    """Do what a second `--write` does: recover, and write what is not written yet."""
    recover(files.journal)
    assert standing(files) in ("old", "new")
    if standing(files) == "old":
        apply(files.changes, files.journal)
    assert standing(files) == "new"
    require_nothing_left(files)


def take_back(files: FileSet) -> None:
    """Do what `--revert` does; the plan may have been cut off before it was one."""
    with suppress(ChangeError):
        revert(files.journal)
    assert standing(files) == "old"
    require_nothing_left(files)


def require_nothing_left(files: FileSet) -> None:
    """Assert that the journal holds plans that ended, and nothing else."""
    assert pending(files.journal) == ()
    for plan in Path(files.journal).iterdir() if os.path.isdir(files.journal) else ():
        names = {path.name for path in plan.iterdir() if path.suffix != ".old"} if plan.is_dir() else set()
        assert plan.name == "lock" or (len(names) == 1 and names <= {f"{state}.json" for state in ENDED})
