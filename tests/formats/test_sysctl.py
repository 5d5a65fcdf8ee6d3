import json
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.formats.document import Directive, Document
from tuner.formats.sysctl import normalise_key, parse
from tuner.laws.sysctl_number import kernel_integer
from tuner.source.span import Span
from tuner.source.text import Text

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "sysctl" / "single_files.json").read_text()
)
CASES = {case["name"]: case for case in GOLDEN["cases"]}
INT_BOUNDS = {
    "net.core.somaxconn": (0, 2**31 - 1),
    "net.ipv4.tcp_max_syn_backlog": (-(2**31), 2**31 - 1),
    "net.ipv4.tcp_fin_timeout": (-(2**31), 2**31 - 1),
    "net.ipv4.tcp_syncookies": (0, 255),
    "net.ipv4.tcp_abort_on_overflow": (0, 255),
    "net.ipv4.conf.lo.rp_filter": (-(2**31), 2**31 - 1),
    "net.ipv4.conf.all.rp_filter": (-(2**31), 2**31 - 1),
    "net.ipv4.conf.default.rp_filter": (-(2**31), 2**31 - 1),
}


def read(text: str, *, is_template: bool = False) -> Document:
    return parse(Text("t.conf", text.encode("utf-8", "surrogateescape")), is_template=is_template)


def line_of(document: Document, span: Span) -> int:
    return document.text.position(span.start).line


def written(document: Document) -> list[tuple[str, str | None, bool]]:
    """Every directive as (key, value or None, has a leading dash)."""
    return [(d.name.text, d.args[0].text if d.args else None, d.key is not None) for d in document.directives]


def after_loading(directives: list[Directive], base: dict[str, str]) -> dict[str, str]:
    """The int keys of `base` that the directives change, written in their order."""
    named = {d.name.text for d in directives}
    values = dict(base)
    for directive in directives:
        if not directive.args:
            continue
        pattern, number = directive.name.text, kernel_integer(directive.args[0].text)
        keys = (
            [pattern] if pattern in base else [k for k in base if fnmatchcase(k, pattern) and k not in named]
        )
        for key in keys:
            low, high = INT_BOUNDS[key]
            if number is not None and low <= number <= high:
                values[key] = str(number)
    return {key: value for key, value in values.items() if value != base[key]}


def int_keys(values: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if key in INT_BOUNDS}


@pytest.mark.parametrize("name", CASES)
def test_what_procps_sets(name: str) -> None:
    document = read(CASES[name]["text"])
    hidden = {line_of(document, p.span) for p in document.problems if "procps does not" in p.message}
    directives = [d for d in document.directives if line_of(document, d.span) not in hidden]
    assert after_loading(directives, int_keys(GOLDEN["base"])) == int_keys(CASES[name]["procps"])


@pytest.mark.parametrize("name", CASES)
def test_what_systemd_sets(name: str) -> None:
    document = read(CASES[name]["text"])
    last = {directive.name.text: directive for directive in document.directives}
    assert after_loading(list(last.values()), int_keys(GOLDEN["base"])) == int_keys(CASES[name]["systemd"])


@pytest.mark.parametrize("name", CASES)
def test_which_lines_procps_calls_invalid(name: str) -> None:
    document = read(CASES[name]["text"])
    found = [line_of(document, p.span) for p in document.problems if p.message.startswith("no `=`")]
    assert found == CASES[name]["invalid_lines"]


def test_number_of_cases() -> None:
    assert len(CASES) == 57


