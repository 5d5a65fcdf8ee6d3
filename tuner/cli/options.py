"""Options that several verbs have in common."""

from argparse import ArgumentParser
from collections.abc import Sequence

from tuner.formats.document import KINDS

PATHS = "files, folders, or - for standard input (default: .)"


def add_output_options(parser: ArgumentParser, formats: Sequence[str] = ("text", "json")) -> None:
    """Add `--format` (the first one is the default), `-o`, `--color`."""
    parser.add_argument("--format", choices=formats, default=formats[0])
    parser.add_argument("-o", "--output", metavar="FILE", help="write the report to FILE")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def add_project_option(parser: ArgumentParser) -> None:
    """Add `--config`."""
    parser.add_argument("--config", metavar="FILE", help="fpmtune.toml to use (default: searched upwards)")


def add_reading_options(parser: ArgumentParser, paths_help: str = PATHS) -> None:
    """Add the paths, and everything that says how their files are read."""
    parser.add_argument("paths", nargs="*", metavar="PATH", help=paths_help)
    add_project_option(parser)
    add_target_option(parser)
    parser.add_argument(
        "--sysctl", action="append", metavar="PATH", help="sysctl files of the target (repeatable)"
    )
    parser.add_argument(
        "--root", action="append", metavar="DIR=PREFIX", help="DIR will be PREFIX on the target (repeatable)"
    )
    add_kind_option(parser)


def add_target_option(parser: ArgumentParser) -> None:
    """Add `--target`."""
    parser.add_argument(
        "--target",
        metavar="TARGET",
        help="the machine meant: debian-12, or kernel=6.1,php=8.2,..., host (this one); none",
    )


def add_kind_option(parser: ArgumentParser) -> None:
    """Add `--as`."""
    parser.add_argument(
        "--as",
        dest="kind",
        choices=KINDS,
        metavar="KIND",
        help="read every file given by name as " + ", ".join(KINDS),
    )


def add_verbosity_options(
    parser: ArgumentParser, quiet: str = "findings only, no summary", verbose: str = "notes, too"
) -> None:
    """Add `-q` and `-v`, which mean what is said."""
    parser.add_argument("-q", "--quiet", action="store_true", help=quiet)
    parser.add_argument("-v", "--verbose", action="store_true", help=verbose)


def selectors(text: str) -> list[str]:
    """Return the words of a comma-separated list."""
    return [part.strip() for part in text.split(",") if part.strip()]
