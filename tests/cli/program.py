"""The real program as users start it, with a time limit so that a hang fails."""

import atexit
import compileall
import ctypes
import json
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60

LIBC = ctypes.CDLL(None)
PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE = 1, 2, 19

POOL = "[www]\nuser = www-data\nlisten = /run/php/www.sock\npm = static\npm.max_children = 5\n"
"""A pool file without findings."""

BAD_LISTEN = "server { listen 80 backlog=0; }\n"
"""A site with the error QUE003."""

CLAMPED = {
    "php-fpm.d/www.conf": POOL + "listen.backlog = 65535\n",
    "sysctl.d/a.conf": "net.core.somaxconn=4096\n",
}
"""A tree with the warning QUE001 and nothing graver."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run ended."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def rules(self) -> list[str]:
        """The rule of each finding of a JSON report that is more than a note."""
        return [f["rule"] for f in self.report["findings"] if f["severity"] != "note"]


def fpmtune(
    *arguments: str | bytes | Path,
    cwd: Path | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    without_override: bool = False,
) -> Ran:
    """Run fpmtune; every run must end in time, without a traceback.

    `without_override` runs it, even as root, without the right to read files whose mode forbids it
    and to look into the processes of others.
    """
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tuner", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=environment(env),
        preexec_fn=_drop_override if without_override else None,
        timeout=TIMEOUT_S,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
    assert "Traceback" not in ran.err + ran.out
    assert "internal error" not in ran.err
    return ran


def _drop_override() -> None:
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a run: this checkout's package, no colour settings of the developer's."""
    kept = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "TERM")
    }
    return {**kept, "PYTHONPATH": str(built()), "PYTHONDONTWRITEBYTECODE": "1", **(more or {})}


@cache
def built() -> Path:
    """Return a folder with the package as a wheel carries it: a run of it starts as fast as a user's."""
    folder = Path(tempfile.mkdtemp(prefix="fpmtune-built-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    package = folder / "tuner"
    shutil.copytree(CHECKOUT / "tuner", package, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copytree(CHECKOUT / "templates", package / "data/templates")
    compile_rules = runpy.run_path(str(CHECKOUT / "rules/compile_hook.py"))["compile_rules"]
    for name, table in compile_rules(CHECKOUT / "rules").items():
        (package / "data" / name).write_text(json.dumps(table), encoding="ascii")
    compileall.compile_dir(package, quiet=1)
    return folder
