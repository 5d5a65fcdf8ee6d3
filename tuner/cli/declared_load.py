"""A load declared on the command line: `--qps` and `--service-time`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Sequence

from tuner.cli.output import complain
from tuner.errors import UsageError
from tuner.load.declared import DeclaredLoad, arrivals_per_s, put_on, service_time_s
from tuner.stack.model import Stack


def add_load_options(parser: ArgumentParser) -> None:
    """Add `--qps` and `--service-time`."""
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


def put_declared_load(stacks: Sequence[Stack], options: Namespace) -> None:
    """Put the load that the options declare, if any, on the stacks. Raises UsageError for half a load."""
    if options.service_time is not None:
        put_on(stacks, DeclaredLoad(options.service_time, options.qps))
        if not any(stack.pools for stack in stacks):
            complain(f"--service-time {options.service_time}: there is no PHP-FPM pool in the files read")
    elif options.qps is not None:
        raise UsageError(
            f"--qps {options.qps} says nothing without --service-time: how long does PHP work on a request?"
        )


def _text_that(read: Callable[[str], float]) -> Callable[[str], str]:
    """Return a type for argparse: the text as it was given, if `read` takes it."""

    def checked(text: str) -> str:
        try:
            read(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None
        return text

    return checked
