"""A machine for real daemons: the installed programs over a tree's files, in namespaces of its own."""

import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import built

PROBE = Path(__file__).with_name("inside_machine.py")
NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"]
PATIENCE_S = 60
CHECKOUT = Path(__file__).parents[2]
BY_HAND = ["env", "-i", "-C", "/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"PYTHONPATH={CHECKOUT}"]
"""Before a command inside a machine: in the root of the disk, and not as CI's."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The versions of the programs on this machine."""

    kernel: str
    nginx: str
    php: str
    redis: str

    @property
    def target(self) -> str:
        return f"kernel={self.kernel},php={self.php},nginx={self.nginx},redis={self.redis}"

    @property
    def php_fpm(self) -> str:
        return f"php-fpm{self.php_folder}"

    @property
    def php_folder(self) -> str:
        """The version as Debian's folders and programs have it: 8.2."""
        return ".".join(self.php.split(".")[:2])


def skip_without_namespaces(*programs: str) -> None:
    """Skip the calling test, and say why, where no machine can be made."""
    if not sys.platform.startswith("linux"):
        pytest.skip("the daemons are checked on Linux")
    if os.geteuid() != 0:
        pytest.skip("namespaces need root")
    for program in ("unshare", "ss", "mount", *programs):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    reason = _refusal()
    if reason:
        pytest.skip(f"no namespaces with a writable /proc/sys here: {reason}")


@functools.cache
def _refusal() -> str:
    probe = (
        "mount -t tmpfs none /run && test -w /proc/sys/net/core/somaxconn || { echo read-only >&2; false; }"
    )
    tried = subprocess.run([*NAMESPACES, "sh", "-c", probe], capture_output=True, text=True, check=False)
    return tried.stderr.strip() if tried.returncode else ""


@functools.cache
def installed() -> Installed:
    """Return the versions of what is installed; skips the test where a daemon is missing."""
    skip_without_namespaces("nginx", "redis-server")
    php = sorted(Path("/usr/sbin").glob("php-fpm[0-9]*"))
    if not php:
        pytest.skip("needs Debian's php-fpm")
    return Installed(
        kernel=_version([platform.release()]),
        nginx=_version(_said("nginx", "-v")),
        php=_version(_said(str(php[-1]), "-v")),
        redis=_version(_said("redis-server", "--version")),
    )


def _said(*command: str) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).splitlines()


def _version(lines: Sequence[str]) -> str:
    found = re.search(r"\d+\.\d+\.\d+", lines[0])
    assert found, lines
    return found.group()


def services(root: Path, programs: Installed) -> Iterator[dict[str, Any]]:
    """Yield the programs that the tree has files for, each with the file that says it listens."""
    if (root / "etc/nginx/nginx.conf").exists():
        yield {"command": ["nginx", "-g", "daemon off;"], "pid_file": "/run/nginx.pid"}
    main = f"etc/php/{programs.php_folder}/fpm/php-fpm.conf"
    if (root / main).exists():
        yield {"command": [programs.php_fpm, "-F", "-y", f"/{main}"], "pid_file": "/run/php/fpm.pid"}
    for file in sorted((root / "etc/redis").glob("*.conf")):
        pid_file = f"/run/redis/{file.stem}.pid"
        options = ["--pidfile", pid_file, "--daemonize", "no", "--save", "", "--dir", "/run/redis"]
        yield {"command": ["redis-server", f"/etc/redis/{file.name}", *options], "pid_file": pid_file}


def run_inside(binds: Mapping[str, Path], steps: Sequence[tuple[str, Any]]) -> list[Any]:
    """Lay folders over the machine's own, take the steps, and return the answer to each."""
    order = {"binds": {target: str(source) for target, source in binds.items()}, "steps": steps}
    done = subprocess.run(
        [*NAMESPACES, sys.executable, str(PROBE)],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


def fpmtune(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line program in the root of the disk, where no project file speaks for it."""
    environment = {**os.environ, "PYTHONPATH": str(built())}
    command = [sys.executable, "-P", "-m", "tuner", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", env=environment, timeout=PATIENCE_S
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


def fpmtune_json(verb: str, *arguments: str | Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(fpmtune(verb, "--format", "json", *arguments).stdout)
    return document
