"""Which files belong to one host, and under which paths that host will have them.

Includes name paths of the host, not of the checkout. A folder that holds `etc/` is a machine's root; what
lies in no such folder belongs to one more host, whose paths are those on this disk.
"""

import fnmatch
import os
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePosixPath

from tuner.formats.document import Kind
from tuner.formats.recognise import recognise
from tuner.formats.templates import made_path
from tuner.source.text import encode
from tuner.source.tree import SourceFile, Tree, lies_in, read
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
    `is_sysctl_stated` says that the user named the target's sysctl files, so all count as one set of them.
    `unknown` are files whose kind only an include can tell, `aliases` their links by the path on disk.
    `outside_links` are links that leave the given paths.
    """

    name: str
    files: list[ReadFile]
    mappings: list[tuple[str, str]]
    covered: list[str] = field(default_factory=list)
    by_path: dict[str, ReadFile] = field(default_factory=dict)
    links: set[str] = field(default_factory=set)
    masks: frozenset[str] = frozenset()
    is_sysctl_stated: bool = False
    unknown: dict[str, SourceFile] = field(default_factory=dict)
    aliases: dict[str, list[str]] = field(default_factory=dict)
    outside_links: dict[str, str] = field(default_factory=dict)
    _names: dict[str, list[str]] = field(default_factory=dict)

    def host_path(self, disk_path: str) -> str:
        """Return the path that the host knows `disk_path` under."""
        for folder, prefix in self.mappings:
            if lies_in(disk_path, folder):
                rest = disk_path[len(folder.rstrip("/")) :]
                return prefix.rstrip("/") + rest or "/"
        return disk_path

    def disk_path(self, host_path: str) -> str:
        """Return where on disk `host_path` would lie."""
        best = max((m for m in self.mappings if lies_in(host_path, m[1])), key=lambda m: len(m[1]))
        return best[0].rstrip("/") + host_path[len(best[1].rstrip("/")) :]

    def find(self, path: str, kind: Kind) -> ReadFile | Reach:
        """Return the file that the host knows as `path`, read as `kind`, or why there is none."""
        normal = os.path.normpath(path)
        if normal in self.by_path or normal in self.unknown:
            return self._as(normal, kind)
        is_covered = self.covers(os.path.dirname(normal)) and not self._leaves(normal)
        return Reach.MISSING if is_covered else Reach.OUTSIDE

    def covers(self, folder: str) -> bool:
        """Say whether `folder` is one of the given ones, so that a file's absence from it means something."""
        disk = os.path.normpath(self.disk_path(folder))
        is_mapped_elsewhere = self.host_path(disk) != os.path.normpath(folder)
        if is_mapped_elsewhere or not self._is_given(disk):
            return False
        return os.path.isdir(disk) and not self._leaves(folder)

    def _is_given(self, disk_path: str) -> bool:
        return any(lies_in(disk_path, root) for root in self.covered)

    def _leaves(self, path: str) -> bool:
        """Say whether a link on the way to the host's `path` leads out of the given folders."""
        if not self.outside_links:
            return False
        disk = PurePosixPath(os.path.normpath(self.disk_path(path)))
        links = [str(step) for step in (disk, *disk.parents) if str(step) in self.outside_links]
        return any(not self._is_given(os.path.realpath(link)) for link in links)

    def _as(self, path: str, kind: Kind) -> ReadFile:
        """Return the file at `path`; that something of `kind` includes it decides what it is."""
        file = self.by_path.get(path)
        if file and (file.kind == kind or file.document is None):
            return file
        source = file.source if file else self.unknown[path]
        if source.text is None and not source.failure:
            source = read(source.path, source.disk_path)
        read_file = read_as(source, kind)
        self.files[:] = [f for f in self.files if f is not file] + [read_file]
        for name in self._names_of(source, file):
            self.by_path[name] = read_file
        return read_file

    def _names_of(self, source: SourceFile, file: ReadFile | None) -> list[str]:
        """Return every path of a file: as it was known so far, or where nothing was known, with its links."""
        if file:
            return [path for path, known in self.by_path.items() if known is file]
        aliases = self.aliases.get(source.disk_path, [])
        self.links.update(aliases)
        return [self.host_path(source.disk_path), *aliases]

    def glob(self, pattern: str, kind: Kind) -> list[ReadFile] | Reach:
        """Return the files that match `pattern`, in byte order; OUTSIDE where nothing is known of them."""
        normal = os.path.normpath(pattern)
        names = self._matching(normal, self._names or self._index())
        if names:
            return [self._as(path, kind) for path in sorted(names, key=encode)]
        parts = normal.split("/")
        fixed = "/".join(parts[: next(i for i, part in enumerate(parts) if GLOB.search(part))])
        is_empty = kind == "nginx" and self._is_empty_folder(fixed)
        return [] if is_empty or self.covers(fixed or "/") else Reach.OUTSIDE

    def _is_empty_folder(self, folder: str) -> bool:
        """Say whether `folder` is missing beside others: version control keeps no empty ones.

        What is enabled by links (`sites-enabled`) is often kept out of it, so it may hold anything.
        """
        beside = os.path.dirname(folder)
        if folder.endswith("-enabled"):
            return False
        return beside.count("/") > 1 and self.covers(beside) and not os.path.lexists(self.disk_path(folder))

    def links_out(self, pattern: str) -> list[str]:
        """Return the links that match `pattern` and leave the given paths, as the host knows them."""
        parts = os.path.normpath(pattern).split("/")
        links = (self.host_path(link) for link, text in self.outside_links.items() if text != "/dev/null")
        known = (self.by_path, self.unknown)
        return [
            link for link in links if not any(link in k for k in known) and _matches(link.split("/"), parts)
        ]

    def _index(self) -> dict[str, list[str]]:
        for path in dict.fromkeys((*self.by_path, *self.unknown)):
            folder, name = os.path.split(path)
            self._names.setdefault(folder, []).append(name)
        return self._names

    def _matching(self, pattern: str, names: Mapping[str, list[str]]) -> list[str]:
        folder, last = os.path.split(pattern)
        folders: Iterable[str] = [folder]
        if GLOB.search(folder):
            folders = [f for f in names if _matches(f.split("/"), folder.split("/"))]
        return [
            os.path.join(f, name) for f in folders for name in names.get(f, ()) if _matches([name], [last])
        ]


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(path) == len(pattern) and all(
        fnmatch.fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))
        for name, part in zip(path, pattern, strict=True)
    )


