"""JSON Schema (2020-12) of what `check --format json` and `show --format json` print.

Objects are open: a later version may add keys, and takes none away.
"""

from collections.abc import Iterable
from typing import Any, get_args

from tuner.formats.document import KINDS
from tuner.judge.finding import SEVERITIES, Certainty, Role
from tuner.report.show_json import LISTENER_NUMBERS, LISTS, LOCATION_NUMBERS, POOL_NUMBERS
from tuner.stack.files import Status
from tuner.stack.model import Owner
from tuner.stack.value import OriginKind

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
FROM_ONE: Schema = {"type": "integer", "minimum": 1}
DATA: Schema = {"type": ["number", "string", "boolean", "null"]}
VERSION: Schema = {"const": 1}


def check_schema() -> Schema:
    """Return the schema of `fpmtune check --format json`."""
    finding = _object(
        rule=TEXT,
        name=TEXT,
        severity=_one_of(SEVERITIES),
        certainty=_one_of(get_args(Certainty)),
        condition=_described(TEXT_OR_NULL, "The case in which it holds; null when it is certain."),
        entity=TEXT,
        hosts=_described(_list(TEXT), "The hosts it was found on, where several were checked."),
        message=TEXT,
        locations=_described(_list(_location()), "The primary one first; none where no file sets it."),
        evidence=_list(_object(name=TEXT, value=DATA, unit=TEXT_OR_NULL, origin=_ref("origin"))),
        fixes=_list(_fix()),
        fingerprint=_described(TEXT, "Survives edits that move lines or change values."),
    )
    undecided = _object(rule=TEXT, name=TEXT, entity=TEXT, hosts=_list(TEXT), missing=_list(TEXT), hint=TEXT)
    crash = _object(rule=TEXT, entity=TEXT, error=TEXT)
    counts = dict.fromkeys(SEVERITIES, COUNT)
    return _document(
        "fpmtune check --format json",
        _object(
            optional={"crashes": _list(crash)},
            schema_version=VERSION,
            tool=_object(name={"const": "fpmtune"}, version=TEXT),
            files=_list(_file()),
            findings=_list(finding),
            undecided=_list(undecided),
            suppressed=_list({"type": "object"}),
            summary=_object(files=COUNT, **counts, undecided=COUNT, suppressed=COUNT),
        ),
        origin=_origin(),
    )


def show_schema() -> Schema:
    """Return the schema of `fpmtune show --format json`."""
    lists = {name: _list(entry) for name, entry in _show_entries().items()}
    one_of_several = {name: _list(_with_host(entry)) for name, entry in _show_entries().items()}
    host = _object(name=TEXT, **lists, kernel=_ref("kernel"))
    return _document(
        "fpmtune show --format json",
        _object(
            optional={"hosts": _described(_list(host), "Each host apart, where there are several.")},
            schema_version=VERSION,
            **one_of_several,
            kernel=_described(
                {"anyOf": [_ref("kernel"), {"type": "null"}]},
                "The one host's kernel; null where there are several hosts, or none.",
            ),
        ),
        origin=_origin(),
        number=_number(),
        numbers={"type": ["object", "null"], "additionalProperties": _ref("number")},
        kernel=_object(**_numbers(("version", "somaxconn", "tcp_max_syn_backlog", "tcp_syncookies"))),
    )


def _show_entries() -> dict[str, Schema]:
    """Return what the entries of each list look like."""
    pool: dict[str, Schema] = {name: {"anyOf": [_ref("number"), {"type": "null"}]} for name in POOL_NUMBERS}
    entries = (
        _object(owner=_one_of(get_args(Owner)), name=TEXT, address=TEXT, **_numbers(LISTENER_NUMBERS)),
        _object(
            listener=TEXT_OR_NULL,
            server=TEXT,
            location=TEXT,
            upstream=TEXT_OR_NULL,
            member=DATA,
            pool=TEXT_OR_NULL,
            **_numbers(LOCATION_NUMBERS),
            **pool,
        ),
        _object(
            name=TEXT,
            listener=TEXT_OR_NULL,
            listen=_ref("number"),
            **_numbers(POOL_NUMBERS),
            load=_ref("numbers"),
            replay=_ref("numbers"),
            queue=_ref("numbers"),
        ),
        _object(name=TEXT, listeners=_list(TEXT), **_numbers(("maxclients", "tcp_backlog"))),
    )
    return dict(zip(LISTS, entries, strict=True))


def _file() -> Schema:
    return _object(
        optional={"reason": _described(TEXT, "Why it is not plainly checked.")},
        path=TEXT,
        kind={"enum": [*KINDS, None]},
        status=_one_of(get_args(Status)),
    )


def _location() -> Schema:
    return _object(
        role=_one_of(get_args(Role)),
        path=TEXT,
        line=FROM_ONE,
        column=_described(FROM_ONE, "In characters."),
        end_line=FROM_ONE,
        end_column=_described(FROM_ONE, "The first one behind it."),
        text=TEXT,
    )


def _fix() -> Schema:
    edit = _object(path=TEXT, start=_described(COUNT, "In bytes."), end=COUNT, text=TEXT)
    return _object(safety=_one_of(("safe", "unsafe")), title=TEXT, requires=_list(TEXT), edits=_list(edit))


def _origin() -> Schema:
    """Return the schema of who set a value; a place only where a file did."""
    place = {"path": TEXT, "line": FROM_ONE, "column": FROM_ONE}
    return _object(optional=place, kind=_one_of(get_args(OriginKind)), text=TEXT)


def _number() -> Schema:
    option = _object(value=DATA, condition=TEXT_OR_NULL)
    override = _object(value=DATA, origin=_ref("origin"), reason=TEXT)
    return _object(
        optional={"overrides": _described(_list(override), "Settings that lost, and why.")},
        value=_described(DATA, "Null when it is unknown."),
        unit=TEXT_OR_NULL,
        origin=_ref("origin"),
        options=_described(_list(option), "The values that an unknown may have, each in its case."),
    )


def _numbers(names: Iterable[str]) -> dict[str, Schema]:
    return {name: _ref("number") for name in names}


def _with_host(entry: Schema) -> Schema:
    host = _described(TEXT, "Its host, where there are several.")
    return {**entry, "properties": {"host": host, **entry["properties"]}}


def _document(title: str, schema: Schema, **definitions: Schema) -> Schema:
    return {"$schema": DIALECT, "title": title, **schema, "$defs": definitions}


def _object(optional: dict[str, Schema] | None = None, **required: Schema) -> Schema:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _one_of(words: Iterable[str]) -> Schema:
    return {"enum": list(words)}


def _described(schema: Schema, words: str) -> Schema:
    return {**schema, "description": words}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
