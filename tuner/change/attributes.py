"""What belongs to a file beside its bytes: owner, mode and extended attributes."""

import errno
import os
import stat
from typing import NamedTuple


class Attributes(NamedTuple):
    """Owner, group, mode bits, and extended attributes (access lists among them) as hexadecimal digits.

    An owner of -1 is the user who runs the program.
    """

    uid: int
    gid: int
    mode: int
    extended: dict[str, str]


NEW_FILE = Attributes(-1, -1, 0o644, {})
"""What a file gets that did not exist: the programs, which run as other users, must be able to read it."""


def attributes_of(path: str, status: os.stat_result) -> Attributes:
    """Return the attributes of the file at `path`, whose status is known. Raises OSError."""
    extended = {name: os.getxattr(path, name).hex() for name in _extended_names(path)}
    return Attributes(status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode), extended)


def _extended_names(path: str) -> list[str]:
    try:
        return os.listxattr(path)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise


def give(handle: int, attributes: Attributes) -> None:
    """Give an open file these attributes, in an order that keeps each. Raises OSError if one is refused."""
    own = os.fstat(handle)
    uid = own.st_uid if attributes.uid < 0 else attributes.uid
    gid = own.st_gid if attributes.gid < 0 else attributes.gid
    if (own.st_uid, own.st_gid) != (uid, gid):
        os.fchown(handle, uid, gid)
    os.fchmod(handle, attributes.mode)
    for name, digits in attributes.extended.items():
        value = bytes.fromhex(digits)
        if name not in os.listxattr(handle) or os.getxattr(handle, name) != value:
            os.setxattr(handle, name, value)
