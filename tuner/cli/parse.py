"""`fpmtune parse`."""

import os
from argparse import ArgumentParser, Namespace

from tuner.cli.exit_status import CLEAN, FINDINGS, NOTHING_CHECKED
from tuner.cli.loading import STANDARD_INPUT, standard_input
from tuner.cli.options import add_kind_option, add_output_options, add_target_option
from tuner.cli.output import complain, is_colored, write_result
from tuner.cli.project_paths import named_target
from tuner.errors import UsageError
from tuner.formats.document import Document
from tuner.source.tree import SourceFile, read, real_path
from tuner.stack.files import read_file


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `parse`."""
    parser.epilog = (
        "exit status: 0; 1 the file has syntax errors; 2 wrong usage or a file that cannot be read; "
        "3 not a file of a known kind."
    )
    parser.add_argument("path", metavar="FILE", help="a file, or - for standard input")
    add_kind_option(parser)
    add_target_option(parser)
    add_output_options(parser)


def run(options: Namespace) -> int:
    """Print the syntax tree of one file, and return the exit status. Raises UsageError."""
    target = named_target(options.target or "")
    file = read_file(_source(options), options.kind, target)
    if file is None or file.document is None:
        complain(f"{options.path}: {file.reason if file else 'nothing in it tells its kind; give --as'}")
        return NOTHING_CHECKED
    write_result(options, _tree(options, file.document))
    return FINDINGS if any(problem.severity == "error" for problem in file.document.problems) else CLEAN


def _source(options: Namespace) -> SourceFile:
    """Read the file. Raises UsageError where that is not possible."""
    accepts_nul = options.kind is not None
    if options.path == STANDARD_INPUT:
        return standard_input(accepts_nul=accepts_nul)
    if not os.path.lexists(options.path):
        raise UsageError(f"{options.path}: no such file")
    real = real_path(options.path)
    source = read(options.path, real, is_given=True, accepts_nul=accepts_nul)
    if source.text is None:
        raise UsageError(f"{options.path}: {source.failure}")
    return source


def _tree(options: Namespace, document: Document) -> str:
    if options.format == "json":
        from tuner.report.parse_json import parse_json

        return parse_json(document)
    from tuner.report.parse_text import parse_text
    from tuner.report.terminal import Style

    return parse_text(document, Style(is_colored(options)))
