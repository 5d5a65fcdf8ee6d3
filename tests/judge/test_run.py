from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tuner.errors import UsageError
from tuner.judge.evidence import evidence_of
from tuner.judge.finding import Finding
from tuner.judge.rule import CompiledRule
from tuner.judge.run import judge
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack import model
from tuner.stack.value import Origin, Place, Value, derive, unknown

if TYPE_CHECKING:
    from conftest import Make

Somaxconn = Callable[[], Value]

CLAMPED = {
    "when": "pool.listener.backlog > kernel.somaxconn",
    "message": "{pool.listener.backlog} is cut to {kernel.somaxconn}",
    "requires": "restart {pool.name}",
}


def stack_with(make: Make, backlog: Value, somaxconn: Value, **pool_fields: object) -> model.Stack:
    kernel = make.entity(model.Kernel, somaxconn=somaxconn)
    listener = make.entity(model.Listener, backlog=backlog)
    pool = make.entity(model.Pool, listener=listener, **pool_fields)
    return make.entity(model.Stack, kernel=kernel, listeners=[listener], pools=[pool])


def only_finding(stack: model.Stack, *rules: CompiledRule) -> Finding:
    judgement = judge([stack], rules)
    assert not judgement.crashes
    assert not judgement.undecided
    (finding,) = judgement.findings
    return finding


def lines(finding: Finding) -> list[tuple[str, str, int, str]]:
    return [
        (x.role, x.place.text.path, x.place.text.position(x.place.span.start).line, x.note)
        for x in finding.locations
    ]


def test_a_finding_points_at_every_file(make: Make) -> None:
    backlog = make.written("pool.listener.backlog", 65535, "www.conf", 4, label="listen.backlog")
    somaxconn = make.written("kernel.somaxconn", 1024, "60-web.conf", 2, label="net.core.somaxconn")
    finding = only_finding(stack_with(make, backlog, somaxconn), make.rule(**CLAMPED))
    assert (finding.rule, finding.severity, finding.certainty) == ("QUE001", "warning", "certain")
    assert finding.message == "65535 is cut to 1024"
    assert finding.requires == "restart www"
    assert finding.entity == "pool:www"
    assert finding.evidence == (backlog, somaxconn)
    assert lines(finding) == [
        ("primary", "www.conf", 4, "listen.backlog = 65535"),
        ("related", "60-web.conf", 2, "net.core.somaxconn = 1024"),
    ]


def test_the_primary_place_is_of_the_entity_before_any_other(make: Make) -> None:
    backlog = make.written("pool.listener.backlog", 65535, "www.conf", 4)
    somaxconn = make.written("kernel.somaxconn", 1024, "60-web.conf", 2)
    children = make.written("pool.max_children", 5, "www.conf", 9)
    stack = stack_with(make, backlog, somaxconn, max_children=children)
    rule = make.rule(when="kernel.somaxconn < pool.listener.backlog")
    assert lines(only_finding(stack, rule))[0][1:3] == ("www.conf", 4)
    rule = make.rule(when="kernel.somaxconn < pool.listener.backlog and pool.max_children < 9")
    assert lines(only_finding(stack, rule))[0][1:3] == ("www.conf", 9)
    rule = make.rule(when="kernel.somaxconn < pool.listener.backlog", at="kernel.somaxconn")
    assert lines(only_finding(stack, rule))[0][1:3] == ("60-web.conf", 2)


def test_at_may_name_a_value_that_did_not_decide(make: Make) -> None:
    backlog = make.written("b", 65535, "www.conf", 4)
    stack = stack_with(make, backlog, make.default("s", 128), pm=make.written("pm", "static", "www.conf", 7))
    finding = only_finding(stack, make.rule(**CLAMPED, at="pool.pm"))
    assert lines(finding) == [
        ("primary", "www.conf", 7, "pm = static"),
        ("related", "www.conf", 4, "b = 65535"),
    ]
    unplaced = only_finding(stack, make.rule(**CLAMPED, at="pool.listener.twin.backlog"))
    assert lines(unplaced) == [("primary", "www.conf", 4, "b = 65535")]


