"""The values that we write, as php-fpm, nginx, Redis and sysctl themselves understand them."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.change.documents import after, find, read
from tuner.change.replace import replace_value
from tuner.formats.document import Kind

pytestmark = pytest.mark.daemons

VALUES = (
    "4096", "a b", "it's", 'say "x"', 'it\'s "x"', "C:\\dir\\", "it's C:\\", "\\n\\t\\\\", "#x", "a#b", "a;b",
    "{", "a}", "a=b&c=d", "!x", "~x", "(x)", "E_ALL", "off", "none", "null", "$x", "\\$x", "é", "a\tb", "'",
    '"', "\\", "'\\",
)  # fmt: skip
OLD_WORDS = (b"old", b'"old"', b"'old'")


def program(*names: str) -> str:
    """Return the installed program's path; skip the test if there is none."""
    found = next((path for name in names if (path := shutil.which(name, path=SEARCHED))), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed")
    return found


SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def with_value(kind: Kind, data: bytes, name: str, value: str) -> bytes:
    document = read(kind, data)
    return after(document, replace_value(document, find(document, name), value))


@pytest.mark.parametrize("old", OLD_WORDS)
def test_php_fpm(old: bytes, tmp_path: Path) -> None:
    php_fpm = program("php-fpm8.2", "php-fpm8.4", "php-fpm8.3", "php-fpm")
    lines = [b"php_value[v%d] = %s ; c" % (number, old) for number in range(len(VALUES))]
    head = b"[global]\nerror_log = /dev/stderr\n[www]\nlisten = /x.sock\npm = static\npm.max_children = 1\n"
    document = read("php-fpm", head + b"\n".join(lines))
    entries = [directive for directive in document.walk() if directive.name.text == "php_value"]
    changes = [replace_value(document, entry, value) for entry, value in zip(entries, VALUES, strict=True)]
    file = tmp_path / "fpm.conf"
    file.write_bytes(after(document, *changes))
    command = [php_fpm, "-n", "-tt", "-R", "-y", str(file)]
    said = subprocess.run(command, capture_output=True, check=False, timeout=60)
    shown = dict(re.findall(r"NOTICE: +\tphp_value\[v(\d+)\] = (.*)", said.stderr.decode()))
    assert [shown.get(str(number)) for number in range(len(VALUES))] == list(VALUES), said.stderr.decode()


@pytest.mark.parametrize("old", OLD_WORDS)
def test_nginx(old: bytes, tmp_path: Path) -> None:
    nginx = program("nginx")
    file = tmp_path / "nginx.conf"
    head = f"error_log stderr;\npid {tmp_path}/pid;\nevents {{}}\ndaemon ".encode()
    for value in VALUES:
        if value != "off":
            file.write_bytes(with_value("nginx", head + old + b"; # c", "daemon", value))
            command = [nginx, "-t", "-p", str(tmp_path), "-c", str(file)]
            said = subprocess.run(command, capture_output=True, check=False, timeout=60).stderr.decode()
            assert f'invalid value "{value}" in "daemon" directive, it must be' in said, said


@pytest.mark.parametrize("old", OLD_WORDS)
def test_redis(old: bytes, tmp_path: Path) -> None:
    redis = program("redis-server")
    names = ("masterauth", "masteruser", "syslog-ident")
    values = [*VALUES, *VALUES[: -len(VALUES) % len(names)]]
    for number in range(0, len(values), len(names)):
        data = f'port 0\nunixsocket {tmp_path}/redis\nsave ""\ndir {tmp_path}\n'.encode()
        data += b"".join(b"%s %s\r\n" % (name.encode(), old) for name in names)
        wanted = dict(zip(names, values[number : number + len(names)], strict=True))
        for name, value in wanted.items():
            data = with_value("redis", data, name, value)
        with running_redis(redis, tmp_path, data) as ask:
            assert {name: ask.get(name) for name in names} == wanted


class Redis:
    """Asks a Redis for its settings."""

    def __init__(self, path: str) -> None:
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(10)
        self.connection.connect(path)
        self.answers = self.connection.makefile("rb")

    def get(self, name: str) -> str:
        self.connection.sendall(f"CONFIG GET {name}\r\n".encode())
        assert self.answers.readline() == b"*2\r\n"
        return [self.text() for _ in range(2)][1]

    def text(self) -> str:
        length = int(self.answers.readline()[1:])
        return self.answers.read(length + 2)[:-2].decode()

    def close(self) -> None:
        self.answers.close()
        self.connection.close()


@contextmanager
def running_redis(redis: str, folder: Path, data: bytes) -> Iterator[Redis]:
    file = folder / "redis.conf"
    file.write_bytes(data)
    server = subprocess.Popen([redis, str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield connected(server, str(folder / "redis"))
    finally:
        server.terminate()
        server.communicate(timeout=20)


def connected(server: subprocess.Popen[bytes], path: str) -> Redis:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            return Redis(path)
        except OSError:
            assert server.poll() is None, "redis-server did not start"
            time.sleep(0.01)
    raise TimeoutError(path)


def test_sysctl(tmp_path: Path) -> None:
    sysctl = program("sysctl")
    file = tmp_path / "60-x.conf"
    for value in VALUES:
        file.write_bytes(
            with_value("sysctl", b"# c\n-kernel.core_pattern =  old  \n", "kernel.core_pattern", value)
        )
        said = subprocess.run(
            [sysctl, "--dry-run", "-p", str(file)], capture_output=True, check=True, timeout=60
        )
        assert said.stdout.decode() == f"kernel.core_pattern = {value}\n"
