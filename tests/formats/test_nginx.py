import base64
import gzip
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.formats import nginx_tokens
from tuner.formats.document import Directive, Document
from tuner.formats.nginx import parse
from tuner.source.span import Span
from tuner.source.text import Text

WORDS = Path(__file__).parents[1] / "data" / "nginx" / "words.jsonl.gz"
TRIVIA = re.compile(rb"(?:[ \t\r\n]|#[^\n]*)*+")


def read(data: bytes) -> Document:
    return parse(Text("nginx.conf", data))


def events(document: Document) -> list[list[Any]]:
    """The directives in the form in which nginx's own reading was recorded."""
    data = document.text.data
    found: list[list[Any]] = []

    def add(directives: tuple[Directive, ...]) -> None:
        for directive in directives:
            words = [directive.name, *directive.args]
            gap = TRIVIA.match(data, words[-1].span.end)
            assert gap is not None
            stop = ";" if directive.children is None else "{"
            assert data[gap.end() : gap.end() + 1] == stop.encode()
            line = document.text.position(gap.end()).line
            texts = [word.text.encode("utf-8", "surrogateescape") for word in words]
            found.append([stop, line, [base64.b64encode(text).decode() for text in texts]])
            if directive.children is not None:
                add(directive.children)
                found.append(["}"])

    add(document.directives)
    return found


def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(WORDS.read_bytes()).splitlines()]


def test_words_blocks_and_verdicts_are_those_of_nginx() -> None:
    recorded = cases()
    assert len(recorded) == 1021
    for case in recorded:
        document = read(base64.b64decode(case["input"]))
        if case["error"] is None:
            assert document.problems == ()
            assert events(document) == case["events"]
            continue
        (problem,) = document.problems
        words, line = re.fullmatch(r"(.*) in FILE:(\d+)", case["error"], re.DOTALL).groups()  # type: ignore[union-attr]
        if not words.isascii():  # nginx names one byte of a character, we name the character
            words = words.partition('"')[0]
        assert problem.message.startswith(words)
        assert document.text.position(problem.span.start).line == int(line)
        assert problem.severity == "error"


def test_what_stands_before_a_syntax_error_is_read_as_nginx_read_it() -> None:
    broken = [case for case in cases() if case["error"] and case["events"]]
    assert len(broken) > 100
    for case in broken:
        document = read(base64.b64decode(case["input"]))
        stops = []
        for directive in document.walk():
            words = [directive.name, *directive.args]
            stops.append(
                [base64.b64encode(w.text.encode("utf-8", "surrogateescape")).decode() for w in words]
            )
        expected = [event[2] for event in case["events"] if event[0] != "}"]
        assert stops[: len(expected)] == expected


def names(data: bytes) -> list[str]:
    return [directive.name.text for directive in read(data).walk()]


def test_a_directive_in_full() -> None:
    data = b'# one\nhttp{ listen "a\\"b" \'c\' d;# two\r\n}'
    document = read(data)
    (http,) = document.directives
    assert http.span == Span(6, len(data))
    assert http.children is not None
    (listen,) = http.children
    assert listen.span == Span(12, 32)
    assert [(w.text, w.quote, data[slice(*w.span)]) for w in listen.args] == [
        ('a"b', '"', b'"a\\"b"'),
        ("c", "'", b"'c'"),
        ("d", "", b"d"),
    ]
    assert listen.children is None
    assert [(c.text, data[slice(*c.span)]) for c in document.comments] == [
        (" one", b"# one"),
        (" two", b"# two"),
    ]


def test_an_empty_block_has_no_children_and_a_simple_directive_has_none() -> None:
    block, simple = read(b"events {} user www-data;").directives
    assert block.children == ()
    assert simple.children is None


def test_arguments_of_if_keep_their_parentheses() -> None:
    (directive,) = read(b'if ( $a = "b)" ) { return 1; }').directives
    assert [word.text for word in directive.args] == ["(", "$a", "=", "b)", ")"]


