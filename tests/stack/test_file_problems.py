"""What is wrong with the files themselves, and the `#` of php-fpm files."""

from pathlib import Path

import pytest

from tests.trees import stack_of, stacks_of, write_tree
from tuner.stack.model import HashLine, Stack

POOL = "etc/php/8.2/fpm/pool.d/www.conf"
WHOLE = "[www]\nlisten = /run/www.sock\npm = static\npm.max_children = 5\n"


def problems(stack: Stack) -> list[tuple[str, str, str]]:
    return [(p.kind, p.severity, str(p.place).rsplit("/", 1)[-1]) for p in stack.problems]


def hash_lines(root: Path, line: str, target: str = "") -> list[HashLine]:
    return stack_of(root, {POOL: f"{WHOLE}{line}\n"}, target).hash_lines


def test_a_clean_tree_has_no_problems(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {POOL: WHOLE, "etc/sysctl.conf": "vm.swappiness = 1\n"})
    assert (stack.problems, stack.hash_lines) == ([], [])


@pytest.mark.parametrize(
    ("path", "text", "severity", "line"),
    [
        (POOL, f"{WHOLE}pm.max_children = 5)\n", "error", 5),
        ("etc/nginx/nginx.conf", "events {}\nhttp { server { listen 80; }\n", "error", 3),
        ("etc/redis/redis.conf", 'port 6379\nmaxclients 5\ndir "x\n', "error", 3),
        ("etc/sysctl.conf", "vm.swappiness = 1\nnet.core.somaxconn\n", "warning", 2),
    ],
)
def test_a_syntax_error_has_its_place(path: str, text: str, severity: str, line: int, tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {path: text})
    name = path.rsplit("/", 1)[-1]
    assert ("syntax", severity, f"{name}:{line}") in problems(stack)


def test_an_empty_file_is_a_warning(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {POOL: WHOLE, "etc/redis/redis.conf": " \n\n"})
    assert problems(stack) == [("empty", "warning", "redis.conf:1")]


def test_a_binary_file_cannot_be_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {POOL: WHOLE, "etc/redis/redis.conf": "port 1\0\n"})
    (stack,) = stacks_of(tmp_path)
    assert [(p.kind, p.severity) for p in stack.problems] == [("unreadable", "error")]
    assert "NUL" in str(stack.problems[0].text.data)


@pytest.mark.parametrize(
    ("line", "text", "reads_as", "is_refused"),
    [
        ("# a comment", "# a comment", "as a directive without a value and refuses it", True),
        ("#pm = static", "#pm", "as the unknown directive '#pm' and refuses it", True),
        ("pm.max_children = 5 # five", "# five", "as part of the number before it and refuses it", True),
        (
            "request_terminate_timeout = 30s # x",
            "# x",
            "as part of the number before it and refuses it",
            True,
        ),
        ("chdir = /srv # web", "# web", "as part of the value", False),
    ],
)
def test_a_hash_is_no_comment_of_php_fpm(
    line: str, text: str, reads_as: str, is_refused: bool, tmp_path: Path
) -> None:
    (found,) = hash_lines(tmp_path, line)
    assert (found.text.data, found.reads_as, found.is_refused) == (text, reads_as, is_refused)
    assert found.text.origin.place and str(found.text.origin.place).endswith("www.conf:5")


@pytest.mark.parametrize("line", ['chdir = "/srv # web"', "chdir = /srv#web", "; # x", "chdir = '/a # b'"])
def test_a_hash_that_nobody_means_as_a_comment(line: str, tmp_path: Path) -> None:
    assert hash_lines(tmp_path, line) == []


@pytest.mark.parametrize(("target", "starts"), [("php=5.6", True), ("php=7.0", False), ("", False)])
def test_only_php_5_takes_a_hash_for_a_comment(target: str, starts: bool, tmp_path: Path) -> None:
    (found,) = hash_lines(tmp_path, "# x", target)
    assert found.hash_starts_comment.data == starts


def test_the_path_may_tell_that_it_is_php_5(tmp_path: Path) -> None:
    (found,) = stack_of(tmp_path, {"etc/php/5.6/fpm/pool.d/www.conf": f"{WHOLE}# x\n"}).hash_lines
    assert found.hash_starts_comment.data is True
