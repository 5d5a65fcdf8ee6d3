"""Files written whole or not at all."""

import os
import stat
from contextlib import suppress
from tempfile import mkstemp
from typing import NamedTuple

from tuner.errors import ChangeError

_SUFFIX = ".fpmtune-tmp"
"""No program's include takes a file of this name: it is hidden, and no `.conf`."""


class _Target(NamedTuple):
    """The file to replace, with what it must still be when it is."""

    path: str
    status: os.stat_result


def write_file(path: str, expected: bytes, new: bytes) -> None:
    """Replace the content of `path`, which must be `expected`, by `new` in one step.

    Owner, mode and extended attributes stay; of a link the file that it leads to is replaced. Whatever
    goes wrong, the file is the old one or the new one, and nothing else is left behind.
    Raises ChangeError if the file is not what was read, is not a regular file, has other hard links, or
    cannot be replaced.
    """
    try:
        target = _target(path, expected)
        if new != expected:
            _replace(target, new)
    except OSError as error:
        raise ChangeError(f"{path}: cannot be written: {error.strerror}") from None


def _target(path: str, expected: bytes) -> _Target:
    real = os.path.realpath(path)
    handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ChangeError(f"{path}: not a regular file")
        if status.st_nlink > 1:
            raise ChangeError(f"{path}: has {status.st_nlink} hard links, which would part")
        if file.read(len(expected) + 1) != expected:
            raise ChangeError(f"{path}: was changed since it was read")
    return _Target(real, status)


def _replace(target: _Target, new: bytes) -> None:
    folder, name = os.path.split(target.path)
    handle, temporary = mkstemp(_SUFFIX, f".{name[:64]}.", folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(new)
            file.flush()
            _make_alike(handle, target)
            os.fsync(handle)
        _still_the_same(target)
        os.replace(temporary, target.path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _make_alike(handle: int, target: _Target) -> None:
    """Give the new file the old one's owner, mode and extended attributes, in an order that keeps each."""
    own = os.fstat(handle)
    if (own.st_uid, own.st_gid) != (target.status.st_uid, target.status.st_gid):
        os.fchown(handle, target.status.st_uid, target.status.st_gid)
    os.fchmod(handle, stat.S_IMODE(target.status.st_mode))
    try:
        names = os.listxattr(target.path)
    except OSError:
        return
    for name in names:
        value = os.getxattr(target.path, name)
        if name not in os.listxattr(handle) or os.getxattr(handle, name) != value:
            os.setxattr(handle, name, value)


def _still_the_same(target: _Target) -> None:
    now = os.stat(target.path, follow_symlinks=False)
    then = target.status
    if (now.st_dev, now.st_ino, now.st_mtime_ns, now.st_size) != (
        then.st_dev,
        then.st_ino,
        then.st_mtime_ns,
        then.st_size,
    ):
        raise ChangeError(f"{target.path}: was changed since it was read")


def _sync_folder(folder: str) -> None:
    """Put the new name on disk; the file is replaced already, so that a failure here is none."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
