"""The files below the given paths: which there are, what is in them, and which could not be read.

Only regular files are opened, links are followed only to places inside the given paths, and a link and its
target are one file.
"""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tuner.source.text import Text

SIZE_CAP_BYTES = 32 * 2**20
NUL_WINDOW_BYTES = 8192
DEFAULT_EXCLUDES = frozenset(
    {".git", ".hg", ".svn", ".tox", ".venv", ".mypy_cache", "__pycache__", "node_modules", "vendor"}
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file: its path as users see it and on disk, and its text, or in `failure` why there is none."""

    path: str
    disk_path: str
    text: Text | None
    failure: str = ""
    is_given: bool = False


@dataclass(slots=True)
class Tree:
    """Everything found below the given paths.

    `files` by real path on disk; `links` maps a link's path on disk to the real path it leads to;
    `outside_links` maps one that leaves the given paths, or leads nowhere, to what it says.
    `missing` are given paths that do not exist, `shown` the path that users see for a folder or a link,
    `unread` that of each file that was not read because its name was not wanted.
    """

    roots: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    files: dict[str, SourceFile] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    outside_links: dict[str, str] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)


def collect(
    paths: Iterable[str],
    wanted: Callable[[str], bool],
    excludes: frozenset[str] = DEFAULT_EXCLUDES,
) -> Tree:
    """Read what lies below `paths`: a file given by name always, one found in a folder when `wanted`.

    `excludes` are names of folders and files that are passed over.
    """
    tree = Tree()
    given = [(path, os.path.realpath(path)) for path in paths]
    tree.roots = [real for _, real in given]
    for path, real in given:
        if not os.path.lexists(real):
            tree.missing.append(path)
        elif Path(real).is_dir():
            _collect_folder(tree, path, real, wanted, excludes)
        else:
            tree.files[real] = read(path, real, is_given=True)
    return tree


def _collect_folder(
    tree: Tree, shown: str, real: str, wanted: Callable[[str], bool], excludes: frozenset[str]
) -> None:
    tree.shown[real] = shown
    for entry in _entries(tree, shown, real):
        if entry.name in excludes:
            continue
        path = os.path.normpath(os.path.join(shown, entry.name))
        if entry.is_symlink():
            _collect_link(tree, path, os.path.join(real, entry.name), wanted)
        elif entry.is_dir(follow_symlinks=False):
            _collect_folder(tree, path, os.path.join(real, entry.name), wanted, excludes)
        elif wanted(path):
            disk_path = os.path.join(real, entry.name)
            tree.files.setdefault(disk_path, read(path, disk_path))
        else:
            tree.unread[os.path.join(real, entry.name)] = path


def _entries(tree: Tree, shown: str, real: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(real) as found:
            yield from sorted(found, key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        reason = f"cannot list this folder: {error.strerror}"
        tree.files[real] = SourceFile(shown, real, None, reason, is_given=True)


def _collect_link(tree: Tree, shown: str, disk_path: str, wanted: Callable[[str], bool]) -> None:
    target = os.path.realpath(disk_path)
    if any(_lies_in(target, root) for root in tree.roots) and os.path.exists(target):
        tree.links[disk_path] = target
        return
    tree.outside_links[disk_path] = os.readlink(disk_path)
    tree.shown[disk_path] = shown
    if wanted(shown) and target == disk_path:
        tree.files[disk_path] = SourceFile(shown, disk_path, None, "a link that leads back to itself")


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def read(path: str, disk_path: str, *, is_given: bool = False) -> SourceFile:
    """Read one regular file; anything else comes back with the reason why it was not read."""
    try:
        text, failure = _read_regular(path, disk_path)
    except OSError as error:
        text, failure = None, f"cannot be read: {error.strerror}"
    return SourceFile(path, disk_path, text, failure, is_given)


def _read_regular(path: str, disk_path: str) -> tuple[Text | None, str]:
    mode = os.stat(disk_path).st_mode
    if not stat.S_ISREG(mode):
        return None, f"not a regular file but a {_kind_of_file(mode)}"
    # O_NONBLOCK: were a FIFO put in its place now, opening it would otherwise wait for ever.
    handle = os.open(disk_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return None, f"not a regular file but a {_kind_of_file(status.st_mode)}"
        if status.st_size > SIZE_CAP_BYTES:
            return None, f"larger than {SIZE_CAP_BYTES // 2**20} MiB ({status.st_size} bytes)"
        data = file.read(SIZE_CAP_BYTES + 1)
    nul = data.find(b"\0", 0, NUL_WINDOW_BYTES)
    if nul >= 0:
        return None, f"a binary file (NUL at byte {nul})"
    return Text(path, data), ""


def _kind_of_file(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "FIFO"), (stat.S_ISSOCK, "socket"), (stat.S_ISDIR, "folder"))
    return next((name for test, name in kinds if test(mode)), "device")
