"""redis.conf: what Redis 7.0.15 said, exact places, and bytes of any kind."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.formats.document import Document, Word
from tuner.formats.redis import UNBALANCED, parse
from tuner.source.span import Span
from tuner.source.text import Text

DATA = Path(__file__).parents[1] / "data/redis"
FILES = [json.loads(line) for line in (DATA / "redis7015.jsonl").read_text().splitlines()]
LINES = [json.loads(line) for line in (DATA / "splitargs7015.jsonl").read_text().splitlines()]


def read(data: bytes) -> Document:
    return parse(Text("redis.conf", data))


def settings(document: Document) -> list[list[str]]:
    return [
        [directive.name.text, *(word.text for word in directive.args)] for directive in document.directives
    ]


def raw(word: Word) -> bytes:
    return word.text.encode("utf-8", "surrogateescape")


# --- what Redis 7.0.15 said ---------------------------------------------------------------------------


@pytest.mark.parametrize("case", FILES, ids=lambda case: case["name"])
def test_quoting_is_refused_where_redis_refuses_it(case: dict[str, Any]) -> None:
    document = read(case["conf"].encode("latin-1"))
    errors = [problem for problem in document.problems if problem.severity == "error"]
    assert bool(errors) == case["unbalanced"]
    if errors:
        assert errors[0].message.startswith(UNBALANCED)
        assert document.text.position(errors[0].span.start).line == case["line"]


@pytest.mark.parametrize(
    "case",
    [case for case in FILES if any(part in case["name"] for part in ("quote", "-dq", "-sq"))],
    ids=lambda case: case["name"],
)  # fmt: skip
def test_quoted_values_equal_config_get(case: dict[str, Any]) -> None:
    read_values = {name: args for name, *args in settings(read(case["conf"].encode("latin-1")))}
    for name, value in case.get("changed", {}).items():
        assert " ".join(read_values[name]) == value


@pytest.mark.parametrize(("fragment", "words"), LINES, ids=range(len(LINES)))
def test_words_equal_what_redis_split(fragment: str, words: list[str] | None) -> None:
    document = read(b"eval " + fragment.encode("latin-1") + b" end\n")
    if words is None:
        assert document.directives == ()
        assert [problem.message.startswith(UNBALANCED) for problem in document.problems] == [True]
    else:
        (directive,) = document.directives
        assert [raw(word) for word in directive.args] == [word.encode("latin-1") for word in [*words, "end"]]
        assert document.problems == ()


# --- the dialect --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "at", "message"),
    [
        (b'a b "c d\n', '"c d', UNBALANCED),
        (b"a it's  \r\n", "'s", UNBALANCED),
        (b'a "b"c\n', '"b"c', f"{UNBALANCED}: a blank must follow the closing quote"),
        (b'a "abc\\"\n', '"abc\\"', UNBALANCED),
        (b"a 'b\\'\n", "'b\\'", UNBALANCED),
        (b"a x'b'\"c\"\n", "'b'\"", f"{UNBALANCED}: a blank must follow the closing quote"),
    ],
)
def test_problem_is_placed_exactly(source: bytes, at: str, message: str) -> None:
    document = read(source + b"port 1\n")
    (problem,) = document.problems
    assert (document.text.slice(problem.span), problem.message) == (at, message)
    assert settings(document) == [["port", "1"]]


def test_name_is_lower_case_and_its_span_as_written() -> None:
    document = read(b'  "TCP-Backlog"  511\n')
    (directive,) = document.directives
    assert directive.name == Word("tcp-backlog", Span(2, 15), '"')
    assert directive.args == (Word("511", Span(17, 20)),)
    assert directive.span == Span(2, 20)


def test_comments_only_at_the_start_of_a_line() -> None:
    document = read(b"# a\n\t #b \r\nsave 60 1 # c\n#")
    assert [(comment.text, comment.span) for comment in document.comments] == [
        (" a", Span(0, 3)), ("b", Span(6, 8)), ("", Span(25, 26)),
    ]  # fmt: skip
    assert settings(document) == [["save", "60", "1", "#", "c"]]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"a 1\r\nb 2", [["a", "1"], ["b", "2"]]),
        (b"a 1\rb 2\r", [["a", "1", "b", "2"]]),
        (b"\xef\xbb\xbfport 1\n", [["\ufeffport", "1"]]),
        (b"port\xc2\xa01\n", [["port\u00a01"]]),
        (b"port \xff\n", [["port", "\udcff"]]),
        (b'port "\\xff\\xc3\\xa9"\n', [["port", "\udcffé"]]),
        (b"a b \\\nc d\n", [["a", "b", "\\"], ["c", "d"]]),
        (b"\x0b\x0c\n \n\n", []),
        (b"A\x0bB\x0b c\x0c\n", [["a\x0bb\x0b", "c\x0c"]]),
    ],
)
def test_bytes_of_a_file(source: bytes, expected: list[list[str]]) -> None:
    document = read(source)
    assert settings(document) == expected
    assert document.problems == ()


def test_nul_joins_the_next_line() -> None:
    document = read(b"port 1\nmaxclients 50\0junk\ntimeout 7\nhz 1\n")
    assert settings(document) == [["port", "1"], ["maxclients", "50timeout", "7"], ["hz", "1"]]
    joined = document.directives[1].args[0]
    assert document.text.slice(joined.span) == "50\0junk\ntimeout"
    (problem,) = document.problems
    assert (problem.severity, document.text.slice(problem.span)) == ("warning", "\0junk\n")


@pytest.mark.parametrize("before", [5, 1500])
def test_nul_drops_the_rest_of_1024_bytes(before: int) -> None:
    """Redis 7.0.15 printed 994 and 1465 of the 2000 bytes behind the NUL."""
    document = read(b"#\ntcp-backlog " + b"7" * before + b"\0" + b"8" * 2000 + b"\ntimeout 7\n")
    assert document.directives[0].args[0].text.count("8") == {5: 994, 1500: 1465}[before]
    assert settings(document)[1] == ["timeout", "7"]


def test_template_holes_are_unknown_and_never_problems() -> None:
    source = b'{% if x %}\nport {{ p }}\n{% endif %}\n{{ k }} 1\na "{{ b }}\nb "c\nrequirepass "x{{ y }}"\n'
    document = parse(Text("redis.conf.j2", source), is_template=True)
    assert settings(document) == [["port", "{{ p }}"], ["{{ k }}", "1"], ["requirepass", '"x{{ y }}"']]
    assert [directive.args[0].unknown for directive in document.directives] == ["template", "", "template"]
    assert document.directives[1].name.unknown == "template"
    assert [document.text.slice(problem.span) for problem in document.problems] == ['"c']


# --- properties ---------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [*"ab1 \t\n\r\v\f\0\\\"'#é", '\\"', "\\x41", "\\x4", '" ', "' ", "\r\n", "{{ x }}", "{% y %}", "\ufeff"]
)
SOURCES = st.one_of(
    st.binary(max_size=80), st.lists(FRAGMENTS, max_size=30).map(lambda parts: "".join(parts).encode())
)


@given(SOURCES, st.booleans())
def test_any_bytes_give_a_document_with_ordered_places(data: bytes, is_template: bool) -> None:
    document = parse(Text("redis.conf.j2", data), is_template=is_template)
    in_order = [[word.span for word in (d.name, *d.args)] for d in document.directives]
    in_order += [[d.span for d in document.directives], [problem.span for problem in document.problems]]
    in_order += [[comment.span for comment in document.comments]]
    for spans in in_order:
        assert spans == sorted(spans)
        assert all(0 <= span.start <= span.end <= len(data) for span in spans)
    for directive in document.directives:
        first, last = directive.name.span, (directive.name, *directive.args)[-1].span
        assert directive.span == Span(first.start, last.end)


ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\", "\0": "\\x00"}
WRITTEN = st.one_of(
    st.text("ab01.:/#=\\éß\u00a0", min_size=1).map(lambda text: (text, text, "")),
    st.text("ab '#\n\r\t\"\\é\0").map(
        lambda text: (text, '"' + "".join(ESCAPES.get(c, c) for c in text) + '"', '"')
    ),
    st.text("ab \"#'é\t").map(lambda text: (text, "'" + text.replace("'", "\\'") + "'", "'")),
)


@given(
    st.lists(st.tuples(st.text(" \t\v\f", min_size=1, max_size=3), WRITTEN)),
    st.sampled_from(["\n", "\r\n", ""]),
)
def test_span_and_text_are_exactly_what_was_written(
    parts: list[tuple[str, tuple[str, str, str]]], line_end: str
) -> None:
    blanks = [" " + blank.strip("\v\f") for blank, _ in parts]
    line = "Name" + "".join(
        blank + written for blank, (_, (_, written, _)) in zip(blanks, parts, strict=True)
    )
    document = read((" " + line + line_end).encode())
    (directive,) = document.directives
    assert (directive.name.text, document.text.slice(directive.name.span)) == ("name", "Name")
    assert [(word.text, document.text.slice(word.span), word.quote) for word in directive.args] == [
        part for _, part in parts
    ]