@pytest.mark.parametrize(
    ("key", "normal"),
    [
        ("net.core.somaxconn", "net.core.somaxconn"),
        ("net/core/somaxconn", "net.core.somaxconn"),
        ("/net/core/somaxconn", "net.core.somaxconn"),
        (".net.core.somaxconn", "net.core.somaxconn"),
        ("net..core..somaxconn", "net.core.somaxconn"),
        ("net/./core//somaxconn", "net.core.somaxconn"),
        ("net.core/somaxconn", "net.core/somaxconn"),
        ("net/core.somaxconn", "net.core/somaxconn"),
        ("net.ipv4.conf.eth0/100.rp_filter", "net.ipv4.conf.eth0/100.rp_filter"),
        ("net/ipv4/conf/eth0.100/rp_filter", "net.ipv4.conf.eth0/100.rp_filter"),
        ("net.ipv4.conf.*.rp_filter", "net.ipv4.conf.*.rp_filter"),
        ("/proc/sys/net/core/somaxconn", "proc.sys.net.core.somaxconn"),
        ("NET.CORE.SOMAXCONN", "NET.CORE.SOMAXCONN"),
        ("somaxconn", "somaxconn"),
        ("", ""),
        (".", ""),
        ("//", ""),
    ],
)
def test_normalise_key(key: str, normal: str) -> None:
    assert normalise_key(key) == normal
    assert normalise_key(normal) == normal


@given(st.lists(st.text(alphabet="ab.*-", min_size=1, max_size=4).filter(lambda p: p != "."), max_size=4))
def test_both_spellings_agree(parts: list[str]) -> None:
    by_slash = "/".join(["net", *parts, "x"])
    by_dot = by_slash.translate(str.maketrans("./", "/."))
    assert normalise_key(by_slash) == normalise_key(by_dot) == by_dot


def test_spans_and_parts() -> None:
    source = "# c\n  -net/core/somaxconn =  1024 # queue \r\n;d\n"
    document = read(source)
    (directive,) = document.directives
    assert (directive.name.text, directive.args[0].text) == ("net.core.somaxconn", "1024 # queue")
    assert document.text.slice(directive.name.span) == "net/core/somaxconn"
    assert document.text.slice(directive.args[0].span) == "1024 # queue"
    assert directive.key is not None
    assert document.text.slice(directive.key.span) == "-"
    assert document.text.slice(directive.span) == "-net/core/somaxconn =  1024 # queue"
    assert [(comment.text, document.text.slice(comment.span)) for comment in document.comments] == [
        (" c", "# c"),
        ("d", ";d"),
    ]
    assert document.problems == ()


@pytest.mark.parametrize(
    ("source", "directives"),
    [
        ("a.b=1", [("a.b", "1", False)]),
        ("a.b\t=\t1 2\t3 ", [("a.b", "1 2\t3", False)]),
        ("a.b =", [("a.b", "", False)]),
        ("a.b == 9", [("a.b", "= 9", False)]),
        ("-a.b", [("a.b", None, True)]),
        ("-a.b = 1", [("a.b", "1", True)]),
        ("--a.b = 1", [("-a.b", "1", True)]),
        ("kernel.core_pattern=|/bin/x %p #y", [("kernel.core_pattern", "|/bin/x %p #y", False)]),
        ("a.b = \\\n1", [("a.b", "\\", False)]),
        ("a.b = 1\0a.c = 2", [("a.b", "1", False)]),
        ("", []),
        ("\n \t\r\n", []),
    ],
)
def test_directives(source: str, directives: list[tuple[str, str | None, bool]]) -> None:
    assert written(read(source)) == directives


@pytest.mark.parametrize(
    ("source", "at", "words"),
    [
        ("x\n", "x", "no `=`"),
        ("a.b: 1", "a.b: 1", "no `=`"),
        ("= 5", "= 5", "no key"),
        ("-", "-", "no key"),
        ("/ = 5", "/ = 5", "no key"),
        ("- a.b = 5", "-", "blank after `-`"),
        ("a.b = 1\0x", "\0", "NUL byte"),
        ("# c\ra.b = 1", "\r", "carriage return"),
        ("\ufeffa.b = 1", "\ufeff", "byte order mark"),
    ],
)
def test_problems(source: str, at: str, words: str) -> None:
    document = read(source)
    (problem,) = document.problems
    assert document.text.slice(problem.span) == at
    assert words in problem.message
    assert problem.severity == "warning"


