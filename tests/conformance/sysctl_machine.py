"""Runs in namespaces of its own: lays trees over the machine's sysctl folders and lets programs read them.

unshare --net --mount --pid --fork --kill-child python sysctl_machine.py KEYS < trees > answers

A line of JSON for each tree and each answer. Keys of net.* are reset between the programs; nothing is seen
outside.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDERS = ("/etc", "/run", "/usr/local/lib", "/usr/lib/sysctl.d")
PROC_SYS = Path("/proc/sys")


def main() -> None:
    keys = sys.argv[1].split(",")
    libraries = Path("/etc/ld.so.cache")
    cache = libraries.read_bytes() if libraries.exists() else b""
    for folder in FOLDERS:
        subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    libraries.write_bytes(cache)
    base = read(keys)
    # An interface whose own key nobody ever wrote follows conf.default: so that all start alike.
    for key, text in base.items():
        key_path(key).write_text(text)
    print(json.dumps(base), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        answers = [ask(order, program, base) for program in order["programs"]]
        print(json.dumps(answers), flush=True)


def ask(order: dict[str, Any], program: list[str], base: dict[str, str]) -> dict[str, Any]:
    lay(order["files"], order["links"])
    reset(base)
    done = subprocess.run(
        program, capture_output=True, check=False, cwd="/", env={"PATH": os.environ["PATH"]}
    )
    after = read(list(base))
    said = done.stderr.decode("utf-8", "backslashreplace").splitlines()
    changed = {key: text for key, text in after.items() if text != base[key]}
    return {"status": done.returncode, "changed": changed, "said": said}


def lay(files: dict[str, str], links: dict[str, str]) -> None:
    for folder in FOLDERS:
        for entry in Path(folder).iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != "ld.so.cache":
                entry.unlink()
    for name, data in files.items():
        path = Path("/") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
    for name, target in links.items():
        path = Path("/") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


def key_path(key: str) -> Path:
    return PROC_SYS / key.replace(".", "/")


def read(keys: list[str]) -> dict[str, str]:
    return {key: " ".join(key_path(key).read_text().split()) for key in keys}


def reset(base: dict[str, str]) -> None:
    """Write every key back; twice, since a range of ports may wait for another key."""
    for key, text in [*base.items(), *base.items()]:
        if read([key])[key] != text:
            try:
                key_path(key).write_text(text)
            except OSError:
                continue
    assert read(list(base)) == base, "a key keeps what a program wrote"


if __name__ == "__main__":
    main()
