"""`fpmtune tune` as users run it: the plan, the difference, the files, fragments, and the way back."""

import os
import pty
import re
import shutil
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.program import CHECKOUT, Ran, environment, fpmtune
from tests.trees import write_tree
from tests.tune.hosts import POOL_FILE, host_files
from tuner.cli.tune import add_arguments

LONG = host_files("; as large as possible", "listen.backlog = 65535", somaxconn=65535)
LOAD = ("--qps", "100", "--service-time", "50ms")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    root = tmp_path / "host"
    write_tree(root, LONG)
    return root


def tune(host: Path, *options: str | Path, status: int = 0) -> Ran:
    ran = fpmtune("tune", host, "--target", "none", "--journal", host.parent / ".journal", *options)
    assert ran.status == status, ran.err
    return ran


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_plan_in_words(host: Path) -> None:
    out = tune(host, *LOAD).out
    assert out.startswith("1. pool:www: listen.backlog 65535 -> 1")
    assert f"{POOL_FILE}:5\n" in out
    assert "pm.max_children 8" in out
    assert "   then restart php8.2-fpm\n" in out


def test_the_plan_as_json(host: Path) -> None:
    report = tune(host, *LOAD, "--format", "json").report
    (found,) = report["plan"]
    assert (found["setting"], found["entity"], found["present"]["value"]) == (
        "listen.backlog",
        "pool:www",
        65535,
    )
    assert found["range"] == {"need": None, "limit": found["recommended"]}
    assert found["location"]["path"].endswith(POOL_FILE)
    assert (found["location"]["line"], found["location"]["text"]) == (5, "65535")
    assert {one["name"] for one in found["inputs"]} >= {"pool.load.service_time"}
    assert report["predicted"] == {"before": {"pool:www": None}, "after": {"pool:www": None}}


def test_without_a_load_the_queue_is_left_alone(host: Path) -> None:
    out = tune(host).out
    assert out.startswith("nothing was judged: all pools (1) are left alone")
    assert "its queue is left alone: mean service time is not known: give --load" in out


