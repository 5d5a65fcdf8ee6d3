"""`fpmtune tune --revert`: what the newest plan in place wrote is put back."""

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import cast

from tuner.change.record import Task
from tuner.change.revert import Known, Reverted, revert, to_revert
from tuner.cli.daemon_tests import MAIN_FILES, NOBODY, said, tests_of
from tuner.cli.host_target import is_machines_own
from tuner.cli.tune_writing import WRITE, Written, journal_folder
from tuner.formats.document import Kind
from tuner.formats.recognise import recognise
from tuner.report.terminal import printable
from tuner.source.tree import read
from tuner.tune.plan import Plan, Program, Step

THEN: dict[Kind, str] = {
    "sysctl": "sysctl --system (a key that no file sets any more keeps its value until the next boot)",
    "php-fpm": "restart php-fpm (all that wait in its queue get 502)",
    "nginx": "reload nginx",
    "redis": "restart redis",
}
"""In the order in which to do it."""


def take_back(options: Namespace) -> Written:
    """Put back what the newest plan in place wrote, and return what was done. Raises ChangeError."""
    folder = journal_folder(options)
    paths = to_revert(folder)
    is_verified = all(map(is_machines_own, paths)) if options.verify is None else options.verify
    askable = tests_of(_main_files(paths)) if is_verified else NOBODY
    applied = revert(folder, tests=askable.run)
    removed = [path for path in applied.paths if not os.path.lexists(path)]
    written = [path for path in applied.paths if path not in removed]
    if not applied.paths:
        return Written((), (), "nothing to put back\n")
    note = "" if applied.way == WRITE else _then(applied.paths)
    plans = _plans(applied)
    lines = [
        *(f"put back {printable(path)}" for path in written),
        *(f"removed {printable(path)}" for path in removed),
        *said(applied.after),
        *map(printable, askable.not_run),
        plans,
        *([f"then, where programs run with these files: {note}"] if note else []),
    ]
    notes = (*askable.not_run, plans, *([f"where programs run with these files: {note}"] if note else []))
    words = "".join(f"{line}\n" for line in lines)
    return Written(tuple(written), tuple(removed), words, notes, _steps(applied.tasks))


def _steps(tasks: Sequence[Task]) -> tuple[Plan, ...]:
    """Return for each host a plan of nothing but the steps that the journal has for the way back."""
    by_host: dict[str, list[Step]] = {}
    for task in tasks:
        step = Step(cast(Program, task.program), task.words, task.command or None, task.cost, ())
        by_host.setdefault(task.host, []).append(step)
    return tuple(Plan(host, (), (), (), tuple(steps)) for host, steps in by_host.items())


def _plans(done: Reverted) -> str:
    """Return which plan was taken back, and which is in place still."""
    said = f"{_named(Known(done.plan, done.way))} is taken back"
    return f"{said}; {_named(done.still[0])} is still in place: --revert again" if done.still else said


def _named(known: Known) -> str:
    return printable(f"plan {known.plan} ({known.way})" if known.way else f"plan {known.plan}")


def _main_files(paths: Sequence[str]) -> list[str]:
    """Return the main files that lie nearest beside or above one of the files."""
    return list(dict.fromkeys(main for path in paths for main in _nearest(path)))


def _nearest(path: str) -> Iterator[str]:
    folder = os.path.dirname(path)
    while folder != os.path.dirname(folder):
        mains = [os.path.join(folder, name) for name in MAIN_FILES]
        present = [main for main in mains if os.path.isfile(main)]
        if present:
            yield from present
            return
        folder = os.path.dirname(folder)


def _then(paths: Sequence[str]) -> str:
    """Return in words what takes over the files as they are now; empty where that is not known."""
    kinds = {_kind(path) for path in paths}
    return ", ".join(words for kind, words in THEN.items() if kind in kinds)


def _kind(path: str) -> Kind | None:
    text = read(path, path).text
    return recognise(path, text.data if text else b"")