def test_one_place_is_listed_once(make: Make) -> None:
    backlog = make.written("pool.listener.backlog", 65535, "www.conf", 4)
    stack = stack_with(make, backlog, backlog._replace(name="kernel.somaxconn", data=1))
    assert len(only_finding(stack, make.rule(**CLAMPED)).locations) == 1


def test_a_condition_lowers_the_severity_and_fills_the_message(make: Make, somaxconn: Somaxconn) -> None:
    stack = stack_with(make, make.written("backlog", 511, "www.conf", 4), somaxconn())
    finding = only_finding(stack, make.rule(**CLAMPED))
    assert (finding.certainty, finding.condition, finding.severity) == ("conditional", "kernel < 5.4", "info")
    assert finding.message == "511 is cut to 128"
    assert only_finding(stack, make.rule(**CLAMPED, severity="note")).severity == "note"
    in_every_world = stack_with(make, make.written("backlog", 65535, "www.conf", 4), somaxconn())
    finding = only_finding(in_every_world, make.rule(**CLAMPED))
    assert (finding.certainty, finding.condition, finding.severity) == ("certain", None, "warning")
    assert finding.message == "65535 is cut to 128 (kernel < 5.4) or 4096 (kernel >= 5.4)"


def test_defaults_alone_are_at_most_a_note(make: Make) -> None:
    limit = make.default("kernel.somaxconn", 128)
    for backlog, severity in (
        (make.default("backlog", 511), "note"),
        (make.written("backlog", 511, "www.conf", 4, default=511), "note"),
        (make.written("backlog", 511, "www.conf", 4, default=65535), "error"),
        (make.written("backlog", 511, "www.conf", 4), "error"),
        (Value("backlog", 511, Origin("declared", "command line")), "error"),
    ):
        assert only_finding(
            stack_with(make, backlog, limit), make.rule(**CLAMPED, severity="error")
        ).severity == (severity)


def test_only_leaves_make_a_choice(make: Make) -> None:
    limit = make.default("kernel.somaxconn", 128)
    for backlog, severity in ((make.default("b", 511), "note"), (make.written("b", 511, "a", 1), "warning")):
        effective = derive("effective", max, backlog, limit)
        stack = stack_with(make, effective, limit)
        assert only_finding(stack, make.rule(**CLAMPED)).severity == severity


def test_a_value_with_inputs_is_no_choice_itself(make: Make) -> None:
    limit = make.default("kernel.somaxconn", 128)
    backlog = make.written("b", 511, "www.conf", 1, inputs=(make.default("given", 511),))
    assert only_finding(stack_with(make, backlog, limit), make.rule(**CLAMPED)).severity == "note"


def test_evidence_follows_derived_values_to_their_inputs(make: Make) -> None:
    backlog, limit = make.written("b", 511, "www.conf", 1), make.written("s", 128, "60.conf", 1)
    effective = derive("effective", min, backlog, limit)
    capacity = derive("capacity", lambda queue: queue + 1, effective)
    names = [value.name for value in evidence_of([capacity, limit, capacity])]
    assert names == ["capacity", "effective", "b", "s"]


def test_undecided_says_what_would_decide_it(make: Make) -> None:
    known = make.default("b", 511)
    load = unknown("pool.arrivals", "give --load")
    versioned = make.by_version("s", "kernel", [(None, 128), ("5.4", 4096)])
    capacity = derive("capacity", lambda b, x: b + x, known, load)
    judgement = judge([stack_with(make, capacity, versioned)], [make.rule(**CLAMPED)])
    assert not judgement.findings
    (undecided,) = judgement.undecided
    assert (undecided.rule, undecided.name, undecided.entity) == ("QUE001", "backlog-clamped", "pool:www")
    assert undecided.missing == ("pool.arrivals",)
    assert undecided.hint == "give --load"


