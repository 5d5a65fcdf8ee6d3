"""`fpmtune simulate`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping

from tuner.cli.exit_status import CLEAN
from tuner.cli.options import add_output_options
from tuner.cli.output import complain, is_colored, write_result
from tuner.errors import UsageError
from tuner.laws.listen_queue import effective_backlog
from tuner.laws.simulator.confidence import Range, bootstrap_ranges, model_ranges, overflows_on_tcp
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Retries, Setting
from tuner.laws.simulator.summary import Summary, summary
from tuner.load.duration import duration_s
from tuner.load.trace import Trace, read_trace

C_INT_MAX = 2**31 - 1


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `simulate`."""
    parser.epilog = "exit status: 0; 2 wrong usage, or a file that cannot be read."
    parser.add_argument(
        "--arrivals", required=True, metavar="FILE", help="CSV or .csv.gz with the columns t_s,service_s"
    )
    parser.add_argument(
        "--max-children", required=True, type=_at_least(1), metavar="N", help="pm.max_children"
    )
    parser.add_argument("--backlog", required=True, type=_at_least(-1), metavar="N", help="listen.backlog")
    parser.add_argument("--somaxconn", type=_at_least(0), metavar="N", help="net.core.somaxconn")
    parser.add_argument("--read-timeout", required=True, type=_time, metavar="T", help="fastcgi_read_timeout")
    parser.add_argument(
        "--connect-timeout", type=_time, default=60.0, metavar="T", help="fastcgi_connect_timeout (60s)"
    )
    parser.add_argument("--socket", choices=("unix", "tcp"), default="unix", help="(default: unix)")
    parser.add_argument(
        "--overhead", type=_time, default=0.0005, metavar="T", help="of a worker for each request (0.5ms)"
    )
    parser.add_argument("--max-conns", type=_at_least(1), metavar="N", help="of nginx's upstream server")
    parser.add_argument(
        "--shed-after", type=_time, metavar="T", help="a worker answers 503 to what has waited longer"
    )
    parser.add_argument(
        "--retries", type=_at_least(0), default=0, metavar="N", help="how often a client tries again"
    )
    parser.add_argument(
        "--retry-delay", type=_time, default=1.0, metavar="T", help="and after which time (1s)"
    )
    parser.add_argument(
        "--bootstrap",
        type=_at_least(0),
        default=0,
        metavar="N",
        help="replay N times with service times drawn anew, for a range",
    )
    add_output_options(parser)


def run(options: Namespace) -> int:
    """Replay the trace, print what became of it, and return the exit status."""
    trace = read_trace(options.arrivals)
    if trace.resorted:
        complain(f"{options.arrivals}: {trace.resorted} requests were out of order in time and were sorted")
    setting = _setting(options)
    found = replay(trace.arrivals_s, trace.services_s, setting)
    figures = summary(found, trace.arrivals_s, trace.services_s, setting)
    ranges = _ranges(trace, setting, options.bootstrap, is_exact=not overflows_on_tcp(setting, found))
    write_result(options, _report(options, figures, setting, ranges))
    return CLEAN


def _setting(options: Namespace) -> Setting:
    backlog, somaxconn = options.backlog, options.somaxconn
    if somaxconn is None and backlog < 0:
        raise UsageError("--backlog -1 means as much as net.core.somaxconn allows: give --somaxconn")
    retries = Retries(options.retries, options.retry_delay) if options.retries else None
    return Setting(
        workers=options.max_children,
        backlog=backlog if somaxconn is None else effective_backlog(backlog, somaxconn),
        read_timeout_s=options.read_timeout,
        socket=options.socket,
        connect_timeout_s=options.connect_timeout,
        overhead_s=options.overhead,
        retries=retries,
        max_conns=options.max_conns,
        shed_after_s=options.shed_after,
    )


def _ranges(trace: Trace, setting: Setting, draws: int, *, is_exact: bool) -> Mapping[str, Range] | None:
    if not is_exact:
        return model_ranges(trace.arrivals_s, trace.services_s, setting)
    return bootstrap_ranges(trace.arrivals_s, trace.services_s, setting, draws=draws) if draws else None


def _report(options: Namespace, found: Summary, setting: Setting, ranges: Mapping[str, Range] | None) -> str:
    if options.format == "json":
        from tuner.report.simulate_json import simulate_json

        return simulate_json(found, ranges)
    from tuner.report.simulate_text import simulate_text
    from tuner.report.terminal import Style

    return simulate_text(found, setting, ranges, Style(is_colored(options)))


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        digits = text.removeprefix("-")
        if not (
            digits.isascii() and digits.isdigit() and len(digits) < 20 and least <= int(text) <= C_INT_MAX
        ):
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {C_INT_MAX}")
        return int(text)

    return number


def _time(text: str) -> float:
    try:
        return duration_s(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
