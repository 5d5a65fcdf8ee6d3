"""Directives taken out: their lines go whole, and what shares a line with them stays."""

import pytest

from tests.change.documents import after, find, read
from tuner.change.delete import delete_directive
from tuner.formats.document import Kind


@pytest.mark.parametrize(
    ("kind", "data", "name", "wanted"),
    [
        ("php-fpm", b"[w]\r\n; about a\r\n\ta = 1 ; x\r\nb = 1\r\n", "a", b"[w]\r\n; about a\r\nb = 1\r\n"),
        ("php-fpm", b"[w]\na = 1", "a", b"[w]\n"),
        ("php-fpm", b"[w] env[A] = b\nc = 1\n", "env", b"[w]\nc = 1\n"),
        ("php-fpm", b"[w]\na = it's\nb = 1\n", "a", b"[w]\nb = 1\n"),
        ("php-fpm", b"[w]\na = 1\0b ; c\nb = 1\n", "a", b"[w]\nb = 1\n"),
        ("php-fpm", b"[v]\na = 1\n[w]\nb = 1\n; c\nd = 1\n[x]\n", "w", b"[v]\na = 1\n[x]\n"),
        ("nginx", b"a 1; # one\n# two\nb 2;\n", "a", b"# two\nb 2;\n"),
        ("nginx", b"  a 1;  b 2; # both\n", "a", b"  b 2; # both\n"),
        ("nginx", b"  a 1;  b 2; # both\n", "b", b"  a 1; # both\n"),
        ("nginx", b"a 1;b 2;c 3;", "b", b"a 1;c 3;"),
        ("nginx", b"s { a 1; }", "a", b"s { }"),
        ("nginx", b"s {\n  a\n    1 # x\n    2;\n}\n", "a", b"s {\n}\n"),
        ("nginx", b"s {\n  a {\n    # x\n    b 1;\n  } # end\n  c 1;\n}\n", "a", b"s {\n  c 1;\n}\n"),
        ("redis", b"a 1\r\n  b 2\r\nc 3", "b", b"a 1\r\nc 3"),
        ("redis", b"a 1\nc 3", "c", b"a 1\n"),
        ("redis", b"a 1\0 dropped\nb 2\nc 3\n", "a", b"c 3\n"),
        ("sysctl", b"# a\n-a = 1 # x\nb = 1\n", "a", b"# a\nb = 1\n"),
    ],
)
def test_deleted(kind: Kind, data: bytes, name: str, wanted: bytes) -> None:
    document = read(kind, data)
    assert after(document, delete_directive(document, find(document, name))) == wanted


def test_two_of_one_line() -> None:
    document = read("nginx", b"x 1;\na 1; b 2; c 3;\n")
    changes = [delete_directive(document, find(document, name)) for name in ("b", "c")]
    assert after(document, *changes) == b"x 1;\na 1;\n"


def test_a_template_keeps_the_tags_of_the_line() -> None:
    data = b"{% if x %}a 1;{% endif %}\nb 1;\n"
    document = read("nginx", data, "n.conf.j2", is_template=True)
    assert after(document, delete_directive(document, find(document, "a"))) == (
        b"{% if x %}{% endif %}\nb 1;\n"
    )
