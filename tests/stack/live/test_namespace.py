"""Looking into network namespaces, also those whose daemon ends meanwhile."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tuner.stack.live import read
from tuner.stack.live.namespace import Namespace, NotEnteredError
from tuner.stack.live.processes import Daemon, own_namespace

NOBODY_PID = 2**22 + 1


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a network namespace of its own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("a network namespace takes root and unshare")
    with subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; read _"], **PIPES) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}


def network() -> int:
    return Path("/proc/thread-self/ns/net").stat().st_ino


def test_our_own_namespace_is_not_entered() -> None:
    assert Namespace("this machine").run(os.getpid) == os.getpid()


def test_the_namespace_of_a_process_that_is_gone() -> None:
    assert Namespace.of_process("nobody's", NOBODY_PID) is None


def test_a_namespace_that_may_not_be_opened_is_not_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, _: int) -> int:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    namespace = Namespace.of_process("somebody's", 1)
    assert namespace is not None
    with pytest.raises(NotEnteredError, match="only root can look into"):
        namespace.run(os.getpid)


def test_a_namespace_outlives_its_process(stranger: subprocess.Popen[bytes]) -> None:
    expected = Path(f"/proc/{stranger.pid}/ns/net").stat().st_ino
    namespace = Namespace.of_process("the stranger's", stranger.pid)
    stranger.kill()
    stranger.wait()
    assert namespace is not None
    assert namespace.run(network) == expected
    assert network() != expected


def test_a_daemon_that_ended_after_it_was_found_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Daemon("php-fpm", "php-fpm8.2", NOBODY_PID, namespace=1, sockets=frozenset())
    ours = Daemon("redis", "redis-server", os.getpid(), own_namespace(), sockets=frozenset())
    monkeypatch.setattr(read, "daemons", lambda _: [gone, ours])
    machine = read.host_target(["/etc"]).machine
    assert machine is not None
    assert (machine.unseen, machine.running) == ({}, {"redis"})
    somaxconn = machine.read("net.core.somaxconn")
    assert [(reading.reason, reading.owners) for reading in somaxconn] == [("", {"redis"})]
