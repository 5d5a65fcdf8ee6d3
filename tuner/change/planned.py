"""What a plan wants of its files, held against what they are now."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from tuner.change.attributes import NEW_FILE, Attributes, attributes_of
from tuner.change.content import Content, is_there
from tuner.change.record import Step
from tuner.change.target import Target, changed_since, read_target
from tuner.change.temporary import new_token, temporary_beside
from tuner.errors import ChangeError


class Wanted(NamedTuple):
    """A file that must hold `expected` (None: that must not be there) and gets `new` (None: it goes).

    A file that is made gets these attributes; one that is replaced keeps its own.
    """

    path: str
    expected: Content | None
    new: bytes | None
    attributes: Attributes = NEW_FILE


class Planned(NamedTuple):
    """A step of a plan, with what it puts in place and the file that is there before."""

    step: Step
    new: bytes | None
    target: Target | None
    attributes: Attributes


def planned(wanted: Sequence[Wanted]) -> list[Planned]:
    """Read every file and return the steps that change something, in the same order.

    Raises ChangeError if files are not what was expected, naming all of them, if one is no regular file,
    cannot be read, or is named twice.
    """
    token = new_token()
    found: list[Planned] = []
    changed: list[str] = []
    for index, want in enumerate(wanted):
        one = _planned(want, f"{token}.{index}")
        if one is None:
            changed.append(want.path)
        else:
            found.append(one)
    if len(changed) == 1:
        raise changed_since(changed[0])
    if changed:
        raise ChangeError(f"{', '.join(changed)}: were changed since they were read")
    _require_distinct(found)
    return [one for one in found if one.step.old != one.step.new]


def missing_folders(steps: Sequence[Planned]) -> tuple[str, ...]:
    """Return the folders that must be made for the steps, outermost first. Raises OSError."""
    missing: set[str] = set()
    for one in steps:
        folder = os.path.dirname(one.step.path)
        while not is_there(folder):
            missing.add(folder)
            folder = os.path.dirname(folder)
    return tuple(sorted(missing))


def _planned(want: Wanted, token: str) -> Planned | None:
    """Return the step; None if the file is not what was expected."""
    try:
        return _absent(want, token) if want.expected is None else _present(want, token)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ChangeError(f"{want.path}: cannot be written: {error.strerror}") from None


def _absent(want: Wanted, token: str) -> Planned | None:
    if is_there(want.path):
        return None
    folder, name = os.path.split(os.path.abspath(want.path))
    path = os.path.join(os.path.realpath(folder), name)
    new = None if want.new is None else Content.of(want.new)
    temporary = temporary_beside(path, f"{token}.new")
    return Planned(Step(path, None, new, None, temporary, ""), want.new, None, want.attributes)


def _present(want: Wanted, token: str) -> Planned | None:
    if want.new is None and os.path.islink(want.path):
        raise ChangeError(f"{want.path}: is a link, which is not removed")
    target = read_target(want.path)
    if Content.of(target.data) != want.expected:
        return None
    new = None if want.new is None else Content.of(want.new)
    attributes = attributes_of(target.path, target.status)
    temporary = temporary_beside(target.path, f"{token}.new")
    kept = temporary_beside(target.path, f"{token}.old")
    step = Step(target.path, want.expected, new, attributes, temporary, kept)
    return Planned(step, want.new, target, attributes)


def _require_distinct(steps: Sequence[Planned]) -> None:
    seen: set[str] = set()
    for one in steps:
        if one.step.path in seen:
            raise ChangeError(f"{one.step.path}: is changed twice by one plan")
        seen.add(one.step.path)
