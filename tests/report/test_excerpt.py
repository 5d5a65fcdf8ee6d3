import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import place

from tuner.report.excerpt import Excerpt, excerpt, mark
from tuner.report.terminal import display_width
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.value import Place


@pytest.mark.parametrize(
    ("data", "word", "source", "marker"),
    [
        (b"backlog = 5\n", "5", "backlog = 5", "          ^"),
        (b"\tlisten\t80;\n", "80", "    listen  80;", "            ^^"),
        ("# 日本 backlog=5".encode(), "backlog", "# 日本 backlog=5", "       ^^^^^^^"),
        ("日本=1".encode(), "日本", "日本=1", "^^^^"),
        (b"# caf\xe9 = 5\r\n", "5", r"# caf\xe9 = 5", "            ^"),
        (b"a = \x1b[2J\r\n", "\x1b[2J", r"a = \x1b[2J", "    ^^^^^^^"),
    ],
)
def test_marker_stands_under_the_span(data: bytes, word: str, source: str, marker: str) -> None:
    shown = mark(place(Text("a.conf", data), word)).excerpt
    assert shown.source == source
    assert " " * shown.offset + "^" * shown.length == marker


def test_span_of_several_lines_is_shown_by_its_first() -> None:
    text = Text("a.conf", b"one\r\ntwo {\r\n  three\r\n}\r\n")
    marked = mark(Place(text, Span(5, 22)))
    assert (marked.line, marked.column) == (2, 1)
    assert marked.excerpt == Excerpt("two {", 0, 5)


def test_empty_span_and_end_of_file_get_one_caret() -> None:
    text = Text("a.conf", b"abc\n")
    assert mark(Place(text, Span(3, 3))).excerpt == Excerpt("abc", 3, 1)
    assert mark(Place(text, Span(4, 4))).excerpt == Excerpt("", 0, 1)


@pytest.mark.parametrize(
    ("line", "start", "shown"),
    [
        ("x" * 200 + "HERE" + "y" * 200, 200, "...xxxHEREyyyyyyy..."),
        ("HERE" + "y" * 200, 0, "HEREyyyyyyyyyy..."),
        ("x" * 200 + "HERE", 200, "...xxxxxxxxxxHERE"),
        ("x" * 16 + "HERE", 16, "x" * 16 + "HERE"),
    ],
)
def test_long_line_is_clipped_around_the_span(line: str, start: int, shown: str) -> None:
    assert excerpt(line, start, start + 4, width=20) == Excerpt(shown, shown.index("HERE"), 4)


def test_span_longer_than_the_width_is_clipped_itself() -> None:
    clipped = excerpt("a" * 500, 100, 400, width=30)
    assert len(clipped.source) == 30
    assert clipped.offset + clipped.length == 27


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 300))
def test_marker_lies_within_the_shown_line_of_any_bytes(data: bytes, first: int, second: int) -> None:
    start, end = sorted((min(first, len(data)), min(second, len(data))))
    shown = mark(Place(Text("a", data), Span(start, end))).excerpt
    assert shown.source.isprintable()
    assert display_width(shown.source) <= 88
    assert shown.length >= 1
    assert shown.offset + shown.length <= 89


@given(st.text(st.sampled_from("ab \t日é\x1b"), max_size=60), st.data())
def test_text_before_the_marker_is_as_wide_as_the_marker_says(line: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(line)))
    whole = excerpt(line, start, len(line), width=1000)
    before = excerpt(line[:start] + "|", start, start + 1, width=1000)
    assert before.source.endswith("|")
    assert whole.offset == display_width(before.source) - 1
