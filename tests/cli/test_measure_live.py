"""`fpmtune measure` of what listens on this machine: queues, and what answers that is no PHP-FPM."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from program import environment, fpmtune

from tuner.load.load_file import MeasuredPool, QueueSeen
from tuner.load.read_load import read_load

MEASURE = [sys.executable, "-P", "-m", "tuner", "measure"]
BACKLOG, WAITING = 5, 3


@pytest.fixture
def waited_for(tmp_path: Path) -> Iterator[Path]:
    """A unix socket with room for six, three of them taken."""
    path = tmp_path / "php.sock"
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen(BACKLOG)
        for _ in range(WAITING):
            stack.enter_context(socket.socket(socket.AF_UNIX)).connect(str(path))
        yield path


def only_pool(file: Path) -> MeasuredPool:
    (pool,) = read_load(str(file)).pools
    return pool


def queue_of(file: Path) -> QueueSeen:
    found = only_pool(file).queue
    assert found is not None
    return found


def test_a_queue_without_any_status_page(waited_for: Path, tmp_path: Path) -> None:
    file = tmp_path / "load.yaml"
    given = ("--queue", f"unix:{waited_for}", "--pool", "shop", "--duration", "1s", "-o", str(file))
    ran = fpmtune("measure", *given, cwd=tmp_path)
    assert (ran.status, ran.err) == (0, "")
    assert "at most 3 of 6; told by the kernel" in ran.out
    assert only_pool(file).name == "shop"
    queue = queue_of(file)
    assert (queue.effective_backlogs, queue.full, queue.waiting.largest) == ([BACKLOG], 0, WAITING)
    # Ten samples a second, from the first moment to the last.
    samples = queue.waiting.counts
    assert set(samples) == {WAITING}
    assert 5 <= samples[WAITING] <= 12


def test_a_queue_over_tcp_that_is_full(tmp_path: Path) -> None:
    file = tmp_path / "load.yaml"
    with socket.socket() as listener, socket.socket() as one, socket.socket() as two:
        listener.bind(("0.0.0.0", 0))
        listener.listen(1)
        port = listener.getsockname()[1]
        for client in (one, two):
            client.connect(("127.0.0.1", port))
        ran = fpmtune("measure", "--queue", f"127.0.0.1:{port}", "--duration", "0", "-o", str(file))
    assert ran.status == 0
    assert "100.0 %" in ran.out
    assert (queue_of(file).waiting.counts, queue_of(file).full) == ({2: 1}, 1)
    assert only_pool(file).name == f"127.0.0.1:{port}"
    assert only_pool(file).unknown == [
        "arrivals and service times: only the queue was seen",
        "refused arrivals: the accept queue was full in 1 of 1 samples",
    ]


def _heed_interruptions() -> None:
    """As programs of a terminal do; those that a shell runs in the background begin with them ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interruption_ends_it_early_and_loses_nothing(waited_for: Path, tmp_path: Path) -> None:
    file = tmp_path / "load.yaml"
    command = [*MEASURE, "--queue", str(waited_for), "--duration", "1h", "-o", str(file)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, preexec_fn=_heed_interruptions
    ) as running:
        while len(os.listdir(f"/proc/{running.pid}/task")) == 1:
            time.sleep(0.01)
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        try:
            assert running.wait(10) == 0
        finally:
            running.kill()
    assert 1 <= queue_of(file).waiting.counts[WAITING] <= 25


def test_a_bar_for_terminals(waited_for: Path, tmp_path: Path) -> None:
    command = [*MEASURE, "--queue", str(waited_for), "--duration", "1.5s", "-o", str(tmp_path / "load.yaml")]
    master, terminal = pty.openpty()
    subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, stderr=terminal, check=True)
    os.close(terminal)
    shown = os.read(master, 65_536).decode()
    os.close(master)
    assert re.search(r"\[#+\.+\] 1 s left, ctrl-C ends it now", shown)
    assert shown.endswith("\r\x1b[K")


