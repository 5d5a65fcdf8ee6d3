"""From the command line's paths to stacks: what `check` and `show` have in common."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from tuner.cli.host_target import ThisMachine, this_machine
from tuner.cli.output import complain
from tuner.cli.project import Project, load_project
from tuner.cli.project_paths import (
    named_target,
    parse_roots,
    project_hosts,
    project_roots,
    project_target,
    shown_path,
)
from tuner.errors import UsageError
from tuner.formats.candidate import is_candidate
from tuner.formats.document import Kind
from tuner.formats.nginx_dump import is_dump
from tuner.formats.recognise import recognise
from tuner.laws.version import Version
from tuner.report.machine import MachineRead
from tuner.source.tree import DEFAULT_EXCLUDES, SourceFile, Tree, collect, lies_in, read_stream, real_path
from tuner.stack.build import build_stacks
from tuner.stack.declared_hosts import DeclaredHost, declared_host, left_over
from tuner.stack.files import ReadFile, read_file, read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.hosts import HostFiles
from tuner.stack.model import Stack
from tuner.stack.target import Target

STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "<stdin>"


class Loaded(NamedTuple):
    """Everything that was read, and the project's settings it was read with.

    Where this machine is the target, `machine` says what of it was read, and `files` are those that were
    asked about.
    """

    project: Project
    project_file: Path | None
    hosts: list[HostFiles]
    target: Target
    files: list[ReadFile]
    stacks: list[Stack]
    missing: list[str]
    machine: MachineRead | None = None

    @property
    def is_anything_checked(self) -> bool:
        """Whether at least one file of a known kind was read."""
        return any(file.document is not None for file in self.files)


def load(options: Namespace) -> Loaded:
    """Read what the options name. Raises UsageError for options that make no sense."""
    paths = options.paths or ["."]
    project, project_file = load_project(options.config, _folder_of(paths[0]))
    excludes = DEFAULT_EXCLUDES | frozenset(project.exclude)
    roots = [*parse_roots(options.root or []), *project_roots(project, project_file)]
    given = [path for path in paths if path != STANDARD_INPUT]
    machine = this_machine(options, given, bool(project.target or project.host), os.environ)
    declared = _concerned(project_hosts(project, project_file, options.target is None), given)
    tree = collect(
        given,
        is_candidate,
        excludes,
        mapped=[shown_path(folder) for folder, _ in roots],
        also=[*map(shown_path, _beside(declared, given)), *(machine.along if machine else ())],
        accepts_nul=options.kind is not None,
    )
    if machine:
        machine = machine.with_links(tree)
        machine.forget_unreadable(tree)
    if STANDARD_INPUT in paths:
        _add_standard_input(tree, options)
    target = machine.target() if machine else _stated_target(options, project, project_file)
    is_own = machine is not None and machine.is_own
    added = collect(options.sysctl or [], _is_sysctl_file, excludes)
    sysctl_files = read_tree(added, "sysctl")
    rest = (read_file(source, options.kind, target) for source in left_over(tree, declared))
    hosts = [
        *_declared_hosts(tree, declared, roots, options.kind, target, excludes),
        *group_hosts(tree, [file for file in rest if file], roots, is_this_machine=is_own),
    ]
    stacks = build_stacks(tree, hosts, target, sysctl_files)
    files = [file for host in hosts for file in (*host.files, *host.sysctl_files)]
    files += [*sysctl_files, *(file for host in hosts for file in host.replaced)]
    missing = [*tree.missing, *added.missing]
    loaded = Loaded(project, project_file, hosts, target, _distinct(files), stacks, missing)
    if not loaded.is_anything_checked:
        _tell_links_out(tree)
    return _of_machine(loaded, machine, target) if machine else loaded


def _tell_links_out(tree: Tree) -> None:
    """Say of links that look like configuration by name why they were not followed, and what to give."""
    for link, words in tree.outside_links.items():
        if recognise(tree.shown[link], b""):
            shown = tree.shown[link]
            complain(f"{shown} is a link to {words}, outside the given paths: give that file as well")


def _stated_target(options: Namespace, project: Project, project_file: Path | None) -> Target:
    if options.target is None:
        return project_target(project, project_file)
    return named_target(options.target)


def _concerned(declared: Iterable[DeclaredHost], given: Sequence[str]) -> list[DeclaredHost]:
    """Return the hosts that have a part in what was given."""
    real = [real_path(path) for path in given]
    return [host for host in declared if any(host.meets(path) for path in real)]


def _beside(declared: Iterable[DeclaredHost], given: Sequence[str]) -> list[str]:
    """Return what those hosts consist of beside the given paths: a host is only right as a whole."""
    real = [real_path(path) for path in given]
    folders = dict.fromkeys(folder for host in declared for folder in host.folders)
    return [folder for folder in folders if not any(lies_in(folder, path) for path in real)]


def _declared_hosts(
    tree: Tree,
    declared: Iterable[DeclaredHost],
    roots: Sequence[tuple[str, str]],
    kind: Kind | None,
    target: Target,
    excludes: frozenset[str],
) -> list[HostFiles]:
    """Return the files of each declared host; what several of them share is read once a PHP version."""
    known: dict[tuple[str, Version | None], ReadFile | None] = {}

    def read(source: SourceFile, own: Target | None) -> ReadFile | None:
        meant = own or target
        key = (source.disk_path, meant.version("php"))
        if key not in known:
            known[key] = read_file(source, kind, meant)
        return known[key]

    hosts = []
    for item in declared:
        host = declared_host(tree, item, read, roots)
        stated = collect([shown_path(path) for path in item.sysctl], _is_sysctl_file, excludes)
        host.sysctl_files = read_tree(stated, "sysctl")
        if not host.files and not host.sysctl_files:
            complain(f"host '{item.name}': no file of a known kind lies in its paths")
        hosts.append(host)
    return hosts


def _distinct(files: Sequence[ReadFile]) -> list[ReadFile]:
    """Return each file once: several hosts may share one."""
    distinct: dict[str, ReadFile] = {}
    for file in files:
        distinct.setdefault(file.source.disk_path, file)
    return list(distinct.values())


def _is_sysctl_file(path: str) -> bool:
    return path.endswith(".conf")


def _of_machine(loaded: Loaded, machine: ThisMachine, target: Target) -> Loaded:
    """Tell what was asked about from what was read along."""
    files = [file for file in loaded.files if machine.is_asked(file.source.disk_path)]
    asked = frozenset(file.path for file in files) if machine.is_own else None
    return loaded._replace(files=files, machine=MachineRead(target.name, machine.along, asked))


def _folder_of(path: str) -> str:
    if path == STANDARD_INPUT:
        return "."
    return path if os.path.isdir(path) else os.path.dirname(path) or "."


def standard_input(*, accepts_nul: bool = False) -> SourceFile:
    """Read standard input as a file given by name. Raises UsageError when it is closed."""
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    disk_path = os.path.abspath(STANDARD_INPUT_NAME)
    return read_stream(STANDARD_INPUT_NAME, disk_path, sys.stdin.buffer, accepts_nul=accepts_nul)


def _add_standard_input(tree: Tree, options: Namespace) -> None:
    source = standard_input(accepts_nul=True)
    if options.kind is None and not (source.text and is_dump(source.text.data)):
        raise UsageError("standard input has no name that tells its kind: give --as")
    tree.files[os.path.abspath(STANDARD_INPUT_NAME)] = source
