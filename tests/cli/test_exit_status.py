"""Exit status: 0 nothing to complain of, 1 findings, 2 wrong usage, 3 nothing checked; 2 beats 1 beats 3."""

from pathlib import Path

import pytest
from program import BAD_LISTEN, CLAMPED, POOL, fpmtune

from tests.trees import write_tree

CLEAN, FINDINGS, FAILURE, NOTHING_CHECKED = 0, 1, 2, 3

TREES = {
    "clean": {"php-fpm.d/www.conf": POOL},
    "warning": CLAMPED,
    "error": {"sites-enabled/a": BAD_LISTEN},
    "info": {"php-fpm.d/www.conf": ""},
    "nothing": {"README.md": "# nothing\n"},
}


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    for name, files in TREES.items():
        write_tree(tmp_path / name, files)
    return tmp_path


@pytest.mark.parametrize(
    ("tree", "fail_on", "status"),
    [
        ("clean", None, CLEAN),
        ("warning", None, FINDINGS),
        ("error", None, FINDINGS),
        ("info", None, CLEAN),
        ("nothing", None, NOTHING_CHECKED),
        ("clean", "info", CLEAN),
        ("info", "info", FINDINGS),
        ("info", "warning", CLEAN),
        ("warning", "info", FINDINGS),
        ("warning", "warning", FINDINGS),
        ("warning", "error", CLEAN),
        ("warning", "never", CLEAN),
        ("error", "error", FINDINGS),
        ("error", "never", CLEAN),
    ],
)
def test_fail_on(trees: Path, tree: str, fail_on: str | None, status: int) -> None:
    options = ["--fail-on", fail_on] if fail_on else []
    ran = fpmtune("check", tree, "--format", "json", *options, cwd=trees)
    assert (ran.status, ran.err) == (status, "")


def test_nothing_checked_says_so(trees: Path) -> None:
    assert "nothing was checked" in fpmtune("check", "nothing", cwd=trees).out
    assert fpmtune("show", "nothing", cwd=trees).status == NOTHING_CHECKED


def test_a_link_that_leads_out_is_why_nothing_was_checked(tmp_path: Path) -> None:
    (tmp_path / "sysctl.d").mkdir()
    (tmp_path / "sysctl.conf").write_text("vm.swappiness = 1\n")
    (tmp_path / "sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    (tmp_path / "sysctl.d/README").symlink_to("../readme")
    ran = fpmtune("check", "sysctl.d", cwd=tmp_path)
    words = (
        "sysctl.d/99-sysctl.conf is a link to ../sysctl.conf, outside the given paths: give that file as well"
    )
    assert (ran.status, ran.err) == (3, f"fpmtune: {words}\n")
    assert fpmtune("check", "sysctl.d", "sysctl.conf", cwd=tmp_path).status == 0


def test_missing_path_is_told_once(trees: Path) -> None:
    ran = fpmtune("check", "gone", cwd=trees)
    assert (ran.status, ran.out, ran.err) == (FAILURE, "", "fpmtune: gone: no such file or folder\n")
    beside = fpmtune("check", "gone", "nothing", cwd=trees)
    assert beside.out == "nothing was checked: no file of a known kind below nothing\n"


def test_missing_path_does_not_hide_findings(trees: Path) -> None:
    ran = fpmtune("check", "error", "gone", "--format", "json", cwd=trees)
    assert (ran.status, ran.rules) == (FAILURE, ["QUE003"])
    assert ran.err == "fpmtune: gone: no such file or folder\n"


@pytest.mark.parametrize("tree", ["clean", "nothing"])
def test_missing_path_wins(trees: Path, tree: str) -> None:
    for verb in ("check", "show"):
        assert fpmtune(verb, tree, "gone", cwd=trees).status == FAILURE
    assert fpmtune("check", tree, "--sysctl", "gone", cwd=trees).status == FAILURE


def test_findings_win_over_nothing_checked(trees: Path) -> None:
    assert fpmtune("check", "nothing/README.md", cwd=trees).status == NOTHING_CHECKED
    unreadable = fpmtune("check", "/dev/null", "--format", "json", cwd=trees)
    assert unreadable.report["summary"]["files"] == 0
    assert (unreadable.status, unreadable.rules) == (FINDINGS, ["CFG002"])


def test_strict_counts_what_is_undecided(trees: Path) -> None:
    write_tree(trees, {"open/php-fpm.d/www.conf.j2": POOL + "listen.backlog = {{ backlog }}\n"})
    assert fpmtune("check", "open", "--fail-on", "never", cwd=trees).status == CLEAN
    ran = fpmtune("check", "open", "--fail-on", "never", "--strict", "--format", "json", cwd=trees)
    assert ran.report["undecided"]
    assert ran.status == FINDINGS


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--target", "windows-95"], "unknown target 'windows-95'"),
        (["--target", "kernel=six"], "--target kernel=six"),
        (["--target", "apache=2.4"], "unknown program 'apache'"),
        (["--select", "QUE999"], "no rule is called 'QUE999'"),
        (["--ignore", "backlog-clampd"], "did you mean 'backlog-clamped'?"),
        (["--as", "apache"], "invalid choice: 'apache'"),
        (["--fail-on", "note"], "invalid choice: 'note'"),
        (["--format", "xml"], "invalid choice: 'xml'"),
        (["--root", "clean"], "expected DIR=/PREFIX"),
        (["--root", "clean=relative"], "expected DIR=/PREFIX"),
        (["--root", "gone=/etc"], "--root gone=/etc: no such folder"),
        (["--config", "gone.toml"], "gone.toml: cannot be read"),
        (["-o", "gone/report.txt"], "gone/report.txt: cannot be written"),
        (["-o", "."], ".: cannot be written"),
        (["--no-such-option"], "unrecognized arguments"),
        (["-"], "give --as"),
    ],
)
def test_wrong_usage(trees: Path, options: list[str], words: str) -> None:
    ran = fpmtune("check", "error", *options, cwd=trees)
    assert (ran.status, ran.out) == (FAILURE, "")
    assert words in ran.err


