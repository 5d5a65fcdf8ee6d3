"""The documentation says what the program does: its examples are run, its generated pages are fresh."""

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tuner import packaged
from tuner.cli.project import Project

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.compile(r"^```console\n\$ (fpmtune .*)\n((?:.*\n)*?)```$", re.MULTILINE)
ELLIPSIS = "..."


def run(command: str) -> str:
    arguments = [sys.executable, "-m", "tuner", *shlex.split(command)[1:]]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(("command", "shown"), CONSOLE.findall(README))
def test_readme_shows_real_output(command: str, shown: str) -> None:
    """A line of dots in the README stands for lines left out."""
    output = run(command)
    at = 0
    for piece in f"\n{shown}".split(f"\n{ELLIPSIS}\n"):
        found = output.find(piece.strip("\n"), at)
        assert found >= 0, f"not in the output of {command}:\n{piece}\n--- the output\n{output}"
        at = found


def test_readme_has_examples() -> None:
    assert len(CONSOLE.findall(README)) >= 2


def test_readme_names_every_target() -> None:
    listed = set(re.findall(r"\b(?:debian|ubuntu|rhel)-\d[\d.]*\b|\balpine\b", README))
    listed |= {f"debian-{n}" for n in (11, 13)}
    assert set(packaged.defaults_tables()["targets"]) == listed


def test_rules_page_is_fresh() -> None:
    page = runpy.run_path(str(ROOT / "docs" / "generate.py"))["rules_page"]()
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == page, "run: python docs/generate.py"


def test_readme_settings_are_valid() -> None:
    (settings,) = re.findall(r"^```toml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    project = Project.model_validate(tomllib.loads(settings))
    assert (project.target, project.fail_on, project.roots) == ("debian-12", "error", {"nginx": "/etc/nginx"})
