"""From a pool of the stack, and what shall be changed of it, to the numbers of a replay."""

from collections.abc import Mapping
from typing import NamedTuple

from tuner.errors import UsageError
from tuner.laws.listen_queue import effective_backlog
from tuner.laws.process_manager import started_children
from tuner.laws.simulator.setting import CONNECT_TIMEOUT_S, MAX_SPAWN_RATE, Retries, Setting, Socket, Spares
from tuner.stack.model import Pool, Stack
from tuner.stack.value import Value

Changes = Mapping[str, int | float | str]
"""What is stated or changed, by the programs' own names, and `socket`: `unix` or `tcp`."""

MAX_CHILDREN, BACKLOG, SOMAXCONN = "pm.max_children", "listen.backlog", "net.core.somaxconn"
READ_TIMEOUT, CONNECT_TIMEOUT = "fastcgi_read_timeout", "fastcgi_connect_timeout"
PM, SOCKET, MAX_CONNS = "pm", "socket", "max_conns"
MANAGERS = ("static", "dynamic", "ondemand")
SPARES = ("pm.start_servers", "pm.min_spare_servers", "pm.max_spare_servers")


class Behaviour(NamedTuple):
    """What no file says: of the replay, of clients, and of measures that are not there yet."""

    overhead_s: float
    retries: Retries | None = None
    max_conns: int | None = None
    shed_after_s: float | None = None


def pool_of(stacks: list[Stack], name: str | None) -> tuple[Stack, Pool]:
    """Return the pool called `name`, or the only one, with its host. Raises UsageError if there is none."""
    found = [(stack, pool) for stack in stacks for pool in stack.pools if name in (None, pool.name)]
    if len(found) == 1:
        return found[0]
    names = sorted({pool.name for stack in stacks for pool in stack.pools})
    if not names:
        raise UsageError("there is no PHP-FPM pool in the files read")
    if len(found) > 1 and name is not None:
        raise UsageError(f"{len(found)} pools are called {name}: give the files of one host")
    raise UsageError(f"--pool: expected one of {', '.join(names)}")


def what_cuts(setting: Setting, changes: Changes, pool: Pool | None) -> str:
    """Return in words that somaxconn cuts the pool's backlog, or makes it; empty where it does neither."""
    written = changes.get(BACKLOG, pool.listener.backlog.data if pool and pool.listener else None)
    if not isinstance(written, int) or written == setting.backlog:
        return ""
    if written < 0:
        return f"{BACKLOG} = {written} is as much as {SOMAXCONN} allows: {setting.backlog}"
    return f"{SOMAXCONN} cuts {BACKLOG} = {written} to {setting.backlog}"


def setting_of(changes: Changes, behaviour: Behaviour, host: Stack | None, pool: Pool | None) -> Setting:
    """Return the setting of a pool with `changes`; without a pool they must say everything.

    Raises UsageError that names the first number nobody knows, and ValueError for one that no pool has.
    """
    read = _Reader(changes, pool)
    return Setting(
        workers=int(read.number(MAX_CHILDREN, pool.max_children if pool else None)),
        backlog=_backlog(read, host, pool),
        read_timeout_s=float(read.number(READ_TIMEOUT, pool.longest_read_timeout if pool else None)),
        socket=_socket(changes, pool),
        connect_timeout_s=_connect_timeout_s(changes, pool),
        spares=_spares(read, pool),
        overhead_s=behaviour.overhead_s,
        retries=behaviour.retries,
        max_conns=behaviour.max_conns or _max_conns(changes, pool),
        shed_after_s=behaviour.shed_after_s,
    )


class _Reader:
    def __init__(self, changes: Changes, pool: Pool | None) -> None:
        self.changes = changes
        self.pool = pool

    def number(self, key: str, value: Value | None) -> int | float:
        """Return what is stated, else what the pool has. Raises UsageError where neither says it."""
        stated = self.changes.get(key)
        if isinstance(stated, int | float):
            return stated
        data = value.data if value is not None and value.state in ("known", "disabled") else None
        if isinstance(data, int | float):
            return data
        reason = f" is unknown: {value.origin.words}" if value is not None else " is needed"
        of_pool = f" of pool {self.pool.name}" if self.pool and key != SOMAXCONN else ""
        raise UsageError(f"{key}{of_pool}{reason}; give --set {key}=N")


