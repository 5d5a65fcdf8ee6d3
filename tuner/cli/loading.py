"""From the command line's paths to stacks: what `check` and `show` have in common."""

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tuner.cli.project import Project, load_project
from tuner.errors import UsageError
from tuner.formats.candidate import is_candidate
from tuner.source.tree import DEFAULT_EXCLUDES, Tree, collect, read_stream
from tuner.stack.build import build_stacks
from tuner.stack.files import ReadFile, read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.model import Stack
from tuner.stack.target import Target, parse_target

STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "<stdin>"


@dataclass(slots=True)
class Loaded:
    """Everything that was read, and the project's settings it was read with."""

    project: Project
    project_file: Path | None
    files: list[ReadFile]
    stacks: list[Stack]
    missing: list[str]

    @property
    def is_anything_checked(self) -> bool:
        """Whether at least one file of a known kind was read."""
        return any(file.document is not None for file in self.files)


def load(options: Namespace) -> Loaded:
    """Read what the options name. Raises UsageError for options that make no sense."""
    paths = options.paths or ["."]
    project, project_file = load_project(options.config, _folder_of(paths[0]))
    excludes = DEFAULT_EXCLUDES | frozenset(project.exclude)
    roots = _roots(options.root or [], project, project_file)
    given = [path for path in paths if path != STANDARD_INPUT]
    tree = collect(given, is_candidate, excludes, mapped=[shown_path(folder) for folder, _ in roots])
    if STANDARD_INPUT in paths:
        _add_standard_input(tree, options)
    target = _target(options.target, project, project_file)
    files = read_tree(tree, options.kind, target)
    added = collect(options.sysctl or [], lambda path: path.endswith(".conf"), excludes)
    sysctl_files = read_tree(added, "sysctl")
    hosts = group_hosts(tree, files, roots)
    stacks = build_stacks(tree, hosts, target, sysctl_files)
    read = [file for host in hosts for file in host.files]
    return Loaded(project, project_file, [*read, *sysctl_files], stacks, [*tree.missing, *added.missing])


def _folder_of(path: str) -> str:
    if path == STANDARD_INPUT:
        return "."
    return path if os.path.isdir(path) else os.path.dirname(path) or "."


def _target(given: str | None, project: Project, project_file: Path | None) -> Target:
    """Return the target that the command line names, or else the project."""
    if given is not None:
        return _named_target(given)
    try:
        return _named_target(project.target)
    except UsageError as error:
        raise UsageError(f"{project_file}: target: {error}") from None


def _named_target(text: str) -> Target:
    return Target() if text in ("", "none") else parse_target(text)


def _add_standard_input(tree: Tree, options: Namespace) -> None:
    if options.kind is None:
        raise UsageError("standard input has no name that tells its kind: give --as")
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    disk_path = os.path.abspath(STANDARD_INPUT_NAME)
    tree.files[disk_path] = read_stream(STANDARD_INPUT_NAME, disk_path, sys.stdin.buffer)


def _roots(given: Sequence[str], project: Project, project_file: Path | None) -> list[tuple[str, str]]:
    """Return pairs of a real folder and the host's path for it."""
    pairs = []
    for text in given:
        folder, equals, prefix = text.partition("=")
        if not equals or not prefix.startswith("/"):
            raise UsageError(f"--root {text}: expected DIR=/PREFIX")
        pairs.append((_existing(os.path.realpath(folder), f"--root {text}"), prefix))
    for folder, prefix in project.roots.items():
        base = project_file.parent.resolve() if project_file else Path()
        real = (base / folder).resolve()
        if not real.is_relative_to(base):
            raise UsageError(f"{project_file}: roots: {folder} lies outside the project's folder")
        pairs.append((_existing(str(real), f"{project_file}: roots: {folder}"), prefix))
    return pairs


def shown_path(path: str) -> str:
    """Return the path that users see: from the working directory where it lies below that."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _existing(folder: str, words: str) -> str:
    if not os.path.isdir(folder):
        raise UsageError(f"{words}: no such folder")
    return folder
