"""A value replaced: what is written, what is read, and what is refused."""

import pytest

from tests.change.documents import after, find, read, texts
from tuner.change.replace import add_argument, delete_argument, replace_value
from tuner.change.writing import Setting
from tuner.errors import ChangeError
from tuner.formats.document import Kind

PHP_FPM = [
    ("4096", b"4096"),
    (4096, b"4096"),
    (-1, b"-1"),
    ("/run/php/$pool.sock", b"/run/php/$pool.sock"),
    ("dynamic", b"dynamic"),
    (True, b"yes"),
    (False, b"no"),
    ("yes", b'"yes"'),
    ("NULL", b'"NULL"'),
    ("E_ALL", b'"E_ALL"'),
    ("SOME_EXTENSIONS_CONSTANT", b'"SOME_EXTENSIONS_CONSTANT"'),
    ("%R - %u %t", b'"%R - %u %t"'),
    ("", b'""'),
    ("a=b;c", b'"a=b;c"'),
    ('say "x"', b"'say \"x\"'"),
    ("it's", b'"it\'s"'),
    ('it\'s "x"', b'"it\'s \\"x\\""'),
    ("C:\\dir\\", b"'C:\\dir\\'"),
    ("it's C:\\", b'"it\'s C:\\\\"'),
    ("${HOME}", b"'${HOME}'"),
    ("it's ${HOME}", b'"it\'s \\${HOME}"'),
    ("!x", b'"!x"'),
    ("# x", b'"# x"'),
]
NGINX = [
    ("4096", b"4096"),
    (True, b"on"),
    (False, b"off"),
    ("a b", b'"a b"'),
    ("", b'""'),
    ("a;b", b'"a;b"'),
    ("{", b'"{"'),
    ("a}", b'"a}"'),
    ("#a", b'"#a"'),
    ("a#b", b"a#b"),
    ("$uri", b"$uri"),
    ("${uri}x", b'"${uri}x"'),
    ('"q"', b"'\"q\"'"),
    ("it's", b'"it\'s"'),
    ("'\"", b'"\'\\""'),
    ("\\.php$", b"\\.php$"),
    ("\\.(php|phtml)\\d{2}", b'"\\.(php|phtml)\\d{2}"'),
    ("a\\", b'"a\\\\"'),
    ("\\new", b'"\\\\new"'),
    ("\\\\.", b'"\\\\\\."'),
    ("\u00a0", b"\xc2\xa0"),
    ("a\vb", b'"a\vb"'),
]
REDIS = [
    ("4096", b"4096"),
    (True, b"yes"),
    (False, b"no"),
    ("", b'""'),
    ("a b", b'"a b"'),
    ("#a", b'"#a"'),
    ('say "x"', b'"say \\"x\\""'),
    ("it's", b'"it\'s"'),
    ("a\\b c", b'"a\\\\b c"'),
    ("a\\b", b"a\\b"),
    ("a\tb", b'"a\tb"'),
]
SYSCTL = [
    ("4096", b"4096"),
    (True, b"1"),
    (False, b"0"),
    ("4096 87380 6291456", b"4096 87380 6291456"),
    ("1 # x", b"1 # x"),
    ("", b""),
]
CASES: list[tuple[Kind, bytes, bytes, str, list[tuple[Setting, bytes]]]] = [
    ("php-fpm", b"; top\r\n[www]\r\n\tlisten = ", b" ; the socket\r\n; end", "listen", PHP_FPM),
    ("nginx", b"\xef\xbb\xbfx;\n\tlisten  80 ", b"  ; # the port\r\n# end \xe9", "listen", NGINX),
    ("redis", b"# top\r\n  requirepass  ", b"  \r\n# end", "requirepass", REDIS),
    ("sysctl", b"; top\r\n  vm.x  = ", b"  \r\n# end", "vm.x", SYSCTL),
]


