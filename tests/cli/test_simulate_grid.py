"""`fpmtune simulate --grid`: a picture of many settings."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from program import CHECKOUT, fpmtune

from tuner.cli.changes import axes
from tuner.cli.progress import counted_line
from tuner.errors import UsageError
from tuner.report.terminal import display_width

TRACE = str(CHECKOUT / "tests/data/replay/unix-M-rho1.5-B56/arrivals.csv.gz")
POOL = ("--max-children", "8", "--backlog", "56", "--read-timeout", "1s")
SIMULATE = ("simulate", "--arrivals", TRACE)
TWO = ("--grid", "listen.backlog=8,56,100", "--grid", "pm.max_children=8..16/4")


def test_two_keys_make_a_table() -> None:
    ran = fpmtune(*SIMULATE, *POOL, *TWO)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("% answered with 200: listen.backlog down, pm.max_children across\n")
    assert re.search(r"^ +8 +12 +16$", ran.out, re.MULTILINE)
    assert re.search(r"^ +56 +6\d\.\d< +97\.\d +(100\.0|99\.\d)\*$", ran.out, re.MULTILINE)
    assert ran.out.count("*") == 2
    assert "< at present (8 workers, effective backlog 56): 6" in ran.out
    assert "\x1b" not in ran.out
    assert max(map(display_width, ran.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("shown", "row"),
    [
        ("502", r"8 +3[34]\.\d "),
        ("504", r"100 +6[01]\.\d "),
        ("p99", r"56 +0\.9\d\d<"),
        ("dead", r"100 +12 "),
    ],
)
def test_what_is_shown(shown: str, row: str) -> None:
    ran = fpmtune(*SIMULATE, *POOL, *TWO, "--show", shown)
    assert re.search(rf"^ *{row}", ran.out, re.MULTILINE)


def test_a_wide_table_comes_in_parts_of_80_columns() -> None:
    many = ("--grid", "listen.backlog=8", "--grid", "pm.max_children=10..26/1", "--backlog", "9")
    lines = fpmtune(*SIMULATE, "--read-timeout", "1s", *many).out.splitlines()
    assert max(map(len, lines)) <= 80
    assert len([line for line in lines if re.match(r" +8 ", line)]) == 2
    assert [int(head) for line in lines if re.fullmatch(r"[ \d]+", line) for head in line.split()] == list(
        range(10, 27)
    )


def test_colours_say_no_more_than_the_numbers() -> None:
    plain = fpmtune(*SIMULATE, *POOL, *TWO).out
    colored = fpmtune(*SIMULATE, *POOL, *TWO, "--color", "always").out
    assert "\x1b[1;31m" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain


def test_one_key_makes_a_line_of_figures_for_each_value() -> None:
    ran = fpmtune(*SIMULATE, *POOL, "--grid", "listen.backlog=8,56,100,200", "--somaxconn", "100")
    rows = [line.split() for line in ran.out.splitlines()[:5]]
    assert rows[0][:5] == ["listen.backlog", "200", "%", "502", "%"]
    assert [row[0] for row in rows[1:]] == ["8*", "56<", "100", "200"]
    assert rows[3][1:] == rows[4][1:]
    assert "listen.backlog above 100 changes nothing: net.core.somaxconn is 100." in ran.out
    other = fpmtune(*SIMULATE, *POOL, "--grid", "net.core.somaxconn=8,100")
    assert "net.core.somaxconn above 56 changes nothing: listen.backlog is 56." in other.out


def test_json_has_every_cell() -> None:
    report = fpmtune(*SIMULATE, *POOL, *TWO, "--format", "json").report
    assert report["schema_version"] == 1
    assert report["grid"] == {"listen.backlog": [8, 56, 100], "pm.max_children": [8, 12, 16]}
    cells = report["cells"]
    assert [(cell["listen.backlog"], cell["pm.max_children"]) for cell in cells] == [
        (backlog, workers) for backlog in (8, 56, 100) for workers in (8, 12, 16)
    ]
    (best,) = [cell for cell in cells if cell["best"]]
    assert report["best"] == {key: best[key] for key in report["grid"]}
    (present,) = [cell for cell in cells if cell["present"]]
    assert present["shares"] == report["present"]["shares"]
    alone = fpmtune(*SIMULATE, *POOL, "--format", "json").report
    assert {key: present[key] for key in alone if key != "schema_version"} == {
        key: alone[key] for key in alone if key != "schema_version"
    }
    assert (present["workers"], present["effective_backlog"]) == (8, 56)


def test_a_combination_that_php_fpm_refuses_is_no_cell() -> None:
    spares = ("pm=dynamic", "pm.start_servers=4", "pm.min_spare_servers=2", "pm.max_spare_servers=10")
    given = (*SIMULATE, *POOL, *(word for text in spares for word in ("--set", text)))
    report = fpmtune(*given, "--grid", "pm.max_children=8,12", "--format", "json").report
    assert report["cells"][0]["refused"].startswith("php-fpm refuses pm.max_spare_servers = 10")
    assert report["best"] == {"pm.max_children": 12}
    assert report["present"] is None
    listed = fpmtune(*given, "--grid", "pm.max_children=8,12").out
    assert re.search(r"^ +8 +php-fpm refuses", listed, re.MULTILINE)
    crossed = fpmtune(*given, "--grid", "pm.max_children=8,12", "--grid", "listen.backlog=9,99").out
    assert re.search(r"^ +8 +- +-$", crossed, re.MULTILINE)
    assert "- php-fpm refuses pm.max_spare_servers = 10" in crossed
    none = fpmtune(*given, "--grid", "pm.max_children=8,9")
    assert (none.status, none.out) == (2, "")
    assert "--grid: no combination can be: php-fpm refuses" in none.err


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("listen.backlog=64..4096", [64, 128, 256, 512, 1024, 2048, 4096]),
        ("pm.max_children=4..40", [4, 6, 8, 11, 15, 21, 29, 40]),
        ("pm.max_children=4..6", [4, 5, 6]),
        ("pm.max_children=10..40/15", [10, 25, 40]),
        ("pm.max_children=10..41/15", [10, 25, 40, 41]),
        ("pm.max_children=7..7", [7]),
        ("listen.backlog=0..4/2", [0, 2, 4]),
        ("listen.backlog=512,8,8,-1", [-1, 8, 512]),
        ("pm.max_children=4,8..10/1,20", [4, 8, 9, 10, 20]),
        ("fastcgi_read_timeout=500ms,60s,1m", [0.5, 60.0]),
        ("fastcgi_read_timeout=1s..8s", [1.0, 2.0, 4.0, 8.0]),
        ("fastcgi_read_timeout=1s..2s/500ms", [1.0, 1.5, 2.0]),
        ("fastcgi_read_timeout=1s..3s", [1.0, 1.17, 1.37, 1.6, 1.87, 2.19, 2.56, 3.0]),
        ("pm=static,dynamic", ["dynamic", "static"]),
    ],
)
def test_values_of_an_axis(text: str, values: list[int | float | str]) -> None:
    (axis,) = axes([text], {})
    assert axis.values == values


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["x=1"], "'x=1' is not KEY=VALUES with one of pm.max_children"),
        (["listen.backlog"], "is not KEY=VALUES"),
        (["listen.backlog="], "'' is not a whole number"),
        (["listen.backlog=1,,2"], "'' is not a whole number"),
        (["listen.backlog=1k"], "'1k' is not a whole number"),
        (["pm.max_children=0..8"], "'0' is not a whole number from 1"),
        (["listen.backlog=9..8"], "9..8 ends below its beginning"),
        (["listen.backlog=0..8"], "begins with 0: give a step, 0..8/STEP"),
        (["listen.backlog=0..8/0"], "a step of 0 leads nowhere"),
        (["listen.backlog=1..9999999/1"], "at most 64 values"),
        (["pm=dynamic..static"], "words have no range"),
        (["listen.backlog=1"] * 2, "is given twice"),
        (["listen.backlog=1", "pm.max_children=1", "fastcgi_read_timeout=1"], "at most two keys"),
        (["pm.start_servers=1"], "pm.start_servers is given by --set and by --grid"),
    ],
)
def test_axes_that_are_none(texts: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        axes(texts, {"pm.start_servers": 1})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--grid", "listen.backlog=1..64/1", "--grid", "pm.max_children=1..64/1"), "more than 1024"),
        (("--grid", "listen.backlog=1,2", "--show", "p99"), "--show is for a grid of two keys"),
        (("--grid", "net.core.somaxconn=1,2"), "listen.backlog is needed"),
    ],
)
def test_grids_that_are_none(arguments: tuple[str, ...], words: str) -> None:
    ran = fpmtune(*SIMULATE, "--max-children", "8", "--read-timeout", "1s", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert len(ran.err.splitlines()) == 1


def started(tmp_path: Path, stderr: int) -> "subprocess.Popen[bytes]":
    """A grid that takes some seconds."""
    rows = "".join(f"{number / 1000},0.01\n" for number in range(60_000))
    (tmp_path / "long.csv").write_text(f"t_s,service_s\n{rows}")
    given = ("--arrivals", str(tmp_path / "long.csv"), "--read-timeout", "1s", "--bootstrap", "9")
    wanted = ("--grid", "listen.backlog=1..64/1", "--grid", "pm.max_children=5..15/1")
    return subprocess.Popen(
        [sys.executable, "-m", "tuner", "simulate", *given, *wanted],
        stdout=subprocess.PIPE,
        stderr=stderr,
        cwd=CHECKOUT,
        start_new_session=True,
    )


def test_progress_on_a_terminal_and_an_end_at_control_c(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    running = started(tmp_path, theirs)
    os.close(theirs)
    shown = b""
    limit_s = time.monotonic() + 30
    while b"replays" not in shown and time.monotonic() < limit_s:
        shown += os.read(ours, 1000)
    assert re.search(rb"\d %  \d+ of 704 replays, \d+ s left", shown)
    os.killpg(running.pid, signal.SIGINT)
    out, _ = running.communicate(timeout=30)
    assert (running.returncode, out) == (130, b"")
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)
    os.close(ours)


def test_an_interrupt_of_the_first_process_alone_ends_the_others(tmp_path: Path) -> None:
    running = started(tmp_path, subprocess.PIPE)
    time.sleep(3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (130, b"", b"")
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)


def test_words_of_the_progress() -> None:
    assert counted_line(10, 40, 5.0) == " 25 %  10 of 40 replays, 15 s left"