def test_a_crashing_rule_does_not_stop_the_others(make: Make) -> None:
    stack = stack_with(make, make.written("b", 511, "www.conf", 4), make.written("s", 128, "60.conf", 1))
    wrong = [
        make.rule(id="QUE002", name="typo", when="pool.backlgo > 1"),
        make.rule(id="QUE003", name="text", when="pool.name > 1"),
        make.rule(id="QUE004", name="no-expression", when="pool.name >"),
        make.rule(id="QUE005", name="message", when="pool.name == 'www'", message="{pool.nmae}"),
    ]
    judgement = judge([stack], [*wrong, make.rule(**CLAMPED)])
    assert [finding.rule for finding in judgement.findings] == ["QUE001"]
    assert [(crash.rule, crash.entity) for crash in judgement.crashes] == [
        (f"QUE00{number}", "pool:www") for number in (2, 3, 4, 5)
    ]
    assert "Pool has no 'backlgo'" in judgement.crashes[0].error
    assert "rules/queue/x.yaml:when" in judgement.crashes[2].error


@pytest.mark.parametrize(("own", "severity"), [("error", "error"), ("warning", "warning")])
def test_a_problem_brings_its_place_and_caps_the_severity(make: Make, own: str, severity: str) -> None:
    place = make.place("www.conf", 3)
    words = Value("problem.text", "unclosed", Origin("default", "the parser"))
    problem = make.entity(model.FileProblem, kind="syntax", severity=own, text=words, place=place)
    stack = make.entity(model.Stack, problems=[problem])
    rule = make.rule(
        id="CFG001",
        severity="error",
        scope="problem",
        when="problem.kind == 'syntax'",
        message="{problem.text}",
    )
    finding = only_finding(stack, rule)
    assert (finding.severity, finding.message) == (severity, "unclosed")
    assert lines(finding) == [("primary", "www.conf", 3, "")]


def test_a_hash_line_needs_no_choice(make: Make) -> None:
    words = make.written("hash_line.text", "# a", "www.conf", 3, default="# a")
    line = make.entity(model.HashLine, text=words, reads_as="a")
    rule = make.rule(scope="hash_line", when="hash_line.text != absent")
    finding = only_finding(make.entity(model.Stack, hash_lines=[line]), rule)
    assert finding.severity == "warning"
    assert lines(finding) == [("primary", "www.conf", 3, "hash_line.text = # a")]


def test_every_scope_is_walked_with_host_and_kernel(make: Make) -> None:
    location = make.entity(model.Location)
    listener, upstream = make.entity(model.Listener), make.entity(model.Upstream)
    host = make.entity(
        model.Stack,
        sysctl=[make.entity(model.SysctlKey, key="a.b")],
        sysctl_lines=[make.entity(model.SysctlLine)],
        listeners=[listener, make.entity(model.Listener, name="api")],
        locations=[location],
        upstreams=[upstream],
        redis=[make.entity(model.Redis)],
        paths=[make.entity(model.Path, location=location, listener=listener, pool=None)],
    )
    for scope, count in {"host": 1, "kernel": 1, "sysctl": 1, "sysctl_line": 1, "listener": 2, "location": 1,
                         "upstream": 1, "pool": 0, "redis": 1, "path": 1}.items():  # fmt: skip
        own = f"{scope} == host and " if scope == "host" else f"{scope} != absent and "
        rule = make.rule(scope=scope, when=own + "host.kernel == kernel and len(host.listeners) == 2")
        assert len(judge([host], [rule]).findings) == count, scope


