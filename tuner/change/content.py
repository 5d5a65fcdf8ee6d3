"""What a file holds, told by its size and its hash."""

import hashlib
import os
import stat
from typing import NamedTuple


class Content(NamedTuple):
    """The size of a file and the SHA-256 of its bytes."""

    size_bytes: int
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> "Content":
        """Return what tells `data` from other bytes."""
        return cls(len(data), hashlib.sha256(data).hexdigest())


NO_FILE = Content(-1, "not a regular file")
"""Stands for a folder, a link, a pipe: equal to the content of no file."""


def content_at(path: str) -> Content | None:
    """Return what stands at `path` itself, no link followed; None if nothing does.

    Raises OSError if it cannot be read.
    """
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return NO_FILE
        return Content.of(read_file(path)[0])
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_there(path: str) -> bool:
    """Say whether anything, a link that leads nowhere too, stands at `path`.

    Raises OSError if that cannot be said.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def read_file(path: str) -> tuple[bytes, os.stat_result]:
    """Return the bytes of the regular file at `path` and its status; of anything else no bytes.

    Never waits for a pipe and follows no link. Raises OSError if it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW)
    try:
        status = os.fstat(handle)
        return (_all_bytes(handle) if stat.S_ISREG(status.st_mode) else b""), status
    finally:
        os.close(handle)


def _all_bytes(handle: int) -> bytes:
    parts = []
    while part := os.read(handle, 2**20):
        parts.append(part)
    return b"".join(parts)
