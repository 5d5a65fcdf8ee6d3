"""What is written where: colour, quiet, files, closed and full outputs."""

import subprocess
import sys
from pathlib import Path

import pytest
from program import BAD_LISTEN, POOL, TIMEOUT_S, environment, fpmtune

from tests.trees import write_tree

ESCAPE = "\x1b["


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(tmp_path, {"sites-enabled/a.conf": BAD_LISTEN, "quiet/php-fpm.d/www.conf": POOL})
    return tmp_path


@pytest.mark.parametrize("verb", ["check", "show"])
def test_color(tree: Path, verb: str) -> None:
    assert ESCAPE not in fpmtune(verb, tree).out
    assert ESCAPE not in fpmtune(verb, tree, "--color", "never").out
    assert ESCAPE in fpmtune(verb, tree, "--color", "always").out
    assert ESCAPE in fpmtune(verb, tree, "--color", "always", env={"NO_COLOR": "1"}).out
    assert ESCAPE not in fpmtune(verb, tree, "--color", "always", "--format", "json").out


def on_terminal(*arguments: str, no_color: str = "") -> str:
    """Run fpmtune on a terminal of its own and return what it showed."""
    import os
    import pty

    leader, follower = pty.openpty()
    env = environment({"TERM": "xterm", **({"NO_COLOR": no_color} if no_color else {})})
    with subprocess.Popen([sys.executable, "-m", "tuner", *arguments], stdout=follower, env=env) as program:
        os.close(follower)
        shown = b""
        try:
            while piece := os.read(leader, 65536):
                shown += piece
        except OSError:
            pass  # Linux says EIO when the last writer has gone.
        program.wait(TIMEOUT_S)
    os.close(leader)
    return shown.decode()


def test_color_on_a_terminal(tree: Path) -> None:
    assert ESCAPE in on_terminal("check", str(tree))
    assert ESCAPE not in on_terminal("check", str(tree), no_color="1")
    assert ESCAPE not in on_terminal("check", str(tree), "--color", "never")


def test_file_of_a_terminal_user_is_not_colored(tree: Path) -> None:
    on_terminal("check", str(tree), "-o", str(tree / "report.txt"))
    assert "QUE003" in (tree / "report.txt").read_text()
    assert ESCAPE not in (tree / "report.txt").read_text()


def test_quiet_leaves_the_findings(tree: Path) -> None:
    full, quiet = (
        fpmtune("check", "sites-enabled", cwd=tree),
        fpmtune("check", "sites-enabled", "-q", cwd=tree),
    )
    assert full.out.startswith(quiet.out.rstrip("\n"))
    assert "QUE003" in quiet.out
    assert "read 1 file" in full.out
    assert "read 1 file" not in quiet.out
    assert (quiet.status, quiet.out.count("\n\n")) == (1, 0)


def test_quiet_without_findings_is_silent(tree: Path) -> None:
    ran = fpmtune("check", "quiet", "-q", cwd=tree)
    assert (ran.status, ran.out, ran.err) == (0, "", "")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("verb", ["check", "show"])
def test_output_file_holds_what_would_be_printed(tree: Path, verb: str, form: str) -> None:
    printed = fpmtune(verb, ".", "--format", form, cwd=tree)
    written = fpmtune(verb, ".", "--format", form, "-o", "report.out", cwd=tree)
    assert (written.status, written.out) == (printed.status, "")
    assert (tree / "report.out").read_text() == printed.out


def shell(command: str, tree: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", command.replace("fpmtune", f"{sys.executable} -m tuner")],
        cwd=tree,
        env=environment(),
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@pytest.mark.parametrize("options", ["check", "check --format json", "show", "show --format json"])
def test_reader_that_goes_away(tree: Path, options: str) -> None:
    many = {f"sites-enabled/{n}.conf": BAD_LISTEN.replace("80", str(8000 + n)) for n in range(300)}
    write_tree(tree, many)
    ran = shell(
        f"fpmtune {options} -v . | head -n 1; exit ${{PIPESTATUS[0]}}".replace("show -v", "show"), tree
    )
    assert ran.stderr == b""
    assert ran.stdout.count(b"\n") == 1


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_output_that_cannot_be_written(tree: Path, redirection: str) -> None:
    for verb in ("check", "show"):
        ran = shell(f"fpmtune {verb} . {redirection}", tree)
        assert ran.returncode == 2
        assert ran.stderr.startswith(b"fpmtune: standard output")
        assert ran.stderr.count(b"\n") == 1


@pytest.mark.parametrize("redirection", ["2>&-", "<&-"])
def test_other_closed_streams(tree: Path, redirection: str) -> None:
    assert shell(f"fpmtune check gone {redirection}", tree).returncode == 2
    assert shell(f"fpmtune check - --as nginx <&- {redirection}", tree).returncode == 2
    assert shell(f"fpmtune check quiet {redirection}", tree).returncode == 0


def test_complaints_show_control_characters(tree: Path) -> None:
    ran = fpmtune("check", "gone\x1b[31m\n\u202e", b"\xff", cwd=tree)
    assert ran.status == 2
    assert "gone\\x1b[31m\\x0a\\u202e" in ran.err
    assert ran.err.count("\n") == 2


def test_internal_error_is_no_traceback_and_no_finding(tree: Path) -> None:
    program = (
        "import sys, tuner.cli.loading as loading\n"
        "def broken(*_): raise LookupError('by its own fault')\n"
        "loading.build_stacks = broken\n"
        "from tuner.cli.main import run\n"
        "sys.exit(run(['check', '.']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tree, env=environment(), capture_output=True, check=False
    )
    assert ran.returncode == 2
    assert b"internal error" in ran.stderr
    assert b"LookupError" in ran.stderr
    assert b"Traceback" not in ran.stderr
