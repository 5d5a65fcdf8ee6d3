import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.formats.templates import is_template, made_path, prepare
from tuner.source.span import Span
from tuner.source.text import Text


def masked(path: str, data: bytes) -> bytes:
    return prepare(Text(path, data), True).data


@pytest.mark.parametrize(
    ("path", "data", "expected"),
    [
        ("nginx.conf.j2", b"", True),
        ("a/nginx.conf.ERB", b"", True),
        ("pool.conf.epp", b"", True),
        ("x.jinja", b"", True),
        ("x.jinja2", b"", True),
        ("nginx.tmpl", b"", True),
        ("nginx.tpl", b"", True),
        ("default.conf.template", b"", True),
        ("roles/php/templates/www.conf", b"", True),
        ("templates", b"", False),
        ("mytemplates/www.conf", b"", False),
        ("www.conf", b"listen = {{ listen }}\n", False),
        ("www.conf", b"[www]\n  # fpmtune: template\n", True),
        ("www.conf", b"; fpmtune: template\r\n[www]\n", True),
        ("www.conf", b"x = y # fpmtune: template\n", False),
        ("www.conf", b"# fpmtune: templates\n", False),
    ],
)
def test_what_a_template_is(path: str, data: bytes, expected: bool) -> None:
    assert is_template(path, data) is expected


def test_other_files_stay_as_they_are() -> None:
    text = Text("www.conf", b"listen = {{ listen }}\n")
    assert prepare(text, False).data is text.data
    assert prepare(text, False).holes == ()


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("a.j2", b"listen {{ p }};", b"listen xxxxxxx;"),
        ("a.j2", b"a{{b}}c;", b"axxxxxc;"),
        ("a.j2", b"a {% if x %}b{% endif %};", b"a           b           ;"),
        ("a.j2", b"a {# b\r\nc #} d", b"a     \r\n     d"),
        ("a.j2", b'f = "%{%Y}t" %}', b'f = "%{%Y}t" %}'),
        ("a.j2", b"f = {% never closed", b"f = {% never closed"),
        ("a.j2", b"f = {{ never closed", b"f = {{ never closed"),
        ("a.j2", b"x {% a {% b %} y", b"x {% a         y"),
        ("a.j2", b"x <%= y %>", b"x <%= y %>"),
        ("a.j2", b"x {{{ y }}} z", b"x xxxxxxxxx z"),
        ("a.j2", b"x {{ end }}", b"x xxxxxxxxx"),
        ("a.erb", b"x <%= y %> <%- if z -%>v<% end %>", b"x xxxxxxxx             v         "),
        ("a.erb", b"x {{ y }} <%# c %>z", b"x {{ y }}         z"),
        ("a.epp", b"<%- | $a | -%>\nx <%%", b"              \nx <%%"),
        ("a.tmpl", b"x {{ if .A }}y{{else}}z{{- end }}", b"x            y        z          "),
        ("a.tmpl", b"x {{ $a := 1 }}{{ $a }}{{/* c */}};", b"x              xxxxxxxx           ;"),
        ("a.tpl", b"x {{ iffy }} ${A}", b"x xxxxxxxxxx ${A}"),
        ("a.template", b"x ${A} $B ${c_1};", b"x xxxx $B xxxxxx;"),
        ("a.template", b"x ${} ${1} {{ y }}", b"x ${} ${1} xxxxxxx"),
        ("templates/a.conf", b"x {{ y }} <%= z %> {% q %}", b"x xxxxxxx xxxxxxxx        "),
    ],
)
def test_holes(path: str, source: bytes, expected: bytes) -> None:
    assert masked(path, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"  {{ more }}\r\nlisten 80;", b"            \r\nlisten 80;"),
        (b"{% if a %}{{ more }}{% endif %}\nx", b" " * 31 + b"\nx"),
        (b"{{ a }} = {{ b }}", b"xxxxxxx = xxxxxxx"),
        (b"{{ a }};\n", b"xxxxxxx;\n"),
        (b"server_name\n  {{ names }}\n  ;", b"server_name\n  xxxxxxxxxxx\n  ;"),
    ],
)
def test_a_hole_that_fills_a_line_leaves_no_word(source: bytes, expected: bytes) -> None:
    assert masked("a.j2", source) == expected


def test_value_holes_are_remembered() -> None:
    prepared = prepare(Text("a.j2", b"{% if a %}x {{ b }} y {{ c }}{% endif %}"), True)
    assert prepared.holes == (Span(12, 19), Span(22, 29))
    assert prepared.touches(Span(18, 21))
    assert not prepared.touches(Span(19, 22))


PIECES = [
    b"{{",
    b"}}",
    b"{%",
    b"%}",
    b"{#",
    b"#}",
    b"<%",
    b"<%=",
    b"%>",
    b"${A}",
    b"%",
    b" ",
    b"\n",
    b"a",
    b";",
]


@given(
    st.sampled_from(["a.j2", "a.erb", "a.tmpl", "a.template", "templates/a"]),
    st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join),
)
def test_masking_moves_nothing(path: str, data: bytes) -> None:
    prepared = prepare(Text(path, data), True)
    assert len(prepared.data) == len(data)
    changed = [i for i in range(len(data)) if prepared.data[i] != data[i]]
    assert all(prepared.data[i] in b"x " for i in changed)
    for hole in prepared.holes:
        assert set(prepared.data[hole.start : hole.end]) == {ord("x")}
    assert list(prepared.holes) == sorted(prepared.holes)


@pytest.mark.parametrize(
    "piece", [b"{{", b"{%", b"{#", b"<%", b"<%=", b"{{{", b"${", b"{{ x }} ", b"{{\n", b" \n"]
)
@pytest.mark.parametrize("path", ["a.j2", "a.erb", "a.template"])
def test_unclosed_holes_are_read_in_linear_time(path: str, piece: bytes) -> None:
    data = piece * (400_000 // len(piece))
    started = time.process_time()
    prepare(Text(path, data), True)
    assert time.process_time() - started < 2.0


def test_the_header_line_of_ansible_is_not_part_of_the_file() -> None:
    masked = prepare(Text("pool.conf.j2", b"#jinja2: trim_blocks: True\n[www]\n#jinja2: no header\n"), True)
    assert masked.data.splitlines() == [b" " * 26, b"[www]", b"#jinja2: no header"]


@pytest.mark.parametrize(
    ("path", "made"),
    [
        ("etc/www.conf.j2", "etc/www.conf"),
        ("www.conf.ERB", "www.conf"),
        ("nginx.conf.tmpl.j2", "nginx.conf"),
        ("nginx.conf", "nginx.conf"),
        ("roles/.j2", "roles/.j2"),
    ],
)
def test_made_path(path: str, made: str) -> None:
    assert made_path(path) == made