def test_a_line_without_equals_names_both_programs() -> None:
    (problem,) = read("net.core.somaxconn 1024\n").problems
    assert "procps" in problem.message
    assert "systemd-sysctl" in problem.message


def test_byte_order_mark_spoils_the_first_key_only() -> None:
    assert written(read("\ufeffa.b = 1\na.c = 2\n")) == [("\ufeffa.b", "1", False), ("a.c", "2", False)]


def test_template_holes_leave_values_open() -> None:
    source = (
        "net.core.somaxconn = {{ backlog }}\n"
        "{{ key }} = 5\n"
        "{{ all_of_it }}\n"
        "{% if tuned %}\n"
        "net.ipv4.tcp_syncookies = 1\n"
        "{% endif %}\n"
        "vm.swappiness = {% if small %}1{% endif %}\n"
        "nonsense\n"
    )
    document = read(source, is_template=True)
    assert [
        (d.name.text, d.name.unknown, d.args[0].text, d.args[0].unknown) for d in document.directives
    ] == [
        ("net.core.somaxconn", "", "{{ backlog }}", "template"),
        ("{{ key }}", "template", "5", ""),
        ("net.ipv4.tcp_syncookies", "", "1", ""),
        ("vm.swappiness", "", "1", "template"),
    ]
    assert [line_of(document, problem.span) for problem in document.problems] == [8]
    assert document.is_template


def test_holes_are_plain_text_outside_templates() -> None:
    (directive,) = read("net.core.somaxconn = {{ backlog }}\n").directives
    assert (directive.args[0].text, directive.args[0].unknown) == ("{{ backlog }}", "")


PIECES = [
    "net.core.somaxconn",
    "net/core/somaxconn",
    "=",
    " = ",
    "-",
    "#",
    ";",
    "1",
    "0x10",
    " ",
    "\t",
    "\x0b",
    "\x0c",
    "\n",
    "\r\n",
    "\r",
    "\x00",
    "\ufeff",
    "é",
    "�",
    "*",
    ".",
    "/",
    "{{ x }}",
    "{%",
    "%}",
    "{{",
    "{# c #}",
]
sources = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(sources, st.booleans())
def test_every_span_is_exact(source: str, is_template: bool) -> None:
    document = read(source, is_template=is_template)
    text, end = document.text, 0
    for directive in document.directives:
        assert (
            end
            <= directive.span.start
            <= directive.name.span.start
            < directive.name.span.end
            <= directive.span.end
        )
        end = directive.span.end
        assert b"\n" not in text.data[directive.span.start : end] or is_template
        raw_name = text.slice(directive.name.span)
        assert directive.name.text == (raw_name if directive.name.unknown else normalise_key(raw_name))
        for word in directive.args:
            assert word.text == text.slice(word.span)
            assert directive.name.span.end < word.span.start <= word.span.end <= end
    for comment in document.comments:
        assert text.slice(comment.span)[1:] == comment.text
    for problem in document.problems:
        assert 0 <= problem.span.start < problem.span.end <= len(text.data)


@given(sources)
def test_no_line_passes_in_silence(source: str) -> None:
    document = read(source)
    spans = [
        item.span for group in (document.directives, document.comments, document.problems) for item in group
    ]
    heard = {line_of(document, span) for span in spans}
    for number, line in enumerate(document.text.data.split(b"\n"), start=1):
        if line.strip(b" \t\r\v\f"):
            assert number in heard


@given(st.binary(max_size=200), st.booleans())
def test_never_raises(data: bytes, is_template: bool) -> None:
    parse(Text("t.conf", data), is_template=is_template)


@pytest.mark.parametrize("unit", [b"\r", b"\0", b"=", b"-", b" ", b".", b"x\n", b"a=1\n", b"\xef\xbb\xbf"])
def test_large_files_take_linear_time(unit: bytes) -> None:
    begun_s = time.process_time()
    parse(Text("t.conf", b"a=" + unit * 100_000))
    assert time.process_time() - begun_s < 10
