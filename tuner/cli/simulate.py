"""`fpmtune simulate`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Mapping

from tuner.cli.exit_status import CLEAN, FAILURE
from tuner.cli.loading import load
from tuner.cli.options import add_output_options, add_reading_options
from tuner.cli.output import complain, is_colored, write_result
from tuner.errors import UsageError
from tuner.laws.simulator.confidence import Range, bootstrap_ranges, model_ranges, overflows_on_tcp
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import MOST_RETRIES, Retries, Setting
from tuner.laws.simulator.summary import Summary, summary
from tuner.laws.sysctl_number import INT_MAX
from tuner.load import pool_setting
from tuner.load.duration import duration_s
from tuner.load.pool_setting import Behaviour, pool_of, setting_of
from tuner.load.trace import Trace, read_trace

MOST_WORKERS = 1_000_000
STATED = {
    "max_children": pool_setting.MAX_CHILDREN,
    "backlog": pool_setting.BACKLOG,
    "somaxconn": pool_setting.SOMAXCONN,
    "read_timeout": pool_setting.READ_TIMEOUT,
    "connect_timeout": pool_setting.CONNECT_TIMEOUT,
    "socket": pool_setting.SOCKET,
}
"""Options that state a number of the pool, by the program's own name for it."""


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `simulate`."""
    parser.epilog = "exit status: 0; 2 wrong usage, or a file that cannot be read."
    requests = parser.add_mutually_exclusive_group(required=True)
    requests.add_argument("--arrivals", metavar="FILE", help="CSV or .csv.gz with the columns t_s,service_s")
    requests.add_argument("--load", metavar="FILE", help="a load file of `fpmtune measure`")
    add_reading_options(parser)
    parser.add_argument("--pool", metavar="NAME", help="of the load file and of the files read")
    parser.add_argument(
        "--set",
        dest="changes",
        type=_change,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another value than the files' (repeatable): " + ", ".join(KEYS),
    )
    _add_stated(parser)
    _add_behaviour(parser)
    add_output_options(parser)


def _add_stated(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("the pool, where no files say it")
    group.add_argument("--max-children", type=_at_least(1, MOST_WORKERS), metavar="N", help="pm.max_children")
    group.add_argument("--backlog", type=_at_least(-1), metavar="N", help="listen.backlog")
    group.add_argument("--somaxconn", type=_at_least(0), metavar="N", help="net.core.somaxconn")
    group.add_argument("--read-timeout", type=_time, metavar="T", help="fastcgi_read_timeout")
    group.add_argument("--connect-timeout", type=_time, metavar="T", help="fastcgi_connect_timeout (60s)")
    group.add_argument("--socket", choices=("unix", "tcp"), help="(default: unix)")


def _add_behaviour(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what no file says")
    group.add_argument(
        "--overhead", type=_time, default=0.0005, metavar="T", help="of a worker for each request (0.5ms)"
    )
    group.add_argument("--max-conns", type=_at_least(1), metavar="N", help="of nginx's upstream server")
    group.add_argument(
        "--shed-after", type=_time, metavar="T", help="a worker answers 503 to what has waited longer"
    )
    group.add_argument(
        "--retries",
        type=_at_least(0, MOST_RETRIES),
        default=0,
        metavar="N",
        help="how often a client tries again",
    )
    group.add_argument(
        "--retry-delay", type=_time, default=1.0, metavar="T", help="and after which time (1s)"
    )
    group.add_argument(
        "--bootstrap",
        type=_at_least(0),
        default=0,
        metavar="N",
        help="replay N times with service times drawn anew, for a range",
    )


def run(options: Namespace) -> int:
    """Replay the requests, print what became of them, and return the exit status."""
    trace = _trace(options)
    setting, missing = _setting(options)
    for path in missing:
        complain(f"{path}: no such file or folder")
    if missing:
        return FAILURE
    found = replay(trace.arrivals_s, trace.services_s, setting)
    try:
        figures = summary(found, trace.arrivals_s, trace.services_s, setting)
    except ValueError as error:
        raise UsageError(str(error)) from None
    ranges = _ranges(trace, setting, options.bootstrap, is_exact=not overflows_on_tcp(setting, found))
    write_result(options, _report(options, figures, setting, ranges))
    return CLEAN


def _trace(options: Namespace) -> Trace:
    if options.load is None:
        trace = read_trace(options.arrivals)
        if trace.resorted:
            complain(
                f"{options.arrivals}: {trace.resorted} requests were out of order in time and were sorted"
            )
        return trace
    from tuner.load.load_file import read_load
    from tuner.load.replayable import trace_of

    try:
        return trace_of(read_load(options.load).pool(options.pool))
    except ValueError as error:
        raise UsageError(f"{options.load}: {error}") from None


def _setting(options: Namespace) -> tuple[Setting, list[str]]:
    """Return the pool's numbers, and the paths that do not exist. Raises UsageError for what nobody says."""
    stated = {key: getattr(options, name) for name, key in STATED.items()}
    changes = {key: value for key, value in stated.items() if value is not None} | dict(options.changes)
    retries = Retries(options.retries, options.retry_delay) if options.retries else None
    behaviour = Behaviour(options.overhead, retries, options.max_conns, options.shed_after)
    host, pool, missing = None, None, []
    if options.paths:
        loaded = load(options)
        missing = loaded.missing
        host, pool = pool_of(loaded.stacks, options.pool)
    try:
        return setting_of(changes, behaviour, host, pool), missing
    except ValueError as error:
        raise UsageError(str(error)) from None


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


def _at_least(least: int, most: int = INT_MAX) -> Callable[[str], int]:
    def number(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and least <= int(text) <= most):
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return number


def _change(text: str) -> tuple[str, int | float | str]:
    key, equals, value = text.partition("=")
    if not equals or key not in KEYS:
        raise ArgumentTypeError(f"{text!r} is not KEY=VALUE with one of {', '.join(KEYS)}")
    return key, KEYS[key](value)


def _time(text: str) -> float:
    try:
        return duration_s(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _manager(text: str) -> str:
    if text not in ("static", "dynamic"):
        raise ArgumentTypeError(f"{text!r} is neither static nor dynamic")
    return text


KEYS: Mapping[str, Callable[[str], int | float | str]] = {
    pool_setting.MAX_CHILDREN: _at_least(1, MOST_WORKERS),
    pool_setting.BACKLOG: _at_least(-1),
    pool_setting.SOMAXCONN: _at_least(0),
    pool_setting.READ_TIMEOUT: _time,
    pool_setting.CONNECT_TIMEOUT: _time,
    pool_setting.PM: _manager,
    "pm.start_servers": _at_least(0),
    "pm.min_spare_servers": _at_least(1),
    "pm.max_spare_servers": _at_least(1),
}
"""What `--set` changes, each with how its value is read."""
