"""Whether the installed daemons take files: each changed one by itself, and the trees that they start from.

The paths in them are those of a copy. What nginx misses there, a host that nobody knows or a file that is not
there, is stood in for, alike whenever it is asked.
"""

import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conformance import nginx_program, php_fpm_readings, redis_server

ROOTS = re.compile(rb"(?<![\w/:.])/(?=(?:etc|var|run|usr/share/nginx)/)")
LIMIT_S = 20
STAND_INS = 12
UNKNOWN_HOST = re.compile(r'host not found in (?:upstream )?"([^":/]+)')
MISSING_FILE = re.compile(r'open\(\) "(/[^"*]+)" failed \(2:')
PID = re.compile(rb"^\s*pid\s", re.MULTILINE)
WRAPPINGS = (
    b"%s",
    b"events {}\nhttp {\n%s\n}",
    b"events {}\nhttp { server {\n%s\n}\n}",
    b"events {}\nhttp { server { location / {\n%s\n}\n}\n}",
)
REDIS_FOLDER = re.compile(rb"^[ \t]*dir[ \t].*$", re.MULTILINE | re.IGNORECASE)
START_FILES = {"nginx.conf": "nginx", "php-fpm.conf": "php-fpm"}

Files = Mapping[str, bytes]
"""What lies in a host's folder, by the path there."""

asked = Counter[str]()
"""How often each daemon was asked."""


def verdicts(files: Files, changed: Mapping[str, str]) -> dict[str, bool]:
    """Return what the daemons say of the trees and of each file that is `changed`, by its kind."""
    moved = {name: ROOTS.sub(php_fpm_readings.HERE + b"/", data) for name, data in files.items()}
    found = dict(_of_trees(moved))
    for name, kind in changed.items():
        found |= {f"{kind} of {name}": taken for taken in _alone(kind, moved[name])}
    return found


def _of_trees(moved: Files) -> Iterator[tuple[str, bool]]:
    php_fpm = php_fpm_readings.installed()
    for name in moved:
        kind = START_FILES.get(Path(name).name)
        if kind == "php-fpm" and php_fpm:
            asked["php-fpm"] += 1
            yield (
                f"php-fpm of all below {name}",
                php_fpm_readings.ask(php_fpm, moved, name, "", {}).is_accepted,
            )
        if kind == "nginx" and nginx_program.PROGRAM:
            yield f"nginx of all below {name}", _nginx_takes(moved, name)


def _alone(kind: str, data: bytes) -> Iterator[bool]:
    """Yield whether a program takes a file by itself; nothing where it cannot be asked."""
    php_fpm = php_fpm_readings.installed()
    if kind == "php-fpm" and php_fpm:
        asked["php-fpm"] += 1
        yield php_fpm_readings.ask(php_fpm, {"php-fpm.conf": data}, "php-fpm.conf", "", {}).is_accepted
    if kind == "nginx" and nginx_program.PROGRAM:
        wrapped = (wrapping.replace(b"%s", data) for wrapping in WRAPPINGS)
        yield any(_nginx_takes({"nginx.conf": one}, "nginx.conf") for one in wrapped)
    if kind == "redis":
        yield from (_redis_takes(server, data) for server in redis_server.installed_servers())
    if kind == "sysctl" and shutil.which("sysctl"):
        yield _sysctl_takes(data)


def _nginx_takes(files: Files, start: str) -> bool:
    with TemporaryDirectory() as folder:
        php_fpm_readings.write(Path(folder), files)
        for _ in range(STAND_INS):
            said = _nginx_test(Path(folder), start)
            if said is None:
                return True
            if not _stand_in(Path(folder), said):
                return False
    return False


def _nginx_test(folder: Path, start: str) -> str | None:
    """Return what nginx complains of, None if of nothing."""
    asked["nginx"] += 1
    path = folder / start
    command = [*_namespace(), nginx_program.PROGRAM, "-t", "-c", str(path), "-p", f"{path.parent}/"]
    own = [] if PID.search(path.read_bytes()) else ["-g", f"pid {folder / 'pid'};"]
    done = subprocess.run(
        [*command, "-e", str(folder / "error.log"), *own], capture_output=True, check=False, timeout=LIMIT_S
    )
    return None if done.returncode == 0 else done.stderr.decode("utf-8", "replace")


def _stand_in(folder: Path, said: str) -> bool:
    """Put right in a copy what nginx complains of; return whether that could be done."""
    if unknown := UNKNOWN_HOST.search(said):
        host = re.compile(rb"(?<![\w.-])%s(?![\w-])" % re.escape(unknown[1].encode()))
        for path in folder.rglob("*"):
            if path.is_file():
                path.write_bytes(host.sub(b"127.0.0.1", path.read_bytes()))
        return True
    missing = MISSING_FILE.search(said)
    if missing is None or not Path(missing[1]).is_relative_to(folder):
        return False
    Path(missing[1]).parent.mkdir(parents=True, exist_ok=True)
    Path(missing[1]).touch()
    return True


@cache
def _namespace() -> list[str]:
    """Return what keeps a program's ports to itself, nothing where that takes more rights."""
    is_there = os.geteuid() == 0 and shutil.which("unshare") and shutil.which("ip")
    return ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"] if is_there else []


def _redis_takes(server: redis_server.Server, data: bytes) -> bool:
    asked[server.program] += 1
    with TemporaryDirectory() as folder:
        (Path(folder) / "main.conf").write_bytes(REDIS_FOLDER.sub(b"", data))
        return redis_server.ask(server, Path(folder)).starts


def _sysctl_takes(data: bytes) -> bool:
    asked["sysctl"] += 1
    with TemporaryDirectory() as folder:
        path = Path(folder) / "60-asked.conf"
        path.write_bytes(data)
        done = subprocess.run(
            ["sysctl", "--dry-run", "-p", str(path)], capture_output=True, check=False, timeout=LIMIT_S
        )
        return done.returncode == 0