def test_the_difference_is_one_line_and_nothing_is_written(host: Path) -> None:
    before = files_of(host)
    out = tune(host, *LOAD, "--diff").out
    changed = [line for line in out.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changed[0] == "-listen.backlog = 65535"
    assert len(changed) == 2
    assert files_of(host) == before


def test_git_applies_what_the_difference_shows_of_any_bytes_and_names(tmp_path: Path) -> None:
    old = LONG[POOL_FILE].replace("; as large", "; \udcff\x1b[0m as large").encode("utf-8", "surrogateescape")
    write_tree(tmp_path / 'my "host"', LONG)
    pool = tmp_path / 'my "host"' / POOL_FILE
    pool.write_bytes(old)
    command = ("tune", 'my "host"', "--target", "none", *LOAD, "--diff", "-o", "plan.diff")
    assert fpmtune(*command, cwd=tmp_path).status == 0
    subprocess.run(["git", "apply", "plan.diff"], cwd=tmp_path, check=True)
    assert pool.read_bytes() != old
    assert re.sub(rb"listen.backlog = \d+", b"listen.backlog = 65535", pool.read_bytes()) == old


def test_what_is_written_is_what_the_difference_showed_and_goes_back(host: Path) -> None:
    shown = tune(host, *LOAD, "--diff").out
    out = tune(host, *LOAD, "--write").out
    assert f"wrote {host / POOL_FILE}" in out
    new = next(line[1:] for line in shown.splitlines() if line.startswith("+listen"))
    expected = LONG[POOL_FILE].replace("listen.backlog = 65535", new).encode()
    assert files_of(host) == {**{name: text.encode() for name, text in LONG.items()}, POOL_FILE: expected}
    assert tune(host, *LOAD).out.startswith("nothing to do")
    reverted = fpmtune("tune", "--revert", "--journal", host.parent / ".journal")
    assert reverted.status == 0
    assert reverted.out.startswith(f"put back {host / POOL_FILE}\n")
    assert files_of(host) == {name: text.encode() for name, text in LONG.items()}


def test_a_file_that_was_changed_since_is_not_put_back(host: Path) -> None:
    tune(host, *LOAD, "--write")
    (host / POOL_FILE).write_text("[www]\n")
    reverted = fpmtune("tune", "--revert", "--journal", host.parent / ".journal")
    assert reverted.status == 2
    assert f"{host / POOL_FILE}: not what plan 1 (--write) wrote" in reverted.err
    assert (host / POOL_FILE).read_text() == "[www]\n"


def test_a_template_is_named_and_left_to_its_owner(tmp_path: Path) -> None:
    root = tmp_path / "host"
    files = {**LONG, f"{POOL_FILE}.j2": LONG[POOL_FILE]}
    del files[POOL_FILE]
    write_tree(root, files)
    out = tune(root, *LOAD).out
    assert "to be written by hand:" in out
    assert "is a template" in out
    assert tune(root, *LOAD, "--diff").out == ""


def test_fragments_pass_a_check_and_say_where_they_come_from(host: Path) -> None:
    out = host.parent / "out"
    tune(host, *LOAD, "--out", out)
    first = files_of(out)
    assert "sysctl.d/zz-fpmtune.conf" in first
    assert b"net.core.somaxconn = 65535\n" in first["sysctl.d/zz-fpmtune.conf"]
    for name, data in first.items():
        assert b"Made by fpmtune" in data.splitlines()[0], name
        assert b"--service-time 50ms --out" in data.splitlines()[1], name
    checked = fpmtune("check", "--target", "none", "--format", "json", out)
    assert (checked.status, checked.report["findings"]) == (0, [])
    assert {file["kind"] for file in checked.report["files"]} >= {"sysctl", "php-fpm", "nginx"}
    tune(host, *LOAD, "--out", out)
    assert files_of(out) == first


def test_a_file_that_fpmtune_did_not_make_is_not_replaced(host: Path) -> None:
    mine = host.parent / "out/sysctl.d/zz-fpmtune.conf"
    write_tree(host.parent, {"out/sysctl.d/zz-fpmtune.conf": "vm.swappiness = 1\n"})
    ran = tune(host, *LOAD, "--out", host.parent / "out", status=2)
    assert f"{mine}: is there and was not made by fpmtune" in ran.err
    assert files_of(host.parent / "out") == {"sysctl.d/zz-fpmtune.conf": b"vm.swappiness = 1\n"}


def test_a_name_with_a_line_end_reaches_no_fragment(host: Path) -> None:
    out = host.parent / "out"
    tune(host, *LOAD, "--out", out, "--deadline", "900ms")
    hostile = host.parent / "a\nnet.core.somaxconn = 1\n"
    shutil.copytree(host, hostile)
    tune(hostile, *LOAD, "--out", out)
    lines = (out / "sysctl.d/zz-fpmtune.conf").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["net.core.somaxconn = 65535"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--qps", "100"), "--service-time"),
        (("--memory", "4 apples"), "not a size"),
        (("--memory", "0"), "not a size"),
        (("--memory", "1023k"), "not a size"),
        (("--memory", "1.5"), "not a size"),
        (("--memory", "1.G"), "not a size"),
        (("--deadline", "soon"), "soon"),
        (("--deadline", "0"), "'0' is not a time that anybody waits"),
        (("--deadline", "0.0ms"), "not a time that anybody waits"),
        (("--cores", "0"), "not a number of processors"),
        (("--cores", "many"), "not a number of processors"),
        (("--clients", "0"), "not a number of clients"),
        (("--load", "missing.yaml"), "missing.yaml: cannot be read"),
        (("--write", "--diff"), "not allowed with"),
    ],
)
def test_wrong_usage(host: Path, options: tuple[str, ...], message: str) -> None:
    assert message in tune(host, *options, status=2).err


def test_wrong_usage_is_said_in_one_line(host: Path) -> None:
    err = tune(host, "--deadline", "0", status=2).err
    words = "argument --deadline: '0' is not a time that anybody waits"
    assert err == f"fpmtune tune: error: {words} (fpmtune tune --help)\n"
    assert fpmtune("check", "--fail-on", "never-ever").err.count("\n") == 1


@pytest.mark.parametrize("size", ["1.5G", "1.5g", "1536M", "1572864k", "1610612736"])
def test_sizes(size: str) -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(["--memory", size]).memory == 3 << 29


def test_nothing_read_and_a_missing_path(tmp_path: Path) -> None:
    assert fpmtune("tune", "--target", "none", tmp_path).status == 3
    missing = fpmtune("tune", "--target", "none", tmp_path / "nowhere")
    assert (missing.status, "no such file" in missing.err) == (2, True)


def test_the_example(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "examples/shop", tmp_path / "host")
    before = fpmtune("check", "--format", "json", tmp_path / "host")
    tune(tmp_path / "host", *LOAD, "--write")
    after = fpmtune("check", "--format", "json", tmp_path / "host")
    assert Counter(after.rules) < Counter(before.rules)
    assert tune(tmp_path / "host", *LOAD).out.startswith("nothing to do")


def test_a_terminal_gets_no_control_characters_of_a_file(host: Path) -> None:
    text = LONG[POOL_FILE].replace("; as large", ";\t\x1b[31m as large\x07")
    (host / POOL_FILE).write_text(text)
    master, slave = pty.openpty()
    command = [sys.executable, "-P", "-m", "tuner", "tune", host, "--target", "none", *LOAD, "--diff"]
    with os.fdopen(master, "rb") as terminal:
        subprocess.run(command, stdout=slave, env=environment(), check=True)
        os.close(slave)
        shown = terminal.read1()
    assert b" ;\t\\x1b[31m as large\\x07 as possible\r\n" in shown
    assert b"-listen.backlog = 65535\r\n" in shown
