"""Includes of nginx whose file is not there: a fault of a whole tree, a question about a part of one."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.model import Stack

MAIN = "etc/nginx/nginx.conf"
TYPES = "types { text/html html; }\n"
SITE = "server { listen 80; location / { fastcgi_pass 127.0.0.1:9000; } }\n"


def main(*includes: str) -> str:
    lines = "".join(f"include {include};\n" for include in includes)
    return f"events {{}}\nhttp {{\n{lines}{SITE}}}\n"


def problems(stack: Stack) -> list[tuple[str, str]]:
    return [(problem.kind, problem.severity) for problem in stack.problems]


def skipped(stack: Stack) -> list[str]:
    return [item.target for item in stack.not_followed]


def test_beside_the_files_of_the_package_the_tree_is_whole(tmp_path: Path) -> None:
    files = {MAIN: main("mime.types", "sockets.conf"), "etc/nginx/mime.types": TYPES}
    assert problems(stack_of(tmp_path, files)) == [("include-missing", "error")]


def test_a_tree_that_needs_no_file_of_the_package_is_whole(tmp_path: Path) -> None:
    files = {MAIN: main("modules-enabled/*.conf", "sockets.conf")}
    assert problems(stack_of(tmp_path, files)) == [("include-missing", "error")]


@pytest.mark.parametrize("needed", ["mime.types", "/etc/nginx/mime.types", "fastcgi_params", "fastcgi.conf"])
def test_without_the_files_of_the_package_it_may_be_a_part(needed: str, tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {MAIN: main("sockets.conf", needed)})
    assert (problems(stack), skipped(stack)) == ([], [needed, "sockets.conf"])
    assert "only some of its files" in stack.not_followed[1].reason
    assert stack.locations[0].fastcgi_read_timeout.state == "unknown"


def test_other_files_of_the_folder_make_it_worth_a_look(tmp_path: Path) -> None:
    files = {
        MAIN: main("mime.types", "rewrite/nomal.conf"),
        "etc/nginx/rewrite/normal.conf": "rewrite ^ /;\n",
    }
    stack = stack_of(tmp_path, files)
    assert (problems(stack), stack.has_every_location) == ([("include-missing", "info")], False)
    assert stack.locations[0].fastcgi_read_timeout.state == "unknown"


@pytest.mark.parametrize("pattern", ["snippets/one.conf", "snippets/o*.conf", "./snippets/one.conf"])
def test_a_folder_that_others_are_included_from_is_whole(pattern: str, tmp_path: Path) -> None:
    files = {
        MAIN: main("mime.types", pattern, "snippets/two.conf"),
        "etc/nginx/snippets/one.conf": "gzip on;\n",
    }
    assert problems(stack_of(tmp_path, files)) == [("include-missing", "error")]


def test_the_main_files_own_folder_is_not_whole_because_something_is_included_from_it(tmp_path: Path) -> None:
    files = {MAIN: main("mime.types", "one.conf", "two.conf"), "etc/nginx/one.conf": "gzip on;\n"}
    stack = stack_of(tmp_path, files)
    assert (problems(stack), skipped(stack)) == ([], ["mime.types", "two.conf"])


def test_a_file_of_the_package_is_no_doubt_in_a_site_on_its_own(tmp_path: Path) -> None:
    site = "server { listen 80; include snippets/fastcgi-php.conf; include own.conf; }\n"
    stack = stack_of(tmp_path, {"etc/nginx/sites-available/a": site})
    assert [item.reason[:20] for item in stack.not_followed] == [
        "a file of the nginx ",
        "relative to a main f",
    ]
