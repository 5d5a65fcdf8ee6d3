"""The files below the given paths: which there are, what is in them, and which could not be read.

Only regular files are opened, links are followed only to places inside the given paths, and a link and its
target are one file.
"""

import os
import stat
from collections.abc import Callable, Iterable
from typing import BinaryIO, NamedTuple

from tuner.source.text import Text, encode

SIZE_CAP_BYTES = 32 * 2**20
NUL_WINDOW_BYTES = 8192
DEFAULT_EXCLUDES = frozenset(
    {".git", ".hg", ".svn", ".tox", ".venv", ".mypy_cache", "__pycache__", "node_modules", "vendor"}
)


class SourceFile(NamedTuple):
    """One file: its path as users see it and on disk, and its text, or in `failure` why there is none.

    `is_folder` says that it is a folder whose files cannot be listed.
    """

    path: str
    disk_path: str
    text: Text | None
    failure: str = ""
    is_given: bool = False
    is_folder: bool = False


class Tree:
    """Everything found below the given paths.

    `files` by real path on disk; `links` maps a link's path on disk to the real path it leads to;
    `outside_links` maps one that leaves the given paths, or leads nowhere, to what it says, and one that
    cannot be resolved to the reason.
    `missing` are given paths that do not exist, `shown` the path that users see for a folder or a link,
    `unread` that of each file that was not read because its name was not wanted.
    """

    def __init__(self, roots: Iterable[str] = ()) -> None:
        self.roots = list(roots)
        self.missing: list[str] = []
        self.files: dict[str, SourceFile] = {}
        self.links: dict[str, str] = {}
        self.outside_links: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.unread: dict[str, str] = {}


def collect(
    paths: Iterable[str],
    wanted: Callable[[str], bool],
    excludes: frozenset[str] = DEFAULT_EXCLUDES,
    mapped: Iterable[str] = (),
    also: Iterable[str] = (),
    *,
    accepts_nul: bool = False,
) -> Tree:
    """Read what lies below `paths`: a file given by name always, one found in a folder when `wanted`.

    `excludes` are names of folders and files that are passed over. Of the folders `mapped` nothing is read
    yet: only what an include names will be. `also` exist and belong to the paths, but nobody gave them by
    name. With `accepts_nul` a file given by name may hold NUL bytes; else that makes it a binary file.
    """
    given = [(path, real_path(path)) for path in paths]
    known_only = [(path, real_path(path)) for path in mapped]
    added = [(path, real_path(path)) for path in also]
    tree = Tree(real for _, real in (*given, *known_only, *added))
    for path, real in known_only:
        _collect_folder(tree, path, real, lambda _: False, excludes)
    for path, real in given:
        if not os.path.lexists(real):
            tree.missing.append(path)
        elif os.path.isdir(real):
            _collect_folder(tree, path, real, wanted, excludes)
        else:
            tree.files[real] = read(path, real, is_given=True, accepts_nul=accepts_nul)
            tree.unread.pop(real, None)
    for path, real in added:
        if os.path.isdir(real):
            _collect_folder(tree, path, real, wanted, excludes)
        elif real not in tree.files:
            tree.files[real] = read(path, real)
            tree.unread.pop(real, None)
    return tree


def _collect_folder(
    tree: Tree, shown: str, real: str, wanted: Callable[[str], bool], excludes: frozenset[str]
) -> None:
    # A list of its own: folders may be nested deeper than functions may call each other.
    start, pending = real, [(shown, real)]
    while pending:
        shown, real = pending.pop()
        tree.shown[real] = shown
        folders = []
        for entry in _entries(tree, shown, real, is_given=real == start):
            if entry.name in excludes:
                continue
            path = os.path.normpath(os.path.join(shown, entry.name))
            disk_path = os.path.join(real, entry.name)
            if entry.is_symlink():
                _collect_link(tree, path, disk_path, wanted)
            elif entry.is_dir(follow_symlinks=False):
                folders.append((path, disk_path))
            elif disk_path in tree.files:
                continue
            elif wanted(path):
                tree.files[disk_path] = read(path, disk_path)
                tree.unread.pop(disk_path, None)
            else:
                tree.unread[disk_path] = path
        pending.extend(reversed(folders))


