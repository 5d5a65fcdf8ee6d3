"""The part of `measure` that watches pools while they work: options, and a bar on the terminal."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator

from tuner.cli.pool_files import Configured
from tuner.cli.progress import Progress, watch_line
from tuner.errors import UsageError
from tuner.load.duration import duration_s
from tuner.load.fastcgi import Patience
from tuner.load.status.target import DEFAULT_PATH, address_of, target_of
from tuner.load.status.watch import Schedule, Watch, Watched, watch

SHORTEST_S, LONGEST_S = 0.1, 7 * 86_400.0
MOST_WATCHED = 200


def add_watch_options(parser: ArgumentParser) -> None:
    """Add the options of watching."""
    group = parser.add_argument_group("PHP-FPM while it works")
    group.add_argument(
        "--status",
        action="append",
        default=[],
        metavar="ADDRESS[?/PATH]",
        help="ask this status page, over FastCGI: unix:/run/php/www.sock, 127.0.0.1:9000 (repeatable)",
    )
    group.add_argument(
        "--status-path", metavar="/PATH", default=DEFAULT_PATH, help=f"(default: {DEFAULT_PATH})"
    )
    group.add_argument(
        "--queue",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="sample the accept queue of this listening socket; needs no status page (repeatable)",
    )
    group.add_argument("--interval", type=_between(SHORTEST_S, 3600.0), default=1.0, metavar="T", help="(1s)")
    group.add_argument("--duration", type=_between(0.0, LONGEST_S), metavar="T", help="(60s; 0: look once)")
    for name, default_s in (("connect", 1.0), ("answer", 5.0)):
        group.add_argument(
            f"--{name}-timeout",
            type=_between(0.01, 600.0),
            default=default_s,
            metavar="T",
            help=f"of the status page ({default_s:g}s)",
        )


def watched_pools(options: Namespace, files: Configured) -> list[Watched]:
    """Return whom to watch: what was given, else the pools of this machine's files. Raises UsageError."""
    try:
        given = list(_given(options, files))
    except ValueError as error:
        raise UsageError(str(error)) from None
    has_logs = options.nginx_log or options.fpm_log
    if not given and files.is_here and not has_logs:
        pools = (pool for pool in files.pools if pool.status or pool.queue)
        given = [Watched(pool.name, pool.status, pool.queue) for pool in pools]
    if len(given) > MOST_WATCHED:
        raise UsageError(f"{len(given)} pools are too many to watch at once: choose some, or one by --pool")
    return given


def _given(options: Namespace, files: Configured) -> Iterator[Watched]:
    """Yield what the options name; of a pool in the files its name, and its queue beside its status page.

    One status page and one queue are those of one pool.
    """
    targets = [target_of(text, options.status_path) for text in dict.fromkeys(options.status)]
    queues = [address_of(text) for text in dict.fromkeys(options.queue)]
    paired = queues.pop() if len(targets) == len(queues) == 1 else None
    known = {pool.status.address: pool for pool in files.pools if pool.status}
    for target in targets:
        pool = known.get(target.address)
        yield Watched(pool.name if pool else "", target, paired or (pool.queue if pool else None))
    names = {pool.queue: pool.name for pool in files.pools if pool.queue}
    for address in queues:
        yield Watched(names.get(address, options.pool or ""), None, address)


def watch_them(options: Namespace, watched: list[Watched]) -> list[Watch]:
    """Watch for as long as the options say, with a bar on a terminal; ctrl-C ends it early."""
    duration_s = 60.0 if options.duration is None else options.duration
    patience = Patience(options.connect_timeout, options.answer_timeout)
    schedule = Schedule(options.interval, duration_s, patience)
    with Progress(round(duration_s * 1000), watch_line) as progress:
        return watch(watched, schedule, lambda: progress.advance(0))


def _between(least_s: float, most_s: float) -> Callable[[str], float]:
    def seconds(text: str) -> float:
        try:
            found = duration_s(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None
        if not least_s <= found <= most_s:
            raise ArgumentTypeError(f"{text} is not between {least_s:g} s and {most_s:g} s")
        return found

    return seconds
