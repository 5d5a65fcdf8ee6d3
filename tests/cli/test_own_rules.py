"""Rules of a project: checked with the others, listed, explained and tested by the program."""

import json
import os
from pathlib import Path

import pytest
from program import BAD_LISTEN, POOL, Ran, fpmtune

from tests.trees import write_tree
from tuner.cli.own_rules import load_rule_set
from tuner.cli.project import Project

HOUSE = """\
id: ACME001
name: too-few-workers
title: Fewer than ten workers
severity: warning
scope: pool
when: pool.max_children < 10
at: pool.max_children
message: only {pool.max_children}
why: Because.
fix: Take ten.
since: "1"
examples:
  - title: nine
    verdict: bad
    files: {php-fpm.d/a.conf: "[a]\\nlisten = /a\\npm = static\\npm.max_children = 9\\n"}
    expect: [{line: 4, column: 19, message: only 9}]
  - title: ten
    verdict: good
    files: {php-fpm.d/a.conf: "[a]\\nlisten = /a\\npm = static\\npm.max_children = 10\\n"}
"""
CRASHING = (
    HOUSE.replace("ACME001", "ACME002")
    .replace("too-few", "crashing")
    .replace("pool.max_children < 10", "pool.max_children < 10 and\n  pool.pm < pool.max_children")
)
BROKEN = HOUSE.replace("ACME001", "ACME003").replace("too-few", "broken").replace("< 10", "<")
OTHERS = {"nginx/sites-enabled/a.conf": BAD_LISTEN, "php-fpm.d/www.conf": POOL}


def project(tmp_path: Path, *, rules: str = "['house']", **files: str) -> Path:
    house = {f"house/{name}.yaml": text for name, text in files.items()}
    write_tree(tmp_path, {**OTHERS, "fpmtune.toml": f"rules = {rules}\n", **house})
    return tmp_path


def check(folder: Path, *arguments: str) -> Ran:
    return fpmtune("check", "--format", "json", *arguments, cwd=folder)


def test_own_rules_are_checked_beside_the_built_in_ones(tmp_path: Path) -> None:
    ran = check(project(tmp_path, a=HOUSE))
    assert (ran.status, ran.rules, ran.err) == (1, ["QUE003", "ACME001"], "")
    assert "only 5" in [finding["message"] for finding in ran.report["findings"]]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--select", "ACME"], ["ACME001"]),
        (["--select", "ACME001"], ["ACME001"]),
        (["--select", "too-few-workers"], ["ACME001"]),
        (["--select", "ACME,QUE", "--ignore", "ACME001"], ["QUE003"]),
        (["--ignore", "AC"], ["QUE003"]),
        (["--select", "ACME00", "--ignore", "ACME"], ["ACME001"]),
    ],
)
def test_own_rules_are_selected_like_the_others(
    tmp_path: Path, arguments: list[str], found: list[str]
) -> None:
    assert check(project(tmp_path, a=HOUSE), *arguments).rules == found


def test_a_broken_rule_is_said_and_the_others_still_run(tmp_path: Path) -> None:
    ran = check(project(tmp_path, a=HOUSE, b=BROKEN))
    assert (ran.status, ran.rules) == (2, ["QUE003", "ACME001"])
    assert ran.err == "fpmtune: house/b.yaml:6:26: when: not an expression: invalid syntax\n"


@pytest.mark.parametrize("selector", ["ACME003", "broken-workers", "ACME"])
def test_a_broken_rule_may_be_named(tmp_path: Path, selector: str) -> None:
    ran = check(project(tmp_path, b=BROKEN), "--ignore", selector)
    assert (ran.status, ran.rules) == (2, ["QUE003"])
    assert "no rule is called" not in ran.err


def test_a_rule_that_fails_while_it_runs_is_said_and_the_others_still_run(tmp_path: Path) -> None:
    """It compares a text with a number, which no check of names can see."""
    folder = project(tmp_path, a=HOUSE, crash=CRASHING)
    ran = check(folder)
    assert (ran.status, ran.rules) == (2, ["QUE003", "ACME001"])
    assert ran.err.startswith("fpmtune: rule ACME002 failed for pool:www: house/crash.yaml:7:3: when: ")
    assert "house/crash.yaml:7:3" in ran.report["crashes"][0]["error"]
    tested = fpmtune("rules", "test", cwd=folder)
    assert tested.status == 1
    assert "house/crash.yaml:14:12: ACME002, nine: expected a finding" in tested.out
    assert "came the rule failed: house/crash.yaml:7:3: when: " in tested.out


@pytest.mark.parametrize("entry", ["..", "../x", "link", "/etc", "house/../.."])
def test_rules_outside_the_project_are_refused(tmp_path: Path, entry: str) -> None:
    write_tree(tmp_path, {"x/a.yaml": HOUSE})
    folder = project(tmp_path / "project", rules=f"['{entry}']", a=HOUSE)
    (folder / "link").symlink_to("../x")
    for verb in (["check"], ["rules"], ["rules", "test"], ["explain", "QUE001"]):
        ran = fpmtune(*verb, cwd=folder)
        assert (ran.status, ran.out) == (2, "")
        assert f"fpmtune.toml: rules: {entry} lies outside the project's folder" in ran.err


