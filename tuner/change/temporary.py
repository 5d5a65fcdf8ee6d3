"""Files that stand beside a file for as long as it is being replaced."""

import os
import stat
from contextlib import suppress

from tuner.change.attributes import Attributes, give

_SUFFIX = ".fpmtune-tmp"
"""No program's include takes a file of this name: it is hidden, and no `.conf`."""
_KEPT_CHARACTERS = 40


def new_token() -> str:
    """Return digits that no other file has in its name."""
    return os.urandom(8).hex()


def temporary_beside(path: str, token: str) -> str:
    """Return the path of a temporary in the folder of `path`; a token makes one name."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name[:_KEPT_CHARACTERS]}.{token}{_SUFFIX}")


def write_temporary(path: str, data: bytes, attributes: Attributes) -> None:
    """Make the file `path`, which must not exist, and put it on disk whole.

    Raises OSError if that fails, and leaves no file then.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    handle = os.open(path, flags, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        give(handle, attributes)
        os.fsync(handle)
    except BaseException:
        with suppress(OSError):
            os.unlink(path)
        raise
    finally:
        os.close(handle)


def remove_temporary(path: str) -> None:
    """Remove the temporary at `path` if there is one. Raises OSError if it cannot be removed."""
    with suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISREG(os.lstat(path).st_mode):
            os.unlink(path)


def sync_folder(folder: str) -> None:
    """Put the names in a folder on disk, as far as the file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
