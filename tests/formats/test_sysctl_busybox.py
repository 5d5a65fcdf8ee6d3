"""sysctl files as busybox reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.formats.sysctl import parse
from tuner.formats.sysctl_busybox import parse_busybox
from tuner.source.text import Text


def assignments(data: bytes) -> list[tuple[str, str]]:
    document = parse_busybox(Text("a.conf", data))
    return [(directive.name.text, directive.args[0].text) for directive in document.directives]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"a.b = 1\n", [("a.b", "1")]),
        (b"a.b=1", [("a.b", "1")]),
        (b" a.b\t=  1 2 \r\n", [("a.b", "1 2")]),
        (b"a = \\\n1\nb = 2\n", [("a", "1"), ("b", "2")]),
        (b"# x \\\na = 1\nb = 2\n", [("b", "2")]),
        (b"\t; x\na = 1\n", [("a", "1")]),
        (b"a = 1 # x\n", [("a", "1 # x")]),
        (b"a == 1\n", [("a", "= 1")]),
        (b"a = 1\0b = 2\nc = 3", [("a", "1"), ("c", "3")]),
        (b"a =\nb = \n= 3\nc\n", []),
        (b"-a = 1\n", [("-a", "1")]),
        (b"a = 1\\", [("a", "1")]),
    ],
)
def test_lines(data: bytes, found: list[tuple[str, str]]) -> None:
    assert assignments(data) == found


def test_a_line_without_a_value_is_told_at_its_place() -> None:
    (problem,) = parse_busybox(Text("a.conf", b"a = 1\nb\n")).problems
    assert (problem.span.start, problem.span.end, problem.severity) == (6, 7, "warning")


@given(st.binary(max_size=80).map(lambda data: data.replace(b"x", b"\\\n").replace(b"y", b"a = 1\n")))
def test_anything_is_read_and_every_place_is_in_the_file(data: bytes) -> None:
    for directive in parse_busybox(Text("a.conf", data)).directives:
        spans = [directive.span, directive.name.span, directive.args[0].span]
        assert all(0 <= span.start <= span.end <= len(data) for span in spans)
        assert directive.span.start <= directive.name.span.start
        assert directive.name.span.end < directive.args[0].span.start <= directive.span.end


@given(st.lists(st.sampled_from(["a.b", "c", "#", "1", "="]), max_size=20).map(" ".join))
def test_a_plain_line_is_what_the_other_programs_read(line: str) -> None:
    others = parse(Text("a.conf", line.encode())).directives
    expected = [line.split("=", 1)[1].strip() for d in others if d.args and d.args[0].text]
    assert [value for _, value in assignments(line.encode())] == expected