@pytest.mark.parametrize("entry", ["gone", "a\\\\u0000b", "loop"])
def test_rules_that_do_not_exist_are_refused(tmp_path: Path, entry: str) -> None:
    folder = project(tmp_path, rules='["' + entry.replace("\\\\", "\\") + '"]')
    (folder / "loop").symlink_to("loop")
    ran = check(folder)
    assert (ran.status, ran.out) == (2, "")
    assert "no such file or folder" in ran.err


def test_a_folder_without_rules_is_a_fault(tmp_path: Path) -> None:
    folder = project(tmp_path)
    (folder / "house").mkdir()
    ran = check(folder)
    assert (ran.status, ran.rules) == (2, ["QUE003"])
    assert "fpmtune.toml: rules: no rule file (*.yaml, *.yml) there" in ran.err


def test_only_regular_files_inside_the_folder_are_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {"x/a.yaml": HOUSE})
    folder = project(tmp_path / "project", a=HOUSE)
    os.mkfifo(folder / "house/fifo.yaml")
    (folder / "house/link.yaml").symlink_to("../../x/a.yaml")
    ran = check(folder)
    assert (ran.status, ran.rules) == (2, ["QUE003", "ACME001"])
    assert "house/fifo.yaml: not a regular file but a FIFO" in ran.err
    assert "house/link.yaml: a link to ../../x/a.yaml, out of the folder, is not followed" in ran.err


def test_paths_are_shown_as_seen_from_here(tmp_path: Path) -> None:
    folder = project(tmp_path, b=BROKEN)
    ran = fpmtune("check", "nginx", "--config", "../fpmtune.toml", cwd=folder / "nginx")
    assert f"fpmtune: {folder}/house/b.yaml:6:26: " in ran.err
    (folder / "pyproject.toml").write_text("[tool.fpmtune]\nrules = ['house/b.yaml']\n")
    (folder / "fpmtune.toml").unlink()
    assert "fpmtune: house/b.yaml:6:26: " in check(folder).err


# The list and the pages.


def test_rules_lists_the_projects_own(tmp_path: Path) -> None:
    ran = fpmtune("rules", cwd=project(tmp_path, a=HOUSE))
    first, *others = ran.out.splitlines()
    assert first == "ACME001  too-few-workers" + first[24:]
    assert first.endswith("  warning  Fewer than ten workers (house/a.yaml)")
    assert (ran.status, ran.err) == (0, "")
    assert others[-1].startswith("SYS")


def test_rules_as_json(tmp_path: Path) -> None:
    rules = json.loads(fpmtune("rules", "--format", "json", cwd=project(tmp_path, a=HOUSE)).out)["rules"]
    assert [rule["path"] for rule in rules if rule["id"] == "ACME001"] == ["house/a.yaml"]
    assert {rule["path"] for rule in rules if rule["id"] != "ACME001"} == {None}


@pytest.mark.parametrize("word", ["ACME001", "acme001", "too-few-workers"])
def test_explain_knows_own_rules(tmp_path: Path, word: str) -> None:
    folder = project(tmp_path, a=HOUSE, b=BROKEN)
    ran = fpmtune("explain", word, cwd=folder)
    assert ran.out.startswith("ACME001 too-few-workers (warning, since 1)\n")
    assert "a rule of your own: house/a.yaml" in ran.out
    assert ran.status == 2
    assert "house/b.yaml:6:26" in ran.err


@pytest.mark.parametrize(
    ("word", "nearest"),
    [("QUE01", "QUE001"), ("que01", "QUE001"), ("backlog-clampd", "backlog-clamped"), ("QUE", None)],
)
def test_explain_of_an_unknown_rule_names_the_nearest(word: str, nearest: str | None, tmp_path: Path) -> None:
    ran = fpmtune("explain", word, cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"fpmtune: no rule is called '{word}'")
    assert nearest is None or f"did you mean '{nearest}'?" in ran.err


def test_explain_in_every_format_and_into_a_file(tmp_path: Path) -> None:
    written = {}
    for form in ("text", "markdown", "json"):
        ran = fpmtune("explain", "QUE001", "--format", form, "-o", f"{form}.out", cwd=tmp_path)
        assert (ran.status, ran.out, ran.err) == (0, "", "")
        written[form] = (tmp_path / f"{form}.out").read_text()
    assert written["text"].startswith("QUE001 backlog-clamped (warning")
    assert written["markdown"].startswith("# QUE001 backlog-clamped\n")
    assert json.loads(written["json"])["rule"]["id"] == "QUE001"


def test_explain_wraps_at_the_terminals_width(tmp_path: Path) -> None:
    ran = fpmtune("explain", "QUE001", cwd=tmp_path, env={"COLUMNS": "60"})
    why = ran.out.split("\nWhy\n")[1].split("\nFix\n")[0]
    assert 50 < max(map(len, why.splitlines())) <= 60
    assert "\x1b[" in fpmtune("explain", "QUE001", "--color", "always", cwd=tmp_path).out


# Tests of own rules.


