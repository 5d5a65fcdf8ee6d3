"""Directives taken out: their lines go whole, and what shares a line with them stays."""

import pytest

from tests.change.documents import after, find, read
from tuner.change.delete import delete_directive
from tuner.errors import ChangeError
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


@pytest.mark.parametrize(
    ("names", "wanted"),
    [("ab", b"   c 3; # x\n"), ("bc", b"  a 1; # x\n"), ("ac", b"  b 2; # x\n"), ("abc", b"   # x\n")],
)
def test_several_of_one_line(names: str, wanted: bytes) -> None:
    document = read("nginx", b"  a 1; b 2; c 3; # x\n")
    changes = [delete_directive(document, find(document, name)) for name in names]
    assert after(document, *changes) == wanted


def test_a_block_and_what_is_in_it() -> None:
    document = read("nginx", b"s {\n  a 1;\n}\nb 1;\n")
    changes = [delete_directive(document, find(document, name)) for name in "sa"]
    with pytest.raises(ChangeError, match="read otherwise than asked"):
        after(document, *changes)


def test_a_template_keeps_the_tags_of_the_line() -> None:
    data = b"{% if x %}a 1;{% endif %}\nb 1;\n"
    document = read("nginx", data, "n.conf.j2", is_template=True)
    assert after(document, delete_directive(document, find(document, "a"))) == (
        b"{% if x %}{% endif %}\nb 1;\n"
    )