def _backlog(read: _Reader, host: Stack | None, pool: Pool | None) -> int:
    """Return the effective backlog; of the two numbers that make it, the one that nobody knows is named."""
    listener = pool.listener if pool else None
    is_changed = {BACKLOG, SOMAXCONN} & read.changes.keys()
    if listener and not is_changed and listener.effective_backlog.is_known:
        return int(read.number(BACKLOG, listener.effective_backlog))
    backlog = int(read.number(BACKLOG, listener.backlog if listener else None))
    if SOMAXCONN not in read.changes and host is None:
        if backlog < 0:
            raise UsageError(f"a backlog of {backlog} means as much as {SOMAXCONN} allows: give that as well")
        return backlog
    return effective_backlog(backlog, int(read.number(SOMAXCONN, host.kernel.somaxconn if host else None)))


def _socket(changes: Changes, pool: Pool | None) -> Socket:
    if SOCKET in changes:
        return "tcp" if changes[SOCKET] == "tcp" else "unix"
    return "tcp" if pool and pool.listener and pool.listener.family != "unix" else "unix"


def _max_conns(changes: Changes, pool: Pool | None) -> int | None:
    """Return what bounds the connections of every way to the pool together, None where one is unbounded.

    Without a zone each worker process of nginx counts by itself, so that nobody knows.
    """
    if MAX_CONNS in changes:
        return int(changes[MAX_CONNS])
    upstreams = {id(found): found for place in (pool.locations if pool else []) if (found := place.upstream)}
    if len(upstreams) != 1:
        return None
    (upstream,) = upstreams.values()
    bounds = [value.data for value in upstream.max_conns if value.is_known]
    is_one = upstream.zone.state == "known" and len(bounds) == len(upstream.members) == 1
    return int(bounds[0] or 0) if is_one else None


def _connect_timeout_s(changes: Changes, pool: Pool | None) -> float:
    stated = changes.get(CONNECT_TIMEOUT)
    if isinstance(stated, int | float):
        return stated
    timeouts = [location.fastcgi_connect_timeout.data for location in pool.locations] if pool else []
    known = [seconds for seconds in timeouts if isinstance(seconds, int | float)]
    return float(max(known, default=CONNECT_TIMEOUT_S))


def _manager(read: _Reader, pool: Pool | None) -> str:
    """Return how the pool manages its workers; one that is only stated is static."""
    stated = read.changes.get(PM)
    if pool is None:
        return str(stated or "static")
    manager = stated or (pool.pm.data if pool.pm.is_known else "unknown")
    if manager not in MANAGERS:
        raise UsageError(
            f"pm of pool {pool.name} is {manager}, which cannot be replayed; give --set pm=static"
        )
    return str(manager)


def _spares(read: _Reader, pool: Pool | None) -> Spares | None:
    """Return how a dynamic pool grows; a static one, and one that is only stated, has all workers at once.

    So has pm = ondemand: it starts a worker for each request that comes while none is idle. From an idle pool
    into 30 to 60 workers' worth of burst, shares were measured within 3 points of a static one.
    """
    manager = _manager(read, pool)
    if manager != "dynamic":
        for key in SPARES:
            if key in read.changes and PM not in read.changes:
                raise UsageError(f"{key} changes nothing while pm is {manager}; give --set pm=dynamic, too")
        return None
    values = (pool.start_servers, pool.min_spare_servers, pool.max_spare_servers) if pool else (None,) * 3
    start, least, most = (int(read.number(key, value)) for key, value in zip(SPARES, values, strict=True))
    rate = int(read.number("pm.max_spawn_rate", pool.max_spawn_rate)) if pool else MAX_SPAWN_RATE
    return Spares(started_children(start, least, most), least, most, rate)