def group_hosts(
    tree: Tree, files: Iterable[ReadFile], root_mappings: Sequence[tuple[str, str]] = ()
) -> list[HostFiles]:
    """Return the hosts of `tree`; `root_mappings` are pairs of a real folder and the host path it becomes."""
    by_root: dict[str, list[ReadFile]] = {}
    listed = list(files)
    places = [*(file.source.disk_path for file in listed), *_configuration_links(tree)]
    roots = sorted({root for place in places if (root := machine_root(place))}, key=len)
    for file in listed:
        by_root.setdefault(_owner(file.source.disk_path, roots), []).append(file)
    hosts = [_host(tree, root, found, root_mappings) for root, found in sorted(by_root.items())]
    for host, root in zip(hosts, sorted(by_root), strict=True):
        host.outside_links = {k: v for k, v in tree.outside_links.items() if _owner(k, roots) == root}
    return hosts


def _configuration_links(tree: Tree) -> list[str]:
    """Return the links that look like configuration by name: they, too, tell a machine's root."""
    links = {**tree.links, **tree.outside_links}
    return [link for link in links if recognise(link, b"")]


def _owner(disk_path: str, roots: Iterable[str]) -> str:
    """Return the innermost of the machines' roots above the file, or empty."""
    return max((root for root in roots if lies_in(disk_path, root)), key=len, default="")


def machine_root(disk_path: str) -> str | None:
    """Return the folder that holds the innermost `etc/` above the file, or None.

    `/usr/etc`, `/usr/local/etc` and `/opt/NAME/etc` belong to the machine above them.
    """
    parts = disk_path.split("/")[:-1]
    if "etc" not in parts[1:]:
        return None
    above = parts[: len(parts) - 1 - parts[::-1].index("etc")]
    if above[-2:] == ["usr", "local"] or above[-2:-1] == ["opt"]:
        above = above[:-2]
    elif above[-1:] == ["usr"]:
        above = above[:-1]
    return "/".join(above) or "/"


def _host(
    tree: Tree, root: str, files: list[ReadFile], root_mappings: Sequence[tuple[str, str]]
) -> HostFiles:
    mappings = sorted([(root or "/", "/"), *root_mappings], key=lambda m: len(m[0]), reverse=True)
    host = HostFiles(_shown_root(tree, root), files, mappings, covered=list(tree.roots))
    host.by_path = {_path_of(host, file): file for file in files}
    host.unknown = _unknown_files(tree, host, [root or "/", *(folder for folder, _ in root_mappings)])
    _add_links(tree, host)
    host.masks = frozenset(
        host.host_path(link) for link, text in tree.outside_links.items() if text == "/dev/null"
    )
    return host


def _path_of(host: HostFiles, file: ReadFile) -> str:
    """Return the path the host will have the file under: a template loses its suffix."""
    path = host.host_path(file.source.disk_path)
    return made_path(path) if file.status == "template" else path


def _unknown_files(tree: Tree, host: HostFiles, folders: Sequence[str]) -> dict[str, SourceFile]:
    """Return what lies below the host's folders and is of no known kind by itself."""
    known = {file.source.disk_path for file in host.files}
    unrecognised = {disk: source for disk, source in tree.files.items() if disk not in known}
    unread = {disk: SourceFile(path, disk, None) for disk, path in tree.unread.items()}
    return {
        host.host_path(disk): source
        for disk, source in {**unrecognised, **unread}.items()
        if any(lies_in(disk, folder) for folder in folders)
    }


def _shown_root(tree: Tree, root: str) -> str:
    return tree.shown.get(root, root) if root else ""


def _add_links(tree: Tree, host: HostFiles) -> None:
    """Enter every link that leads to a file of this host, or to a folder of them, under its own path too."""
    known, unknown = dict(host.by_path), dict(host.unknown)
    paths = sorted({*known, *unknown})
    for link, target in _link_targets(tree, host):
        for path in _at_orlies_in(target, paths):
            alias = link + path[len(target) :]
            if path in known:
                host.by_path.setdefault(alias, known[path])
                host.links.add(alias)
            else:
                host.unknown.setdefault(alias, unknown[path])
                host.aliases.setdefault(unknown[path].disk_path, []).append(alias)


def _at_orlies_in(target: str, paths: Sequence[str]) -> Iterator[str]:
    """Yield those of the sorted `paths` that are `target` or lie below it."""
    folder = target.rstrip("/") + "/"
    at = bisect_left(paths, target)
    if at < len(paths) and paths[at] == target:
        yield target
    at = bisect_left(paths, folder)
    while at < len(paths) and paths[at].startswith(folder):
        yield paths[at]
        at += 1


def _link_targets(tree: Tree, host: HostFiles) -> Iterable[tuple[str, str]]:
    for link, target in tree.links.items():
        yield host.host_path(link), host.host_path(target)
    for link, text in tree.outside_links.items():
        # An absolute link of a machine's tree means that machine's root, not this disk's.
        if text.startswith("/"):
            yield host.host_path(link), os.path.normpath(text)
