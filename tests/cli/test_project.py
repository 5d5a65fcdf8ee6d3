"""`fpmtune.toml` and `[tool.fpmtune]`: found upwards, refused with their path when they are wrong."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from program import BAD_LISTEN, POOL, Ran, fpmtune

from tests.trees import write_tree
from tuner.cli import project
from tuner.cli.project import Project


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
        ("target = ", "fpmtune.toml:1:10: Invalid value"),
        ("target = ''\n[[host]\n", "fpmtune.toml:2:7: Expected ']]'"),
        ('a = """\n\n', "fpmtune.toml:3:1: "),
        ("a = " + "[" * 5000, "fpmtune.toml: nested too deep"),
        ("#\n# \udcff", "fpmtune.toml:2:3: byte 0xff is not UTF-8"),
        ("tagret = 'debian-12'", "fpmtune.toml: tagret: there is no such key; did you mean 'target'?"),
        ("fail_on = 'error'", "fpmtune.toml: fail_on: there is no such key; did you mean 'fail-on'?"),
        ("zzz = 1", "fpmtune.toml: zzz: there is no such key; expected one of required-version, target, "),
        ("select = 'QUE'", "fpmtune.toml: select: expected a list"),
        ("select = [1]", "fpmtune.toml: select.0: expected a text in quotes"),
        ("fail-on = 'no'", "fail-on: expected one of 'error', 'warning', 'info', 'never'; not 'no'"),
        ("fail-on = 3", "fail-on: expected one of 'error', 'warning', 'info', 'never'; not 3"),
        ("roots = 'nginx'", "fpmtune.toml: roots: expected a table"),
        ("roots = {nginx = 1}", "fpmtune.toml: roots.nginx: expected a text in quotes"),
        ("roots = {nginx = 'etc'}", "roots.nginx: expected a path of the host, which begins with /"),
        ("target = 'windows-95'", "fpmtune.toml: target: unknown target 'windows-95'"),
        ("select = ['NOPE']", "fpmtune.toml: no rule is called 'NOPE'"),
        ("ignore = ['backlog-clampd']", "fpmtune.toml: no rule is called 'backlog-clampd'; did you mean"),
        ("target = 1\nselect = 1", "fpmtune.toml: target: expected a text in quotes (and 1 more)"),
        ("severity = {QUE002 = 'bad'}", "expected one of 'error', 'warning', 'info', 'note'; not 'bad'"),
        ("severity = {QUE = 'info'}", "fpmtune.toml: severity: no rule is called 'QUE'"),
        ("severity = {QUE0O2 = 'info'}", "severity: no rule is called 'QUE0O2'; did you mean 'QUE002'?"),
        ("severity = {QUE001 = 'info', backlog-clamped = 'note'}", "are one rule, with two severities"),
        ("required-version = '~=0.1'", "fpmtune.toml: required-version: expected versions with ==, "),
        ("required-version = 1", "fpmtune.toml: required-version: expected a text in quotes"),
        ("host = 1", "fpmtune.toml: host: expected a list"),
        ("[[host]]\npaths = ['a']", "fpmtune.toml: [[host]] number 1: name: this key is required"),
        ("[[host]]\nname = 'a'", "fpmtune.toml: host 'a': paths: this key is required"),
        ("[[host]]\nname = 'a'\npaths = []", "host 'a': paths: expected a list that is not empty"),
        ("[[host]]\nname = 'a'\npath = ['x']", "host 'a': paths: this key is required (and 1 more)"),
        ("[[host]]\nname = 'a'\npaths = ['x']\nroot = 1", "host 'a': root: there is no such key; did you"),
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


@pytest.mark.parametrize("wanted", [">=99", "<0.1", "!=0.1.0", "==0.0.1,>=0.1"])
def test_another_version_is_asked_for(tree: Path, wanted: str) -> None:
    write_tree(tree, {"fpmtune.toml": f"required-version = '{wanted}'\nkey-of-the-future = 1\n"})
    ran = check(tree)
    assert (ran.status, ran.out) == (2, "")
    assert f"fpmtune.toml: required-version: asks for {wanted}, and this is fpmtune 0." in ran.err


def test_this_version_is_asked_for(tree: Path) -> None:
    write_tree(tree, {"fpmtune.toml": "required-version = '>=0.1,<1'\n"})
    assert check(tree).rules == ["QUE003"]


@pytest.mark.parametrize("rule", ["QUE003", "backlog-invalid"])
@pytest.mark.parametrize(
    ("severity", "fail_on", "status"),
    [
        ("info", "warning", 0),
        ("info", "info", 1),
        ("note", "info", 0),
        ("warning", "error", 0),
        ("error", "error", 1),
    ],
)
def test_severity_of_a_rule(tree: Path, rule: str, severity: str, fail_on: str, status: int) -> None:
    write_tree(tree, {"fpmtune.toml": f"[severity]\n{rule} = '{severity}'\n"})
    ran = check(tree, ".", "--fail-on", fail_on)
    assert [f["severity"] for f in ran.report["findings"] if f["rule"] == "QUE003"] == [severity]
    assert ran.report["summary"][severity] >= 1
    assert ran.status == status


def test_severity_counts_for_what_is_conditional_too(tmp_path: Path) -> None:
    write_tree(tmp_path, {"php-fpm.d/www.conf": POOL + "listen.backlog = 5000\n"})
    conditional = [f for f in check(tmp_path).report["findings"] if f["certainty"] == "conditional"]
    assert [(f["rule"], f["severity"]) for f in conditional] == [("QUE001", "info")]
    write_tree(tmp_path, {"fpmtune.toml": "severity = {QUE001 = 'error'}\n"})
    ran = check(tmp_path)
    assert ran.status == 1
    assert [f["severity"] for f in ran.report["findings"] if f["rule"] == "QUE001"] == ["error"]


TEXTS = st.text(max_size=3)
PLAIN = st.dictionaries(
    st.sampled_from(
        ["target", "required-version", "select", "ignore", "exclude", "rules", "fail-on", "roots"]
    ),
    TEXTS | st.lists(TEXTS | st.integers(), max_size=2) | st.integers() | st.booleans(),
    max_size=3,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(PLAIN)
def test_plain_settings_come_out_as_validated_ones(table: dict[str, object]) -> None:
    if project._is_plain(table):
        built = Project.model_construct(**{key.replace("-", "_"): value for key, value in table.items()})
        assert built == Project.model_validate(table)
