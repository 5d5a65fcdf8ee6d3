"""`fpmtune tune --diff`: git and patch take it, wherever it was made."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import Ran, fpmtune
from tests.cli.test_tune import LOAD, LONG
from tests.trees import write_tree
from tests.tune.hosts import POOL_FILE


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "repository"
    write_tree(root, LONG)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return root


def difference(folder: Path, path: str | Path) -> Ran:
    ran = fpmtune("tune", path, "--target", "none", *LOAD, "--diff", cwd=folder)
    assert ran.status == 0
    return ran


def apply(difference: str, folder: Path, *command: str) -> None:
    subprocess.run(command or ("git", "apply"), cwd=folder, input=difference.encode(), check=True)


def is_changed(root: Path) -> bool:
    return (root / POOL_FILE).read_text() != LONG[POOL_FILE]


@pytest.mark.parametrize("absolute", [False, True])
def test_in_the_repository_s_root(repository: Path, *, absolute: bool) -> None:
    ran = difference(repository, repository / "etc" if absolute else "etc")
    assert ran.err == ""
    apply(ran.out, repository)
    assert is_changed(repository)


@pytest.mark.parametrize("path", ["..", "."])
def test_below_the_root_it_is_said_where_the_paths_begin(repository: Path, path: str) -> None:
    ran = difference(repository / "etc", path)
    assert ran.err == f"fpmtune: the paths of this diff are relative to {repository}: apply it there\n"
    apply(ran.out, repository / "etc")
    assert is_changed(repository)


def test_of_a_link_the_file_that_it_leads_to_is_changed(repository: Path) -> None:
    (repository / POOL_FILE).rename(repository / "real.conf")
    (repository / POOL_FILE).symlink_to(repository / "real.conf")
    apply(difference(repository, ".").out, repository)
    assert is_changed(repository)
    assert (repository / POOL_FILE).is_symlink()


@pytest.mark.parametrize("command", [("git", "apply"), ("patch", "-p1")])
def test_without_a_repository_an_absolute_path_below_the_folder(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    write_tree(tmp_path / "host", LONG)
    ran = difference(tmp_path, tmp_path / "host")
    assert ran.err == ""
    apply(ran.out, tmp_path, *command)
    assert is_changed(tmp_path / "host")


def test_elsewhere_paths_begin_at_the_root_and_patch_takes_them(tmp_path: Path) -> None:
    write_tree(tmp_path / "host", {**LONG, "etc/sysctl.d/README": ""})
    (tmp_path / "other").mkdir()
    ran = difference(tmp_path / "other", tmp_path / "host")
    assert ran.err == "fpmtune: the paths of this diff are relative to /: patch -p1 -d /\n"
    assert f"--- a{os.path.realpath(tmp_path)}/host/{POOL_FILE}\n" in ran.out
    apply(ran.out, tmp_path / "other", "patch", "-p1", "-d", "/")
    assert is_changed(tmp_path / "host")


def test_with_nothing_to_change_nothing_is_said(tmp_path: Path) -> None:
    write_tree(tmp_path / "host", {POOL_FILE: LONG[POOL_FILE]})
    (tmp_path / "other").mkdir()
    ran = fpmtune("tune", tmp_path / "host", "--target", "none", "--diff", cwd=tmp_path / "other")
    assert (ran.out, ran.err) == ("", "")
