"""`fpmtune measure`."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from tuner.cli.exit_status import CLEAN
from tuner.cli.output import complain, is_colored, write_result
from tuner.cli.progress import Progress
from tuner.errors import UsageError
from tuner.formats.candidate import is_candidate
from tuner.formats.document import Kind
from tuner.load.fpm_log.access_format import ADVICE as FPM_ADVICE
from tuner.load.fpm_log.access_format import DEFAULT as DEFAULT_ACCESS_FORMAT
from tuner.load.load_file import LoadFile, load_file_of, write_load
from tuner.load.log_lines import log_size_bytes
from tuner.load.measure import PoolLogs, measure_pool
from tuner.load.merge import merge_loads
from tuner.load.nginx_log.configured import format_of
from tuner.load.nginx_log.log_format import COMBINED, ESCAPES, LogFormat
from tuner.load.nginx_log.requests import ADVICE as NGINX_ADVICE
from tuner.load.nginx_log.requests import UnusableFormatError
from tuner.load.read_load import read_load
from tuner.report.measure_text import measure_text
from tuner.report.terminal import Style
from tuner.source.tree import collect
from tuner.stack.files import read_tree

EPILOG = f"""\
Logs may be compressed by gzip and given in any order; - is standard input. What to log:

{NGINX_ADVICE}
{FPM_ADVICE}

exit status: 0; 2 wrong usage, or a log that cannot be read or lacks what is needed."""

LONGEST_NAME = 200


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options of `measure`."""
    parser.epilog = EPILOG
    parser.add_argument("--nginx-log", nargs="+", action="extend", default=[], metavar="FILE")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--log-format", metavar="FORMAT", help="the log_format's text (default: combined)")
    how.add_argument("--nginx-conf", metavar="PATH", help="nginx files that say in which format the log is")
    parser.add_argument(
        "--escape", choices=ESCAPES, default="default", help="of the log_format given (default: default)"
    )
    parser.add_argument("--fpm-log", nargs="+", action="extend", default=[], metavar="FILE")
    parser.add_argument(
        "--access-format", default=DEFAULT_ACCESS_FORMAT, metavar="FORMAT", help="access.format of the pool"
    )
    parser.add_argument(
        "--max-children", type=_workers, metavar="N", help="workers that were there all the time"
    )
    parser.add_argument("--pool", type=_pool_name, default="www", metavar="NAME", help="(default: www)")
    parser.add_argument("--upstream", metavar="ADDRESS", help="only requests to this $upstream_addr")
    parser.add_argument("--every-request", action="store_true", help="all lines are requests for PHP")
    parser.add_argument(
        "--merge", nargs="+", metavar="FILE", help="make one of load files of several hosts, read no log"
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="write the load file to FILE, and show it")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto")


def run(options: Namespace) -> int:
    """Read the logs, write what they tell, and return the exit status."""
    try:
        load = _merged(options) if options.merge else _measured(options)
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
    return CLEAN


def _merged(options: Namespace) -> LoadFile:
    if options.nginx_log or options.fpm_log:
        raise UsageError("--merge takes load files and no logs: measure each host's logs first")
    return merge_loads([read_load(path) for path in options.merge])


def _measured(options: Namespace) -> LoadFile:
    if not (options.nginx_log or options.fpm_log):
        raise UsageError("nothing to measure: give --nginx-log, --fpm-log or --merge")
    logs = PoolLogs(
        pool=options.pool,
        nginx_logs=options.nginx_log,
        log_format=_log_format(options) if options.nginx_log else None,
        fpm_logs=options.fpm_log,
        access_format=options.access_format,
        workers=options.max_children,
        only=options.upstream,
        every_request=options.every_request,
    )
    with Progress(log_size_bytes([*logs.nginx_logs, *logs.fpm_logs])) as progress:
        return load_file_of([measure_pool(logs, progress.advance)])


def _log_format(options: Namespace) -> LogFormat:
    if options.nginx_conf is None:
        text = options.log_format
        return LogFormat(COMBINED if text in (None, "combined") else text, options.escape)
    found = {path: _configured_format(options.nginx_conf, path) for path in options.nginx_log}
    if len(set(found.values())) > 1:
        raise UsageError(f"the logs have different formats: measure them one by one: {', '.join(found)}")
    return found[options.nginx_log[0]]


def _configured_format(conf: str, log: str) -> LogFormat:
    tree = collect([conf], is_candidate)
    if tree.missing:
        raise UsageError(f"{conf}: no such file or folder")
    kind: Kind | None = "nginx" if Path(conf).is_file() else None
    documents = [file.document for file in read_tree(tree, kind) if file.document is not None]
    return format_of(log, [document for document in documents if document.kind == "nginx"])


def _pool_name(text: str) -> str:
    if not (text.isprintable() and 0 < len(text) <= LONGEST_NAME):
        raise ArgumentTypeError(f"a pool's name has 1 to {LONGEST_NAME} printable characters")
    return text


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 11 and 0 < int(text) < 2**31):
        raise ArgumentTypeError(f"{text!r} is not a number of workers")
    return int(text)
