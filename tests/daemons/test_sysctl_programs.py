"""The order of sysctl files: fpmtune, the recorded facts, and the real systemd-sysctl and sysctl agree."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest
from private_machine import fpmtune_json, run_inside, skip_without_namespaces
from sysctl_trees import DEFAULT, FOLDERS, KEY, MAIN, TREES

from tests.trees import stacks_of
from tuner import packaged
from tuner.laws.sysctl_number import kernel_integer
from tuner.laws.version import Version
from tuner.stack.sysctl.keys import every_key
from tuner.stack.sysctl.values import holds_one_integer

SYSTEMD_SYSCTL = "/lib/systemd/systemd-sysctl"
OLDEST_PROCPS = 4


def after(root: Path, program: str) -> int:
    """Return the key's value after `program` has read the tree, laid over the machine's own files."""
    (root / MAIN).touch()
    binds = {f"/{path}": root / path for path in (*FOLDERS, MAIN)}
    before, _done, now = run_inside(binds, [("read", [KEY]), ("run", program.split()), ("read", [KEY])])
    assert before[KEY] == DEFAULT
    value: int = now[KEY]
    return value


@pytest.mark.netns
@pytest.mark.daemons
@pytest.mark.parametrize("name", TREES)
def test_the_real_systemd_sysctl(name: str, tmp_path: Path) -> None:
    skip_without_namespaces(SYSTEMD_SYSCTL)
    assert TREES[name].is_private
    TREES[name].write(tmp_path)
    assert after(tmp_path, SYSTEMD_SYSCTL) == TREES[name].boot


@pytest.mark.netns
@pytest.mark.daemons
@pytest.mark.parametrize("name", TREES)
def test_the_real_sysctl(name: str, tmp_path: Path) -> None:
    skip_without_namespaces("sysctl")
    said = subprocess.run(["sysctl", "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"procps\S* (?:from procps-ng )?(\d+)", said)
    if version is None or int(version.group(1)) < OLDEST_PROCPS:
        pytest.skip(f"globs need procps 4: {said}")
    assert TREES[name].is_private
    TREES[name].write(tmp_path)
    assert after(tmp_path, "sysctl --system") == TREES[name].system


@pytest.mark.parametrize("name", TREES)
def test_show_has_the_value_after_boot(name: str, tmp_path: Path) -> None:
    tree = TREES[name]
    tree.write(tmp_path)
    shown = fpmtune_json("show", "--target", tree.target, tmp_path)
    assert shown["kernel"]["somaxconn"]["value"] == tree.boot


@pytest.mark.parametrize("name", [n for n, tree in TREES.items() if tree.names_the_key])
def test_the_stack_has_the_value_after_sysctl_system(name: str, tmp_path: Path) -> None:
    tree = TREES[name]
    tree.write(tmp_path)
    (stack,) = stacks_of(tmp_path, tree.target)
    (written,) = [key.system.data for key in stack.sysctl if key.key == KEY]
    number = kernel_integer(str(written))
    assert (DEFAULT if number is None else number) == tree.system


def proc_sys(key: str) -> Path:
    if not sys.platform.startswith("linux"):
        pytest.skip("/proc/sys is Linux's")
    return Path("/proc/sys") / key.replace(".", "/")


def test_keys_that_are_said_to_hold_one_integer_do() -> None:
    """Of the keys that this kernel and this namespace have."""
    said = {key: proc_sys(key) for key in every_key() if holds_one_integer(key)}
    found = {key: path.read_text().strip() for key, path in said.items() if path.exists()}
    assert len(found) > len(said) / 2
    assert {key: text for key, text in found.items() if not re.fullmatch(r"-?\d+", text)} == {}


@pytest.mark.parametrize("key", packaged.defaults_tables()["sysctl-keys"]["misnamed"])
def test_a_key_that_is_said_never_to_have_been_is_not_there(key: str) -> None:
    assert not proc_sys(key).exists()


@pytest.mark.parametrize(
    ("key", "since"),
    [(key, row["since"]) for key, row in packaged.defaults_tables()["sysctl-keys"]["removed"].items()],
)
def test_a_removed_key_is_not_there(key: str, since: str) -> None:
    is_there = proc_sys(key).exists()
    if Version.parse(platform.release()) < Version.parse(since):
        pytest.skip("this kernel is older")
    assert not is_there
