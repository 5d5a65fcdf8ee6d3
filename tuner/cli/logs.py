"""The logs that `measure` reads, and in which format each of them is."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from tuner.cli.pool_files import Configured, own_logs, pool_of_log
from tuner.cli.progress import Progress
from tuner.errors import InputError, UsageError
from tuner.formats.candidate import is_candidate
from tuner.formats.document import Document, Kind
from tuner.load.fpm_log.access_format import DEFAULT as DEFAULT_ACCESS_FORMAT
from tuner.load.load_file import MeasuredPool
from tuner.load.log_lines import log_size_bytes
from tuner.load.measure import PoolLogs, measure_pool
from tuner.load.nginx_log.configured import format_of
from tuner.load.nginx_log.log_format import COMBINED, LogFormat
from tuner.load.status.from_files import PoolFiles
from tuner.source.tree import collect
from tuner.stack.files import read_tree

DEFAULT_POOL = "www"


def logged_pool(options: Namespace, files: Configured) -> MeasuredPool:
    """Read the logs that were given. Raises UsageError, InputError and ValueError as `measure_pool`."""
    pool = pool_of_log(files, options.fpm_log[0]) if options.fpm_log else None
    only_one = files.pools[0].name if len(files.pools) == 1 else DEFAULT_POOL
    logs = PoolLogs(
        pool=options.pool or (pool.name if pool else only_one),
        nginx_logs=options.nginx_log,
        log_format=_log_format(options, files) if options.nginx_log else None,
        fpm_logs=options.fpm_log,
        access_format=options.access_format or (pool and pool.access_format) or DEFAULT_ACCESS_FORMAT,
        workers=options.max_children,
        only=options.upstream,
        every_request=options.every_request,
    )
    return _measured(logs)


def own_logged_pool(options: Namespace, files: Configured, pool: PoolFiles) -> MeasuredPool | None:
    """Read the logs that a pool's files name on this machine; notes in the pool what could not be read."""
    logs = own_logs(files, pool, options.max_children)
    for tried in (logs, replace(logs, nginx_logs=[]), replace(logs, fpm_logs=[])):
        if not (tried.nginx_logs or tried.fpm_logs):
            continue
        try:
            return _measured(tried)
        except (InputError, ValueError) as error:
            pool.unknown.append(str(error))
    return None


def _measured(logs: PoolLogs) -> MeasuredPool:
    with Progress(log_size_bytes([*logs.nginx_logs, *logs.fpm_logs])) as progress:
        return measure_pool(logs, progress.advance)


def _log_format(options: Namespace, files: Configured) -> LogFormat:
    if options.nginx_conf is not None:
        documents = _documents(options.nginx_conf)
    elif files.nginx and options.log_format is None:
        documents = files.nginx
    else:
        text = options.log_format
        return LogFormat(COMBINED if text in (None, "combined") else text, options.escape)
    found = {path: format_of(path, documents) for path in options.nginx_log}
    if len(set(found.values())) > 1:
        raise UsageError(f"the logs have different formats: measure them one by one: {', '.join(found)}")
    return found[options.nginx_log[0]]


def _documents(conf: str) -> list[Document]:
    tree = collect([conf], is_candidate)
    if tree.missing:
        raise UsageError(f"{conf}: no such file or folder")
    kind: Kind | None = "nginx" if Path(conf).is_file() else None
    documents = [file.document for file in read_tree(tree, kind) if file.document is not None]
    return [document for document in documents if document.kind == "nginx"]
