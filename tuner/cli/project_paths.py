"""Paths that the command line and the project's settings name, as real paths.

What the settings name lies in their own folder: only the command line may point outside.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tuner.cli.project import HostTable, Project
from tuner.errors import UsageError
from tuner.source.tree import real_path
from tuner.stack.declared_hosts import DeclaredHost
from tuner.stack.target import Target, parse_target


def parse_roots(given: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of a real folder and the host's path for it, from `DIR=/PREFIX`. Raises UsageError."""
    pairs = []
    for text in given:
        folder, equals, prefix = text.partition("=")
        if not equals or not prefix.startswith("/"):
            raise UsageError(f"--root {text}: expected DIR=/PREFIX")
        pairs.append((_existing_folder(real_path(folder), f"--root {text}"), prefix))
    return pairs


def project_roots(project: Project, file: Path | None) -> list[tuple[str, str]]:
    """Return the same pairs from the settings in `file`. Raises UsageError."""
    return _roots(project.roots, file, f"{file}: roots") if file else []


def project_target(project: Project, file: Path | None) -> Target:
    """Return the target that the settings in `file` name. Raises UsageError."""
    return _target(project.target, f"{file}: target")


def project_load(project: Project, file: Path | None) -> str | None:
    """Return the load file that the settings in `file` name, as users see its path. Raises UsageError."""
    if not project.load or file is None:
        return None
    words = f"{file}: load"
    return shown_path(_existing(_inside(project.load, file, words), project.load, words))


def named_target(text: str) -> Target:
    """Return the target that `text` names: the unknown one for nothing and for `none`. Raises UsageError."""
    return Target() if text in ("", "none") else parse_target(text)


def project_hosts(project: Project, file: Path | None, has_own_targets: bool = True) -> list[DeclaredHost]:
    """Return the hosts that the settings in `file` name; without `has_own_targets` theirs do not count.

    Raises UsageError for a path that does not exist or leads out of the folder, and for an unknown target.
    """
    return [_host(table, file, has_own_targets) for table in project.host] if file else []


def _host(table: HostTable, file: Path, has_own_target: bool) -> DeclaredHost:
    words = f"{file}: host '{table.name}'"
    return DeclaredHost(
        table.name,
        tuple(
            _existing(_inside(path, file, f"{words}: paths"), path, f"{words}: paths") for path in table.paths
        ),
        tuple(_roots(table.roots, file, f"{words}: roots")),
        tuple(
            _existing(_inside(path, file, f"{words}: sysctl"), path, f"{words}: sysctl")
            for path in table.sysctl
        ),
        _target(table.target, f"{words}: target") if table.target and has_own_target else None,
    )


def _roots(roots: Mapping[str, str], file: Path, words: str) -> list[tuple[str, str]]:
    return [
        (_existing_folder(_inside(folder, file, words), f"{words}: {folder}"), prefix)
        for folder, prefix in roots.items()
    ]


def _target(text: str, words: str) -> Target:
    try:
        return named_target(text)
    except UsageError as error:
        raise UsageError(f"{words}: {error}") from None


def _inside(path: str, file: Path, words: str) -> str:
    """Return the real path of something below the settings' folder."""
    base = file.parent.resolve()
    try:
        real = (base / path).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"{words}: {path}: {error}") from None
    if not real.is_relative_to(base):
        raise UsageError(f"{words}: {path} lies outside the project's folder")
    return str(real)


def shown_path(path: str) -> str:
    """Return the path that users see: from the working directory where it lies below that."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _existing(real: str, path: str, words: str) -> str:
    if not os.path.exists(real):
        raise UsageError(f"{words}: {path}: no such file or folder")
    return real


def _existing_folder(folder: str, words: str) -> str:
    if not os.path.isdir(folder):
        raise UsageError(f"{words}: no such folder")
    return folder
