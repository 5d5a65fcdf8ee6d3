"""`fpmtune init`."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from tuner.cli.exit_status import CLEAN
from tuner.cli.output import write_result
from tuner.cli.project_file import find_settings
from tuner.cli.starter import starter_text
from tuner.errors import UsageError
from tuner.stack.survey import survey

STANDARD_OUTPUT = "-"


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `init`."""
    parser.epilog = "exit status: 0; 2 wrong usage, or there are settings already."
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="FOLDER", help="the project's folder (default: .)"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write FILE, - for standard output (default: FOLDER/fpmtune.toml)",
    )


def run(options: Namespace) -> int:
    """Write commented settings for a folder, and return the exit status.

    Raises UsageError rather than overwrite a file or hide settings that are in force.
    """
    folder = Path(options.folder)
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    if options.output is None:
        _refuse_second(folder)
    text = starter_text(survey(str(folder)))
    if options.output == STANDARD_OUTPUT:
        write_result(Namespace(output=None), text)
    else:
        target = Path(options.output or folder / "fpmtune.toml")
        _write_new(target, text)
        write_result(Namespace(output=None), f"wrote {target}: every setting, none of them in force yet\n")
    return CLEAN


def _refuse_second(folder: Path) -> None:
    existing = find_settings(folder.resolve())
    if existing is None:
        return
    if existing.parent == folder.resolve():
        raise UsageError(f"{existing}: has settings already; see new ones with -o -")
    raise UsageError(f"{existing}: its settings count here, and a new file would hide them")


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("xb") as file:
            file.write(text.encode("utf-8"))
    except FileExistsError:
        raise UsageError(f"{path}: exists already") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {os.strerror(error.errno or 0)}") from None
