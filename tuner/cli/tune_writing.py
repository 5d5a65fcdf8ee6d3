"""What `fpmtune tune` writes: the plan into files, fragments into a folder, and all of it back."""

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Collection, Sequence
from typing import NamedTuple

from tuner.change.journal import KEPT
from tuner.change.journal_folder import default_journal_folder
from tuner.change.record import Task
from tuner.change.recovery import recover
from tuner.change.transaction import About, Applied, FileChange, apply
from tuner.cli.daemon_tests import MAIN_FILES, NOBODY, said, tests_of
from tuner.cli.fragment_files import own_folders, removals, replacement
from tuner.cli.loading import Loaded
from tuner.cli.managed import warnings_of
from tuner.cli.output import complain
from tuner.report.terminal import printable
from tuner.tune.edits import Patches, Unwritten, written
from tuner.tune.fragments import Stamp, fragments, not_in_fragments, sysctl_file
from tuner.tune.labels import left_out
from tuner.tune.plan import Plan
from tuner.tune.steps import steps_back

WRITE = "--write"


def journal_folder(options: Namespace) -> str:
    """Return where the journal of written plans is kept."""
    return options.journal or default_journal_folder()


def put_back_interrupted(options: Namespace) -> None:
    """Bring a plan whose writing was cut off to an end, before its files are read. Raises ChangeError."""
    for found in recover(journal_folder(options)):
        outcome = "is whole" if found.is_new else "was put back"
        complain(f"plan {found.plan.plan}, whose writing was interrupted, {outcome}")


class Written(NamedTuple):
    """What was done to files: the paths of those written, of those removed, and all of it in words.

    `notes` are what the words say beside that, `plans` what is to be done then on each host.
    """

    paths: tuple[str, ...]
    removed: tuple[str, ...]
    words: str
    notes: tuple[str, ...] = ()
    plans: tuple[Plan, ...] = ()


def write_files(options: Namespace, loaded: Loaded, plans: Sequence[Plan], found: Patches) -> Written:
    """Write the plan's changes, all or none, and return what was done. Raises ChangeError."""
    disk_paths = {file.document.text.path: file.source.disk_path for file in loaded.files if file.document}
    changes = [
        FileChange(disk_paths[file.document.text.path], file.document.text.data, file.data)
        for file in found.files
    ]
    changes += [
        FileChange(new.disk_path, None, data)
        for new, (_, data) in zip(found.new, new_files(loaded, found), strict=True)
    ]
    if not changes:
        return Written((), (), "nothing to write\n")
    askable = (
        tests_of(_main_files(loaded), options.paths or ["."]) if _is_verified(options, loaded) else NOBODY
    )
    warnings = tuple(warnings_of((change.path, change.expected) for change in changes if change.expected))
    applied = apply(
        changes, journal_folder(options), askable.run, About(WRITE, _way_back(loaded, plans, found))
    )
    return _written(applied, (), (*askable.not_run, *warnings))


def _way_back(loaded: Loaded, plans: Sequence[Plan], found: Patches) -> tuple[Task, ...]:
    unwritten = {id(one.recommendation) for one in found.unwritten}
    return tuple(
        Task(plan.host, step.program, step.words, step.command or "", step.cost)
        for stack, plan in zip(loaded.stacks, plans, strict=True)
        for step in steps_back(stack, plan.steps, unwritten)
    )


def new_files(loaded: Loaded, found: Patches) -> list[tuple[str, bytes]]:
    """Return the path, as users see it, and the bytes of each file that the plan makes."""
    if not found.new:
        return []
    again = ["--write" if word == "--diff" else word for word in sys.argv[1:]]
    stamp = _stamp(loaded, again)
    return [(new.path, sysctl_file(new, stamp)) for new in found.new]


def _stamp(loaded: Loaded, arguments: Sequence[str]) -> Stamp:
    return Stamp([file.path for file in loaded.files], shlex.join(["fpmtune", *arguments]))


def write_fragments(options: Namespace, loaded: Loaded, plans: Sequence[Plan]) -> Written:
    """Render the fragments of every host into the folder of `--out`, and return what was done.

    Those of an earlier plan that this one does not make are removed. Raises ChangeError, also for a file
    in the way that fpmtune did not make.
    """
    stamp = _stamp(loaded, sys.argv[1:])
    folders = [options.out] if len(plans) == 1 else own_folders(options.out, [plan.host for plan in plans])
    changes = [
        replacement(os.path.join(folder, fragment.path), fragment.text.encode())
        for folder, stack, plan in zip(folders, loaded.stacks, plans, strict=True)
        for fragment in fragments(stack, plan, stamp)
    ]
    stale = list(removals(options.out, [change.path for change in changes]))
    removed = {os.path.realpath(change.path) for change in stale}
    notes = [note for stack in loaded.stacks for note in left_out(stack.pools)]
    notes += _by_hand(left_by_fragments(loaded, plans).unwritten)
    applied = apply([*changes, *stale], journal_folder(options), about=About(f"--out {options.out}"))
    return _written(applied, removed, tuple(notes))


def left_by_fragments(loaded: Loaded, plans: Sequence[Plan]) -> Patches:
    """Return what of the plans is in no fragment."""
    return Patches(
        (),
        tuple(
            Unwritten(found, "no fragment has it")
            for stack, plan in zip(loaded.stacks, plans, strict=True)
            for found in not_in_fragments(stack, plan)
        ),
    )


def _by_hand(unwritten: Sequence[Unwritten]) -> list[str]:
    """Return in words what is left to be written by hand, a place each; nothing if all is in fragments."""
    left = (one.recommendation for one in unwritten)
    words = dict.fromkeys(f"{found.entity}: {found.setting} {written(found)}" for found in left)
    return [f"not in a fragment, by hand: {'; '.join(words)}"] if words else []


def _is_verified(options: Namespace, loaded: Loaded) -> bool:
    return bool(loaded.machine and loaded.machine.asked) if options.verify is None else bool(options.verify)


def _main_files(loaded: Loaded) -> list[str]:
    paths = ((file.kind, file.source.disk_path) for file in loaded.files)
    return [path for kind, path in paths if kind and kind == MAIN_FILES.get(os.path.basename(path))]


def _written(applied: Applied, removed: Collection[str], notes: tuple[str, ...] = ()) -> Written:
    paths = tuple(path for path in applied.paths if path not in removed)
    gone = tuple(path for path in applied.paths if path in removed)
    notes = (*notes, *map(_forgotten, applied.forgotten))
    remarks = [f"note: {printable(note)}" for note in notes]
    if not applied.paths:
        return Written((), (), "".join(("nothing to write\n", *(f"{line}\n" for line in remarks))), notes)
    lines = [
        *(f"wrote {printable(path)}" for path in paths),
        *said(applied.after),
        *(f"removed {printable(path)}" for path in gone),
        *remarks,
    ]
    back = f"fpmtune tune --revert puts it back (plan {applied.plan}, {printable(applied.journal)})"
    return Written(paths, gone, "\n".join((*lines, back, "")), notes)


def _forgotten(plan: int) -> str:
    return f"plan {plan} can no longer be put back: the journal holds the last {KEPT} that are in place"
