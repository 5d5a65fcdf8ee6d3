"""The load that pools are judged by: `--load`, `--qps` and `--service-time`, or the project's."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tuner.cli.output import complain
from tuner.cli.project import Project
from tuner.cli.project_paths import project_load
from tuner.errors import InputError, UsageError
from tuner.load.declared import DeclaredLoad, arrivals_per_s, put_on, service_time_s
from tuner.stack.model import Stack

if TYPE_CHECKING:
    from tuner.load.load_file import LoadFile

NO_POOL = "there is no PHP-FPM pool in the files read"


def add_load_options(parser: ArgumentParser) -> None:
    """Add `--load`, `--qps` and `--service-time`."""
    parser.add_argument(
        "--load",
        metavar="FILE",
        help="a load file of `fpmtune measure`: each pool in it is judged by what was measured",
    )
    parser.add_argument(
        "--service-time",
        type=_text_that(service_time_s),
        metavar="T",
        help="how long PHP works on a request, on average (120ms, 0.12s): each pool is judged by it",
    )
    parser.add_argument(
        "--qps",
        type=_text_that(arrivals_per_s),
        metavar="N",
        help="requests a second that come to each pool; needs --service-time",
    )


def put_given_load(
    stacks: Sequence[Stack], options: Namespace, project: Project, project_file: Path | None
) -> bool:
    """Put the load that the options or else the settings give, if any, on the stacks.

    Returns False for a load file that cannot be used, after saying why: the rest can be judged without.
    Raises UsageError for half a load, two loads, and a load file of the settings that is not there.
    """
    file = given_load_file(stacks, options, project, project_file)
    return file is None or put_load_file(stacks, file) is not None


def given_load_file(
    stacks: Sequence[Stack], options: Namespace, project: Project, project_file: Path | None
) -> str | None:
    """Return the load file that is given; a load that is declared instead is put on the stacks.

    Raises UsageError as `put_given_load`.
    """
    if options.service_time is not None:
        if options.load is not None:
            raise UsageError("--load and --service-time both say what the load is: give one of them")
        put_on(stacks, DeclaredLoad(options.service_time, options.qps))
        if not any(stack.pools for stack in stacks):
            complain(f"--service-time {options.service_time}: {NO_POOL}")
        return None
    if options.qps is not None:
        raise UsageError(
            f"--qps {options.qps} says nothing without --service-time: how long does PHP work on a request?"
        )
    file: str | None = options.load or project_load(project, project_file)
    return file


def put_load_file(stacks: Sequence[Stack], file: str) -> "LoadFile | None":
    """Put what a load file tells on the stacks, and return it; None, after saying why, for no load file."""
    # YAML and the load file's model take longer to import than a check without a load lasts.
    from tuner.load.measured import put_measured
    from tuner.load.read_load import read_load

    try:
        load = read_load(file)
        complaints = put_measured(stacks, load, file)
    except InputError as error:
        complain(str(error))
        return None
    for words in complaints:
        complain(f"{file}: {words}")
    return load


def _text_that(read: Callable[[str], float]) -> Callable[[str], str]:
    """Return a type for argparse: the text as it was given, if `read` takes it."""

    def checked(text: str) -> str:
        try:
            read(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None
        return text

    return checked
