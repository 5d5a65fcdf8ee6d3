"""The journal of one plan: a folder that says how far it came and keeps the old files.

The record and the old bytes are on disk before anything else is made. From then on a step of the plan's
life is one renamed file, which needs no space.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Literal, get_args

from tuner.change.attributes import Attributes
from tuner.change.content import Content, read_file
from tuner.change.journal_folder import require_private
from tuner.change.record import Record, record_from_json, record_to_json
from tuner.change.temporary import sync_folder, write_temporary
from tuner.errors import ChangeError

State = Literal["preparing", "writing", "clearing", "done", "undone"]
"""`preparing`: no file is touched yet; `writing`: some may be; `clearing`: all are new for good, and what
helped is removed; `done`: nothing is left but the journal; `undone`: the same, and all files are the old."""
ENDED: tuple[State, ...] = ("done", "undone")
KEPT = 20
"""How many plans that are in place the journal holds, and how many others that came to their end."""

_STATES: tuple[State, ...] = get_args(State)
_NUMBER = re.compile(r"\d{6,12}\Z")
_PRIVATE = Attributes(-1, -1, 0o600, {})


class Journal:
    """The journal of the plan with this number."""

    def __init__(self, folder: str, number: int, state: State, record: Record) -> None:
        self.folder = folder
        self.number = number
        self.state = state
        self.record = record

    def move(self, state: State) -> None:
        """Put on disk that the plan is in this state now. Raises OSError if that cannot be."""
        os.rename(_state_file(self.folder, self.state), _state_file(self.folder, state))
        self.state = state
        sync_folder(self.folder)

    def old_file(self, index: int) -> str:
        """Return the path of the copy of what the file of step `index` held."""
        return _old_file(self.folder, index)

    def old_bytes(self, index: int) -> bytes:
        """Return what the file of step `index`, which had one, held.

        Raises ChangeError if the copy is damaged, OSError if it cannot be read.
        """
        step = self.record.steps[index]
        data, _ = read_file(self.old_file(index))
        if Content.of(data) != step.old:
            raise ChangeError(f"{self.old_file(index)}: damaged: not what {step.path} held")
        return data

    def discard(self) -> None:
        """Remove the journal of a plan that changed nothing. Raises OSError if that cannot be."""
        os.unlink(_state_file(self.folder, self.state))
        _remove(self.folder)


def begin_journal(folder: str, record: Record, old: Sequence[bytes | None]) -> Journal:
    """Put the record of a new plan on disk, with what its files hold.

    Raises OSError if that fails; nothing is left then but what `sweep` removes.
    """
    number = max((int(name) for name in _names(folder)), default=0) + 1
    own = os.path.join(folder, f"{number:06}")
    os.mkdir(own, 0o700)
    try:
        for index, data in enumerate(old):
            if data is not None:
                write_temporary(_old_file(own, index), data, _PRIVATE)
        draft = os.path.join(own, "draft")
        write_temporary(draft, record_to_json(record), _PRIVATE)
        os.rename(draft, _state_file(own, "preparing"))
    except BaseException:
        with suppress(OSError):
            _remove(own)
        raise
    sync_folder(own)
    sync_folder(folder)
    return Journal(own, number, "preparing", record)


def journals(folder: str) -> list[Journal]:
    """Return the journals in `folder` in their order; none if there is no such folder.

    Raises ChangeError for one that cannot be read or is none of ours.
    """
    try:
        require_private(folder)
        found = [_journal(folder, name) for name in _names(folder)]
        return sorted((one for one in found if one is not None), key=lambda journal: journal.number)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ChangeError(f"{folder}: the journals cannot be read: {error.strerror}") from None


def in_place(known: Sequence[Journal]) -> list[Journal]:
    """Return the plans among all the `known` ones whose files are the new ones, which nothing took back."""
    taken_back = {journal.record.reverts for journal in known if journal.state in ("clearing", "done")}
    return [
        journal
        for journal in known
        if journal.state == "done" and not journal.record.reverts and journal.number not in taken_back
    ]


def prune(folder: str) -> tuple[int, ...]:
    """Remove the journals of all but the last `KEPT` plans that are in place, and the last `KEPT` others.

    Returns the numbers of those that are in place and cannot be taken back any more. Raises OSError if one
    cannot be removed, ChangeError if one cannot be read.
    """
    known = journals(folder)
    staying = in_place(known)
    others = [journal for journal in known if journal.state in ENDED and journal not in staying]
    # The oldest first: what takes a plan back is newer than the plan, and must not go before it.
    for journal in others[:-KEPT]:
        journal.discard()
    forgotten = staying[:-KEPT]
    for journal in forgotten:
        journal.discard()
    return tuple(journal.number for journal in forgotten)


def sweep(folder: str) -> None:
    """Remove what a writer left that was killed before its record, or after it was of no use any more.

    Raises OSError if that cannot be.
    """
    for name in list(_names(folder)):
        if _journal(folder, name) is None:
            _remove(os.path.join(folder, name))


def _names(folder: str) -> Iterator[str]:
    return (name for name in os.listdir(folder) if _NUMBER.match(name))


def _journal(folder: str, name: str) -> Journal | None:
    own = os.path.join(folder, name)
    for state in reversed(_STATES):
        path = _state_file(own, state)
        try:
            data, _ = read_file(path)
        except FileNotFoundError:
            continue
        return Journal(own, int(name), state, record_from_json(data, path))
    return None


def _state_file(folder: str, state: State) -> str:
    return os.path.join(folder, f"{state}.json")


def _old_file(folder: str, index: int) -> str:
    return os.path.join(folder, f"{index:04}.old")


def _remove(folder: str) -> None:
    for name in os.listdir(folder):
        os.unlink(os.path.join(folder, name))
    os.rmdir(folder)
