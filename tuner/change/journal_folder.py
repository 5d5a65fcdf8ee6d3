"""The folder that keeps the journals of plans: where it is, whose it is, and who may write just now."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tuner.errors import ChangeError

_ROOTS_FOLDER = "/var/lib/fpmtune"
_LOCK = "lock"


def default_journal_folder() -> str:
    """Return where journals are kept if nothing else is said.

    `$STATE_DIRECTORY`, which systemd sets, else `/var/lib/fpmtune` for root, else `fpmtune` in
    `$XDG_STATE_HOME` (`~/.local/state`).
    """
    given = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if os.path.isabs(given):
        return given
    if os.geteuid() == 0:
        return _ROOTS_FOLDER
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.expanduser("~/.local/state")
    return os.path.join(state, "fpmtune")


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Make the journal folder if it is missing, and keep every other writer out.

    The lock ends with the process, however that ends. Raises ChangeError if another writer is at work, or
    if the folder cannot be used or could be written by someone else.
    """
    try:
        _make(folder)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        handle = os.open(os.path.join(folder, _LOCK), flags, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from None
    try:
        _take(handle, folder)
        yield
    finally:
        with suppress(OSError):
            os.close(handle)


def require_private(folder: str) -> None:
    """Raise ChangeError unless only its owner, who is the running user, writes to `folder`.

    A journal says what is written where: who could write one could have any file replaced.
    Raises OSError if there is no such folder.
    """
    status = os.stat(folder)
    if not stat.S_ISDIR(status.st_mode):
        raise ChangeError(f"{folder}: the journal needs a folder")
    if status.st_uid != os.geteuid():
        raise ChangeError(f"{folder}: the journal's folder belongs to another user ({status.st_uid})")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ChangeError(f"{folder}: others can write to the journal's folder: chmod go-w it")


def require_outside(folder: str, targets: list[str]) -> None:
    """Raise ChangeError if `folder` lies below the folder of a target: an include might read the journal.

    The patterns of no program take a hidden folder, so that below one it may lie.
    """
    real = os.path.realpath(folder)
    for target in targets:
        beside = os.path.dirname(target).rstrip("/") + "/"
        inside = real[len(beside) :].split("/") if f"{real}/".startswith(beside) else None
        if beside != "/" and inside is not None and not any(name.startswith(".") for name in inside):
            raise ChangeError(f"{folder}: the journal cannot be kept beside {target}: an include may read it")


def _make(folder: str) -> None:
    if not os.path.isdir(folder):
        os.makedirs(os.path.dirname(os.path.abspath(folder)), exist_ok=True)
        os.mkdir(folder, 0o700)
    require_private(folder)


def _take(handle: int, folder: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except BlockingIOError:
        writer = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
        raise ChangeError(
            f"{folder}: another fpmtune (process {writer or 'unknown'}) writes: try again when it has ended"
        ) from None
    except OSError as error:
        raise _unusable(folder, error) from None


def _unusable(folder: str, error: OSError) -> ChangeError:
    return ChangeError(f"{folder}: the journal cannot be kept there: {error.strerror}")
