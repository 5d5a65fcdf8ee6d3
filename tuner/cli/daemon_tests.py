"""Which daemons can be asked about the files of a plan, and what they said."""

import os
import shlex
import shutil
from collections.abc import Iterable, Iterator, Sequence
from glob import escape, glob
from typing import NamedTuple

from tuner.change.daemon_test import DaemonTest, Outcome, own_test
from tuner.cli.host_target import is_machines_own
from tuner.formats.document import Kind
from tuner.report.terminal import printable
from tuner.source.tree import lies_in, read, real_path
from tuner.stack.files import read_as
from tuner.stack.hosts import GLOB

MAIN_FILES: dict[str, Kind] = {"nginx.conf": "nginx", "php-fpm.conf": "php-fpm"}
INCLUDE = "include"


class Askable(NamedTuple):
    """The tests that say something of the given files, and in words those that would not."""

    run: tuple[DaemonTest, ...] = ()
    not_run: tuple[str, ...] = ()


NOBODY = Askable()


def tests_of(main_files: Iterable[str], given: Sequence[str] = ()) -> Askable:
    """Return the test of each program with one of these main files, as far as it is installed.

    A program that would read files outside the `given` paths (by default: the main file's folder), for an
    include leads there, would test something else: it is not asked, unless this machine runs with the file.
    """
    run, not_run = [], []
    for main in main_files:
        kind = MAIN_FILES.get(os.path.basename(main))
        test = _test(kind, main) if kind else None
        if kind is None or test is None:
            continue
        folders = [real_path(path) for path in given] or [os.path.dirname(main)]
        outside = None if is_machines_own(main) else next(_leading_out(main, kind, folders), None)
        if outside is None:
            run.append(test)
        else:
            words = "the given paths" if given else folders[0]
            not_run.append(f"not tested: {outside}, which is not in {words}")
    return Askable(tuple(run), tuple(not_run))


def said(tests: Sequence[Outcome]) -> list[str]:
    """Return what the daemons' tests said, a line each."""
    return [f"tested: {printable(shlex.join(one.test.command))}: {one.verdict}" for one in tests]


def _test(kind: Kind, main: str) -> DaemonTest | None:
    program = _program(kind, main)
    return own_test(kind, program, main) if program else None


def _program(kind: Kind, main: str) -> str | None:
    if kind == "nginx":
        return shutil.which("nginx")
    version = next((part for part in main.split("/") if part[:1].isdigit()), "")
    return shutil.which(f"php-fpm{version}") or shutil.which("php-fpm")


def _leading_out(main: str, kind: Kind, folders: Sequence[str]) -> Iterator[str]:
    """Yield in words each include that leads out of the folders, as the program follows them from `main`."""
    waiting, seen = [real_path(main)], set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for pattern in _includes(file, kind):
            # What is not absolute begins for nginx at its main file, for php-fpm where that is installed.
            whole = pattern if kind == "php-fpm" else os.path.join(escape(os.path.dirname(main)), pattern)
            found = [real_path(path) for path in sorted(glob(whole))] if _is_inside(whole, folders) else [""]
            if all(_is_inside(path, folders) for path in found):
                waiting += found
            else:
                yield f"{file} includes {pattern}"


def _includes(file: str, kind: Kind) -> list[str]:
    document = read_as(read(file, file), kind).document if os.path.isfile(file) else None
    words = [] if document is None else [one for one in document.walk() if one.name.text == INCLUDE]
    return [one.args[0].text for one in words if one.args and "\0" not in one.args[0].text]


def _is_inside(pattern: str, folders: Sequence[str]) -> bool:
    """Say whether all that the pattern can match lies in one of the folders."""
    parts = pattern.split("/")
    number = next((at for at, part in enumerate(parts) if GLOB.search(part)), len(parts))
    fixed = real_path("/".join(parts[:number]) or "/")
    return os.path.isabs(pattern) and any(lies_in(fixed, folder) for folder in folders)
