"""`fpmtune simulate`."""

from argparse import ArgumentParser, Namespace

from tuner.cli.changes import KEYS, MOST_WORKERS, at_least, axes, changes, time
from tuner.cli.exit_status import CLEAN, FAILURE
from tuner.cli.options import add_output_options, add_reading_options
from tuner.cli.output import complain, is_colored, write_result
from tuner.cli.replayed import PoolRead, pool_read, traffic
from tuner.cli.simulate_grid import SHOWN, grid_report
from tuner.errors import UsageError
from tuner.laws.simulator.prediction import predict
from tuner.laws.simulator.setting import MOST_RETRIES
from tuner.laws.simulator.traffic import Traffic

MOST_DRAWS = 10_000


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
        dest="changed",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="another value than the files' (repeatable): " + ", ".join(KEYS),
    )
    parser.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="KEY=VALUES",
        help="try many values of one or two of these keys: 64,128,256 or 64..4096 or 10..50/10",
    )
    parser.add_argument(
        "--show",
        choices=SHOWN,
        help="what a grid of two keys shows: a share, p99, dead time (default: 200)",
    )
    _add_stated(parser)
    _add_behaviour(parser)
    add_output_options(parser)


def _add_stated(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("the pool, where no files say it")
    group.add_argument("--max-children", type=at_least(1, MOST_WORKERS), metavar="N", help="pm.max_children")
    group.add_argument("--backlog", type=at_least(-1), metavar="N", help="listen.backlog")
    group.add_argument("--somaxconn", type=at_least(0), metavar="N", help="net.core.somaxconn")
    group.add_argument("--read-timeout", type=time, metavar="T", help="fastcgi_read_timeout")
    group.add_argument("--connect-timeout", type=time, metavar="T", help="fastcgi_connect_timeout (60s)")
    group.add_argument("--socket", choices=("unix", "tcp"), help="(default: unix)")


def _add_behaviour(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what no file says")
    group.add_argument(
        "--overhead", type=time, default=0.0005, metavar="T", help="of a worker for each request (0.5ms)"
    )
    group.add_argument("--max-conns", type=at_least(1), metavar="N", help="of nginx's upstream server")
    group.add_argument(
        "--shed-after", type=time, metavar="T", help="a worker answers 503 to what has waited longer"
    )
    group.add_argument(
        "--retries",
        type=at_least(0, MOST_RETRIES),
        default=0,
        metavar="N",
        help="how often a client tries again",
    )
    group.add_argument("--retry-delay", type=time, default=1.0, metavar="T", help="and after which time (1s)")
    group.add_argument(
        "--bootstrap",
        type=at_least(0, MOST_DRAWS),
        metavar="N",
        help="replay N times with service times drawn anew, for a range (with --load: up to 20)",
    )


def run(options: Namespace) -> int:
    """Replay the requests, print what became of them, and return the exit status."""
    changed = changes(options.changed)
    tried = axes(options.grid, changed)
    if options.show and not tried:
        raise UsageError("--show says what a grid shows: give --grid")
    if options.show and len(tried) == 1:
        raise UsageError("--show is for a grid of two keys: one key shows every figure")
    requests = traffic(options)
    pool = pool_read(options, changed)
    for path in pool.missing:
        complain(f"{path}: no such file or folder")
    if pool.missing:
        return FAILURE
    try:
        report = grid_report(options, requests, pool, tried) if tried else _report(options, requests, pool)
    except ValueError as error:
        raise UsageError(str(error)) from None
    write_result(options, report)
    return CLEAN


def _report(options: Namespace, requests: Traffic, pool: PoolRead) -> str:
    setting = pool.setting()
    found = predict(requests, setting)
    if options.format == "json":
        from tuner.report.simulate_json import simulate_json

        return simulate_json(found)
    from tuner.load.pool_setting import what_cuts
    from tuner.report.simulate_text import simulate_text
    from tuner.report.terminal import Style

    return simulate_text(
        found, setting, Style(is_colored(options)), what_cuts(setting, pool.changed, pool.pool)
    )
