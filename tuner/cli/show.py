"""`fpmtune show`."""

from argparse import ArgumentParser, Namespace

from tuner.cli.exit_status import CLEAN, FAILURE, NOTHING_CHECKED
from tuner.cli.given_load import add_load_options, put_given_load
from tuner.cli.loading import load
from tuner.cli.options import add_output_options, add_reading_options, add_verbosity_options
from tuner.cli.output import complain, is_colored, write_result


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `show`."""
    add_reading_options(parser)
    add_output_options(parser)
    add_verbosity_options(parser)
    add_load_options(parser)


def run(options: Namespace) -> int:
    """Print the request path of every host, and return the exit status."""
    loaded = load(options)
    has_usable_load = put_given_load(loaded.stacks, options, loaded.project, loaded.project_file)
    if options.format == "json":
        from tuner.report.show_json import show_json

        text = show_json(loaded.stacks)
    else:
        from tuner.report.show_text import show_text
        from tuner.report.terminal import Style

        text = show_text(loaded.stacks, Style(is_colored(options)))
    write_result(options, text)
    for path in loaded.missing:
        complain(f"{path}: no such file or folder")
    if loaded.missing or not has_usable_load:
        return FAILURE
    return CLEAN if loaded.is_anything_checked else NOTHING_CHECKED
