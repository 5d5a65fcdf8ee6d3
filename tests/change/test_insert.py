"""New directives: where they stand, and that they look like their neighbours."""

import pytest

from tests.change.documents import after, find, read
from tuner.change.delete import delete_directive
from tuner.change.insert import NewDirective, insert_after, insert_into
from tuner.change.replace import replace_value
from tuner.errors import ChangeError
from tuner.formats.document import Kind

HZ = NewDirective("hz", (20,))
POOL = b"[global]\r\npid = /x\r\n\r\n[www]\r\n\tlisten=a ; here\r\n\r\n; the next\r\n[b]\r\n"


@pytest.mark.parametrize(
    ("kind", "data", "neighbour", "wanted"),
    [
        ("php-fpm", b"[www]\n  a=1 ; x\n;c\nb = 1\n", "a", b"[www]\n  a=1 ; x\n  hz=20\n;c\nb = 1\n"),
        ("php-fpm", b"[www]\r\na   = 1", "a", b"[www]\r\na   = 1\r\nhz = 20"),
        ("nginx", b"a 1; # one\nb 2;\n", "a", b"a 1; # one\nhz 20;\nb 2;\n"),
        ("nginx", b"s {\n\ta 1; b 2;\n}", "a", b"s {\n\ta 1; hz 20; b 2;\n}"),
        ("nginx", b"s {\n\ta 1; b 2;\n}", "b", b"s {\n\ta 1; b 2;\n\thz 20;\n}"),
        ("nginx", b"s { a 1; }", "a", b"s { a 1; hz 20; }"),
        ("nginx", b"s {\n  a {\n    b 1;\n  }\n}", "a", b"s {\n  a {\n    b 1;\n  }\n  hz 20;\n}"),
        ("nginx", b"a 1;", "a", b"a 1;\nhz 20;"),
        ("redis", b"a 1\r\nb 2", "b", b"a 1\r\nb 2\r\nhz 20"),
        ("redis", b"a 1\n\nb 2\n", "a", b"a 1\nhz 20\n\nb 2\n"),
        ("sysctl", b"a=1\nb = 2\n", "a", b"a=1\nhz=20\nb = 2\n"),
        ("sysctl", b"a=1\n  b = 2", "b", b"a=1\n  b = 2\n  hz = 20"),
    ],
)
def test_behind_a_directive(kind: Kind, data: bytes, neighbour: str, wanted: bytes) -> None:
    document = read(kind, data)
    assert after(document, insert_after(document, HZ, find(document, neighbour))) == wanted


@pytest.mark.parametrize(
    ("section", "wanted"),
    [
        ("global", POOL.replace(b"pid = /x\r\n", b"pid = /x\r\nhz = 20\r\n")),
        ("www", POOL.replace(b"; here\r\n", b"; here\r\n\thz=20\r\n")),
        ("b", POOL + b"hz = 20\r\n"),
    ],
)
def test_at_the_end_of_a_section(section: str, wanted: bytes) -> None:
    document = read("php-fpm", POOL)
    assert after(document, insert_into(document, HZ, find(document, section))) == wanted


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"http {\n  a 1;\n  # b 2;\n}\n", b"http {\n  a 1;\n  # b 2;\n  hz 20;\n}\n"),
        (b"http {\r\n\ta 1;\r\n}\r\n", b"http {\r\n\ta 1;\r\n\thz 20;\r\n}\r\n"),
        (b"http {\n}\n", b"http {\n    hz 20;\n}\n"),
        (b"\thttp {\n\t}\n", b"\thttp {\n\t\thz 20;\n\t}\n"),
        (b"http {}", b"http { hz 20; }"),
        (b"http { }", b"http { hz 20; }"),
        (b"http { a 1; }", b"http { a 1; hz 20; }"),
        (b"http { a 1;\n  b 2; }", b"http { a 1;\n  b 2; hz 20; }"),
        (b"http { a 1;\n}", b"http { a 1;\n    hz 20;\n}"),
        (b"http {\n  b { c 1;\n  }\n}", b"http {\n  b { c 1;\n  }\n  hz 20;\n}"),
    ],
)
def test_before_the_closing_brace(data: bytes, wanted: bytes) -> None:
    document = read("nginx", data)
    assert after(document, insert_into(document, HZ, document.directives[0])) == wanted


@pytest.mark.parametrize(
    ("kind", "data", "wanted"),
    [
        ("redis", b"", b"hz 20\n"),
        ("redis", b"# only\n", b"# only\nhz 20\n"),
        ("redis", b"# only", b"# only\nhz 20"),
        ("redis", b"a 1\r\n\r\n# end", b"a 1\r\n\r\n# end\r\nhz 20"),
        ("sysctl", b"a=1\n", b"a=1\nhz=20\n"),
        ("nginx", b"events {}\n", b"events {}\nhz 20;\n"),
        ("php-fpm", b"; only\n", b"; only\nhz = 20\n"),
        ("php-fpm", b"a = 1\n; end\n", b"a = 1\nhz = 20\n; end\n"),
    ],
)
def test_at_the_top_level(kind: Kind, data: bytes, wanted: bytes) -> None:
    document = read(kind, data)
    assert after(document, insert_into(document, HZ)) == wanted