def test_a_lua_block_is_one_argument() -> None:
    data = b"""location / { set_by_lua_block $x { -- it's }
        local s = "}" .. [[ } ]] .. [==[ ]] } ]==] --[[ } ]] t = {a={1}} } listen 81; }"""
    (location,) = read(data).directives
    assert location.children is not None
    lua, listen = location.children
    assert [word.quote for word in lua.args] == ["", "lua"]
    assert lua.args[1].text.endswith("t = {a={1}} ")
    assert data[lua.span.end - 1 : lua.span.end] == b"}"
    assert lua.children is None
    assert listen.args[0].text == "81"


@pytest.mark.parametrize(
    ("data", "expected", "message"),
    [
        (b"a 1; ; b 2;", ["a", "b"], 'unexpected ";"'),
        (b"a 1; { b 2; } c;", ["a", "b", "c"], 'unexpected "{"'),
        (b"a { b 2 } c;", ["a", "b", "c"], 'unexpected "}"'),
        (b"a 1; } b;", ["a", "b"], 'unexpected "}"'),
        (b'a "x"y; b;', ["a", "b"], 'unexpected "y"'),
        (b'a { b "x;\n c 1; }\nd;', ["a", "b", "c", "d"], 'unexpected end of file, expecting ";" or "}"'),
        (b'a { b "x;\n c "y";\n } d;', ["a", "b", "c", "d"], 'unexpected "y"'),
        (b'a { b ~ "x {\n c 1; } }', ["a", "b", "c"], 'unexpected end of file, expecting ";" or "}"'),
        (b"a { b 2;", ["a", "b"], 'unexpected end of file, expecting "}"'),
        (b"a { b 2", ["a", "b"], 'unexpected end of file, expecting ";" or "}"'),
        (b"a \\", ["a"], 'unexpected end of file, expecting ";" or "}"'),
        (b"x_by_lua_block { {", ["x_by_lua_block"], 'unexpected end of file, expecting "}"'),
        (b"a " + b"b" * 5000 + b"; c;", ["a", "c"], 'too long parameter "bbbbbbbbbb..." started'),
    ],
)
def test_the_rest_of_a_broken_file_is_read(data: bytes, expected: list[str], message: str) -> None:
    assert names(data) == expected
    (problem,) = read(data).problems
    assert problem.message.startswith(message + ": ")
    assert "{line}" not in problem.message


@pytest.mark.parametrize(
    ("before", "longest", "after"),
    [
        (b"env ", 4095, b";"),
        (b"env ", 4094, b" ;"),
        (b'env "', 4094, b'";'),
        (b"env '", 4093, b"' ;"),
        (b"env \\", 4094, b";"),
        (b"#", 4094, b"\n"),
        (b"#", 4095, b""),
        (b'env "', 4096, b""),
    ],
)
def test_the_length_limit_is_that_of_nginx(before: bytes, longest: int, after: bytes) -> None:
    rest = b" events {}\n" if after else b""

    def too_long(length: int) -> bool:
        problems = read(before + b"a" * length + after + rest).problems
        return any(problem.message.startswith("too long parameter") for problem in problems)

    assert not too_long(longest)
    assert too_long(longest + 1)


def test_blocks_are_read_to_a_depth_of_100() -> None:
    document = read(b"a {" * 100 + b"b;" + b"}" * 100)
    assert len(list(document.walk())) == 101
    assert document.problems == ()
    document = read(b"a {" * 5000 + b"b;" + b"}" * 5000 + b"c;")
    assert [directive.name.text for directive in document.directives] == ["a", "c"]
    assert len(list(document.walk())) == 102
    (problem,) = document.problems
    assert problem.message.startswith("blocks nest deeper than 100 levels")


