"""What `measure` takes from configuration files: pools, where they listen and log, and log formats."""

import os
from argparse import Namespace
from typing import NamedTuple

from tuner.cli.loading import load
from tuner.errors import UsageError
from tuner.formats.document import Document
from tuner.load.fpm_log.access_format import DEFAULT as DEFAULT_ACCESS_FORMAT
from tuner.load.measure import PoolLogs
from tuner.load.nginx_log.configured import access_logs, format_of, rotated_stem
from tuner.load.nginx_log.log_format import LogFormat
from tuner.load.status.from_files import PoolFiles, pools_of
from tuner.stack.host_settings import host_settings

NAMES_UPSTREAM = "$upstream_addr"


class Configured(NamedTuple):
    """What the files say. `is_here` says that they are those of this machine, with its sockets and logs."""

    pools: list[PoolFiles]
    nginx: list[Document]
    is_here: bool


def configured(options: Namespace) -> Configured:
    """Read the PATHs. Raises UsageError for one that is missing, and where no pool has the name of --pool."""
    if not options.paths:
        return Configured([], [], is_here=False)
    loaded = load(options)
    if loaded.missing:
        raise UsageError(f"{loaded.missing[0]}: no such file or folder")
    settings = (host_settings(host, loaded.target, with_defaults=True) for host in loaded.hosts)
    pools = pools_of(group for host in settings for group in host.groups)
    if options.pool is not None:
        names = ", ".join(pool.name for pool in pools)
        if pools and options.pool not in [pool.name for pool in pools]:
            raise UsageError(f"--pool: expected one of {names}")
        pools = [pool for pool in pools if pool.name == options.pool]
    documents = (file.document for host in loaded.hosts for file in host.files)
    nginx = [document for document in documents if document is not None and document.kind == "nginx"]
    return Configured(pools, nginx, is_here=loaded.machine is not None)


def pool_of_log(files: Configured, log: str) -> PoolFiles | None:
    """Return the pool that writes this access log, by the file's name; None where not exactly one does."""
    stem = rotated_stem(log)
    writing = [pool for pool in files.pools if pool.access_log and rotated_stem(pool.access_log) == stem]
    found = writing or files.pools
    return found[0] if len(found) == 1 else None


def own_logs(files: Configured, pool: PoolFiles, workers: int | None) -> PoolLogs:
    """Return the logs of a pool on this machine that are there; notes in the pool what is missing."""
    nginx_logs, log_format = _nginx_logs(files.nginx, pool)
    has_log = os.path.isfile(pool.access_log)
    if pool.access_log and not has_log:
        pool.unknown.append(f"access.log: {pool.access_log} is not there")
    return PoolLogs(
        pool=pool.name,
        nginx_logs=nginx_logs,
        log_format=log_format,
        fpm_logs=[pool.access_log] if has_log else [],
        access_format=pool.access_format or DEFAULT_ACCESS_FORMAT,
        workers=workers,
        only=str(pool.queue) if nginx_logs else None,
    )


def _nginx_logs(documents: list[Document], pool: PoolFiles) -> tuple[list[str], LogFormat | None]:
    """Return the access logs of nginx in which this pool's requests can be told from others'."""
    paths = dict.fromkeys(log.path for log in access_logs(documents) if os.path.isfile(log.path))
    found: dict[str, LogFormat] = {}
    for path in paths:
        try:
            log_format = format_of(path, documents)
        except ValueError:
            continue
        if NAMES_UPSTREAM in log_format.text:
            found[path] = log_format
    formats = set(found.values())
    if len(formats) != 1:
        words = "are in several formats: give --nginx-log" if formats else f"do not have {NAMES_UPSTREAM}"
        pool.unknown.append(f"arrivals: the access logs of nginx {words}")
        return [], None
    return list(found), formats.pop()
