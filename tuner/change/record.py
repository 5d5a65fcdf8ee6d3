"""What the journal says of one plan: which files, what they held, and what they get."""

import json
from typing import Any, NamedTuple

from tuner.change.attributes import Attributes
from tuner.change.content import Content
from tuner.errors import ChangeError

_FORMAT = 1


class Step(NamedTuple):
    """One file of a plan.

    `path` is where it really is; `old` and `new` are what it held and what it gets, None for no file;
    `attributes` are the old file's. `temporary` holds what is to be put in place next, `kept` is the old file
    under another name until the plan is carried out, empty if there is none.
    """

    path: str
    old: Content | None
    new: Content | None
    attributes: Attributes | None
    temporary: str
    kept: str


class Task(NamedTuple):
    """What a program of a host has to do once its files are changed: a command, or only words, and its cost.

    `command` is empty where nobody knows it.
    """

    host: str
    program: str
    words: str
    command: str
    cost: str


class Record(NamedTuple):
    """One plan: its files in the order of writing, and when it was begun (ISO 8601, UTC).

    `made` are folders that are made for it, outermost first, `emptied` those that go at its end if they are
    empty. A plan that takes another one back names its number in `reverts`, any other names 0.
    `way` says how the plan came about, and `back` what is to be done in which order once it is taken back;
    both are empty where nobody said so.
    """

    begun: str
    steps: tuple[Step, ...]
    made: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    reverts: int = 0
    way: str = ""
    back: tuple[Task, ...] = ()


def record_to_json(record: Record) -> bytes:
    """Return the record as it is kept on disk."""
    fields = record._asdict() | {"format": _FORMAT, "steps": [step._asdict() for step in record.steps]}
    fields["back"] = [task._asdict() for task in record.back]
    return json.dumps(fields, indent=1).encode()


def record_from_json(data: bytes, path: str) -> Record:
    """Return the record that the journal `path` holds. Raises ChangeError if it is none of ours."""
    try:
        fields = json.loads(data)
        if fields["format"] != _FORMAT:
            raise ValueError(f"its format is {fields['format']}, not {_FORMAT}")
        return Record(
            _text(fields["begun"]),
            tuple(_step(step) for step in fields["steps"]),
            tuple(_text(folder) for folder in fields["made"]),
            tuple(_text(folder) for folder in fields["emptied"]),
            int(fields["reverts"]),
            _text(fields.get("way", "")),
            tuple(_task(task) for task in fields.get("back", ())),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ChangeError(f"{path}: not a journal of this fpmtune: {error}") from None


def _step(fields: dict[str, Any]) -> Step:
    return Step(
        _text(fields["path"]),
        _content(fields["old"]),
        _content(fields["new"]),
        _attributes(fields["attributes"]),
        _text(fields["temporary"]),
        _text(fields["kept"]),
    )


def _task(fields: dict[str, Any]) -> Task:
    return Task(*(_text(fields[name]) for name in Task._fields))


def _content(fields: list[Any] | None) -> Content | None:
    if fields is None:
        return None
    size_bytes, sha256 = fields
    return Content(int(size_bytes), _text(sha256))


def _attributes(fields: list[Any] | None) -> Attributes | None:
    if fields is None:
        return None
    uid, gid, mode, extended = fields
    return Attributes(int(uid), int(gid), int(mode), {_text(k): _text(v) for k, v in extended.items()})


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
