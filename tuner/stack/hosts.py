"""The files of one host by the paths that it will have them under.

Includes name paths of the host, not of the checkout.
"""

import fnmatch
import os
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from glob import glob
from pathlib import PurePosixPath

from tuner.formats.document import Kind
from tuner.source.regex import regex
from tuner.source.text import encode
from tuner.source.tree import SourceFile, lies_in, read, real_path
from tuner.stack.files import ReadFile, read_as
from tuner.stack.target import Target

GLOB = regex(r"[*?\[]")


class Reach(Enum):
    """Why a path of the host has no file."""

    MISSING = "missing"
    OUTSIDE = "outside"


class HostFiles:
    """The files of one host by the paths that the host will have them under.

    `mappings` are pairs of a folder on disk and the folder of the host that it stands for, longest first.
    `links` are the paths in `by_path` that lead to a file of another path, `masks` links to /dev/null.
    `is_sysctl_stated` says that the user named the target's sysctl files, so all count as one set of them.
    `unknown` are files whose kind only an include can tell, `aliases` their links by the path on disk.
    `outside_links` are links that leave the given paths.
    `target` is the machine meant, where it is not that of all; `sysctl_files` are stated for this host.
    `replaced` are files that another file of the host stands in for. `is_live` says that the host is this
    machine itself, so that an include may lead anywhere on it, `is_dump` that its nginx files are all
    that this nginx loads.
    """

    def __init__(
        self,
        name: str,
        files: list[ReadFile],
        mappings: list[tuple[str, str]],
        covered: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.files = files
        self.mappings = mappings
        self.covered = covered
        self.by_path: dict[str, ReadFile] = {}
        self.links: set[str] = set()
        self.masks: frozenset[str] = frozenset()
        self.is_sysctl_stated = False
        self.unknown: dict[str, SourceFile] = {}
        self.aliases: dict[str, list[str]] = {}
        self.outside_links: dict[str, str] = {}
        self.target: Target | None = None
        self.sysctl_files: list[ReadFile] = []
        self.replaced: list[ReadFile] = []
        self.is_live = False
        self.is_dump = False
        self._names: dict[str, list[str]] = {}

    def host_path(self, disk_path: str) -> str:
        """Return the path that the host knows `disk_path` under."""
        for folder, prefix in self.mappings:
            if lies_in(disk_path, folder):
                rest = disk_path[len(folder.rstrip("/")) :]
                return prefix.rstrip("/") + rest or "/"
        return disk_path

    def given_paths(self, host_path: str) -> list[str]:
        """Return where on disk `host_path` would lie, as far as that is below the given paths."""
        places = (
            os.path.normpath(folder.rstrip("/") + host_path[len(prefix.rstrip("/")) :])
            for folder, prefix in self.mappings
            if lies_in(host_path, prefix)
        )
        return [place for place in places if self._is_given(place) and self.host_path(place) == host_path]

    def find(self, path: str, kind: Kind) -> ReadFile | Reach:
        """Return the file that the host knows as `path`, read as `kind`, or why there is none."""
        normal = os.path.normpath(path)
        if normal in self.by_path or normal in self.unknown:
            return self._as(normal, kind)
        if self.is_live:
            return self._find_live(normal, kind)
        is_covered = self.covers(os.path.dirname(normal)) and not self._leaves(normal)
        return Reach.MISSING if is_covered else Reach.OUTSIDE

    def _find_live(self, path: str, kind: Kind) -> ReadFile | Reach:
        """Return a file of this machine that lies outside the given paths; OUTSIDE if we may not read it."""
        real = real_path(path)
        if real in self.by_path or real in self.unknown:
            return self._as(real, kind)
        if not os.path.exists(real):
            return Reach.MISSING
        if not os.access(real, os.R_OK):
            return Reach.OUTSIDE
        self.unknown[real] = read(path, real)
        if path != real:
            self.aliases[real] = [path]
        return self._as(real, kind)

    def names_in(self, folder: str) -> list[str]:
        """Return the names of the files that are known to lie in `folder` of the host."""
        names = self._names or self._index()
        return names.get(os.path.normpath(folder), [])

    def covers(self, folder: str) -> bool:
        """Say whether `folder` is one of the given ones, so that a file's absence from it means something."""
        normal = os.path.normpath(folder)
        return any(os.path.isdir(place) for place in self.given_paths(normal)) and not self._leaves(normal)

    def _is_given(self, disk_path: str) -> bool:
        return any(lies_in(disk_path, root) for root in self.covered)

    def _leaves(self, path: str) -> bool:
        """Say whether a link on the way to the host's `path` leads out of the given folders."""
        if not self.outside_links:
            return False
        places = [PurePosixPath(place) for place in self.given_paths(path)]
        steps = (str(step) for place in places for step in (place, *place.parents))
        return any(self._leads_out(step) for step in steps if step in self.outside_links)

    def _leads_out(self, link: str) -> bool:
        try:
            return not self._is_given(os.path.realpath(link))
        except OSError:
            return True

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
        if self.is_live:
            return self._glob_live(normal, kind)
        names = self._matching(normal, self._names or self._index())
        if names or (self.is_dump and kind == "nginx"):
            return [self._as(path, kind) for path in sorted(names, key=encode)]
        parts = normal.split("/")
        fixed = "/".join(parts[: next(i for i, part in enumerate(parts) if GLOB.search(part))])
        is_empty = kind == "nginx" and self._is_empty_folder(fixed)
        return [] if is_empty or self.covers(fixed or "/") else Reach.OUTSIDE

    def _glob_live(self, pattern: str, kind: Kind) -> list[ReadFile]:
        """Return the files of this machine that match and that we may read."""
        found = (self.find(path, kind) for path in sorted(glob(pattern), key=encode))
        return [file for file in found if isinstance(file, ReadFile)]

    def _is_empty_folder(self, folder: str) -> bool:
        """Say whether `folder` is missing beside others: version control keeps no empty ones.

        What is enabled by links (`sites-enabled`) is often kept out of it, so it may hold anything.
        """
        beside = os.path.dirname(folder)
        if folder.endswith("-enabled"):
            return False
        is_there = any(os.path.lexists(place) for place in self.given_paths(folder))
        return beside.count("/") > 1 and self.covers(beside) and not is_there

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
