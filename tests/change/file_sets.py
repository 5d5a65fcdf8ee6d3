"""Folders of files, plans that change them, and what a folder holds at a moment."""

import os
import stat
from pathlib import Path
from random import Random
from typing import NamedTuple

from tuner.change.transaction import FileChange


class Entry(NamedTuple):
    """What stands at one path: type and mode bits, owner, and the bytes or the link's target."""

    mode: int
    owner: tuple[int, int]
    content: bytes


Snapshot = dict[str, Entry]


def snapshot(folder: Path) -> Snapshot:
    """Return everything below the folder, hidden names too."""
    found: Snapshot = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = b""
        if path.is_symlink():
            content = os.fsencode(os.readlink(path))
        elif path.is_file():
            content = path.read_bytes()
        found[path.relative_to(folder).as_posix()] = Entry(
            status.st_mode, (status.st_uid, status.st_gid), content
        )
    return found


class FileSet(NamedTuple):
    """A folder with files, a plan for them, and what the folder holds before and after it."""

    folder: Path
    changes: list[FileChange]
    old: Snapshot
    new: Snapshot

    @property
    def journal(self) -> str:
        """Where the plan's journal goes: outside the folder."""
        return str(self.folder.parent / "state")


def file_set(folder: Path, random: Random, files: int, largest_bytes: int = 4000) -> FileSet:
    """Make `files` files in `folder`, and a plan that replaces, makes and removes some, links among them."""
    changes = []
    for number in range(files):
        path = folder / random.choice(("", "conf.d", "pool.d")) / f"{number:02}.conf"
        path.parent.mkdir(parents=True, exist_ok=True)
        expected, new = _bytes(random, largest_bytes), _bytes(random, largest_bytes)
        new += b"." if new == expected else b""
        kind = random.choice(("replace", "replace", "link", "make", "make deep", "remove"))
        if kind == "make deep":
            path = folder / f"unit{random.randrange(3)}.d" / "new" / path.name
        if not kind.startswith("make"):
            path.write_bytes(expected)
            path.chmod(random.choice((0o600, 0o640, 0o644, 0o664)))
        if kind == "link":
            (folder / "enabled").mkdir(exist_ok=True)
            link = folder / "enabled" / path.name
            link.symlink_to(os.path.relpath(path, link.parent))
            path = link
        changes.append(
            FileChange(
                str(path), None if kind.startswith("make") else expected, None if kind == "remove" else new
            )
        )
    old = snapshot(folder)
    return FileSet(folder, changes, old, _after(folder, old, changes))


def _bytes(random: Random, largest_bytes: int) -> bytes:
    return random.randbytes(random.choice((0, 1, 40, random.randrange(largest_bytes + 1))))


def _after(folder: Path, old: Snapshot, changes: list[FileChange]) -> Snapshot:
    """Return what the folder must hold after the plan, worked out without writing anything."""
    new = dict(old)
    own = (os.geteuid(), os.getegid())
    for change in changes:
        path = Path(os.path.realpath(change.path))
        name = path.relative_to(os.path.realpath(folder)).as_posix()
        if change.new is None:
            del new[name]
        elif change.expected is None:
            new[name] = Entry(stat.S_IFREG | 0o644, own, change.new)
            for parent in list(Path(name).parents)[:-1]:
                new.setdefault(parent.as_posix(), Entry(stat.S_IFDIR | 0o755, own, b""))
        else:
            new[name] = new[name]._replace(content=change.new)
    return new