def test_no_verb() -> None:
    ran = fpmtune()
    assert (ran.status, ran.out) == (FAILURE, "")
    assert "usage: fpmtune" in ran.err


@pytest.mark.parametrize(
    ("kind", "content", "rule"),
    [
        ("nginx", BAD_LISTEN, "QUE003"),
        ("php-fpm", "[www]\nlisten = 9000\nlisten.backlog = 0\n", "QUE002"),
        ("redis", "port 6379\ntcp-backlog 0\n", "QUE002"),
        ("sysctl", "net.ipv4.tcp_syncookies = 0\n", "SYS003"),
    ],
)
def test_standard_input(kind: str, content: str, rule: str) -> None:
    ran = fpmtune("check", "-", "--as", kind, "--format", "json", "--fail-on", "info", stdin=content.encode())
    assert (ran.status, ran.rules) == (FINDINGS, [rule])
    assert ran.report["files"] == [{"path": "<stdin>", "kind": kind, "status": "checked"}]


@pytest.mark.parametrize("kind", ["nginx", "php-fpm", "redis", "sysctl"])
@pytest.mark.parametrize("content", [b"", b"\0\1", b"\xff{\ninclude x/*;\ninclude y\ninclude=z\n"])
def test_odd_standard_input(kind: str, content: bytes) -> None:
    ran = fpmtune("check", "-", "--as", kind, stdin=content)
    assert ran.status in (CLEAN, FINDINGS, NOTHING_CHECKED)
    assert ran.err == ""


def test_standard_input_beside_files(trees: Path) -> None:
    ran = fpmtune(
        "check", "warning", "-", "--as", "nginx", "--format", "json", cwd=trees, stdin=BAD_LISTEN.encode()
    )
    assert sorted(ran.rules) == ["QUE001", "QUE003"]


def test_select_and_ignore(trees: Path) -> None:
    for options, rules in (
        (["--select", "QUE"], ["QUE003"]),
        (["--select", "backlog-invalid,SYS"], ["QUE003"]),
        (["--select", "SYS"], []),
        (["--ignore", "QUE003"], []),
        (["--select", "QUE", "--ignore", "backlog-invalid"], []),
        (["--select", "QUE003", "--ignore", "QUE"], ["QUE003"]),
    ):
        assert fpmtune("check", "error", "--format", "json", *options, cwd=trees).rules == rules
