"""Real redis-servers and valkey-servers: those on the PATH, started with a file, and what they say."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

NAME = re.compile(r"(redis|valkey)-server(?:-[0-9.]+)?\Z")
VERSION = re.compile(r"v=([0-9]+\.[0-9]+)([0-9.]*)")
ERROR_LINE = re.compile(r"^Reading the configuration file, at line ([0-9]+)$", re.MULTILINE)
START_S = 10.0
POLL_S = 0.005
SOCKET = "s"
OWN_OPTIONS = {
    "unixsocket": SOCKET,
    "daemonize": "no",
    "supervised": "no",
    "logfile": "",
    "pidfile": "",
}
"""What every server here is started with, behind its file, so that it stays a child and leaves nothing."""


class Server(NamedTuple):
    """A program: `redis` or `valkey`, its release as `--target` takes it, and its full version."""

    program: str
    release: str
    version: str
    path: str


class Answer(NamedTuple):
    """What a server said of a file: `values` are those of CONFIG GET *, None where nobody could ask."""

    starts: bool
    error_line: int | None
    words: str
    values: dict[str, str] | None


@cache
def installed_servers() -> tuple[Server, ...]:
    """Return every redis-server and valkey-server on the PATH, `redis-server-8.2` and the like as well."""
    found: dict[str, Server] = {}
    for path in _candidates():
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        version = VERSION.search(said)
        if version:
            program = "valkey" if said.startswith("Valkey") else "redis"
            server = Server(program, version[1], version[1] + version[2], str(path))
            found.setdefault(f"{program} {server.version}", server)
    return tuple(found.values())


def _candidates() -> Iterator[Path]:
    for folder in map(Path, os.environ.get("PATH", "").split(os.pathsep)):
        if folder.is_dir():
            yield from (path for path in sorted(folder.iterdir()) if NAME.match(path.name))


def ask(server: Server, folder: Path) -> Answer:
    """Start `server` with `folder`/main.conf in `folder`, and return what it says. The folder must be a copy.

    As root it runs in a network namespace of its own, so that its ports meet nobody's; else without TCP.
    """
    own = dict(OWN_OPTIONS)
    command = [server.path, "main.conf"]
    if _has_namespaces():
        command = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", *command]
    else:
        own["port"] = "0"
    options = [word for name, value in own.items() for word in (f"--{name}", value)]
    with subprocess.Popen(
        [*command, *options], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            values = _values_when_up(process, folder / SOCKET)
        finally:
            process.kill()
        said = process.stdout.read().decode("utf-8", "replace") if process.stdout else ""
    line = ERROR_LINE.search(said)
    return Answer(process.returncode == -9, int(line[1]) if line else None, said, values)


def _has_namespaces() -> bool:
    return os.geteuid() == 0 and shutil.which("unshare") is not None and shutil.which("ip") is not None


def _values_when_up(process: "subprocess.Popen[bytes]", path: Path) -> dict[str, str] | None:
    """Return what CONFIG GET * says once the server listens; None if it exits or will not say."""
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as client:
            # The path of a temporary folder may be too long for a socket's address.
            try:
                client.connect(os.path.relpath(path))
            except OSError:
                time.sleep(POLL_S)
                continue
            try:
                return _config_values(client)
            except (OSError, ValueError):
                # It has begun to listen and gives up all the same.
                _wait_for_exit(process)
    return None


def _wait_for_exit(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=START_S)


def _config_values(client: socket.socket) -> dict[str, str] | None:
    client.settimeout(START_S)
    client.sendall(b"CONFIG GET *\r\n")
    with client.makefile("rb") as stream:
        head = stream.readline()
        if head.startswith(b"-"):
            return None
        words = [stream.read(int(stream.readline()[1:]) + 2)[:-2] for _ in range(int(head[1:]))]
    texts = [word.decode("utf-8", "surrogateescape") for word in words]
    return dict(zip(texts[::2], texts[1::2], strict=True))
