"""Daemons found in a /proc, whole or with entries that vanish or may not be read."""

import os
import sys
from pathlib import Path

import pytest

from tuner.stack.live import processes
from tuner.stack.live.processes import Daemon, daemons, own_namespace

CONF = "etc/php/8.2/fpm"


class Proc:
    """A folder that looks like /proc, and one that is the root of the machine."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "proc"
        self.machine = root / "machine"
        (self.machine / CONF).mkdir(parents=True)

    def add(self, pid: int, name: str, parent: int = 1, machine: Path | None = None) -> Path:
        process = self.folder / str(pid)
        (process / "net").mkdir(parents=True)
        (process / "net/dev").write_text("")
        (process / "comm").write_text(f"{name}\n")
        (process / "stat").write_text(f"{pid} ({name}) S {parent} 1 1 0 -1\n")
        (process / "fd").mkdir()
        (process / "fd/7").symlink_to(f"socket:[{pid}7]")
        (process / "fd/8").symlink_to("/dev/null")
        (process / "exe").symlink_to(f"/usr/sbin/{name} (deleted)")
        (process / "root").symlink_to(self.root_for(machine or self.machine))
        return process

    def root_for(self, machine: Path) -> Path:
        """/proc/PID/root followed by our path of the file: the machine's root is not ours here."""
        root = machine.parent / f"{machine.name}-root"
        inside = root / str(self.machine).lstrip("/")
        if not inside.is_symlink():
            inside.parent.mkdir(parents=True)
            inside.symlink_to(machine)
        return root

    def found(self) -> list[Daemon]:
        return daemons([str(self.machine / CONF)])


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Proc:
    made = Proc(tmp_path)
    monkeypatch.setattr(processes, "PROC", str(made.folder))
    return made


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("php-fpm8.2", "php-fpm"),
        ("php-fpm", "php-fpm"),
        ("php-fpm83", "php-fpm"),
        ("php81-php-fpm", "php-fpm"),
        ("nginx", "nginx"),
        ("redis-server", "redis"),
        ("valkey-server", "redis"),
        ("php", None),
        ("nginx-exporter", None),
        ("redis-sentinel", None),
        ("apache2", None),
    ],
)
def test_names(name: str, owner: str | None, proc: Proc) -> None:
    proc.add(100, name)
    assert [daemon.owner for daemon in proc.found()] == ([owner] if owner else [])


def test_a_master_with_its_sockets_and_not_its_workers(proc: Proc) -> None:
    proc.add(100, "nginx")
    proc.add(101, "nginx", parent=100)
    (daemon,) = proc.found()
    assert (daemon.pid, daemon.sockets, daemon.program) == (100, frozenset({1007}), "/usr/sbin/nginx")
    assert daemon.namespace == (proc.folder / "100/net/dev").stat().st_ino
    assert str(daemon) == "nginx (pid 100)"


def test_a_container_with_other_files_does_not_count(proc: Proc, tmp_path: Path) -> None:
    other = tmp_path / "container"
    (other / CONF).mkdir(parents=True)
    proc.add(100, "php-fpm8.2")
    proc.add(200, "php-fpm8.2", machine=other)
    empty = tmp_path / "empty"
    empty.mkdir()
    proc.add(300, "php-fpm8.2", machine=empty)
    assert [daemon.pid for daemon in proc.found()] == [100]


@pytest.mark.parametrize("entry", ["comm", "stat", "fd", "exe", "net"])
def test_entries_that_are_gone(entry: str, proc: Proc) -> None:
    process = proc.add(100, "nginx")
    (process / entry).rename(process / "gone")
    expected = [] if entry == "comm" else [100]
    assert [daemon.pid for daemon in proc.found()] == expected
    if entry == "fd":
        assert proc.found()[0].sockets is None
    if entry == "net":
        assert proc.found()[0].namespace == 0


@pytest.mark.parametrize(("ids", "counts"), [("100", True), ("100 7", False), ("", True)])
def test_a_process_that_may_not_be_looked_into_counts_unless_it_is_a_containers(
    ids: str, counts: bool, proc: Proc, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = proc.add(100, "nginx") / "status"
    status.write_text(f"Name:\tnginx\nNSpid:\t{ids}\n" if ids else "Name:\tnginx\n")
    (proc.folder / "self").mkdir()
    (proc.folder / "self/status").write_text("Name:\tfpmtune\nNSpid:\t12\n")
    real_stat = os.stat

    def stat(path: str) -> os.stat_result:
        if "/root/" in path:
            raise PermissionError(13, "Permission denied")
        return real_stat(path)

    monkeypatch.setattr(processes.os, "stat", stat)
    assert [daemon.pid for daemon in proc.found()] == ([100] if counts else [])


def test_file_descriptors_that_may_not_be_followed_are_no_answer(
    proc: Proc, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.add(100, "nginx")

    def readlink(path: str) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(processes.os, "readlink", readlink)
    (daemon,) = proc.found()
    assert (daemon.sockets, daemon.program) == (None, "")


def test_no_proc_at_all(proc: Proc) -> None:
    assert proc.found() == []
    assert own_namespace() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_this_process_is_in_its_own_namespace() -> None:
    assert own_namespace() == os.stat("/proc/self/net/dev").st_ino != 0
