"""What `fpmtune tune` writes: the plan into files, fragments into a folder, and all of it back."""

import os
import shlex
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence

from tuner.change.daemon_test import DaemonTest, own_test
from tuner.change.journal_folder import default_journal_folder
from tuner.change.revert import revert
from tuner.change.transaction import Applied, FileChange, apply
from tuner.cli.loading import Loaded
from tuner.errors import ChangeError
from tuner.formats.document import Kind
from tuner.report.terminal import printable
from tuner.tune.edits import Patches
from tuner.tune.fragments import MADE_BY, Fragment, Stamp, fragments
from tuner.tune.plan import Plan

MAIN_FILES: dict[str, Kind] = {"nginx.conf": "nginx", "php-fpm.conf": "php-fpm"}
MOST_FRAGMENT_BYTES = 1 << 20


def journal_folder(options: Namespace) -> str:
    """Return where the journal of written plans is kept."""
    return options.journal or default_journal_folder()


def write_files(options: Namespace, loaded: Loaded, found: Patches) -> str:
    """Write the plan's changes, all or none, and return what was done. Raises ChangeError."""
    disk_paths = {file.document.text.path: file.source.disk_path for file in loaded.files if file.document}
    changes = [
        FileChange(disk_paths[file.document.text.path], file.document.text.data, file.data)
        for file in found.files
    ]
    changes += [FileChange(file.path, None, file.data) for file in found.new_files]
    if not changes:
        return ""
    tests = tuple(_tests(loaded)) if _is_verified(options, loaded) else ()
    return _done("wrote", apply(changes, journal_folder(options), tests))


def take_back(options: Namespace) -> str:
    """Put back what the last plan wrote, and return what was done. Raises ChangeError."""
    return _done("put back", revert(journal_folder(options)))


def write_fragments(options: Namespace, loaded: Loaded, plans: Sequence[Plan]) -> str:
    """Render the fragments of every host into the folder of `--out`, and return what was done.

    Raises ChangeError, also for a file there that fpmtune did not make.
    """
    stamp = Stamp([file.path for file in loaded.files], shlex.join(["fpmtune", *sys.argv[1:]]))
    changes = []
    for stack, plan in zip(loaded.stacks, plans, strict=True):
        folder = options.out if len(plans) == 1 else os.path.join(options.out, _folder_name(plan.host))
        changes += [_fragment_change(folder, fragment) for fragment in fragments(stack, plan, stamp)]
    return _done("wrote", apply(changes, journal_folder(options)))


def _folder_name(host: str) -> str:
    return host.strip("/").replace("/", "_").replace("..", "_") or "host"


def _fragment_change(folder: str, fragment: Fragment) -> FileChange:
    path = os.path.join(folder, fragment.path)
    try:
        with open(path, "rb") as file:
            present = file.read(MOST_FRAGMENT_BYTES)
    except FileNotFoundError:
        return FileChange(path, None, fragment.text.encode())
    except OSError as error:
        raise ChangeError(f"{path}: cannot be read: {error.strerror}") from None
    if MADE_BY.encode() not in present:
        raise ChangeError(f"{path}: is there and was not made by fpmtune")
    return FileChange(path, present, fragment.text.encode())


def _is_verified(options: Namespace, loaded: Loaded) -> bool:
    return bool(loaded.machine and loaded.machine.asked) if options.verify is None else bool(options.verify)


def _tests(loaded: Loaded) -> Iterator[DaemonTest]:
    """Yield the test of each program whose main file was read."""
    for file in loaded.files:
        kind = MAIN_FILES.get(os.path.basename(file.source.disk_path))
        program = _program(kind, file.source.disk_path) if kind and file.kind == kind else None
        test = own_test(kind, program, file.source.disk_path) if kind and program else None
        if test:
            yield test


def _program(kind: Kind, main_file: str) -> str | None:
    if kind == "nginx":
        return shutil.which("nginx")
    version = next((part for part in main_file.split("/") if part[:1].isdigit()), "")
    return shutil.which(f"php-fpm{version}") or shutil.which("php-fpm")


def _done(verb: str, applied: Applied) -> str:
    if not applied.paths:
        return "nothing to write\n" if verb == "wrote" else "nothing to put back\n"
    lines = [f"{verb} {printable(path)}" for path in applied.paths]
    lines += [f"tested: {printable(shlex.join(one.test.command))}: {one.verdict}" for one in applied.after]
    if verb == "wrote":
        lines.append(
            f"fpmtune tune --revert puts it back (plan {applied.plan}, {printable(applied.journal)})"
        )
    return "\n".join(lines) + "\n"