def _entries(tree: Tree, shown: str, real: str, *, is_given: bool) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(real) as found:
            return sorted(found, key=lambda entry: encode(entry.name))
    except OSError as error:
        reason = f"cannot list this folder: {error.strerror}"
        tree.files[real] = SourceFile(shown, real, None, reason, is_given, is_folder=True)
        return []


def _collect_link(tree: Tree, shown: str, disk_path: str, wanted: Callable[[str], bool]) -> None:
    try:
        target, words = os.path.realpath(disk_path), os.readlink(disk_path)
    except OSError as error:
        _leave_out_link(tree, shown, disk_path, f"cannot be resolved: {error.strerror}", wanted)
        return
    is_inside = any(lies_in(target, root) for root in tree.roots)
    if is_inside and os.path.exists(target):
        tree.links[disk_path] = target
    elif is_inside and wanted(shown):
        failure = "leads back to itself" if target == disk_path else "leads to a file that does not exist"
        tree.files[disk_path] = SourceFile(shown, disk_path, None, f"a link that {failure}")
    else:
        tree.outside_links[disk_path] = words
        tree.shown[disk_path] = shown


def _leave_out_link(
    tree: Tree, shown: str, disk_path: str, reason: str, wanted: Callable[[str], bool]
) -> None:
    if wanted(shown):
        tree.files[disk_path] = SourceFile(shown, disk_path, None, f"a link that {reason}")
    else:
        tree.outside_links[disk_path] = reason
        tree.shown[disk_path] = shown


def real_path(path: str) -> str:
    """Return `path` without its links; made absolute only, where one of them cannot be resolved."""
    try:
        return os.path.realpath(path)
    except OSError:
        return os.path.abspath(path)


def lies_in(path: str, folder: str) -> bool:
    """Say whether `path` is `folder` or something below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def read(path: str, disk_path: str, *, is_given: bool = False, accepts_nul: bool = False) -> SourceFile:
    """Read one regular file; anything else comes back with the reason why it was not read."""
    try:
        text, failure = _read_regular(path, disk_path, accepts_nul)
    except OSError as error:
        text, failure = None, f"cannot be read: {error.strerror}"
    return SourceFile(path, disk_path, text, failure, is_given)


def _read_regular(path: str, disk_path: str, accepts_nul: bool) -> tuple[Text | None, str]:
    mode = os.stat(disk_path).st_mode
    if not stat.S_ISREG(mode):
        return None, f"not a regular file but a {_kind_of_file(mode)}"
    # O_NONBLOCK: were a FIFO put in its place now, opening it would otherwise wait for ever.
    handle = os.open(disk_path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | os.O_NOFOLLOW)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            return None, f"not a regular file but a {_kind_of_file(status.st_mode)}"
        return _text_of(path, file, accepts_nul)


def read_stream(path: str, disk_path: str, stream: BinaryIO, *, accepts_nul: bool = False) -> SourceFile:
    """Read standard input as if it were the file at `disk_path`, given by name."""
    text, failure = _text_of(path, stream, accepts_nul)
    return SourceFile(path, disk_path, text, failure, is_given=True)


def _text_of(path: str, stream: BinaryIO, accepts_nul: bool) -> tuple[Text | None, str]:
    data = stream.read(SIZE_CAP_BYTES + 1)
    if len(data) > SIZE_CAP_BYTES:
        return None, f"larger than {SIZE_CAP_BYTES // 2**20} MiB"
    nul = data.find(b"\0", 0, NUL_WINDOW_BYTES)
    if nul >= 0 and not accepts_nul:
        return None, f"a binary file (NUL at byte {nul})"
    return Text(path, data), ""


def _kind_of_file(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "FIFO"), (stat.S_ISSOCK, "socket"), (stat.S_ISDIR, "folder"))
    return next((name for test, name in kinds if test(mode)), "device")