def test_findings_are_sorted_by_place_then_rule(make: Make) -> None:
    limit = make.default("s", 1)
    stacks = [
        stack_with(make, make.written("b", 5, path, line), limit)
        for path, line in (("b.conf", 1), ("a.conf", 12))
    ]
    far_right = Place(Text("a.conf", b"\n" + b"x" * 40), Span(31, 32))
    stacks.append(stack_with(make, Value("b", 5, Origin("file", "a.conf", far_right)), limit))
    stacks.append(stack_with(make, make.default("b", 5), limit))
    rules = [make.rule(**CLAMPED, id="QUE002", name="second"), make.rule(**CLAMPED)]
    found = judge(stacks, rules).findings
    assert [(str(x.locations[0].place) if x.locations else "", x.rule) for x in found] == [
        ("a.conf:2", "QUE001"),
        ("a.conf:2", "QUE002"),
        ("a.conf:12", "QUE001"),
        ("a.conf:12", "QUE002"),
        ("b.conf:1", "QUE001"),
        ("b.conf:1", "QUE002"),
        ("", "QUE001"),
        ("", "QUE002"),
    ]


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ((), (), ["QUE001", "QUE012", "FPM001"]),
        (("QUE",), (), ["QUE001", "QUE012"]),
        (("QUE001",), (), ["QUE001"]),
        (("backlog-clamped", "FPM"), (), ["QUE001", "FPM001"]),
        (("QUE00",), (), ["QUE001"]),
        ((), ("QUE",), ["FPM001"]),
        ((), ("backlog-clamped",), ["QUE012", "FPM001"]),
        (("QUE",), ("QUE001",), ["QUE012"]),
        (("QUE001",), ("QUE",), ["QUE001"]),
        (("QUE",), ("QUE",), []),
        (("RDS",), (), []),
    ],
)
def test_select_and_ignore(
    make: Make, select: tuple[str, ...], ignore: tuple[str, ...], expected: list[str]
) -> None:
    rules = [
        make.rule(when="pool.name == 'www'"),
        make.rule(id="QUE012", name="second", when="pool.name == 'www'"),
        make.rule(id="FPM001", name="third", when="pool.name == 'www'"),
    ]
    stack = make.entity(model.Stack, pools=[make.entity(model.Pool)])
    found = {finding.rule for finding in judge([stack], rules, select, ignore).findings}
    assert found == set(expected)


@pytest.mark.parametrize("selector", ["QUE999", "backlog-clampd", "que", "", "XYZ", "QUE0011"])
def test_an_unknown_selector_is_a_usage_error(make: Make, selector: str) -> None:
    rules = [make.rule(when="pool.name == 'www'")]
    for select, ignore in (((selector,), ()), ((), (selector,))):
        with pytest.raises(UsageError, match="no rule is called"):
            judge([], rules, select, ignore)


def test_the_check_path_stays_light() -> None:
    code = (
        "import sys, tuner.judge.run, tuner.judge.load\n"
        "print(sorted({'ruamel.yaml', 'jinja2', 'difflib', 'crossplane'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=None)
    assert shown.stdout.strip() == "[]"


def test_a_mitigated_finding_is_milder(make: Make) -> None:
    stack = stack_with(
        make, make.written("pool.listener.backlog", 65535, "www.conf", 4), make.default("s", 1)
    )
    mitigated = {"when": "pool.listener.backlog > 1000", "severity": "info"}
    assert only_finding(stack, make.rule(**CLAMPED, mitigated=mitigated)).severity == "info"
    mitigated["when"] = "pool.listener.backlog > 65535"
    assert only_finding(stack, make.rule(**CLAMPED, mitigated=mitigated)).severity == "warning"
    mitigated["when"] = "pool.max_children > 1"
    assert only_finding(stack, make.rule(**CLAMPED, mitigated=mitigated)).severity == "warning"


def test_a_mitigation_counts_only_where_it_is_given_in_every_case(make: Make) -> None:
    backlog = make.written("pool.listener.backlog", 65535, "www.conf", 4)
    somaxconn = make.by_version("kernel.somaxconn", "kernel", [(None, 128), ("5.4", 4096)])
    stack = stack_with(make, backlog, somaxconn)
    mitigated = {"when": "kernel.somaxconn < 4096", "severity": "info"}
    assert only_finding(stack, make.rule(**CLAMPED, mitigated=mitigated)).severity == "warning"
    mitigated["when"] = "kernel.somaxconn <= 4096"
    assert only_finding(stack, make.rule(**CLAMPED, mitigated=mitigated)).severity == "info"


def test_an_address_had_to_be_written_so_only_the_number_counts(make: Make) -> None:
    rule = make.rule(when='pool.listen != "" and pool.max_children < 10')
    listen = make.written("pool.listen", "127.0.0.1:9000", "www.conf", 2)
    for children, severity in (
        (make.default("pool.max_children", 5), "note"),
        (make.written("pool.max_children", 5, "www.conf", 3), "warning"),
    ):
        pool = make.entity(model.Pool, listen=listen, max_children=children)
        stack = make.entity(model.Stack, pools=[pool])
        assert only_finding(stack, rule).severity == severity
