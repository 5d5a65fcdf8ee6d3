"""Which files belong to one host, and under which paths that host will have them.

Includes name paths of the host, not of the checkout. A folder that holds `etc/` is a machine's root; what
lies in no such folder belongs to one more host, whose paths are those on this disk.
"""

import fnmatch
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tuner.formats.candidate import TEMPLATE_SUFFIX
from tuner.formats.document import Kind
from tuner.source.tree import SourceFile, Tree, read
from tuner.stack.files import ReadFile, read_as

GLOB = re.compile(r"[*?\[]")


class Reach(Enum):
    """Why a path of the host has no file."""

    MISSING = "missing"
    OUTSIDE = "outside"


@dataclass(slots=True)
class HostFiles:
    """The files of one host by the paths that the host will have them under.

    `mappings` are pairs of a folder on disk and the folder of the host that it stands for, longest first.
    `links` are the paths in `by_path` that lead to a file of another path, `masks` links to /dev/null.
    `unknown` are files whose kind only an include can tell, `outside_links` links that leave the given paths.
    """

    name: str
    files: list[ReadFile]
    mappings: list[tuple[str, str]]
    covered: list[str] = field(default_factory=list)
    by_path: dict[str, ReadFile] = field(default_factory=dict)
    links: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    unknown: dict[str, SourceFile] = field(default_factory=dict)
    outside_links: dict[str, str] = field(default_factory=dict)

    def host_path(self, disk_path: str) -> str:
        """Return the path that the host knows `disk_path` under."""
        for folder, prefix in self.mappings:
            if disk_path == folder or disk_path.startswith(folder.rstrip("/") + "/"):
                rest = disk_path[len(folder.rstrip("/")) :]
                return prefix.rstrip("/") + rest or "/"
        return disk_path

    def disk_path(self, host_path: str) -> str:
        """Return where on disk `host_path` would lie."""
        best = max((m for m in self.mappings if _below(host_path, m[1])), key=lambda m: len(m[1]))
        return best[0].rstrip("/") + host_path[len(best[1].rstrip("/")) :]

    def find(self, path: str, kind: Kind) -> ReadFile | Reach:
        """Return the file that the host knows as `path`, read as `kind`, or why there is none."""
        normal = os.path.normpath(path)
        if normal in self.by_path or normal in self.unknown:
            return self._as(normal, kind)
        return Reach.MISSING if self.covers(os.path.dirname(normal)) else Reach.OUTSIDE

    def covers(self, folder: str) -> bool:
        """Say whether `folder` is one of the given ones, so that a file's absence from it means something."""
        disk = os.path.normpath(self.disk_path(folder))
        return any(_below(disk, root) for root in self.covered) and Path(disk).is_dir()

    def _as(self, path: str, kind: Kind) -> ReadFile:
        """Return the file at `path`; that something of `kind` includes it decides what it is."""
        file = self.by_path.get(path)
        if file and (file.kind == kind or file.document is None):
            return file
        source = file.source if file else self.unknown[path]
        if source.text is None:
            source = read(source.path, source.disk_path)
        read_file = read_as(source, kind)
        self.files[:] = [f for f in self.files if f is not file] + [read_file]
        self.by_path[path] = read_file
        return read_file

    def glob(self, pattern: str, kind: Kind) -> list[ReadFile] | Reach:
        """Return the files that match `pattern`, in byte order; OUTSIDE where nothing is known of them."""
        normal = os.path.normpath(pattern)
        parts = normal.split("/")
        every = dict.fromkeys((*self.by_path, *self.unknown))
        names = [path for path in every if _matches(path.split("/"), parts)]
        if names:
            return [self._as(path, kind) for path in sorted(names, key=os.fsencode)]
        fixed = "/".join(parts[: next(i for i, part in enumerate(parts) if GLOB.search(part))])
        return [] if self.covers(fixed or "/") else Reach.OUTSIDE


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(path) == len(pattern) and all(
        fnmatch.fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))
        for name, part in zip(path, pattern, strict=True)
    )


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def group_hosts(
    tree: Tree, files: Iterable[ReadFile], root_mappings: Sequence[tuple[str, str]] = ()
) -> list[HostFiles]:
    """Return the hosts of `tree`; `root_mappings` are pairs of a real folder and the host path it becomes."""
    by_root: dict[str, list[ReadFile]] = {}
    listed = list(files)
    roots = sorted({root for file in listed if (root := machine_root(file.source.disk_path))}, key=len)
    for file in listed:
        by_root.setdefault(_owner(file.source.disk_path, roots), []).append(file)
    hosts = [_host(tree, root, found, root_mappings) for root, found in sorted(by_root.items())]
    for host, root in zip(hosts, sorted(by_root), strict=True):
        host.outside_links = {k: v for k, v in tree.outside_links.items() if _owner(k, roots) == root}
    return hosts