def test_a_status_page_whose_queue_is_full_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "php.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(path))
        listener.listen(0)
        client.connect(str(path))
        file = tmp_path / "load.yaml"
        ran = fpmtune("measure", "--status", str(path), "--duration", "0", "-o", str(file))
    assert ran.status == 2
    assert "no answer in time" in ran.err
    assert queue_of(file).full >= 1


def test_a_status_page_that_never_answers_takes_no_longer_than_allowed(waited_for: Path) -> None:
    began_s = time.monotonic()
    given = ("--duration", "0", "--answer-timeout", "500ms")
    assert fpmtune("measure", "--status", str(waited_for), *given).status == 2
    assert time.monotonic() - began_s < 5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--status", "none.sock"), "is neither unix:PATH nor HOST:PORT"),
        (("--status", "/none.sock"), "unix:/none.sock?/status: nobody listens there: is PHP-FPM running"),
        (("--queue", "/none.sock"), "nothing listens at unix:/none.sock on this machine"),
        (("--status", "/none.sock", "--status-path", "x"), "'x' is no status path"),
        (("--queue", "/none.sock", "--interval", "1ms"), "1ms is not between 0.1 s and 3600 s"),
        (("--queue", "/none.sock", "--duration", "8000h"), "is not between 0 s and 604800 s"),
        (("--queue", "/none.sock", "--duration", "soon"), "'soon' is not a time"),
        (("--merge", "a.yaml", "--queue", "/none.sock"), "--merge takes load files"),
        (("none.conf",), "none.conf: no such file"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    ran = fpmtune("measure", *arguments, cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_a_socket_that_we_may_not_use(waited_for: Path) -> None:
    waited_for.chmod(0)
    ran = fpmtune("measure", "--status", str(waited_for), "--duration", "0", without_override=True)
    assert ran.status == 2
    assert "permission denied: run as root, or as a user that listen.owner" in ran.err


def test_what_speaks_no_fastcgi(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        command = [*MEASURE, "--status", f"127.0.0.1:{listener.getsockname()[1]}", "--duration", "30s"]
        with subprocess.Popen(
            command, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE
        ) as running:
            listener.settimeout(20)
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                _, errors = running.communicate(timeout=20)
    assert b"what answers there does not speak FastCGI" in errors


def test_the_pools_of_a_checkout_are_not_asked(waited_for: Path, tmp_path: Path) -> None:
    (tmp_path / "www.conf").write_text(f"[www]\nlisten = {waited_for}\npm.status_path = /status\n")
    ran = fpmtune("measure", "www.conf", cwd=tmp_path)
    assert ran.status == 2
    assert "as PATH the configuration of this machine" in ran.err


def test_files_tell_the_formats_of_logs(tmp_path: Path) -> None:
    head = "user = www-data\npm = static\npm.max_children = 5\n"
    (tmp_path / "pools.conf").write_text(
        f"[api]\nlisten = 9001\n{head}access.log = /var/log/api.log\n"
        f'[shop]\nlisten = 9002\n{head}access.log = /var/log/shop.log\naccess.format = "%n %{{micro}}d"\n'
    )
    (tmp_path / "shop.log.1").write_text("shop 5000\nshop 7000\n")
    ran = fpmtune("measure", "pools.conf", "--fpm-log", "shop.log.1", "-o", "load.yaml", cwd=tmp_path)
    assert ran.status == 0, ran.err
    pool = only_pool(tmp_path / "load.yaml")
    assert pool.service is not None
    assert (pool.name, pool.service.service_us.total) == ("shop", 12_000)
    wrong = fpmtune("measure", "pools.conf", "--fpm-log", "shop.log.1", "--pool", "none", cwd=tmp_path)
    assert (wrong.status, "--pool: expected one of api, shop" in wrong.err) == (2, True)
