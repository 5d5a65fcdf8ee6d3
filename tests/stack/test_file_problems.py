"""What is wrong with the files themselves, and the `#` of php-fpm files."""

from pathlib import Path

import pytest

from tests.trees import judgement_of, stack_of, stacks_of, write_tree
from tuner.stack.line_entities import HashLine
from tuner.stack.model import Stack

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


BEHIND = "as part of the value before it and refuses it"


@pytest.mark.parametrize(
    ("line", "text", "reads_as"),
    [
        ("# a comment", "# a comment", "as a directive without a value and refuses it"),
        ("#pm = static", "#pm", "as the unknown directive '#pm' and refuses it"),
        ("pm.max_children = 5 # five", "# five", BEHIND),
        ("pm.max_children = 5#five", "#five", BEHIND),
        ("request_terminate_timeout = 30s # x", "# x", BEHIND),
        ("pm = dynamic # was static", "# was static", BEHIND),
    ],
)
def test_a_hash_is_no_comment_of_php_fpm(line: str, text: str, reads_as: str, tmp_path: Path) -> None:
    (found,) = hash_lines(tmp_path, line)
    assert (found.text.data, found.reads_as) == (text, reads_as)
    assert found.text.origin.place and str(found.text.origin.place).endswith("www.conf:5")


@pytest.mark.parametrize(
    "line",
    [
        'chdir = "/srv # web"',
        "chdir = /srv#web",
        "; # x",
        "chdir = '/a # b'",
        "listen.mode = 0660 # rw for nginx",
        "ping.response = 200 # x",
        "env[X] = 5 # x",
        "php_value[memory_limit] = 128 # MB",
        "listen.allowed_clients = 127.0.0.1 # x",
    ],
)
def test_a_hash_in_text_is_one_character_more(line: str, tmp_path: Path) -> None:
    assert hash_lines(tmp_path, line) == []


@pytest.mark.parametrize(("target", "starts"), [("php=5.6", True), ("php=7.0", False), ("", False)])
def test_only_php_5_takes_a_hash_for_a_comment(target: str, starts: bool, tmp_path: Path) -> None:
    (found,) = hash_lines(tmp_path, "# x", target)
    assert found.hash_starts_comment.data == starts


def test_the_path_may_tell_that_it_is_php_5(tmp_path: Path) -> None:
    (found,) = stack_of(tmp_path, {"etc/php/5.6/fpm/pool.d/www.conf": f"{WHOLE}# x\n"}).hash_lines
    assert found.hash_starts_comment.data is True


@pytest.mark.parametrize(("target", "options"), [("", {True, False}), ("php=8.2", set()), ("php=5.6", set())])
def test_a_file_that_names_php_5_leaves_it_open(target: str, options: set[bool], tmp_path: Path) -> None:
    files = {"php-fpm.d/www.conf": "[www]\nlisten = /run/php5-fpm.sock\n# x\n"}
    (found,) = stack_of(tmp_path / "a", files, target).hash_lines
    assert {option.data for option in found.hash_starts_comment.options} == options
    files = {"php-fpm.d/www.conf": "[www]\nlisten = /run/php7.4-fpm.sock\n# x\n"}
    (found,) = stack_of(tmp_path / "b", files, target).hash_lines
    assert found.hash_starts_comment.options == ()


@pytest.mark.parametrize(("target", "problems"), [("php=8.2", []), ("php=8.4", ["syntax"]), ("", [])])
def test_the_grammar_is_that_of_the_targets_php(target: str, problems: list[str], tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"php-fpm.d/www.conf": "[www]\nenv[A] = ${N:-7}\n"}, target)
    assert [problem.kind for problem in stack.problems] == problems


def test_a_template_that_nobody_called_one_is_asked_for_its_name(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"nginx.conf": "events {}\nhttp {\n{{- if .Values.ssl }}\n}\n"})
    (problem,) = stack.problems
    assert problem.severity == "note"
    assert "# fpmtune: template" in str(problem.text.data)
    stack = stack_of(tmp_path, {"nginx.conf": "events {}\nhttp {\n}}\n"})
    assert [problem.severity for problem in stack.problems] == ["error"]


@pytest.mark.parametrize(
    ("folder", "severity"),
    [
        ("test/data", "note"),
        ("pkg/testdata/nginx", "note"),
        ("fixtures", "note"),
        ("Archive/x", "note"),
        ("data", "error"),
        ("archives", "error"),
    ],
)
@pytest.mark.parametrize("text", ["http { server { listen 80; }\n", "http { access_log /x unheard_of; }\n"])
def test_a_file_that_is_wrong_on_purpose_is_a_note(
    folder: str, severity: str, text: str, tmp_path: Path
) -> None:
    write_tree(tmp_path, {f"{folder}/nginx.conf": f"events {{}}\n{text}"})
    assert [finding.severity for finding in judgement_of(tmp_path).findings][:1] == [severity]


def test_a_file_that_was_given_by_name_is_meant_to_be_right(tmp_path: Path) -> None:
    write_tree(tmp_path, {"fixtures/nginx.conf": "http {\n"})
    assert [len(stack.test_data) for stack in stacks_of(tmp_path)] == [1]
    assert [len(stack.test_data) for stack in stacks_of(tmp_path / "fixtures" / "nginx.conf")] == [0]
    assert [len(stack.test_data) for stack in stacks_of(tmp_path / "fixtures")] == [0]
