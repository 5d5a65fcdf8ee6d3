"""One file written whole or not at all."""

import os
from contextlib import suppress

from tuner.change.attributes import attributes_of
from tuner.change.target import Target, changed_since, read_target, still_the_same
from tuner.change.temporary import (
    new_token,
    remove_temporary,
    sync_folder,
    temporary_beside,
    write_temporary,
)
from tuner.errors import ChangeError


def write_file(path: str, expected: bytes, new: bytes) -> None:
    """Replace the content of `path`, which must be `expected`, by `new` in one step.

    Owner, mode and extended attributes stay; of a link the file that it leads to is replaced. Whatever
    goes wrong, the file is the old one or the new one, and nothing else is left behind.
    Raises ChangeError if the file is not what was read, is not a regular file, has other hard links, or
    cannot be replaced.
    """
    try:
        target = read_target(path)
        if target.data != expected:
            raise changed_since(path)
        if new != expected:
            _replace(target, new)
    except OSError as error:
        raise ChangeError(f"{path}: cannot be written: {error.strerror}") from None


def _replace(target: Target, new: bytes) -> None:
    temporary = temporary_beside(target.path, new_token())
    write_temporary(temporary, new, attributes_of(target.path, target.status))
    try:
        still_the_same(target)
        os.replace(temporary, target.path)
    except BaseException:
        with suppress(OSError):
            remove_temporary(temporary)
        raise
    sync_folder(os.path.dirname(target.path))
