"""fpmtune as a user runs it on the machine of the proof."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.proof.machine import ACCESS_FORMAT, Machine


def load_file(machine: Machine) -> Path:
    """Measure the logs, and return the load file."""
    load = machine.root / "load.yaml"
    _fpmtune(
        "measure",
        *("--nginx-log", machine.nginx_log, "--nginx-conf", machine.nginx_conf),
        *("--fpm-log", machine.fpm_log, "--access-format", ACCESS_FORMAT, "-o", load),
    )
    return load


def plan_of(machine: Machine, load: Path, *options: str) -> dict[str, Any]:
    """Return the plan as JSON."""
    plan: dict[str, Any] = json.loads(_tune(machine, load, "--format", "json", *options))
    return plan


def write_plan(machine: Machine, load: Path, *options: str) -> str:
    """Write the plan into the files, and return what fpmtune says."""
    return _tune(machine, load, "--write", "--journal", str(machine.root / ".journal"), *options)


def _tune(machine: Machine, load: Path, *options: str) -> str:
    return _fpmtune("tune", machine.root, "--target", "none", "--load", load, *options)


def _fpmtune(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "tuner", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}{done.stdout}")
    return done.stdout
