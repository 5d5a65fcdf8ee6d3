"""nginx itself, asked for its verdict on one file: `nginx -t`, which binds its ports for a moment."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

PROGRAM = shutil.which("nginx") or ""
LIMIT_S = 20
TAKEN, REFUSED = 0, 1
COMPLAINT = re.compile(r"nginx: \[emerg\] (?P<words>.*?)(?: in (?P<path>/\S+):(?P<line>\d+))?$", re.MULTILINE)
VERSION = re.compile(r"nginx/([0-9.]+)")


class Answer(NamedTuple):
    """What nginx says of a file: its first complaint with the line, or neither."""

    words: str = ""
    line: int | None = None


def version() -> str:
    """Return the version of the nginx that is installed here, or an empty text."""
    if not PROGRAM:
        return ""
    told = subprocess.run(
        [PROGRAM, "-v"], capture_output=True, text=True, check=False, timeout=LIMIT_S
    ).stderr
    found = VERSION.search(told)
    return found[1] if found else ""


def asked(data: bytes, folder: Path) -> Answer:
    """Write the file into `folder` and let nginx test it there.

    Raises RuntimeError for an nginx that ends otherwise than with its verdict.
    """
    path = folder / "nginx.conf"
    path.write_bytes(data)
    command = [PROGRAM, "-t", "-c", str(path), "-p", str(folder), "-e", str(folder / "error.log")]
    done = subprocess.run(
        [*command, "-g", f"pid {folder / 'pid'};"], capture_output=True, check=False, timeout=LIMIT_S
    )
    told = done.stderr.decode("utf-8", "surrogateescape")
    found = COMPLAINT.search(told)
    if done.returncode == TAKEN and found is None:
        return Answer()
    if done.returncode != REFUSED or found is None:
        raise RuntimeError(f"nginx -t ended with status {done.returncode}: {told}")
    return Answer(found["words"], int(found["line"]) if found["line"] else None)