def _owner(disk_path: str, roots: Iterable[str]) -> str:
    """Return the innermost of the machines' roots above the file, or empty."""
    return max((root for root in roots if _below(disk_path, root)), key=len, default="")


def machine_root(disk_path: str) -> str | None:
    """Return the folder that holds the innermost `etc/` above the file, or None.

    `/usr/local/etc` and `/opt/NAME/etc` belong to the machine above them.
    """
    parts = disk_path.split("/")[:-1]
    if "etc" not in parts[1:]:
        return None
    above = parts[: len(parts) - 1 - parts[::-1].index("etc")]
    if above[-2:] == ["usr", "local"] or above[-2:-1] == ["opt"]:
        above = above[:-2]
    return "/".join(above) or "/"


def _host(
    tree: Tree, root: str, files: list[ReadFile], root_mappings: Sequence[tuple[str, str]]
) -> HostFiles:
    mappings = sorted([(root or "/", "/"), *root_mappings], key=lambda m: len(m[0]), reverse=True)
    host = HostFiles(_shown_root(tree, root), files, mappings, covered=list(tree.roots))
    host.by_path = {_path_of(host, file): file for file in files}
    host.unknown = _unknown_files(tree, host, root)
    host.links = frozenset(_add_links(tree, host))
    host.masks = frozenset(
        host.host_path(link) for link, text in tree.outside_links.items() if text == "/dev/null"
    )
    return host


def _path_of(host: HostFiles, file: ReadFile) -> str:
    """Return the path the host will have the file under: a template loses its suffix."""
    path = host.host_path(file.source.disk_path)
    return TEMPLATE_SUFFIX.sub("", path) if file.status == "template" else path


def _unknown_files(tree: Tree, host: HostFiles, root: str) -> dict[str, SourceFile]:
    """Return what lies below the host's root and is of no known kind by itself."""
    known = {file.source.disk_path for file in host.files}
    unrecognised = {disk: source for disk, source in tree.files.items() if disk not in known}
    unread = {disk: SourceFile(path, disk, None) for disk, path in tree.unread.items()}
    return {
        host.host_path(disk): source
        for disk, source in {**unrecognised, **unread}.items()
        if _below(disk, root or "/")
    }


def _shown_root(tree: Tree, root: str) -> str:
    return tree.shown.get(root, root) if root else ""


def _add_links(tree: Tree, host: HostFiles) -> set[str]:
    """Enter every link that leads to a file of this host, or to a folder of them, under its own path too."""
    known = dict(host.by_path)
    added: set[str] = set()
    for link, target in _link_targets(tree, host):
        if target in known:
            host.by_path.setdefault(link, known[target])
            added.add(link)
            continue
        for path in [p for p in known if _below(p, target)]:
            alias = link + path[len(target) :]
            host.by_path.setdefault(alias, known[path])
            added.add(alias)
    return added


def _link_targets(tree: Tree, host: HostFiles) -> Iterable[tuple[str, str]]:
    for link, target in tree.links.items():
        yield host.host_path(link), host.host_path(target)
    for link, text in tree.outside_links.items():
        # An absolute link of a machine's tree means that machine's root, not this disk's.
        if text.startswith("/"):
            yield host.host_path(link), os.path.normpath(text)
