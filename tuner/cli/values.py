"""`fpmtune values`."""

from argparse import ArgumentParser, Namespace

from tuner.cli.exit_status import CLEAN, FAILURE, NOTHING_CHECKED
from tuner.cli.loading import load
from tuner.cli.options import add_output_options, add_reading_options, add_verbosity_options
from tuner.cli.output import complain, is_colored, write_result
from tuner.stack.host_settings import host_settings


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `values`."""
    add_reading_options(parser)
    parser.add_argument("--defaults", action="store_true", help="also what nobody set")
    parser.add_argument(
        "--dialect",
        choices=("linux", "busybox"),
        default="linux",
        help="who sets sysctl keys: systemd-sysctl and procps (linux), or busybox as on Alpine",
    )
    add_output_options(parser)
    add_verbosity_options(parser)


def run(options: Namespace) -> int:
    """Print every setting in force on every host, and return the exit status."""
    loaded = load(options)
    hosts = [
        host_settings(host, loaded.target, programs=options.dialect, with_defaults=options.defaults)
        for host in loaded.hosts
    ]
    if options.format == "json":
        from tuner.report.values_json import values_json

        text = values_json(hosts)
    else:
        from tuner.report.terminal import Style
        from tuner.report.values_text import values_text

        text = values_text(hosts, Style(is_colored(options)))
    write_result(options, text)
    for path in loaded.missing:
        complain(f"{path}: no such file or folder")
    if loaded.missing:
        return FAILURE
    return CLEAN if loaded.is_anything_checked else NOTHING_CHECKED
