import json
import re

from hypothesis import given
from hypothesis import strategies as st
from report_samples import (
    POOL,
    SYSCTL,
    finding,
    judgement,
    known_somaxconn,
    place,
    read_file,
    unknown_somaxconn,
    written,
)

from tuner.judge.finding import Judgement, RuleCrash, Undecided
from tuner.report.check_json import check_json
from tuner.source.span import Span
from tuner.source.text import Text, decode
from tuner.stack.value import Origin, Place, Value


def test_report_has_the_shape_of_the_contract() -> None:
    asked = written("pool.listen.backlog", 65535, place(POOL, "65535"), unit="connections")
    clamped = finding(
        ("primary", place(POOL, "65535"), "asked for here"),
        ("related", place(SYSCTL, "4096"), "the ceiling"),
        message="cut",
        evidence=(asked, unknown_somaxconn()),
    )
    missing = Undecided("QUE002", "other", "pool:api", ("kernel.version",), "give --target")
    files = [
        read_file("www.conf", "php-fpm"),
        read_file("x.j2", "nginx", "template", "a template"),
        read_file("y", None, "skipped", "a FIFO"),
    ]
    text = check_json(judgement(clamped, undecided=(missing,)), files, "0.1.0")
    path = "etc/php/8.2/fpm/pool.d/www.conf"
    expected = {
        "schema_version": 1,
        "tool": {"name": "fpmtune", "version": "0.1.0"},
        "files": [
            {"path": "www.conf", "kind": "php-fpm", "status": "checked"},
            {"path": "x.j2", "kind": "nginx", "status": "template", "reason": "a template"},
            {"path": "y", "kind": None, "status": "skipped", "reason": "a FIFO"},
        ],
        "findings": [
            {
                "rule": "QUE001",
                "name": "backlog-clamped",
                "severity": "warning",
                "certainty": "certain",
                "condition": None,
                "entity": "pool:www",
                "hosts": [],
                "message": "cut",
                "locations": [
                    {
                        "role": "primary",
                        "path": path,
                        "line": 3,
                        "column": 18,
                        "end_line": 3,
                        "end_column": 23,
                        "text": "65535",
                    },
                    {
                        "role": "related",
                        "path": "etc/sysctl.d/60-web.conf",
                        "line": 2,
                        "column": 22,
                        "end_line": 2,
                        "end_column": 26,
                        "text": "4096",
                    },
                ],
                "evidence": [
                    {
                        "name": "pool.listen.backlog",
                        "value": 65535,
                        "unit": "connections",
                        "origin": {
                            "kind": "file",
                            "text": f"{path}:3",
                            "path": path,
                            "line": 3,
                            "column": 18,
                        },
                    },
                    {
                        "name": "kernel.somaxconn",
                        "value": None,
                        "unit": "connections",
                        "origin": {"kind": "unknown", "text": "the default depends on the kernel version"},
                    },
                ],
                "fixes": [],
                "fingerprint": clamped.fingerprint,
            }
        ],
        "undecided": [
            {
                "rule": "QUE002",
                "name": "other",
                "entity": "pool:api",
                "hosts": [],
                "missing": ["kernel.version"],
                "hint": "give --target",
            }
        ],
        "suppressed": [],
        "summary": {
            "files": 2,
            "error": 0,
            "warning": 1,
            "info": 0,
            "note": 0,
            "undecided": 1,
            "suppressed": 0,
        },
    }
    assert json.loads(text) == expected
    assert json.dumps(json.loads(text)) == json.dumps(expected), "keys stand in the contract's order"


def test_refused_value_is_null_with_its_place() -> None:
    where = place(SYSCTL, "4096")
    refused = Value("kernel.somaxconn", None, Origin("refused", "'4096' is refused", where), state="unknown")
    report = json.loads(check_json(judgement(finding(evidence=(refused,))), [], "0"))
    assert report["findings"][0]["evidence"] == [
        {
            "name": "kernel.somaxconn",
            "value": None,
            "unit": None,
            "origin": {
                "kind": "refused",
                "text": "'4096' is refused",
                "path": SYSCTL.path,
                "line": 2,
                "column": 22,
            },
        }
    ]


def test_numbers_that_json_cannot_hold_are_null() -> None:
    endless = Value("pool.drain_time", float("inf"), Origin("derived", "x"), "s")
    report = json.loads(check_json(judgement(finding(evidence=(endless, known_somaxconn()))), [], "0"))
    assert [value["value"] for value in report["findings"][0]["evidence"]] == [None, 4096]


def test_crashes_are_there_only_when_a_rule_crashed() -> None:
    assert "crashes" not in json.loads(check_json(judgement(), [], "0"))
    crashed = Judgement([], [], [RuleCrash("QUE001", "pool:www", "division by zero")])
    assert json.loads(check_json(crashed, [], "0"))["crashes"] == [
        {"rule": "QUE001", "entity": "pool:www", "error": "division by zero"}
    ]


@given(st.binary(max_size=40).map(decode), st.binary(max_size=40).map(decode), st.binary(max_size=80))
def test_json_is_ascii_and_keeps_every_byte(message: str, path: str, data: bytes) -> None:
    where = Place(Text(path, data), Span(0, len(data)))
    found = finding(("primary", where, message), message=message, entity=message)
    text = check_json(judgement(found), [read_file(path, "nginx")], "0")
    assert re.fullmatch(r"[ -~\n]*", text)
    report = json.loads(text)
    assert report["findings"][0]["message"] == message
    location = report["findings"][0]["locations"][0]
    assert location["text"].encode("utf-8", "surrogateescape") == data
    assert location["path"] == path
    assert location["end_line"] == data.count(b"\n") + 1