def test_a_template_is_read_with_its_holes_unknown() -> None:
    data = b"{% if a %}listen {{ port }} '{{ b }}x';{% endif %}\nroot /a # {{ c }}\n;"
    document = parse(Text("site.conf.j2", data), is_template=True)
    listen, root = document.directives
    assert [(word.text, bool(word.unknown)) for word in listen.args] == [
        ("{{ port }}", True),
        ("{{ b }}x", True),
    ]
    assert not listen.name.unknown
    assert (root.args[0].text, root.args[0].unknown) == ("/a", "")
    assert [comment.text for comment in document.comments] == [" {{ c }}"]
    assert document.is_template
    assert document.problems == ()


def test_a_template_is_never_certainly_broken() -> None:
    document = parse(Text("site.conf.j2", b"{% if a %}a {{% else %}b {{% endif %} }"), is_template=True)
    assert [problem.severity for problem in document.problems] == ["warning"]


def test_a_missing_crossplane_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "crossplane", None)
    document = read(b"a;")
    assert document.directives == ()
    (problem,) = document.problems
    assert "crossplane" in problem.message


PIECES = [
    b" ",
    b"\n",
    b"\r\n",
    b";",
    b"{",
    b"}",
    b'"',
    b"'",
    b"\\",
    b"$",
    b"${",
    b"#",
    b"a",
    b"if",
    b"(",
    b")",
]
LUA = [b"x_by_lua_block {", b"[[", b"]]", b"--", b"\xff", b"\xc3\xa9"]
SOURCES = st.one_of(
    st.binary(max_size=80), st.lists(st.sampled_from(PIECES + LUA), max_size=40).map(b"".join)
)


@given(SOURCES)
def test_words_and_gaps_make_up_the_file(data: bytes) -> None:
    document = read(data)
    words = [word for directive in document.walk() for word in (directive.name, *directive.args)]
    spans = [word.span for word in words] + [comment.span for comment in document.comments]
    taken = sorted(span for span in spans if span.start != span.end)
    assert [word.span for word in words] == sorted(word.span for word in words)
    at, gaps = 0, b""
    for span in taken:
        assert at <= span.start < span.end <= len(data)
        gaps += data[at : span.start]
        at = span.end
    gaps += data[at:]
    assert set(gaps) <= set(b" \t\r\n;{}")


@given(SOURCES)
def test_spans_nest(data: bytes) -> None:
    document = read(data)

    def check(directives: tuple[Directive, ...], start: int, end: int) -> None:
        for directive in directives:
            assert start <= directive.span.start <= directive.span.end <= end
            start = directive.span.end
            inner = [directive.name, *directive.args][-1].span.end
            assert inner <= directive.span.end
            check(directive.children or (), inner, directive.span.end)

    check(document.directives, 0, len(data))
    for problem in document.problems:
        document.text.position(problem.span.start)


@pytest.mark.parametrize(
    "piece",
    [b'"', b'"a"b\n', b"'\"\n", b'"\\\n', b"{", b"}", b"a{", b"\\", b"${", b"#\n", b'a "\n;'],
)
@pytest.mark.parametrize("lua", [b"", b"x_by_lua_block {"])
def test_reading_takes_linear_time(piece: bytes, lua: bytes) -> None:
    started = time.process_time()
    read(lua + piece * (100_000 // len(piece)))
    assert time.process_time() - started < 3.0


@given(SOURCES)
def test_whole_statements_are_cut_as_word_by_word(data: bytes) -> None:
    at_once = read(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nginx_tokens, "PLAIN_LIMIT_BYTES", -1)
        word_by_word = read(data)
    assert (word_by_word.directives, word_by_word.problems, word_by_word.comments) == (
        at_once.directives,
        at_once.problems,
        at_once.comments,
    )


@pytest.mark.parametrize("piece", [b"[", b"[[", b"--[[", b"[=", b'"\\', b"--["])
def test_lua_is_read_in_linear_time(piece: bytes) -> None:
    started = time.process_time()
    read(b"x_by_lua_block {" + piece * (200_000 // len(piece)))
    assert time.process_time() - started < 3.0
