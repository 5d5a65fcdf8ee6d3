"""The daemons that run on this machine, and the network namespace of each."""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from tuner.stack.model import Owner

PROC = "/proc"
PROGRAMS: tuple[tuple[re.Pattern[str], Owner], ...] = (
    (re.compile(r"php[0-9.]*-?(?:php-)?fpm[0-9.]*\Z"), "php-fpm"),
    (re.compile(r"nginx\Z"), "nginx"),
    (re.compile(r"(?:redis|valkey)-server\Z"), "redis"),
)
SOCKET_LINK = re.compile(r"socket:\[([0-9]+)\]\Z")


class Daemon(NamedTuple):
    """One master process. `namespace` identifies its network namespace, 0 where that cannot be seen.

    `sockets` are the inodes of its sockets, None where its file descriptors may not be looked at. `program`
    is the path of its executable, empty where that may not be seen.
    """

    owner: Owner
    name: str
    pid: int
    namespace: int
    sockets: frozenset[int] | None
    program: str = ""

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"


def own_namespace() -> int:
    """Return what identifies the network namespace of this process, 0 where that cannot be seen."""
    return _namespace("self")


def daemons(paths: Sequence[str]) -> list[Daemon]:
    """Return the masters of php-fpm, nginx and Redis that see the files at `paths`, which are real paths.

    A container with a root of its own has other files there, or none, and other daemons.
    """
    named = {pid: name for pid, name in _names() if _owner(name)}
    found = []
    for pid, name in named.items():
        owner = _owner(name)
        if owner and named.get(_parent(pid)) != name and _sees(pid, paths):
            found.append(Daemon(owner, name, pid, _namespace(str(pid)), _sockets(pid), _program(pid)))
    return found


def _names() -> Iterator[tuple[int, str]]:
    try:
        listed = sorted(int(name) for name in os.listdir(PROC) if name.isdigit())
    except OSError:
        return
    for pid in listed:
        name = _text(f"{PROC}/{pid}/comm")
        if name:
            yield pid, name.rstrip("\n")


def _owner(name: str) -> Owner | None:
    return next((owner for pattern, owner in PROGRAMS if pattern.match(name)), None)


def _parent(pid: int) -> int:
    """Return the parent's process id, 0 for a process that is gone."""
    fields = _text(f"{PROC}/{pid}/stat").rpartition(")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0


def _text(path: str) -> str:
    """Return a small file of /proc, empty where the process is gone or hidden."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096)
    except OSError:
        return ""


def _sees(pid: int, paths: Sequence[str]) -> bool:
    """Say whether the process finds the same files at `paths` as we do.

    Without the right to look, every process does but one of a process namespace below ours: a container's.
    """
    try:
        return any(_is_same(f"{PROC}/{pid}/root{path}", path) for path in paths)
    except PermissionError:
        return _depth(str(pid)) <= _depth("self")


def _depth(process: str) -> int:
    """Return in how many process namespaces, from that of /proc down, the process has an id."""
    lines = _text(f"{PROC}/{process}/status").splitlines()
    return next((len(line.split()) for line in lines if line.startswith("NSpid:")), 0)


def _is_same(inside: str, path: str) -> bool:
    try:
        return os.path.samestat(os.stat(inside), os.stat(path))
    except PermissionError:
        raise
    except OSError:
        return False


def _namespace(process: str) -> int:
    """Return the inode of net/dev: each network namespace has its own, which everybody may see."""
    try:
        return os.stat(f"{PROC}/{process}/net/dev").st_ino
    except OSError:
        return 0


def _sockets(pid: int) -> frozenset[int] | None:
    folder, links = f"{PROC}/{pid}/fd", []
    try:
        for name in os.listdir(folder):
            # One that was closed meanwhile is gone; that none may be followed is no answer at all.
            with suppress(FileNotFoundError):
                links.append(os.readlink(f"{folder}/{name}"))
    except OSError:
        return None
    return frozenset(int(match[1]) for link in links if (match := SOCKET_LINK.match(link)))


def _program(pid: int) -> str:
    try:
        return os.readlink(f"{PROC}/{pid}/exe").removesuffix(" (deleted)")
    except OSError:
        return ""
