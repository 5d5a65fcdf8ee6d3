"""The file that a change is made to, as it must still be when it is made."""

import os
import stat
from typing import NamedTuple

from tuner.change.content import read_file
from tuner.errors import ChangeError


class Target(NamedTuple):
    """A regular file without other names: where it really is, its bytes, and its status when it was read."""

    path: str
    data: bytes
    status: os.stat_result


def read_target(path: str) -> Target:
    """Return the file at `path`, or where the link there leads.

    Raises ChangeError if it is not a regular file or has other hard links, OSError if it cannot be read.
    """
    real = os.path.realpath(path)
    data, status = read_file(real)
    if not stat.S_ISREG(status.st_mode):
        raise ChangeError(f"{path}: not a regular file")
    if status.st_nlink > 1:
        raise ChangeError(f"{path}: has {status.st_nlink} hard links, which would part")
    return Target(real, data, status)


def still_the_same(target: Target) -> None:
    """Raise ChangeError if the file was written or replaced since it was read."""
    now = os.stat(target.path, follow_symlinks=False)
    if _identity(now) != _identity(target.status):
        raise changed_since(target.path)


def changed_since(path: str) -> ChangeError:
    """Return the error of a file that somebody changed meanwhile."""
    return ChangeError(f"{path}: was changed since it was read")


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