def test_subscripts_and_several_values() -> None:
    pool = read("php-fpm", b"[www]\nlisten = a\n")
    new = NewDirective("php_admin_value", ("128M",), "memory_limit")
    assert after(pool, insert_into(pool, new, pool.directives[0])) == (
        b"[www]\nlisten = a\nphp_admin_value[memory_limit] = 128M\n"
    )
    redis = read("redis", b"hz 10\n")
    assert after(redis, insert_into(redis, NewDirective("SAVE", (900, "1 2")))) == (
        b'hz 10\nSAVE 900 "1 2"\n'
    )
    kernel = read("sysctl", b"net.a = 1\n")
    assert after(kernel, insert_into(kernel, NewDirective("net/core/x", (1,), "-"))) == (
        b"net.a = 1\n-net/core/x = 1\n"
    )


@pytest.mark.parametrize(
    ("kind", "data", "new", "reason"),
    [
        ("redis", b"", NewDirective("hz\nport", (1,)), "a line end"),
        ("redis", b"", NewDirective("# hz", (1,)), "read otherwise"),
        ("redis", b"", NewDirective("hz port", (1,)), "read otherwise"),
        ("redis", b"", NewDirective("hz", (1,), "key"), "no subscript"),
        ("nginx", b"a { b 1;", NewDirective("hz", (1,)), "nginx does not read this file"),
        ("nginx", b"", NewDirective("hz", (1,), "key"), "no subscript"),
        ("sysctl", b"", NewDirective("a=b", (1,)), "read otherwise"),
        ("sysctl", b"", NewDirective("a", (1, 2)), "a takes one value"),
        ("php-fpm", b"", NewDirective("a", ()), "a takes one value"),
        ("php-fpm", b"", NewDirective("a = 1 ;", (1,)), "read otherwise"),
        ("php-fpm", b"[www]\na = 1\n", NewDirective("b", (1,)), "lies in a section"),
    ],
)
def test_what_would_be_read_otherwise_is_refused(
    kind: Kind, data: bytes, new: NewDirective, reason: str
) -> None:
    document = read(kind, data)
    with pytest.raises(ChangeError, match=reason):
        insert_into(document, new)


def test_places_that_do_not_exist() -> None:
    document = read("php-fpm", b"[www]\na = 1\n")
    with pytest.raises(ChangeError, match="behind the section www is still in it"):
        insert_after(document, HZ, document.directives[0])
    with pytest.raises(ChangeError, match="a is not a block"):
        insert_into(document, HZ, find(document, "a"))


def test_a_template_that_repeats_lines_has_no_end() -> None:
    data = b"{% for x in y %}\na {{ x }};\n{% endfor %}\nb 1;\n"
    document = read("nginx", data, "n.conf.j2", is_template=True)
    with pytest.raises(ChangeError, match="a template's statements decide"):
        insert_into(document, HZ)
    assert after(document, insert_after(document, HZ, find(document, "b"))) == data + b"hz 20;\n"
    plain = read("nginx", b"a {{ x }};\n", "n.conf.j2", is_template=True)
    assert after(plain, insert_into(plain, HZ)) == b"a {{ x }};\nhz 20;\n"


def test_two_at_one_place_keep_their_order() -> None:
    document = read("redis", b"a 1\nb 2\n")
    first = insert_after(document, HZ, find(document, "a"))
    second = insert_after(document, NewDirective("port", (1,)), find(document, "a"))
    assert after(document, first, second) == b"a 1\nhz 20\nport 1\nb 2\n"
    replaced = (
        insert_after(document, HZ, find(document, "b")),
        delete_directive(document, find(document, "b")),
    )
    assert after(document, *replaced) == b"a 1\nhz 20\n"


def test_nothing_comes_into_a_section_that_goes() -> None:
    document = read("php-fpm", b"[a]\nx = 1\n[b]\ny = 1\n")
    section = find(document, "b")
    changes = (delete_directive(document, section), insert_into(document, HZ, section))
    with pytest.raises(ChangeError, match="into a block that is deleted"):
        after(document, *changes)


def test_what_changes_beside_the_block_does_not_matter() -> None:
    document = read("nginx", b"s {}\nb 1;\nc 1;\n")
    into = insert_into(document, HZ, find(document, "s"))
    for name in "bc":
        new = after(document, into, delete_directive(document, find(document, name)))
        assert new == b"s { hz 20; }\n" + (b"c 1;\n" if name == "b" else b"b 1;\n")


def test_a_block_is_renamed_and_filled() -> None:
    document = read("nginx", b"s a {}\n")
    block = document.directives[0]
    assert after(document, replace_value(document, block, "b"), insert_into(document, HZ, block)) == (
        b"s b { hz 20; }\n"
    )
