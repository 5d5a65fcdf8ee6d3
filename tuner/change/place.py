"""One prepared file put in the place of another, with the old one kept beside it."""

import os
from contextlib import suppress

from tuner.change.content import content_at, is_there
from tuner.change.planned import Planned
from tuner.change.record import Step
from tuner.change.target import changed_since, still_the_same
from tuner.change.temporary import write_temporary
from tuner.errors import ChangeError


def prepare(one: Planned) -> None:
    """Put the new file, and a second name of the old one, beside the path. Raises OSError.

    With the second name going back needs no space. It is a copy where the file system has no hard links.
    """
    if one.new is not None:
        write_temporary(one.step.temporary, one.new, one.attributes)
    if one.target is not None:
        try:
            os.link(one.step.path, one.step.kept, follow_symlinks=False)
        except OSError:
            write_temporary(one.step.kept, one.target.data, one.attributes)


def require_unchanged(one: Planned) -> None:
    """Raise ChangeError if somebody wrote to the file since it was read."""
    if one.target is not None:
        still_the_same(one.target)


def put_in_place(one: Planned) -> None:
    """Replace, make or remove the file in one step.

    Raises ChangeError if somebody changed or made it meanwhile, OSError if it cannot be done.
    """
    step = one.step
    require_unchanged(one)
    if one.target is None:
        _make(step)
    elif one.new is not None:
        os.replace(step.temporary, step.path)
    else:
        os.unlink(step.path)


def require_unharmed(one: Planned) -> None:
    """Raise ChangeError if somebody wrote to the old file in the moment before it was replaced."""
    if one.target is not None and content_at(one.step.kept) != one.step.old:
        raise changed_since(one.step.path)


def _make(step: Step) -> None:
    """Give the new file its name, which must be free, in one step where the file system has hard links."""
    try:
        os.link(step.temporary, step.path, follow_symlinks=False)
    except OSError:
        if is_there(step.path):
            raise ChangeError(f"{step.path}: was made since the plan was") from None
        os.rename(step.temporary, step.path)
        return
    with suppress(OSError):
        os.unlink(step.temporary)
