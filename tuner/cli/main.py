"""The command line: which verb there is, and how a run ends that went wrong."""

import gc
import os
import sys
from argparse import ArgumentParser, HelpFormatter, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import NamedTuple, NoReturn

from tuner import __version__
from tuner.cli.exit_status import FAILURE, INTERRUPTED
from tuner.errors import FpmtuneError

EPILOG = """\
exit status: 0 nothing at or above --fail-on; 1 findings; 2 wrong usage, a missing PATH or an internal error;
3 nothing was checked (no file of a known kind)."""

OBJECTS_BEFORE_COLLECTION = 500_000
"""A run is short, and nearly all it makes lives to its end: looking for garbage costs a tenth of it."""


def program() -> None:
    """Run the command line of this process and end it.

    The interpreter would look through everything for garbage once more before it ends, which takes a seventh
    of a check.
    """
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    status = run()
    gc.freeze()
    sys.exit(status)


class Verb(NamedTuple):
    """One verb: what it does, and the module with its `add_arguments(parser)` and `run(options)`."""

    summary: str
    module: str

    def load(self) -> ModuleType:
        """Import the verb's module: only the verb in use costs time."""
        return import_module(self.module)


VERBS: Mapping[str, Verb] = {
    "check": Verb("lint files and folders", "tuner.cli.check"),
    "show": Verb("print the request path with every effective value and who set it", "tuner.cli.show"),
    "values": Verb("print every setting in force of every program, and who set it", "tuner.cli.values"),
    "parse": Verb("print a file's syntax tree with the place of every word", "tuner.cli.parse"),
    "explain": Verb("print a rule's page: what it finds, why, what to do", "tuner.cli.explain"),
    "rules": Verb("list the rules; `rules test` plays the examples of your own", "tuner.cli.rules"),
    "measure": Verb("read access logs and watch pools, into a load file", "tuner.cli.measure"),
    "simulate": Verb("predict what becomes of a trace of requests", "tuner.cli.simulate"),
    "tune": Verb("recommend numbers from the traffic, and what they will change", "tuner.cli.tune"),
    "schema": Verb("print the JSON Schema of the settings, of rules, or of a report", "tuner.cli.schema"),
    "init": Verb("write a commented fpmtune.toml for the tree at hand", "tuner.cli.init"),
}


class _VerbParser(ArgumentParser):
    """Says what is wrong with a verb's options in one line, without all of them before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(FAILURE, f"{self.prog}: error: {message} ({self.prog} --help)\n")


class _HelpFormatter(HelpFormatter):
    """Knows the terminal's width without shutil, which argparse would load for every option that is added."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


class _VerbHelpFormatter(_HelpFormatter, RawDescriptionHelpFormatter):
    """Keeps the lines of the epilog."""


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or os.get_terminal_size().columns
    except (ValueError, OSError):
        return 80


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser_for(given).parse_args(given)
    try:
        status: int = VERBS[options.verb].load().run(options)
    except FpmtuneError as error:
        return _failed(str(error))
    except BrokenPipeError:
        # The reader of the pipe has gone (`fpmtune check | head`) and misses nothing.
        return FAILURE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _failed(f"internal error, please report it: {_with_place(error)}")
    return status


def _with_place(error: Exception) -> str:
    from traceback import extract_tb

    last = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {os.path.basename(last.filename)}:{last.lineno}: {error}"


def _failed(message: str) -> int:
    from tuner.cli.output import complain

    complain(message)
    return FAILURE


def parser_for(arguments: Sequence[str]) -> ArgumentParser:
    """Return the parser of a command line: it knows the verb that is named, or else every verb."""
    parser = ArgumentParser(
        prog="fpmtune",
        description="Linter and tuner for the PHP serving path: nginx, PHP-FPM, Redis, sysctl as one path.",
        formatter_class=_HelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fpmtune {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_VerbParser)
    named = next((argument for argument in arguments if not argument.startswith("-")), "")
    offered = {named: VERBS[named]} if named in VERBS else VERBS
    for name, verb in offered.items():
        summary = verb.summary
        added = verbs.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.",
            epilog=EPILOG,
            formatter_class=_VerbHelpFormatter,
        )
        if name == named:
            verb.load().add_arguments(added)
    return parser


if __name__ == "__main__":
    program()
