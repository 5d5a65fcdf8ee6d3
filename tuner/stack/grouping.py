"""Which files belong to one host.

A folder that holds `etc/` is a machine's root; what lies in no such folder belongs to one more host, whose
paths are those on this disk.
"""

import os
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from tuner.formats.recognise import recognise
from tuner.formats.templates import made_path
from tuner.source.tree import SourceFile, Tree, lies_in
from tuner.stack.files import ReadFile
from tuner.stack.hosts import HostFiles
from tuner.stack.nginx.dump import unpacked


def group_hosts(
    tree: Tree,
    files: Collection[ReadFile],
    root_mappings: Sequence[tuple[str, str]] = (),
    *,
    is_this_machine: bool = False,
) -> list[HostFiles]:
    """Return the hosts of `tree`; `root_mappings` are pairs of a real folder and the host path it becomes.

    With `is_this_machine` the files are those that this machine itself runs with: one host.
    """
    by_root: dict[str, list[ReadFile]] = {}
    dumps = {file.path: parts for file in files if (parts := unpacked(file))}
    listed = [file for file in files if file.path not in dumps]
    places = [*(file.source.disk_path for file in listed), *_configuration_links(tree)]
    roots = sorted(machine_roots(places), key=len)
    if is_this_machine:
        roots = ["/"]
    for file in listed:
        by_root.setdefault(_owner(file.source.disk_path, roots), []).append(file)
    hosts = [_machine(tree, root, found, root_mappings) for root, found in sorted(by_root.items())]
    for host, root in zip(hosts, sorted(by_root), strict=True):
        host.is_live = is_this_machine
        host.outside_links = {k: v for k, v in tree.outside_links.items() if _owner(k, roots) == root}
    return [*hosts, *_with_dumps(hosts, dumps)]


def _with_dumps(
    hosts: Sequence[HostFiles], dumps: Mapping[str, Sequence[tuple[str, ReadFile]]]
) -> list[HostFiles]:
    """Return a host for each dump of an nginx; a single one belongs to the one host that is given."""
    is_alone = len(dumps) == 1
    added = []
    for name, parts in dumps.items():
        host = (
            hosts[0]
            if is_alone and len(hosts) == 1
            else HostFiles("" if is_alone else name, [], [("/", "/")])
        )
        host.files += [file for _, file in parts]
        host.by_path.update(parts)
        host.is_dump = True
        if not hosts or host is not hosts[0]:
            added.append(host)
    return added


def _configuration_links(tree: Tree) -> list[str]:
    """Return the links that look like configuration by name: they, too, tell a machine's root."""
    links = {**tree.links, **tree.outside_links}
    return [link for link in links if recognise(link, b"")]


def _owner(disk_path: str, roots: Iterable[str]) -> str:
    """Return the innermost of the machines' roots above the file, or empty."""
    return max((root for root in roots if lies_in(disk_path, root)), key=len, default="")


def machine_roots(disk_paths: Collection[str]) -> set[str]:
    """Return the machines' roots above the files.

    What lies at any depth below `opt/` of a machine with an `etc/` of its own belongs to that machine
    (`/opt/plesk/php/8.2/etc`).
    """
    roots = {root for path in disk_paths if (root := machine_root(path))}
    with_etc = roots.intersection(filter(None, map(_folder_of_etc, disk_paths)))
    return {root for root in roots if with_etc.isdisjoint(_folders_above_opt(root))}


def _folders_above_opt(root: str) -> Iterator[str]:
    parts = root.split("/")
    return ("/".join(parts[:at]) or "/" for at, part in enumerate(parts) if part == "opt")


def _folder_of_etc(disk_path: str) -> str | None:
    """Return the folder that holds the innermost `etc/` above the file, or None."""
    parts = disk_path.split("/")[:-1]
    if "etc" not in parts[1:]:
        return None
    return "/".join(parts[: len(parts) - 1 - parts[::-1].index("etc")]) or "/"


def machine_root(disk_path: str) -> str | None:
    """Return the root that the innermost `etc/` above the file tells by itself, or None.

    `/usr/etc`, `/usr/local/etc` and `/opt/NAME/etc` belong to the machine above them.
    """
    folder = _folder_of_etc(disk_path)
    if folder is None:
        return None
    above = folder.split("/")
    if above[-2:] == ["usr", "local"] or above[-2:-1] == ["opt"]:
        above = above[:-2]
    elif above[-1:] == ["usr"]:
        above = above[:-1]
    return "/".join(above) or "/"


def _machine(
    tree: Tree, root: str, files: list[ReadFile], root_mappings: Sequence[tuple[str, str]]
) -> HostFiles:
    folders = [root or "/", *(folder for folder, _ in root_mappings)]
    host = HostFiles(
        _shown_root(tree, root),
        files,
        sorted_mappings([(root or "/", "/"), *root_mappings]),
        list(tree.roots),
    )
    host.by_path = {path_of(host, file): file for file in files}
    add_unknown_and_links(tree, host, lambda path: any(lies_in(path, folder) for folder in folders))
    return host


def sorted_mappings(mappings: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return pairs of a folder on disk and the host's path for it, longest folder first."""
    return sorted(mappings, key=lambda pair: len(pair[0]), reverse=True)


def add_unknown_and_links(tree: Tree, host: HostFiles, is_own: Callable[[str], bool]) -> None:
    """Enter what only an include makes known, of the paths on disk that are the host's own, and all links."""
    known = {file.source.disk_path for file in host.files}
    unrecognised = {disk: source for disk, source in tree.files.items() if disk not in known}
    unread = {disk: SourceFile(path, disk, None) for disk, path in tree.unread.items()}
    host.unknown = {
        host.host_path(disk): source for disk, source in {**unrecognised, **unread}.items() if is_own(disk)
    }
    _add_links(tree, host)
    host.masks = frozenset(
        host.host_path(link) for link, text in tree.outside_links.items() if text == "/dev/null"
    )


def path_of(host: HostFiles, file: ReadFile) -> str:
    """Return the path the host will have the file under: a template loses its suffix."""
    path = host.host_path(file.source.disk_path)
    return made_path(path) if file.status == "template" else path


def _shown_root(tree: Tree, root: str) -> str:
    return tree.shown.get(root, root) if root else ""


def _add_links(tree: Tree, host: HostFiles) -> None:
    """Enter every link that leads to a file of this host, or to a folder of them, under its own path too."""
    known, unknown = dict(host.by_path), dict(host.unknown)
    paths = sorted({*known, *unknown})
    for link, target in _link_targets(tree, host):
        for path in at_or_below(target, paths):
            alias = link + path[len(target) :]
            if path in known:
                host.by_path.setdefault(alias, known[path])
                host.links.add(alias)
            else:
                host.unknown.setdefault(alias, unknown[path])
                host.aliases.setdefault(unknown[path].disk_path, []).append(alias)


def at_or_below(target: str, paths: Sequence[str]) -> Iterator[str]:
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