@pytest.mark.parametrize(
    ("kind", "before", "behind", "name", "value", "written"),
    [
        pytest.param(kind, before, behind, name, value, written, id=f"{kind}-{value!r}")
        for kind, before, behind, name, values in CASES
        for value, written in values
    ],
)
def test_bare_values(
    kind: Kind, before: bytes, behind: bytes, name: str, value: Setting, written: bytes
) -> None:
    document = read(kind, before + b"old" + behind)
    directive = find(document, name)
    new = after(document, replace_value(document, directive, value, len(directive.args) - 1))
    assert new == before + written + behind
    if not isinstance(value, bool):
        assert find(read(kind, new), name).args[-1].text == str(value)


@pytest.mark.parametrize(
    ("kind", "line", "value", "wanted"),
    [
        ("php-fpm", b'listen = "a"', "4096", b'listen = "4096"'),
        ("php-fpm", b"listen = 'a'", "4096", b"listen = '4096'"),
        ("php-fpm", b"listen = 'a'", "it's", b'listen = "it\'s"'),
        ("php-fpm", b"listen = 'a'", "", b'listen = ""'),
        ("php-fpm", b'listen = "a"', 'x"\\${', b'listen = "x\\"\\\\\\${"'),
        ("php-fpm", b"listen = On", False, b"listen = off"),
        ("php-fpm", b"listen = false", True, b"listen = true"),
        ("php-fpm", b"listen = 1", False, b"listen = no"),
        ("php-fpm", b"listen = a\"b c\"'d'", "x", b"listen = x"),
        ("php-fpm", b"listen =", "4096", b"listen = 4096"),
        ("php-fpm", b"listen=", "4096", b"listen=4096"),
        ("php-fpm", b"listen =80", "4096", b"listen =4096"),
        ("php-fpm", b"listen = ;x", "4096", b"listen = 4096 ;x"),
        ("php-fpm", b"listen = 80   # by hand", "4096", b"listen = 4096"),
        ("nginx", b'listen "a";', "b", b'listen "b";'),
        ("nginx", b"listen 'a';", "it's", b"listen 'it\\'s';"),
        ("nginx", b"listen 'a';", 'say "\\n"', b"listen 'say \"\\\\n\"';"),
        ("redis", b'listen "a"', "b", b'listen "b"'),
        ("redis", b"listen 'a'", "b c", b"listen 'b c'"),
        ("redis", b"listen 'a'", "it's", b'listen "it\'s"'),
        ("redis", b"listen 'a'", "c\\", b'listen "c\\\\"'),
        ("redis", b'listen a"b c"', "x", b"listen x"),
        ("sysctl", b"listen=", "1", b"listen=1"),
        ("sysctl", b"listen =", "1", b"listen = 1"),
        ("sysctl", b"-listen = 1", "2", b"-listen = 2"),
    ],
)
def test_the_old_quotes_and_words_are_kept_where_they_can(
    kind: Kind, line: bytes, value: Setting, wanted: bytes
) -> None:
    head = b"[www]\n" if kind == "php-fpm" else b""
    document = read(kind, head + line)
    assert after(document, replace_value(document, find(document, "listen"), value)) == head + wanted


def test_a_quoted_word_before_a_parenthesis_keeps_its_quotes() -> None:
    document = read("nginx", b'if ($a = "b") { return 403; }')
    directive = find(document, "if")
    at = [word.text for word in directive.args].index("b")
    assert after(document, replace_value(document, directive, "c", at)) == b'if ($a = "c") { return 403; }'


