"""`fpmtune measure`: logs in, a load file out, and on standard error or beside it what is not known."""

import gzip
import os
import pty
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from program import CHECKOUT, Ran, fpmtune

from tuner.cli.progress import progress_line
from tuner.load.read_load import read_load

RUN = CHECKOUT / "tests/data/replay/unix-collapse-B65535"
PAGE = (CHECKOUT / "docs/measure.md").read_text(encoding="utf-8")
WHERE = b"unix:/run/php/www.sock"


def block(language: str) -> str:
    (found, *_) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return textwrap.dedent(found)


def nginx_log() -> bytes:
    """The measured run, as the documented log_format would have it."""
    lines = []
    for line in gzip.decompress((RUN / "nginx.access.log.gz").read_bytes()).splitlines():
        *timing, uri = line.split(b" ")
        values = [word.rpartition(b"=")[2] for word in timing]
        head = b'192.0.2.7 - - [21/Nov/2026:02:00:00 +0000] "GET %s HTTP/1.1" %s 512 ' % (uri, values[2])
        lines.append(head + b" ".join([*values, WHERE]))
    return b"\n".join(lines) + b"\n"


def fpm_log() -> bytes:
    """The measured run, as the documented access.format would have it."""
    lines = []
    for line in gzip.decompress((RUN / "fpm.access.log.gz").read_bytes()).splitlines():
        when, took_us, status, _ = line.split(b" ")
        lines.append(b"%s 812 www %s %s 2097152 9.31 GET /s.php" % (when, status, took_us))
    return b"\n".join(lines) + b"\n"


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "nginx.conf").write_text(f"http {{\n{block('nginx')}}}\n")
    first, second = nginx_log().splitlines(keepends=True)[:4000], nginx_log().splitlines(keepends=True)[4000:]
    (tmp_path / "php.log").write_bytes(b"".join(second))
    (tmp_path / "php.log.1.gz").write_bytes(gzip.compress(b"".join(first)))
    (tmp_path / "www.access.log").write_bytes(fpm_log())
    return tmp_path


def test_the_page_shows_what_happens(logs: Path) -> None:
    command, shown = re.findall(r"^```console\n\$ (fpmtune measure .*?[^\\])\n(.*?)^```$", PAGE, re.M | re.S)[
        0
    ]
    arguments = shlex.split(command.replace("\\\n", " "))[1:]
    # The page uses the shell's pattern php.log*.
    at = arguments.index("php.log*")
    arguments[at : at + 1] = ["php.log", "php.log.1.gz"]
    assert fpmtune(*arguments, cwd=logs) == Ran(0, shown, "")
    pool = read_load(str(logs / "load.yaml")).pool("www")
    assert pool.arrivals is not None
    assert (pool.arrivals.requests, pool.unknown) == (10289, [])


def test_the_page_advises_what_the_program_does() -> None:
    offered = " ".join(fpmtune("measure", "--help").out.split())
    for language in ("nginx", "ini"):
        for line in block(language).splitlines():
            if "format" in line or "upstream" in line:
                assert " ".join(line.split()) in offered


def test_standard_input_and_output(logs: Path) -> None:
    given = ("measure", "--nginx-log", "-", "--log-format", "$status $msec $request_time $upstream_addr")
    lines = b"200 1700000001.000 0.500 a:1\n200 1700000002.000 0.500 -\n"
    ran = fpmtune(*given, stdin=lines, cwd=logs)
    assert ran.status == 0
    (logs / "load.yaml").write_text(ran.out)
    assert read_load(str(logs / "load.yaml")).pools[0].sources[0].without_upstream == 1
    assert ran.err.startswith("fpmtune: not known: service times: ")


def test_merging(logs: Path) -> None:
    for name, pool in (("a.yaml", "www"), ("b.yaml", "api")):
        given = ("--nginx-conf", "nginx.conf", "--pool", pool, "-o", name)
        assert fpmtune("measure", "--nginx-log", "php.log", *given, cwd=logs).status == 0
    merged = fpmtune("measure", "--merge", "a.yaml", "b.yaml", "-o", "both.yaml", cwd=logs)
    assert (merged.status, merged.err) == (0, "")
    assert [line for line in merged.out.splitlines() if line.startswith("pool")] == ["pool api", "pool www"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "nothing to measure"),
        (("--nginx-log", "php.log"), "add $upstream_addr"),
        (("--nginx-log", "php.log"), "--help prints a log_format"),
        (("--nginx-log", "php.log", "--nginx-conf", "none"), "none: no such file"),
        (("--nginx-log", "x.log", "--nginx-conf", "nginx.conf"), "no access_log for 'x.log'"),
        (
            ("--nginx-log", "php.log", "www.access.log", "--nginx-conf", "."),
            "no access_log for 'www.access.log'",
        ),
        (("--nginx-log", "none.log", "--log-format", "$msec $upstream_addr"), "none.log: cannot be read"),
        (
            ("--nginx-log", "www.access.log", "--log-format", "$msec $upstream_addr"),
            "www.access.log:1: does not",
        ),
        (("--fpm-log", "www.access.log"), "has no duration (%d): set access.format"),
        (("--fpm-log", "www.access.log", "--access-format", "%n %d"), "www.access.log:1: does not"),
        (("--fpm-log", "www.access.log", "--max-children", "0"), "not a number of workers"),
        (("--merge", "php.log"), "php.log"),
        (("--merge", "a", "--fpm-log", "www.access.log"), "--merge takes load files and no logs"),
    ],
)
def test_wrong_usage(logs: Path, arguments: tuple[str, ...], words: str) -> None:
    ran = fpmtune("measure", *arguments, cwd=logs)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_progress_is_for_terminals_only(logs: Path) -> None:
    (logs / "long.log").write_bytes(nginx_log() * 60)
    command = [sys.executable, "-m", "tuner", "measure", "--nginx-log", "long.log"]
    command += ["--nginx-conf", "nginx.conf", "-o", "load.yaml"]
    (logs / "nginx.conf").write_text((logs / "nginx.conf").read_text().replace("php.log", "long.log"))
    master, terminal = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run(command, cwd=logs, env=env, stdout=subprocess.PIPE, stderr=terminal, check=True)
    os.close(terminal)
    written = os.read(master, 65_536).decode()
    os.close(master)
    assert re.search(r"\d+ %  \d+ MB read, \d+ MB/s, \d+ s left", written)
    assert written.endswith("\r\x1b[K")
    assert b"\x1b" not in done.stdout
    piped = subprocess.run(command, cwd=logs, env=env, capture_output=True, check=True)
    assert piped.stderr == b""


def test_progress_in_words() -> None:
    assert progress_line(50_000_000, 200_000_000, 2.0) == " 25 %  50 MB read, 25 MB/s, 6 s left"
    assert progress_line(50_000_000, 0, 2.0) == "50 MB read, 25 MB/s"


@pytest.mark.parametrize("name", ["", "x" * 5000, "a\nb"])
def test_a_name_that_no_pool_has(name: str) -> None:
    ran = fpmtune("measure", "--nginx-log", RUN / "nginx.access.log.gz", "--pool", name)
    assert (ran.status, ran.out) == (2, "")
    assert "a pool's name has 1 to 200 printable characters" in ran.err
    assert "pydantic" not in ran.err
