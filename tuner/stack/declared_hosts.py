"""Hosts that the project's settings name: which files each one has, and where."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tuner.source.tree import SourceFile, Tree, lies_in
from tuner.stack.files import ReadFile
from tuner.stack.grouping import add_unknown_and_links, at_or_below, machine_roots, path_of, sorted_mappings
from tuner.stack.hosts import HostFiles
from tuner.stack.target import Target

Reader = Callable[[SourceFile, Target | None], ReadFile | None]
"""Reads a file for a host's target, None for the target of all; gives None for a file of no known kind."""


class DeclaredHost(NamedTuple):
    """One host of the settings; every path is real.

    `places` are the folders and files it consists of: where two hold the same file of the host, the later
    one counts. `roots` are pairs of a folder and the host's path for it, `sysctl` sysctl files or folders of
    them that are stated to be the host's, `target` its own or None.
    """

    name: str
    places: tuple[str, ...]
    roots: tuple[tuple[str, str], ...] = ()
    sysctl: tuple[str, ...] = ()
    target: Target | None = None

    @property
    def folders(self) -> tuple[str, ...]:
        """Everything on disk that is the host's own."""
        return (*self.places, *(folder for folder, _ in self.roots))

    def meets(self, disk_path: str) -> bool:
        """Say whether the host has something at, below or above `disk_path`."""
        return any(lies_in(disk_path, own) or lies_in(own, disk_path) for own in self.folders)


def declared_host(
    tree: Tree, declared: DeclaredHost, read: Reader, root_mappings: Sequence[tuple[str, str]] = ()
) -> HostFiles:
    """Return the files of one declared host; `root_mappings` hold for every host.

    A file that several hosts share is in each of them. Where a folder of the host holds `etc/`, it stands for
    the machine's root.
    """
    own = _own_paths(tree, declared)
    found = (read(source, declared.target) for disk, source in tree.files.items() if disk in own)
    files = sorted((file for file in found if file), key=lambda file: _rank(declared, file.source.disk_path))
    roots = machine_roots([file.source.disk_path for file in files])
    mappings = [*declared.roots, *root_mappings, *((root, "/") for root in sorted(roots)), ("/", "/")]
    covered = [*declared.folders, *(folder for folder, _ in root_mappings)]
    host = HostFiles(declared.name, files, sorted_mappings(dict(reversed(mappings)).items()), covered)
    host.target = declared.target
    _lay_over(declared, host)
    add_unknown_and_links(tree, host, own.__contains__)
    host.outside_links = {
        link: text for link, text in tree.outside_links.items() if _lies_in_any(link, declared.folders)
    }
    return host


def left_over(tree: Tree, declared: Sequence[DeclaredHost]) -> list[SourceFile]:
    """Return the files that no host has."""
    taken: set[str] = set().union(*(_own_paths(tree, host) for host in declared))
    stated = [path for host in declared for path in host.sysctl]
    return [
        source for disk, source in tree.files.items() if disk not in taken and not _lies_in_any(disk, stated)
    ]


def _own_paths(tree: Tree, declared: DeclaredHost) -> set[str]:
    """Return the paths on disk below the host's folders, and those that links in them lead to."""
    paths = sorted({*tree.files, *tree.unread})
    targets = (target for link, target in tree.links.items() if _lies_in_any(link, declared.folders))
    return {path for top in (*declared.folders, *targets) for path in at_or_below(top, paths)}


def _lies_in_any(path: str, folders: Iterable[str]) -> bool:
    return any(lies_in(path, folder) for folder in folders)


def _rank(declared: DeclaredHost, disk_path: str) -> int:
    """Return which of the host's folders the file is from: the last that holds it, -1 behind a link."""
    return max((n for n, place in enumerate(declared.folders) if lies_in(disk_path, place)), default=-1)


def _lay_over(declared: DeclaredHost, host: HostFiles) -> None:
    """Enter the files by their paths; one of a later folder stands in for one of an earlier folder."""
    for file in list(host.files):
        path = path_of(host, file)
        earlier = host.by_path.get(path)
        host.by_path[path] = file
        if earlier and _rank(declared, earlier.source.disk_path) < _rank(declared, file.source.disk_path):
            reason = f"host {host.name} has {file.path} in its place"
            host.replaced.append(ReadFile(earlier.source, earlier.kind, "skipped", reason))
            host.files.remove(earlier)