@pytest.mark.parametrize("kind", ["php-fpm", "nginx", "redis", "sysctl"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [("a\nb", "a line end"), ("a\0", "a NUL"), ("\r", "a carriage return"), ("\ud800", "a lone surrogate")],
)
def test_what_is_never_written(kind: Kind, value: str, reason: str) -> None:
    lines = {"php-fpm": b"x = 1", "nginx": b"x 1;", "redis": b"x 1", "sysctl": b"x = 1"}
    document = read(kind, lines[kind])
    with pytest.raises(ChangeError, match=reason):
        replace_value(document, find(document, "x"), value)


@pytest.mark.parametrize(
    ("kind", "data", "value", "argument", "reason"),
    [
        ("sysctl", b"x = 1", " 1", 0, "begin or end with a blank"),
        ("php-fpm", b"x = ${PORT}", "1", 0, "environment variable PORT"),
        ("php-fpm", b"x = PHP_OS", "1", 0, "PHP constant PHP_OS"),
        ("nginx", b"x a; }", "1", 0, "file.conf:1: nginx does not read this file"),
        ("nginx", b"x a;", "a" * 5000, 0, "read otherwise than asked"),
        ("nginx", b"x a;", "1", 1, "x has no argument 1"),
        ("nginx", b"x a;", "1", -1, "x has no argument -1"),
    ],
)
def test_refusals(kind: Kind, data: bytes, value: str, argument: int, reason: str) -> None:
    document = read(kind, data)
    with pytest.raises(ChangeError, match=reason):
        replace_value(document, document.directives[0], value, argument)


def test_a_program_is_not_a_value() -> None:
    document = read("nginx", b"content_by_lua_block { ngx.say(1) }")
    with pytest.raises(ChangeError, match="holds a program"):
        replace_value(document, document.directives[0], "x")


@pytest.mark.parametrize("other", [b"bb 1\n", b"b 1\n", b"a 12\n"])
def test_a_directive_of_another_file_is_refused(other: bytes) -> None:
    document, directive = read("redis", b"a 1\n"), read("redis", other).directives[0]
    with pytest.raises(ChangeError, match=rf"{directive.name.text} is no directive of etc/file\.conf"):
        replace_value(document, directive, "2")


def test_a_fault_elsewhere_in_a_file_of_lines_does_not_matter() -> None:
    document = read("php-fpm", b"[www]\na b\nlisten = 1\n")
    assert document.problems
    new = after(document, replace_value(document, find(document, "listen"), "2"))
    assert new == b"[www]\na b\nlisten = 2\n"


def test_what_a_template_fills_in_stays() -> None:
    document = read("nginx", b"a {{ x }};\nb 1;\n", "n.conf.j2", is_template=True)
    with pytest.raises(ChangeError, match="filled in by a template"):
        replace_value(document, find(document, "a"), "1")
    assert after(document, replace_value(document, find(document, "b"), "2")) == b"a {{ x }};\nb 2;\n"
    with pytest.raises(ChangeError, match="read otherwise than asked"):
        replace_value(document, find(document, "b"), "{{ y }}")


def test_arguments_come_and_go() -> None:
    document = read("nginx", b"server { listen 80   backlog=-1 ; }")
    listen = find(document, "listen")
    assert after(document, add_argument(document, listen, "a b")) == (
        b'server { listen 80   backlog=-1 "a b" ; }'
    )
    assert after(document, delete_argument(document, listen, 1)) == b"server { listen 80 ; }"
    assert after(document, delete_argument(document, listen, 0)) == b"server { listen   backlog=-1 ; }"
    redis = read("redis", b"save\n")
    assert after(redis, add_argument(redis, redis.directives[0], "")) == b'save ""\n'


def test_php_fpm_and_sysctl_have_one_value() -> None:
    document = read("sysctl", b"a = 1")
    with pytest.raises(ChangeError, match="a takes one value"):
        add_argument(document, document.directives[0], "2")
    with pytest.raises(ChangeError, match="a needs its value"):
        delete_argument(document, document.directives[0], 0)


def test_several_changes_of_one_file() -> None:
    data = b"[a]\npm.max_children = 1 ; one\nlisten = x\n[b]\nlisten = y"
    document = read("php-fpm", data)
    changes = [
        replace_value(document, find(document, "listen", 1), "/b b"),
        replace_value(document, find(document, "pm.max_children"), 20),
        replace_value(document, find(document, "pm.max_children"), 20),
    ]
    new = after(document, *changes)
    assert new == b'[a]\npm.max_children = 20 ; one\nlisten = x\n[b]\nlisten = "/b b"'
    assert [entry[0] for entry in texts(read("php-fpm", new))] == [
        "a", "pm.max_children", "listen", "b", "listen",
    ]  # fmt: skip


def test_two_that_disagree_are_refused() -> None:
    document = read("redis", b"hz 10\n")
    changes = [replace_value(document, document.directives[0], value) for value in (20, 30)]
    with pytest.raises(ChangeError, match="two edits overlap"):
        after(document, *changes)
