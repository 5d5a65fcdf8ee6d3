"""The command line: which verb, with which options."""

import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from traceback import extract_tb

from tuner import __version__
from tuner.cli.exit_status import FAILURE, INTERRUPTED
from tuner.errors import FpmtuneError
from tuner.formats.document import KINDS

EPILOG = """\
exit status: 0 nothing at or above --fail-on; 1 findings; 2 wrong usage, a missing PATH or an internal error;
3 nothing was checked (no file of a known kind)."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _verb(options)
    except FpmtuneError as error:
        return _failed(str(error))
    except BrokenPipeError:
        # The reader of the pipe has gone (`fpmtune check | head`) and misses nothing.
        return FAILURE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        last = extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(last.filename)}:{last.lineno}"
        return _failed(f"internal error, please report it: {type(error).__name__} at {place}: {error}")


def _failed(message: str) -> int:
    from tuner.cli.output import complain

    complain(message)
    return FAILURE


def _verb(options: Namespace) -> int:
    if options.verb == "check":
        from tuner.cli.check import check

        return check(options)
    from tuner.cli.show import show

    return show(options)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="fpmtune",
        description="Linter and tuner for the PHP serving path: nginx, PHP-FPM, Redis, sysctl as one path.",
    )
    parser.add_argument("--version", action="version", version=f"fpmtune {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    check = _add_verb(verbs, "check", "lint files and folders")
    check.add_argument(
        "--select",
        type=_selectors,
        default=[],
        metavar="RULES",
        help="only these rules (ids, names, prefixes)",
    )
    check.add_argument("--ignore", type=_selectors, default=[], metavar="RULES", help="all rules but these")
    check.add_argument(
        "--fail-on",
        choices=("error", "warning", "info", "never"),
        help="exit 1 from this severity on (default: warning)",
    )
    check.add_argument("--strict", action="store_true", help="an undecided rule counts as a failure")
    _add_verb(verbs, "show", "print the request path with every effective value and who set it")
    return parser


def _add_verb(verbs: "object", name: str, text: str) -> ArgumentParser:
    verb: ArgumentParser = verbs.add_parser(  # type: ignore[attr-defined]
        name,
        help=text,
        description=text.capitalize() + ".",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    verb.add_argument(
        "paths", nargs="*", metavar="PATH", help="files, folders, or - for standard input (default: .)"
    )
    verb.add_argument("--format", choices=("text", "json"), default="text")
    verb.add_argument("-o", "--output", metavar="FILE", help="write the report to FILE")
    verb.add_argument("--config", metavar="FILE", help="fpmtune.toml to use (default: searched upwards)")
    verb.add_argument(
        "--target", metavar="TARGET", help="the machine meant: debian-12, or kernel=6.1,php=8.2,...; none"
    )
    verb.add_argument(
        "--sysctl", action="append", metavar="PATH", help="sysctl files of the target (repeatable)"
    )
    verb.add_argument(
        "--root", action="append", metavar="DIR=PREFIX", help="DIR will be PREFIX on the target (repeatable)"
    )
    verb.add_argument(
        "--as",
        dest="kind",
        choices=KINDS,
        metavar="KIND",
        help="read every file given by name as " + ", ".join(KINDS),
    )
    verb.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    verb.add_argument("-q", "--quiet", action="store_true", help="findings only, no summary")
    verb.add_argument("-v", "--verbose", action="store_true", help="notes, too")
    return verb


def _selectors(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


if __name__ == "__main__":
    sys.exit(run())
