"""`fpmtune parse`: every word with its place, what is wrong, and how the run ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from program import CHECKOUT, POOL, fpmtune

SITE = b"# top\r\nserver {\r\n  listen 80 'a b';\n\tif ($x) { }\n  l\xc3\xa9 \xff;\n}\n"
EXAMPLES = sorted(path for path in (CHECKOUT / "examples").rglob("*.conf"))


def walk(directives: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for directive in directives:
        yield directive
        yield from walk(directive.get("children", []))


def test_json_tells_every_place(tmp_path: Path) -> None:
    (tmp_path / "site.conf").write_bytes(SITE)
    ran = fpmtune("parse", "site.conf", "--as", "nginx", "--format", "json", cwd=tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.isascii()
    report = ran.report
    (server,) = report.pop("directives")
    listen, condition, odd = server.pop("children")
    assert report == {
        "schema_version": 1,
        "kind": "nginx",
        "path": "site.conf",
        "is_template": False,
        "comments": [{"text": " top", "line": 1, "column": 1, "start": 0, "end": 5}],
        "errors": [],
        "warnings": [],
    }
    assert server == {
        "name": "server",
        "args": [],
        "line": 2,
        "column": 1,
        "start": 7,
        "end": len(SITE) - 1,
        "arg_spans": [],
    }
    assert listen == {
        "name": "listen",
        "args": ["80", "a b"],
        "line": 3,
        "column": 3,
        "start": 19,
        "end": 35,
        "arg_spans": [[26, 28], [29, 34]],
    }
    assert (condition["args"], condition["children"]) == (["($x)"], [])
    assert (odd["name"], odd["args"], odd["column"]) == ("l\xe9", ["\udcff"], 3)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_spans_are_what_stands_there(path: Path) -> None:
    data = path.read_bytes()
    report = fpmtune("parse", path, "--format", "json").report
    found = list(walk(report["directives"]))
    assert found
    for directive in found:
        line = data[: directive["start"]].count(b"\n") + 1
        assert directive["line"] == line
        for word, (start, end) in zip(directive["args"], directive["arg_spans"], strict=True):
            assert directive["start"] <= start <= end <= directive["end"]
            assert data[start:end].decode().strip("'\"") == word


def test_text_shows_words_as_the_program_takes_them(tmp_path: Path) -> None:
    text = POOL + "env[A B] = 'x  y'\naccess.log = ${LOGS}/$pool.log\npm = \x1b[1m(\n"
    (tmp_path / "www.conf").write_text(text)
    ran = fpmtune("parse", "www.conf", "--as", "php-fpm", cwd=tmp_path)
    assert ran.status == 1
    assert '  6:1    env[A B] "x  y"\n'.replace("  6:1", "6:1") in ran.out
    assert "7:1    access.log <${LOGS}/$pool.log>\n" in ran.out
    assert "www.conf:8:" in ran.out
    assert "\x1b" not in ran.out


def test_a_template_is_read_around_its_holes(tmp_path: Path) -> None:
    (tmp_path / "redis.conf.j2").write_text("port {{ port }}\ntcp-backlog 511\n")
    ran = fpmtune("parse", "redis.conf.j2", cwd=tmp_path)
    assert (ran.status, ran.out) == (
        0,
        "redis.conf.j2: redis (template)\n1:1  port <{{ port }}>\n2:1  tcp-backlog 511\n",
    )


def test_standard_input_needs_a_kind() -> None:
    data = b"net.core.somaxconn = 4096\0\n"
    ran = fpmtune("parse", "-", "--as", "sysctl", stdin=data)
    assert ran.status in (0, 1)
    assert ran.out.startswith("<stdin>: sysctl\n1:1  net.core.somaxconn ")
    assert fpmtune("parse", "-", stdin=b"hello\n").status == 3


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("nothing.conf",), 2, "nothing.conf: no such file"),
        (("",), 2, "not a regular file but a folder"),
        (("notes.txt",), 3, "name it with --as"),
        (("binary.conf",), 2, "a binary file"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, arguments: tuple[str], status: int, words: str) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    (tmp_path / "binary.conf").write_bytes(b"a\0b")
    ran = fpmtune("parse", tmp_path / arguments[0])
    assert (ran.status, ran.out) == (status, "")
    assert words in ran.err


def test_the_grammar_is_that_of_the_target(tmp_path: Path) -> None:
    (tmp_path / "www.conf").write_text("[www]\nenv[A] = ${B:-c}\n")
    old, new = (
        fpmtune(
            "parse", "www.conf", "--as", "php-fpm", "--target", f"php={php}", "--format", "json", cwd=tmp_path
        )
        for php in ("8.2", "8.3")
    )
    # A name of one letter takes no default (PHP 8.3), which 8.2 did not look for.
    assert (old.status, new.status) == (0, 1)
