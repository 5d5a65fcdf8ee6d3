"""What `simulate` replays: the requests, and the pool that they come to."""

from argparse import Namespace
from collections.abc import Mapping
from typing import NamedTuple

from tuner.cli.changes import Amount
from tuner.cli.loading import load
from tuner.cli.output import complain
from tuner.errors import UsageError
from tuner.laws.simulator.setting import Retries, Setting
from tuner.laws.simulator.traffic import Traffic, drawn_anew
from tuner.load import pool_setting
from tuner.load.pool_setting import Behaviour, pool_of, setting_of
from tuner.load.trace import read_trace
from tuner.stack.model import Pool, Stack

STATED = {
    "max_children": pool_setting.MAX_CHILDREN,
    "backlog": pool_setting.BACKLOG,
    "somaxconn": pool_setting.SOMAXCONN,
    "read_timeout": pool_setting.READ_TIMEOUT,
    "connect_timeout": pool_setting.CONNECT_TIMEOUT,
    "socket": pool_setting.SOCKET,
}
"""Options that state a number of the pool, by the program's own name for it."""


class PoolRead(NamedTuple):
    """A pool as its files and the options have it; `missing` are paths that do not exist."""

    changed: Mapping[str, Amount]
    behaviour: Behaviour
    host: Stack | None
    pool: Pool | None
    missing: list[str]

    def setting(self, tried: Mapping[str, Amount] | None = None) -> Setting:
        """Return the pool's numbers, with those that are tried.

        Raises UsageError for what nobody says, ValueError for what no pool has.
        """
        return setting_of({**self.changed, **(tried or {})}, self.behaviour, self.host, self.pool)


def pool_read(options: Namespace, changed: Mapping[str, Amount]) -> PoolRead:
    """Read the pool's files, if paths are given. Raises UsageError for a pool that is not in them."""
    stated = {key: getattr(options, name) for name, key in STATED.items()}
    known = {key: value for key, value in stated.items() if value is not None} | dict(changed)
    retries = Retries(options.retries, options.retry_delay) if options.retries else None
    behaviour = Behaviour(options.overhead, retries, options.max_conns, options.shed_after)
    if not options.paths:
        _check_nothing_is_for_files(options)
        return PoolRead(known, behaviour, None, None, [])
    loaded = load(options)
    if loaded.missing:
        return PoolRead(known, behaviour, None, None, loaded.missing)
    host, pool = pool_of(loaded.stacks, options.pool)
    return PoolRead(known, behaviour, host, pool, [])


def _check_nothing_is_for_files(options: Namespace) -> None:
    """Raise UsageError for an option that only says how files are read, where none are."""
    if options.pool and options.load is None:
        raise UsageError(f"--pool {options.pool}: nothing has pools here: give --load or files")
    for option in ("target", "sysctl", "root", "kind"):
        if getattr(options, option):
            name = "as" if option == "kind" else option
            raise UsageError(f"--{name} says how files are read: give the pool's files, too")


def traffic(options: Namespace) -> Traffic:
    """Return the requests of the trace or the load file. Raises FpmtuneError for what is none."""
    if options.load is None:
        return _of_trace(options)
    from tuner.load.read_load import read_load
    from tuner.load.replayable import traffic_of

    try:
        return traffic_of(read_load(options.load).pool(options.pool), draws=options.bootstrap)
    except ValueError as error:
        raise UsageError(f"{options.load}: {error}") from None


def _of_trace(options: Namespace) -> Traffic:
    trace = read_trace(options.arrivals)
    if trace.resorted:
        were = "request was" if trace.resorted == 1 else "requests were"
        complain(f"{options.arrivals}: {trace.resorted} {were} out of order in time; all are sorted now")
    try:
        return drawn_anew(trace.arrivals_s, trace.services_s, options.bootstrap or 0)
    except ValueError as error:
        raise UsageError(f"--bootstrap: {error}") from None
