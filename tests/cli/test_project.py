"""`fpmtune.toml` and `[tool.fpmtune]`: found upwards, refused with their path when they are wrong."""

import os
from pathlib import Path

import pytest
from program import BAD_LISTEN, POOL, Ran, fpmtune

from tests.trees import write_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"nginx/sites-enabled/a.conf": BAD_LISTEN, "php-fpm.d/www.conf": POOL})
    return tmp_path


def check(tree: Path, *arguments: str, without_override: bool = False) -> Ran:
    return fpmtune(
        "check", "--format", "json", *(arguments or (".",)), cwd=tree, without_override=without_override
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("target = ", "fpmtune.toml: Invalid value"),
        ("[[[", "fpmtune.toml: "),
        ("a = " + "[" * 5000, "fpmtune.toml: nested too deep"),
        ("\udcff = 1", "fpmtune.toml: 'utf-8' codec"),
        ("tagret = 'debian-12'", "fpmtune.toml: tagret: Extra inputs are not permitted"),
        ("select = 'QUE'", "fpmtune.toml: select: Input should be a valid list"),
        ("fail-on = 'sometimes'", "fpmtune.toml: fail-on: "),
        ("roots = {nginx = 1}", "fpmtune.toml: roots.nginx: "),
        ("target = 'windows-95'", "unknown target 'windows-95'"),
        ("select = ['NOPE']", "no rule is called 'NOPE'"),
    ],
)
def test_wrong_settings(tree: Path, text: str, words: str) -> None:
    write_tree(tree, {"fpmtune.toml": text})
    ran = check(tree)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_settings_that_cannot_be_read(tree: Path) -> None:
    write_tree(tree, {"fpmtune.toml": ""})
    (tree / "fpmtune.toml").chmod(0)
    ran = check(tree, without_override=True)
    assert ran.status == 2
    assert "fpmtune.toml: cannot be read: Permission denied" in ran.err


def test_settings_in_pyproject(tree: Path) -> None:
    write_tree(tree, {"pyproject.toml": "[tool.fpmtune]\nignore = ['QUE003']\n"})
    assert check(tree).rules == []
    write_tree(tree, {"pyproject.toml": "[tool.fpmtune]\nignroe = ['QUE003']\n"})
    assert "pyproject.toml: ignroe: " in check(tree).err


@pytest.mark.parametrize(
    "text", ["", "[tool.ruff]\n", "tool = 3\n", "broken = \n", "a = " + "[" * 5000, "tool = ['fpmtune']\n"]
)
def test_pyproject_of_others_is_passed_over(tree: Path, text: str) -> None:
    write_tree(tree, {"fpmtune.toml": "ignore = ['QUE003']\n", "nginx/pyproject.toml": text})
    assert check(tree, "nginx").rules == []


def test_pyproject_named_without_a_table(tree: Path) -> None:
    for text in ("[tool.ruff]\n", "tool = 3\n", "tool.fpmtune = 3\n"):
        write_tree(tree, {"pyproject.toml": text})
        ran = check(tree, ".", "--config", "pyproject.toml")
        assert ran.status == 2
        assert "pyproject.toml: there is no table [tool.fpmtune]" in ran.err


def test_nearest_settings_above_the_path_count(tree: Path) -> None:
    write_tree(tree, {"fpmtune.toml": "ignore = ['QUE003']\n"})
    assert check(tree, "nginx/sites-enabled/a.conf").rules == []
    write_tree(tree, {"nginx/fpmtune.toml": ""})
    assert check(tree, "nginx/sites-enabled/a.conf").rules == ["QUE003"]


def test_odd_files_called_fpmtune_toml_are_passed_over(tree: Path) -> None:
    os.mkfifo(tree / "fpmtune.toml")
    (tree / "nginx/fpmtune.toml").mkdir()
    assert check(tree, "nginx").rules == ["QUE003"]


def test_config_names_the_settings(tree: Path) -> None:
    write_tree(tree, {"fpmtune.toml": "broken", "ci/strict.toml": "fail-on = 'never'\n"})
    ran = check(tree, ".", "--config", "ci/strict.toml")
    assert (ran.status, ran.rules) == (0, ["QUE003"])


def test_command_line_wins(tree: Path) -> None:
    write_tree(tree, {"fpmtune.toml": "fail-on = 'never'\nselect = ['SYS']\ntarget = 'windows-95'\n"})
    ran = check(tree, ".", "--fail-on", "error", "--select", "QUE003", "--target", "debian-12")
    assert (ran.status, ran.rules) == (1, ["QUE003"])


def test_exclude(tree: Path) -> None:
    write_tree(tree, {"fpmtune.toml": "exclude = ['sites-enabled']\n"})
    ran = check(tree)
    assert [Path(file["path"]).name for file in ran.report["files"]] == ["www.conf"]


@pytest.mark.parametrize("folder", ["..", "../outside", "link", "/etc", "nginx/../.."])
def test_roots_outside_the_project_are_refused(tree: Path, folder: str) -> None:
    write_tree(
        tree,
        {
            "outside/a.conf": "",
            "project/a.conf": "",
            "project/fpmtune.toml": f"roots = {{'{folder}' = '/x'}}",
        },
    )
    (tree / "project/link").symlink_to("../outside")
    ran = check(tree / "project")
    assert (ran.status, ran.out) == (2, "")
    assert "lies outside the project's folder" in ran.err


def test_roots_that_do_not_exist_are_refused(tree: Path) -> None:
    write_tree(tree, {"fpmtune.toml": "roots = {gone = '/etc/nginx'}"})
    assert "fpmtune.toml: roots: gone: no such folder" in check(tree).err


def test_roots_make_includes_followed(tree: Path) -> None:
    write_tree(
        tree,
        {
            "fpmtune.toml": "roots = {snippets = '/etc/nginx/snippets'}",
            "snippets/a.conf": BAD_LISTEN,
            "main/nginx.conf": "events {}\nhttp { include /etc/nginx/snippets/*.conf; }\n",
        },
    )
    assert check(tree, "main").rules == ["QUE003"]
