"""The documentation says what the program does: its examples are run, its generated pages are fresh."""

import os
import re
import runpy
import shlex
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import POOL, Ran, fpmtune
from tests.trees import write_tree
from tuner import packaged
from tuner.cli.project import Project
from tuner.judge.rule import Example, Expectation, Mitigation, Rule

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = re.compile(r"^```console\n\$ (fpmtune .*)\n((?:.*\n)*?)```$", re.MULTILINE)
ELLIPSIS = "..."


def run(command: str, folder: Path = ROOT) -> str:
    arguments = [sys.executable, "-m", "tuner", *shlex.split(command)[1:]]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(arguments, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout


PAGES = [README, (ROOT / "docs/values.md").read_text(encoding="utf-8")]


@pytest.mark.parametrize(("command", "shown"), [block for page in PAGES for block in CONSOLE.findall(page)])
def test_pages_show_real_output(command: str, shown: str) -> None:
    assert_shown(shown, command, run(command))


def assert_shown(shown: str, command: str, output: str) -> None:
    """A line of dots stands for lines left out."""
    at = 0
    for piece in f"\n{shown}".split(f"\n{ELLIPSIS}\n"):
        found = output.find(piece.strip("\n"), at)
        assert found >= 0, f"not in the output of {command}:\n{piece}\n--- the output\n{output}"
        at = found


ON_COLLAPSE = [
    block
    for page in ("docs/measure.md", "docs/tune.md")
    for block in CONSOLE.findall((ROOT / page).read_text(encoding="utf-8"))
    if block[0].startswith(("fpmtune simulate ", "fpmtune tune "))
]


@pytest.fixture(scope="module")
def collapse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the load file of the run that collapsed, and the files it ran with."""
    folder = tmp_path_factory.mktemp("collapse")
    write_tree(
        folder / "etc",
        {
            "php/8.2/fpm/pool.d/www.conf": "[www]\nuser = www-data\nlisten = /run/php/www.sock\n"
            "listen.backlog = 65535\npm = static\npm.max_children = 8\n",
            "nginx/nginx.conf": "events {}\nhttp { server { listen 80; location / {\n"
            "fastcgi_read_timeout 1s; fastcgi_pass unix:/run/php/www.sock; } } }\n",
            "sysctl.d/60-web.conf": "net.core.somaxconn = 65535\n",
        },
    )
    logs = ROOT / "tests/data/replay/unix-collapse-B65535"
    log_format = "$msec $request_time $status $upstream_status uct=$upstream_connect_time"
    log_format += " uht=$upstream_header_time urt=$upstream_response_time $request_uri"
    given = ["--nginx-log", str(logs / "nginx.access.log.gz"), "--log-format", log_format]
    given += ["--fpm-log", str(logs / "fpm.access.log.gz"), "--access-format", "%{%s}t %{micro}d %s %q"]
    run(shlex.join(["fpmtune", "measure", *given, "-o", "load.yaml"]), folder)
    return folder


@pytest.mark.parametrize(("command", "shown"), ON_COLLAPSE)
def test_pages_show_what_comes_of_a_collapse(command: str, shown: str, collapse: Path) -> None:
    assert_shown(shown, command, run(command, collapse))


def test_readme_has_examples() -> None:
    assert len(CONSOLE.findall(README)) >= 2
    assert len(ON_COLLAPSE) >= 3


def test_readme_names_every_target() -> None:
    listed = set(re.findall(r"\b(?:debian|ubuntu|rhel)-\d[\d.]*\b|\balpine\b", README))
    listed |= {f"debian-{n}" for n in (11, 13)}
    assert set(packaged.defaults_tables()["targets"]) == listed


@pytest.fixture
def generate(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.syspath_prepend(ROOT / "docs")
    return runpy.run_path(str(ROOT / "docs" / "generate.py"))


def test_generated_pages_are_fresh(generate: dict[str, Any]) -> None:
    made = generate["pages"]()
    assert generate["stale"](made) == [], "run: python docs/generate.py"


def test_stale_missing_and_left_over_pages_are_noticed(generate: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    made = {Path("rules/A.md"): "a", Path("rules/B.md"): "b", Path("m.md"): "m"}
    for name, text in {"rules/A.md": "old", "m.md": "m", "rules/C.md": "", "hand.md": "by hand"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "rules.md").write_text("# Rules\n<!-- Made by docs/generate.py from rules/. -->")
    stale = [str(path) for path in generate["stale"](made, tmp_path)]
    assert stale == ["rules/A.md", "rules/B.md", "rules/C.md", "rules.md"]


@pytest.mark.parametrize("page", [README, *(path.read_text() for path in (ROOT / "docs").glob("*.md"))])
def test_links_lead_to_files(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page):
        assert (ROOT / target).exists() or (ROOT / "docs" / target).exists(), target


CUSTOM_RULES = (ROOT / "docs" / "custom-rules.md").read_text(encoding="utf-8")


def block(language: str, text: str) -> str:
    """The first code block in this language, without its indentation."""
    (found, *_) = re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found)


@pytest.fixture
def own_project(tmp_path: Path) -> Path:
    (name,) = re.findall(r"here `(.*?)`:", CUSTOM_RULES)
    rule = block("yaml", CUSTOM_RULES)
    write_tree(tmp_path, {"fpmtune.toml": block("toml", CUSTOM_RULES), name: rule})
    return tmp_path


def shown(verb: str) -> str:
    (found,) = re.findall(rf"^ *\$ fpmtune {verb}\n(.*?)^ *```$", CUSTOM_RULES, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found)


def test_the_rule_of_the_custom_rules_page_works(own_project: Path) -> None:
    assert fpmtune("rules", "test", cwd=own_project) == Ran(0, shown("rules test"), "")
    listed = fpmtune("rules", cwd=own_project)
    assert "ACME001  pool-above-house-limit" in listed.out
    assert "pool-above-house-limit" in fpmtune("explain", "acme001", cwd=own_project).out


def test_the_fault_on_the_custom_rules_page_is_real(own_project: Path) -> None:
    rule = block("yaml", CUSTOM_RULES).replace("ACME001", "ACME002").replace("pool-above", "pool-far-above")
    write_tree(
        own_project,
        {
            "fpmtune-rules/typo.yaml": rule.replace("when: pool.max_children", "when: pool.max_chilren"),
            "php-fpm.d/a.conf": POOL.replace("= 5", "= 41"),
        },
    )
    ran = fpmtune("check", cwd=own_project)
    assert (ran.status, ran.err) == (2, shown("check"))
    assert "error[ACME001] pool-above-house-limit" in ran.out


def test_the_custom_rules_page_names_every_field() -> None:
    documented = set(re.findall(r"`(\w+)`", CUSTOM_RULES))
    for part in (Rule, Example, Expectation, Mitigation):
        assert set(part.model_fields) - {"also"} <= documented


def test_readme_settings_are_valid() -> None:
    (settings,) = re.findall(r"^```toml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    project = Project.model_validate(tomllib.loads(settings))
    assert (project.target, project.fail_on, project.roots) == ("debian-12", "error", {"nginx": "/etc/nginx"})
