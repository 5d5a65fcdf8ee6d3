"""The files below `--out`: which folder a host has, what may be replaced, and what an earlier plan left."""

import os
from collections.abc import Collection, Iterator, Sequence

from tuner.change.content import read_file
from tuner.change.transaction import FileChange
from tuner.errors import ChangeError
from tuner.tune.fragments import MADE_BY

FOLDERS = frozenset({"ansible", "compose", "nginx", "php", "php-fpm", "redis", "sysctl.d"})
"""Where fragments lie below a host's folder."""

FOLDERS_OF_FOLDERS = ("systemd", "php-fpm")
"""Where they lie one folder deeper: drop-ins, and the pools of each of several php-fpm."""

STAMP_LINES = 2


def own_folders(out: str, hosts: Sequence[str]) -> list[str]:
    """Return a folder below `out` for each host, by its name; no two are the same and none is outside."""
    taken: set[str] = set()
    folders = []
    for host in hosts:
        parts = [part.replace("..", "__") for part in host.split("/") if part not in ("", ".")]
        folder = os.path.join(out, *(parts or ["host"]))
        while folder in taken:
            folder += "_"
        taken.add(folder)
        folders.append(folder)
    return folders


def replacement(path: str, data: bytes) -> FileChange:
    """Return the change that makes `path` hold `data`.

    Raises ChangeError for a file that fpmtune did not make, or that cannot be read.
    """
    try:
        present, _ = read_file(os.path.realpath(path))
    except FileNotFoundError:
        return FileChange(path, None, data)
    except OSError as error:
        raise ChangeError(f"{path}: cannot be read: {error.strerror}") from None
    if not _is_made_by_fpmtune(present):
        raise ChangeError(f"{path}: is there and was not made by fpmtune")
    return FileChange(path, present, data)


def removals(out: str, made: Collection[str]) -> Iterator[FileChange]:
    """Yield the removal of each fragment below `out` that is not among the paths `made`."""
    kept = {os.path.realpath(path) for path in made}
    for path in _files_in_fragment_folders(out):
        if os.path.realpath(path) in kept:
            continue
        try:
            present, _ = read_file(path)
        except OSError:
            continue
        if _is_made_by_fpmtune(present):
            yield FileChange(path, present, None)


def _files_in_fragment_folders(out: str) -> Iterator[str]:
    """Yield what could be a fragment by its name and its folder; no link is followed."""
    pending = [out]
    while pending:
        folder = pending.pop()
        is_fragment_folder = folder != out and _holds_fragments(folder)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif is_fragment_folder and "fpmtune" in entry.name and entry.is_file(follow_symlinks=False):
                yield entry.path


def _holds_fragments(folder: str) -> bool:
    above, name = os.path.split(folder)
    return name in FOLDERS or os.path.basename(above) in FOLDERS_OF_FOLDERS


def _is_made_by_fpmtune(data: bytes) -> bool:
    return any(MADE_BY.encode() in line for line in data.split(b"\n", STAMP_LINES)[:STAMP_LINES])
