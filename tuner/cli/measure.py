"""`fpmtune measure`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping

from tuner.cli.exit_status import CLEAN, FAILURE
from tuner.cli.logs import logged_pool, own_logged_pool
from tuner.cli.options import add_reading_options
from tuner.cli.output import complain, is_colored, write_result
from tuner.cli.pool_files import Configured, configured
from tuner.cli.watching import add_watch_options, watch_them, watched_pools
from tuner.errors import UsageError
from tuner.load.fpm_log.access_format import ADVICE as FPM_ADVICE
from tuner.load.load_file import LoadFile, MeasuredPool, load_file_of, write_load
from tuner.load.merge import merge_loads
from tuner.load.nginx_log.log_format import ESCAPES
from tuner.load.nginx_log.requests import ADVICE as NGINX_ADVICE
from tuner.load.nginx_log.requests import UnusableFormatError
from tuner.load.read_load import read_load
from tuner.load.status.measured import measured_pool, nothing_seen
from tuner.load.status.watch import Watch
from tuner.report.measure_text import measure_text
from tuner.report.terminal import Style

NOTHING = (
    "nothing to measure: give --nginx-log, --fpm-log, --status, --queue, --merge, or as PATH the"
    " configuration of this machine"
)
EPILOG = f"""\
PATH: files of PHP-FPM and nginx. They tell the formats of the logs; those of this machine (/etc/php/8.2/fpm)
also where its pools log and listen: the logs are read, the status pages and queues watched.

Logs may be compressed by gzip and given in any order; - is standard input. What to log:

{NGINX_ADVICE}
{FPM_ADVICE}

exit status: 0; 2 wrong usage, or a log or status page that cannot be read or lacks what is
needed."""

LONGEST_NAME = 200


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `measure`."""
    parser.epilog = EPILOG
    add_reading_options(parser, "files of PHP-FPM and nginx (see below)")
    parser.add_argument("--nginx-log", nargs="+", action="extend", default=[], metavar="FILE")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--log-format", metavar="FORMAT", help="the log_format's text (default: combined)")
    how.add_argument("--nginx-conf", metavar="PATH", help="nginx files that say in which format the log is")
    parser.add_argument(
        "--escape", choices=ESCAPES, default="default", help="of the log_format given (default: default)"
    )
    parser.add_argument("--fpm-log", nargs="+", action="extend", default=[], metavar="FILE")
    parser.add_argument(
        "--access-format", metavar="FORMAT", help="access.format of the pool (default: PHP-FPM's own)"
    )
    parser.add_argument(
        "--max-children", type=_workers, metavar="N", help="workers that were there all the time"
    )
    parser.add_argument("--pool", type=_pool_name, metavar="NAME", help="(default: www)")
    parser.add_argument("--upstream", metavar="ADDRESS", help="only requests to this $upstream_addr")
    parser.add_argument("--every-request", action="store_true", help="all lines are requests for PHP")
    parser.add_argument(
        "--merge", nargs="+", metavar="FILE", help="make one of load files of several hosts, read no log"
    )
    add_watch_options(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write the load file to FILE, and show it")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def run(options: Namespace) -> int:
    """Read the logs, watch the pools, write what they tell, and return the exit status."""
    try:
        load, silent = (_merged(options), []) if options.merge else _measured(options)
    except UnusableFormatError as error:
        raise UsageError(f"{error} (fpmtune measure --help prints a log_format for this)") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    write_result(options, write_load(load))
    if options.output:
        shown = Namespace(output=None, color=options.color)
        write_result(shown, measure_text(load, Style(is_colored(shown))))
    else:
        for words in (words for pool in load.pools for words in pool.unknown):
            complain(f"not known: {words}")
    for words in silent:
        complain(words)
    return FAILURE if silent else CLEAN


def _merged(options: Namespace) -> LoadFile:
    if options.nginx_log or options.fpm_log or options.status or options.queue or options.paths:
        raise UsageError("--merge takes load files and no logs: measure each host's logs first")
    return merge_loads([read_load(path) for path in options.merge])


def _measured(options: Namespace) -> tuple[LoadFile, list[str]]:
    """Return what was found, and why what was asked by name did not answer."""
    files = configured(options)
    watched = watched_pools(options, files)
    has_logs = bool(options.nginx_log or options.fpm_log)
    if not (has_logs or watched or files.is_here):
        raise UsageError(NOTHING)
    pools = {pool.name: pool for pool in _logged(options, files, has_logs=has_logs)}
    watches = watch_them(options, watched) if watched else []
    for one in watches:
        name = _name(one, options, pools)
        pool = measured_pool(one, name, pools.get(name))
        if pool:
            pools[name] = pool
    if not pools:
        raise UsageError(nothing_seen(watches))
    _note_unknown(files, pools)
    silent = [one for one in watches if options.status and one.tally and not one.tally.answered]
    return load_file_of(pools.values()), [nothing_seen([one]) for one in silent]


def _logged(options: Namespace, files: Configured, *, has_logs: bool) -> list[MeasuredPool]:
    if has_logs:
        return [logged_pool(options, files)]
    if not files.is_here or options.status or options.queue:
        return []
    found = (own_logged_pool(options, files, pool) for pool in files.pools)
    return [pool for pool in found if pool]


def _name(seen: Watch, options: Namespace, pools: Mapping[str, MeasuredPool]) -> str:
    """Return what a pool is called: as its page or its files, or else the command line, or where it is."""
    where = str(seen.watched.status or seen.watched.queue)
    name = seen.pool or options.pool or where
    same = pools.get(name)
    return f"{name} ({where})" if same and (same.status or same.queue) else name


def _note_unknown(files: Configured, pools: dict[str, MeasuredPool]) -> None:
    """Add what the files of a pool did not tell."""
    for known in files.pools:
        pool = pools.get(known.name)
        if pool and files.is_here:
            words = dict.fromkeys((*known.unknown, *pool.unknown))
            pools[known.name] = pool.model_copy(update={"unknown": list(words)})


def _pool_name(text: str) -> str:
    if not (text.isprintable() and 0 < len(text) <= LONGEST_NAME):
        raise ArgumentTypeError(f"a pool's name has 1 to {LONGEST_NAME} printable characters")
    return text


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11 and 0 < int(text) < 2**31):
        raise ArgumentTypeError(f"{text!r} is not a number of workers")
    return int(text)
