"""JSON Schema (2020-12) of what `check --format json` and `show --format json` print."""

from collections.abc import Iterable
from typing import get_args

from tuner.formats.document import KINDS
from tuner.judge.finding import SEVERITIES, Certainty, Role
from tuner.report.schema_parts import (
    COUNT,
    DATA,
    TEXT,
    TEXT_OR_NULL,
    VERSION,
    Schema,
    a_list,
    an_object,
    described,
    document,
    location,
    number,
    one_of,
    origin,
    ref,
)
from tuner.report.show_json import LISTENER_NUMBERS, LISTS, LOCATION_NUMBERS, POOL_NUMBERS
from tuner.stack.files import Status
from tuner.stack.model import Owner


def check_schema() -> Schema:
    """Return the schema of `fpmtune check --format json`."""
    finding = an_object(
        rule=TEXT,
        name=TEXT,
        severity=one_of(SEVERITIES),
        certainty=one_of(get_args(Certainty)),
        condition=described(TEXT_OR_NULL, "The case in which it holds; null when it is certain."),
        entity=TEXT,
        hosts=described(a_list(TEXT), "The hosts it was found on, where several were checked."),
        message=TEXT,
        locations=described(
            a_list(location(role=one_of(get_args(Role)))),
            "The primary one first; none where no file sets it.",
        ),
        evidence=a_list(an_object(name=TEXT, value=DATA, unit=TEXT_OR_NULL, origin=ref("origin"))),
        fixes=a_list(_fix()),
        fingerprint=described(TEXT, "Survives edits that move lines or change values."),
    )
    undecided = an_object(
        rule=TEXT, name=TEXT, entity=TEXT, hosts=a_list(TEXT), missing=a_list(TEXT), hint=TEXT
    )
    crash = an_object(rule=TEXT, entity=TEXT, error=TEXT)
    counts = dict.fromkeys(SEVERITIES, COUNT)
    return document(
        "fpmtune check --format json",
        an_object(
            optional={"crashes": a_list(crash)},
            schema_version=VERSION,
            tool=an_object(name={"const": "fpmtune"}, version=TEXT),
            files=a_list(_file()),
            findings=a_list(finding),
            undecided=a_list(undecided),
            suppressed=a_list({"type": "object"}),
            summary=an_object(files=COUNT, **counts, undecided=COUNT, suppressed=COUNT),
        ),
        origin=origin(),
    )


def show_schema() -> Schema:
    """Return the schema of `fpmtune show --format json`."""
    lists = {name: a_list(entry) for name, entry in _show_entries().items()}
    one_of_several = {name: a_list(_with_host(entry)) for name, entry in _show_entries().items()}
    host = an_object(name=TEXT, **lists, kernel=ref("kernel"))
    return document(
        "fpmtune show --format json",
        an_object(
            optional={"hosts": described(a_list(host), "Each host apart, where there are several.")},
            schema_version=VERSION,
            **one_of_several,
            kernel=described(
                {"anyOf": [ref("kernel"), {"type": "null"}]},
                "The one host's kernel; null where there are several hosts, or none.",
            ),
        ),
        origin=origin(),
        number=number(),
        numbers={"type": ["object", "null"], "additionalProperties": ref("number")},
        kernel=an_object(**_numbers(("version", "somaxconn", "tcp_max_syn_backlog", "tcp_syncookies"))),
    )


def _show_entries() -> dict[str, Schema]:
    """Return what the entries of each list look like."""
    pool: dict[str, Schema] = {name: {"anyOf": [ref("number"), {"type": "null"}]} for name in POOL_NUMBERS}
    entries = (
        an_object(owner=one_of(get_args(Owner)), name=TEXT, address=TEXT, **_numbers(LISTENER_NUMBERS)),
        an_object(
            listener=TEXT_OR_NULL,
            server=TEXT,
            location=TEXT,
            upstream=TEXT_OR_NULL,
            member=DATA,
            pool=TEXT_OR_NULL,
            **_numbers(LOCATION_NUMBERS),
            **pool,
        ),
        an_object(
            name=TEXT,
            listener=TEXT_OR_NULL,
            listen=ref("number"),
            **_numbers(POOL_NUMBERS),
            load=ref("numbers"),
            replay=ref("numbers"),
            queue=ref("numbers"),
        ),
        an_object(name=TEXT, listeners=a_list(TEXT), **_numbers(("maxclients", "tcp_backlog"))),
    )
    return dict(zip(LISTS, entries, strict=True))


def _file() -> Schema:
    return an_object(
        optional={"reason": described(TEXT, "Why it is not plainly checked.")},
        path=TEXT,
        kind={"enum": [*KINDS, None]},
        status=one_of(get_args(Status)),
    )


def _fix() -> Schema:
    edit = an_object(path=TEXT, start=described(COUNT, "In bytes."), end=COUNT, text=TEXT)
    return an_object(safety=one_of(("safe", "unsafe")), title=TEXT, requires=a_list(TEXT), edits=a_list(edit))


def _numbers(names: Iterable[str]) -> dict[str, Schema]:
    return {name: ref("number") for name in names}


def _with_host(entry: Schema) -> Schema:
    host = described(TEXT, "Its host, where there are several.")
    return {**entry, "properties": {"host": host, **entry["properties"]}}
