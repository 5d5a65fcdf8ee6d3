"""php-fpm files: what `php-fpm8.2 -tt` said, exact places, and bytes of any kind."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.formats.document import Directive, Document, Word
from tuner.formats.php_fpm import parse
from tuner.source.span import Span
from tuner.source.text import Text

GOLDEN = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data/php_fpm/php82.jsonl").read_text().splitlines()
]
ACCEPTED = [case for case in GOLDEN if "shown" in case]
REFUSED = [case for case in GOLDEN if "refused" in case]


def read(source: str, path: str = "www.conf", php: tuple[int, int] = (8, 2)) -> Document:
    return parse(Text(path, source.encode("latin-1")), php=php)


def read_template(source: str) -> Document:
    return parse(Text("www.conf.j2", source.encode()), is_template=True)


def value(written: str, php: tuple[int, int] = (8, 2)) -> Word:
    """Return what `key = written` gives."""
    document = read(f"key = {written}\n", php=php)
    assert not [problem for problem in document.problems if problem.severity == "error"]
    (word,) = document.directives[0].args
    return word


def error(source: str) -> tuple[str, str]:
    """Return the text and the message of the one problem."""
    document = read(source)
    (problem,) = document.problems
    return document.text.slice(problem.span), problem.message


def words(document: Document) -> list[Word]:
    found: list[Word] = []
    for directive in document.walk():
        found += [directive.name, *([directive.key] if directive.key else []), *directive.args]
    return found


# --- what php-fpm 8.2 printed -------------------------------------------------------------------------

YES_NO = frozenset(
    {
        "log_buffering",
        "daemonize",
        "process.dumpable",
        "request_terminate_timeout_track_finished",
        "catch_workers_output",
        "decorate_workers_output",
        "clear_env",
    }
)
INTEGERS = frozenset(
    {
        "log_limit",
        "emergency_restart_threshold",
        "process.max",
        "process.priority",
        "rlimit_files",
        "rlimit_core",
        "listen.backlog",
        "pm.max_children",
        "pm.start_servers",
        "pm.min_spare_servers",
        "pm.max_spare_servers",
        "pm.max_spawn_rate",
        "pm.max_requests",
        "request_slowlog_trace_depth",
    }
)
TIMES = frozenset(
    {
        "emergency_restart_interval",
        "process_control_timeout",
        "systemd_interval",
        "pm.process_idle_timeout",
        "request_slowlog_timeout",
        "request_terminate_timeout",
    }
)


def as_int(text: str) -> int:
    match = re.match(r"[ \t]*([+-]?\d+)", text)
    number = int(match[1]) if match else 0
    return (max(-(2**63), min(2**63 - 1, number)) + 2**31) % 2**32 - 2**31


def as_shown(name: str, text: str, pool: str) -> str:
    """Return how `-tt` prints the value `text` of `name`."""
    if name in YES_NO or name in ("php_flag", "php_admin_flag"):
        is_on = text in ("1", "yes", "true", "on")
        return ("yes" if is_on else "no") if name in YES_NO else str(int(is_on))
    if name in INTEGERS:
        return "-1" if text == "unlimited" else str(as_int(text))
    if name in TIMES:
        unit = {"m": 60, "h": 3600, "d": 86400}.get(text[-1], 1)
        seconds = (as_int(text) * unit + 2**31) % 2**32 - 2**31
        return str(seconds) if name == "pm.process_idle_timeout" else f"{seconds}s"
    if name == "pm":
        return text.lower()
    if name == "log_level":
        return text.upper()
    return text.replace("$pool", pool)


def shown_name(directive: Directive) -> str:
    if directive.key is None:
        return directive.name.text.lower()
    name = directive.name.text.replace("_flag", "_value")
    return f"{name}[{directive.key.text}]" if directive.key.text else f"{name}[]"


def effective(document: Document) -> dict[tuple[str, str], list[Directive]]:
    """Return the directives of every setting by section and name, in the order of the file."""
    settings: dict[tuple[str, str], list[Directive]] = {}
    names: dict[str, str] = {}
    top = [directive for directive in document.directives if directive.children is None]
    blocks = [("global", top)]
    for block in document.directives:
        if block.children is not None:
            name = names.setdefault(block.name.text.lower(), block.name.text)
            blocks.append(("global" if name.lower() == "global" else name, list(block.children)))
    for section, directives in blocks:
        for directive in directives:
            settings.setdefault((section, shown_name(directive)), []).append(directive)
    return settings


def is_derived(name: str, word: Word, document: Document) -> bool:
    """Say whether php-fpm prints something else than the value, for reasons that are not syntax."""
    in_prefix = name in PATHS and word.text != "" and not word.text.startswith("/")
    is_ondemand = any(
        directive.name.text == "pm" and directive.args[0].text.lower() == "ondemand"
        for directive in document.walk()
    )
    is_replaced = is_ondemand and (name.endswith("_servers") or name == "listen.backlog")
    return in_prefix or is_replaced or name in ("syslog.facility", "pm.start_servers")


PATHS = frozenset(
    {
        "pid",
        "error_log",
        "prefix",
        "listen",
        "access.log",
        "slowlog",
        "chroot",
        "chdir",
        "php_value[error_log]",
        "php_admin_value[error_log]",
    }
)


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: case["name"])
def test_values_equal_what_php_fpm_prints(case: dict[str, Any]) -> None:
    document = read(case["conf"])
    assert not [problem for problem in document.problems if problem.severity == "error"]
    settings = effective(document)
    compared = 0
    for section, pairs in case["shown"].items():
        pool = section.encode("latin-1").decode("utf-8")
        for name in dict.fromkeys(name for name, _ in pairs):
            printed = [shown for other, shown in pairs if other == name]
            written = settings.get((pool, name.encode("latin-1").decode("utf-8")))
            if written is None:
                continue
            expected = printed[::-1] if "[" in name else printed[-1:]
            for directive, shown in zip(written[-len(expected) :], expected, strict=True):
                word = directive.args[0]
                if not word.unknown and not is_derived(name, word, document):
                    assert as_shown(directive.name.text.lower(), word.text, pool) == shown.encode(
                        "latin-1"
                    ).decode("utf-8")
                    compared += 1
    assert compared >= 1


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_what_php_fpm_refuses_is_a_problem(case: dict[str, Any]) -> None:
    document = read(case["conf"])
    errors = [problem for problem in document.problems if problem.severity == "error"]
    hash_lines = [
        directive
        for directive in document.walk()
        if directive.name.text.startswith("#") and directive.args == () and directive.children is None
    ]
    assert errors or hash_lines
    if "NULL" in case["refused"] and not hash_lines:
        assert any("value is NULL" in problem.message for problem in errors)
    if expected := re.search(r"expecting '(.)'", case["refused"]):
        assert any(f"expecting '{expected[1]}'" in problem.message for problem in errors)


# --- the dialect --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("on", "1"), ("YES  ; c", "1"), ("off", ""), ("None", ""), ("null", ""), ('"yes"', "yes"),
        ("nobody", "nobody"), ("on-call", "on-call"), ("dynamic", "dynamic"), ("www-data", "www-data"),
        ("a b  c  ", "a b  c"), ("50 # fifty", "50 # fifty"), ("511;x", "511"), ('""', ""),
        ('"a;b" ; c', "a;b"), (r'"a\"b\\c\$d\n"', 'a"b\\c$d\\n'), ("'$x \"y\"'", '$x "y"'),
        ('%u "%m %r" %s', "%u%m %r%s"), ('foo"bar baz"qux', "foobar bazqux"), ('"C:\\dir\\"', "C:\\dir\\"),
        ("5|2", "7"), ("(1|6)^3", "4"), ("6 & ~2", "4"), ("!0", "1"), ("a|b", "0"), ("~/x", "-1"),
        ("99999999999999999999|0", "-1"), ("-99999999999999999999|0", "0"), ("4294967297|0", "1"),
        ("/run/$pool.sock", "/run/$pool.sock"), ("php_os", "php_os"),
        ("a$\\^", "a$\\^"), ("$\\$'", "$\\$'"), ("abc\\", "abc\\"),
        ("\u00a0x", "\udca0x"),
    ],
)  # fmt: skip
def test_value(written: str, text: str) -> None:
    word = value(written)
    assert (word.text, word.unknown) == (text, "")


@pytest.mark.parametrize(
    ("written", "unknown"),
    [
        ("${HOME}", "environment variable HOME"), ('"a ${ X } b"', "environment variable X"),
        ("E_ALL & PHP_DEBUG", "PHP constant PHP_DEBUG"), ("x PHP_VERSION", "PHP constant PHP_VERSION"),
        ("!${X}", "environment variable X"),
    ],
)  # fmt: skip
def test_value_that_the_file_does_not_fix(written: str, unknown: str) -> None:
    word = value(f"{written}  ; c")
    assert (word.text, word.unknown) == (written, unknown)


@pytest.mark.parametrize(
    ("written", "php", "number"),
    [
        ("E_ALL & ~E_NOTICE", (8, 3), "32759"),
        ("E_ALL & ~E_NOTICE", (8, 4), "30711"),
        ("E_ALL", (7, 0), "32767"),
        ("E_ERROR|E_PARSE", (8, 2), "5"),
        ("E_USER_DEPRECATED", (8, 2), "16384"),
        ("x E_ERROR", (8, 2), "x 1"),
        ("'E_ERROR'", (8, 2), "E_ERROR"),
    ],
)
def test_error_levels_are_numbers(written: str, php: tuple[int, int], number: str) -> None:
    assert value(written, php)[:1] == (number,)


@pytest.mark.parametrize("written", ["'${X}'", '"PHP_OS"', "PHP_OS/x", "$X", r'"\${X}"'])
def test_quoted_or_joined_names_are_plain(written: str) -> None:
    assert value(written).unknown == ""


def test_fallback_of_a_variable_begins_with_8_3() -> None:
    assert value("${NAME:-7}", (8, 2)).unknown == "environment variable NAME:-7"
    assert value("${NAME:-7}", (8, 3)).unknown == "environment variable NAME"
    assert value('${NAME:-"a ${B}"}', (8, 3)).unknown == "environment variable NAME"
    assert read("a = ${N:-7}\n", php=(8, 3)).problems
    assert not read("a = ${N:-7}\n", php=(8, 2)).problems


def test_bracket_in_a_name_until_8_2() -> None:
    assert read("a]b = 1\n", php=(8, 2)).directives[0].name.text == "a]b"
    assert "'a' has no '='" in read("a]b = 1\n", php=(8, 3)).problems[0].message


@pytest.mark.parametrize(("written", "quote"), [('"a"', '"'), ("'a'", "'"), ('"a" b "c"', ""), ("a", "")])
def test_quote_is_kept_when_it_covers_the_value(written: str, quote: str) -> None:
    assert value(f"{written}  ").quote == quote


@pytest.mark.parametrize(
    ("source", "at", "message"),
    [
        ("a = hello!\n", "!", "syntax error, unexpected '!'"),
        ("a = foo(bar)\n", "(", "syntax error, unexpected '('"),
        ("a = x=y\n", "=", "syntax error, unexpected '='"),
        ("a = (1\n", "(1", "syntax error, unexpected end of line, expecting ')'"),
        ('a = "abc\n', '"abc', "syntax error, unexpected end of file, expecting '\"'"),
        ("env[A = x\n", "env[A = x", "syntax error, unexpected end of file, expecting ']'"),
        ("a = x ${HOME\r\n", "${HOME", "syntax error, unexpected end of file, expecting '}'"),
        ("  [www]\n", "[www]", "syntax error, unexpected end of line, expecting '='"),
        ("env[A] x = 5\n", "x", "syntax error, unexpected name, expecting '='"),
        ("a = yes please\n", "please", "syntax error, unexpected word"),
        ("yes = 3\n", "yes", "syntax error, unexpected boolean word"),
        ("  pm.max  \n", "pm.max", "'pm.max' has no '=': value is NULL for a ZEND_INI_PARSER_ENTRY"),
        ("pm: static\n", "pm: static", "'pm: static' has no '=': value is NULL for a ZEND_INI_PARSER_ENTRY"),
        ("a = ''\n", "'", "''' has no '=': value is NULL for a ZEND_INI_PARSER_ENTRY"),
        ("a = it's\n", "'s", "unmatched ': php-fpm drops the rest of the line"),
        ("foo\0 = 2\n", "\0 = 2", "NUL byte: php-fpm drops the rest of the line"),
        ("a = 1 ;\0 !\n", "\0 !", "NUL byte: php-fpm drops the rest of the line"),
        ("a = 1\0 2\n", "\0 2", "NUL byte: php-fpm drops the rest of the line"),
    ],
)  # fmt: skip
def test_problem_is_placed_exactly(source: str, at: str, message: str) -> None:
    assert error(source) == (at, message)


def test_unmatched_apostrophe_at_the_start_is_an_error() -> None:
    assert error("a = 'abc\n") == ("'abc", "syntax error, unexpected end of file: unmatched '")


def test_an_error_does_not_hide_the_next_lines() -> None:
    document = read("[www]\na = (\npm = static\nb\nc = 1\n")
    (www,) = document.directives
    assert [directive.name.text for directive in www.children or ()] == ["pm", "b", "c"]
    assert len(document.problems) == 2


@pytest.mark.parametrize("written", ["# text", "#", "  # see (docs)", "# it's", "#a ; b"])
def test_hash_line_without_value_is_left_to_a_rule(written: str) -> None:
    document = read(f"{written}\n")
    assert document.problems == ()
    assert document.directives[0].name.text.startswith("#")
    assert document.directives[0].args == ()


def test_hash_before_a_directive_is_part_of_its_name() -> None:
    (directive,) = read("#pm = static\n").directives
    assert (directive.name.text, directive.args[0].text) == ("#pm", "static")


def test_sections_keys_and_top_level() -> None:
    document = read('a = 1\n[global]\n\t[ www ] env[D ] = x\nenv["q"] = \n["p q"];c\nlisten[] = y\n[]\n')
    assert [(d.name.text, d.children is None) for d in document.directives] == [
        ("a", True), ("global", False), (" www ", False), ("p q", False), ("", False),
    ]  # fmt: skip
    www, last = document.directives[2], document.directives[3]
    assert [(d.key.text if d.key else None, d.args[0].text) for d in www.children or ()] == [
        ("D ", "x"), ("q", ""),
    ]  # fmt: skip
    assert [d.key.text if d.key else None for d in last.children or ()] == [""]
    assert document.text.slice(www.span) == '[ www ] env[D ] = x\nenv["q"] ='
    assert [comment.text for comment in document.comments] == ["c"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bom", ["", "\xef\xbb\xbf"])
def test_line_ends_and_bom(line_end: str, bom: str) -> None:
    source = bom + line_end.join(["[www]", "; c", "pm = static ; d", "", "a = 1"])
    document = read(source)
    (www,) = document.directives
    assert [(d.name.text, d.args[0].text) for d in www.children or ()] == [("pm", "static"), ("a", "1")]
    assert [comment.text for comment in document.comments] == [" c", " d"]
    assert document.problems == ()


def test_depth_is_bounded() -> None:
    assert value("(" * 90 + "1" + ")" * 90).text == "1"
    for opening in ("(", "!", "~"):
        assert "nested deeper" in read(f"a = {opening * 100_000}1\n").problems[0].message
    assert "nested deeper" in read(f"a = {'${ab:-' * 5000}\n", php=(8, 3)).problems[0].message


def test_template_holes_are_unknown_and_never_problems() -> None:
    document = read_template(
        "[{{ name }}]\npm.max_children = {{ n }}\nlisten = /run/{{ name }}.sock\n"
        "{% if x %}\npm = static\n{% endif %}\nenv[A] = a({{ b }}\nb = hello!\n{{ all }}\n"
    )
    (pool,) = document.directives
    assert (pool.name.text, pool.name.unknown) == ("{{ name }}", "template")
    assert [(d.args[0].text, d.args[0].unknown) for d in (pool.children or ())[:3]] == [
        ("{{ n }}", "template"), ("/run/{{ name }}.sock", "template"), ("static", ""),
    ]  # fmt: skip
    assert [document.text.position(problem.span.start).line for problem in document.problems] == [8]
    assert document.is_template


# --- properties ---------------------------------------------------------------------------------------

PIECES = (
    "a pm = [ ] [www] env[ \" ' \\ $ ${ ${A} } :- ; # & | ^ ~ ! ( ) { é yes off E_ALL 1 - "
    "\ufeff {{x}} {%if%} <%=a%>"
)
FRAGMENTS = st.sampled_from([*PIECES.split(), " ", "  ", "\t", " = ", "\n", "\r\n", "\r", "\0", "\u00a0"])
SOURCES = st.one_of(
    st.binary(max_size=80), st.lists(FRAGMENTS, max_size=30).map(lambda parts: "".join(parts).encode())
)


def check_spans(document: Document) -> None:
    size = len(document.text.data)
    places = [word.span for word in words(document)] + [comment.span for comment in document.comments]
    places += [problem.span for problem in document.problems] + [d.span for d in document.walk()]
    assert all(0 <= span.start <= span.end <= size for span in places)
    for series in (document.problems, document.comments, document.directives):
        spans = [item.span for item in series]
        assert spans == sorted(spans)
    for directive in document.walk():
        inner = [directive.name, *([directive.key] if directive.key else []), *directive.args]
        assert [word.span for word in inner] == sorted(word.span for word in inner)
        inside = [word.span for word in inner] + [child.span for child in directive.children or ()]
        assert all(directive.span.start <= span.start <= span.end <= directive.span.end for span in inside)


@given(SOURCES, st.booleans(), st.sampled_from([(7, 0), (8, 2), (8, 3)]))
def test_any_bytes_give_a_document_with_ordered_places(
    data: bytes, is_template: bool, php: tuple[int, int]
) -> None:
    check_spans(parse(Text("www.conf.j2", data), is_template=is_template, php=php))


@given(SOURCES)
def test_comments_start_with_their_marker(data: bytes) -> None:
    document = parse(Text("www.conf", data))
    for comment in document.comments:
        assert document.text.slice(comment.span) == ";" + comment.text


NAMES = st.text("abcdefghijklmnopqrstuvwxyz._", min_size=1, max_size=12).filter(
    lambda name: name not in ("true", "on", "yes", "false", "off", "no", "none", "null")
)
VALUES = st.one_of(
    st.text("abc012/.:-#%@é", max_size=12),
    st.text("abc 01;=()!&é", max_size=12).map(lambda text: f'"{text}"'),
    st.text("abc 01;=()!&é", min_size=1, max_size=12).map(lambda text: f"'{text}'"),
    st.sampled_from(["yes", "off", "${HOME}", "E_ALL & ~E_NOTICE", "a b", "(1|2)", 'x"y z"w', "$pool"]),
)
BLANKS = st.text(" \t", max_size=3)


@given(st.lists(st.tuples(NAMES, st.none() | NAMES, BLANKS, VALUES, BLANKS, st.booleans()), max_size=8))
def test_span_is_exactly_what_was_written(
    entries: list[tuple[str, str | None, str, str, str, bool]],
) -> None:
    lines = [
        f"{name}{'' if key is None else f'[{key}]'}{before}={before}{written}{after}{';c' if comment else ''}"
        for name, key, before, written, after, comment in entries
    ]
    document = parse(Text("www.conf", "\r\n".join(lines).encode()))
    assert [
        (
            document.text.slice(directive.name.span),
            None if directive.key is None else document.text.slice(directive.key.span),
            document.text.slice(directive.args[0].span),
        )
        for directive in document.directives
    ] == [(name, key, written) for name, key, _, written, _, _ in entries]


def test_span_counts_bytes() -> None:
    document = parse(Text("www.conf", 'é = "ü" ; c\n'.encode()))
    (directive,) = document.directives
    assert (directive.name.span, directive.args[0].span) == (Span(0, 2), Span(5, 9))


# --- lines that need no grammar ---------------------------------------------------------------------------

PIECES = st.sampled_from(
    [
        "pm",
        "a.b",
        "=",
        " = ",
        "5",
        "a/b",
        "on",
        "null",
        "E_ALL",
        "PHP_OS",
        "m_pi",
        "-",
        ";",
        "; c",
        " ",
        "\t",
        "\r",
        "%",
    ]
)


@given(st.lists(PIECES, max_size=6).map("".join))
def test_plain_lines_read_as_by_the_grammar(line: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fast = read(f"[a]\n{line}\n{line}")
        patch.setattr("tuner.formats.php_fpm.plain_line", lambda _: None)
        slow = read(f"[a]\n{line}\n{line}")
    assert fast.directives == slow.directives
    assert fast.comments == slow.comments
    assert fast.problems == slow.problems


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_recorded_files_read_as_by_the_grammar(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    fast = read(case["conf"])
    monkeypatch.setattr("tuner.formats.php_fpm.plain_line", lambda _: None)
    slow = read(case["conf"])
    assert (fast.directives, fast.comments, fast.problems) == (slow.directives, slow.comments, slow.problems)