def test_rules_test_plays_the_examples(tmp_path: Path) -> None:
    folder = project(tmp_path, a=HOUSE)
    for arguments in ([], ["house"], ["house/a.yaml"], ["--config", "fpmtune.toml"]):
        ran = fpmtune("rules", "test", *arguments, cwd=folder)
        assert ran == Ran(0, "1 rule, 2 examples: 0 failed\n", "")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (
            "column: 19",
            "column: 20",
            '13:12: ACME001, nine: expected a finding at 4:20 with "only 9"; '
            'came certain warning at php-fpm.d/a.conf:4:19 with "only 9"',
        ),
        ("verdict: bad", "verdict: undecided", "13:12: ACME001, nine: expected undecided; came certain "),
        ("= 10", "= 8", "17:12: ACME001, ten: expected no finding; came certain warning at "),
        ("= 9", "= 11", 'nine: expected a finding at 4:19 with "only 9"; came no finding'),
        ("verdict: bad", "target: beos\n    verdict: bad", "came unknown target 'beos': "),
        ("{php-fpm.d/a.conf: \"[a]\\nlisten = /a\\npm = static\\npm.max_children = 9\\n\"}", "{a: x, a/b: y}",
         "came these files cannot be written: "),
        ("expect: [{line: 4, column: 19, message: only 9}]", "expect: []", "expected a finding; came"),
    ],
)  # fmt: skip
def test_an_example_that_comes_out_otherwise_is_a_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    assert HOUSE.count(old) == 1
    ran = fpmtune("rules", "test", cwd=project(tmp_path, a=HOUSE.replace(old, new)))
    assert (ran.status, ran.err) == (1, "")
    failed, summary = ran.out.splitlines()
    assert failed.startswith("house/a.yaml:")
    assert line in failed
    assert summary == "1 rule, 2 examples: 1 failed"


def test_a_rule_without_examples_fails(tmp_path: Path) -> None:
    ran = fpmtune("rules", "test", cwd=project(tmp_path, a=HOUSE.partition("examples:")[0]))
    assert (ran.status, ran.err) == (1, "")
    assert ran.out.startswith("house/a.yaml:1:5: ACME001 has no examples\n")


def test_a_bad_rule_file_beats_a_failing_example(tmp_path: Path) -> None:
    folder = project(tmp_path, a=HOUSE.replace("= 10", "= 8"), b=BROKEN)
    ran = fpmtune("rules", "test", cwd=folder)
    assert ran.status == 2
    assert "ten: expected no finding" in ran.out
    assert "house/b.yaml:6:26: " in ran.err


def test_no_rule_is_status_3(tmp_path: Path) -> None:
    ran = fpmtune("rules", "test", cwd=tmp_path)
    assert (ran.status, ran.out) == (3, "0 rules, 0 examples: 0 failed\n")
    (tmp_path / "empty").mkdir()
    assert fpmtune("rules", "test", "empty", cwd=tmp_path).status == 3
    ran = fpmtune("rules", "test", "gone", cwd=tmp_path)
    assert (ran.status, ran.err) == (2, "fpmtune: gone: no such file or folder\n")


def test_the_result_of_playing_examples_is_text(tmp_path: Path) -> None:
    ran = fpmtune("rules", "--format", "json", "test", cwd=project(tmp_path, a=HOUSE))
    assert (ran.status, ran.out) == (2, "")
    assert "rules test writes text only" in ran.err


def test_a_check_validates_no_built_in_rule_beside_own_ones(tmp_path: Path) -> None:
    folder = project(tmp_path, a=HOUSE)
    for with_examples in (False, True):
        settings = Project(rules=[str(folder / "house")])
        rules = load_rule_set(settings, folder / "fpmtune.toml", with_examples=with_examples)
        assert [rule.rule.id for rule in rules.own] == ["ACME001"]
        assert all(bool(r.rule.examples) is with_examples for r in rules.rules if not r.is_own)


REFUSED_BACKLOG = '"events {}\\nhttp { server { listen 80 backlog=0; } }\\n"'


@pytest.mark.parametrize(
    ("files", "also", "status", "came"),
    [
        ("", [], 0, "0 failed"),
        (f"nginx.conf: {REFUSED_BACKLOG}", [], 0, "0 failed"),
        (f"nginx.conf: {REFUSED_BACKLOG}", ["QUE003"], 0, "0 failed"),
        ("", ["QUE003"], 1, "expected no finding, and errors by QUE003; came no error by any other rule"),
        (f"nginx.conf: {REFUSED_BACKLOG}", ["QUE002"], 1, "errors by QUE002; came errors by QUE003"),
    ],
)
def test_the_errors_of_others_are_as_a_good_example_lists_them(
    tmp_path: Path, files: str, also: list[str], status: int, came: str
) -> None:
    head, good = HOUSE.rsplit("files: {", 1)
    rule = f"{head}also: [{', '.join(also)}]\n    files: {{{files}{', ' if files else ''}{good}"
    ran = fpmtune("rules", "test", cwd=project(tmp_path, a=rule))
    assert (ran.status, ran.err) == (status, "")
    assert came in ran.out
