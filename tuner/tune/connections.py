"""nginx's connections and open files: enough for all that the pools may have waiting at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tuner.laws.burst import most_within
from tuner.laws.path_limits import needed_worker_connections, requests_held
from tuner.laws.queueing import OVERHEAD_S
from tuner.laws.simulator.setting import Setting
from tuner.load.pool_setting import BACKLOG, MAX_CHILDREN, MAX_CONNS
from tuner.stack.model import NginxMaster, Pool, Stack
from tuner.stack.value import Value
from tuner.tune.admission import door_of
from tuner.tune.demand import Demand
from tuner.tune.plan import Prediction, Recommendation, Spot
from tuner.tune.together import Held, most_at_once

CONNECTIONS, OPEN_FILES = "worker_connections", "worker_rlimit_nofile"
OWN_FILES = 32
"""What a worker process has open beside connections: logs, the event queue, the channel."""

MOST_FILES = 1 << 20
"""fs.nr_open by default: a process may have no more."""

FORMULA = (
    "2 x (workers + what waits in the recorded bursts with this plan + 1, of all pools at the same time) + "
    "listeners + 1 + idle connections it keeps, all in one worker process: nothing spreads them for sure; "
    "rounded up to a power of two"
)
FILES_FORMULA = "2 x worker_connections: a connection and a temporary file"

Demands = Mapping[int, Demand]
"""What is asked of a pool, by the identity of the pool."""

Predictions = Mapping[int, Prediction]
"""What becomes of the recorded traffic, by the identity of the pool."""

Planned = Mapping[tuple[int, str], int]
"""What is recommended, by the identity of what it is for and the setting."""


class _Need(NamedTuple):
    """What the recorded bursts make one nginx hold: requests, and the connections they take."""

    requests: int
    connections: int

    @property
    def open_files(self) -> int:
        return min(self.connections + OWN_FILES, MOST_FILES)


def recommend_connections(
    stack: Stack, demands: Demands, recommended: Sequence[Recommendation], after: Predictions
) -> Iterator[Recommendation]:
    """Yield the limits of each nginx that its pools' recorded bursts exceed, with what is `recommended`.

    `after` is what is predicted with that.
    Where the limit of open files is not written and worker_connections suffice, nobody knows it, and nothing
    is said of it.
    """
    for nginx in stack.nginx:
        need = _need(nginx, demands, recommended, after)
        if need is None:
            continue
        connections = _connections(nginx, need)
        if connections is not None:
            yield connections
        files = _open_files(nginx, need, connections)
        if files is not None:
            yield files


def _need(
    nginx: NginxMaster, demands: Demands, recommended: Sequence[Recommendation], after: Predictions
) -> _Need | None:
    pools = {id(pool): pool for location in nginx.locations for pool in location.pools}
    planned = {
        (found.subject, found.setting): int(found.recommended)
        for found in recommended
        if found.setting in (BACKLOG, MAX_CHILDREN, MAX_CONNS)
    }
    recorded = [pool for key, pool in pools.items() if key in demands]
    requests = most_at_once(
        [held for pool in recorded for held in _held(pool, demands[id(pool)], planned, after.get(id(pool)))]
    )
    if not requests:
        return None
    kept = sum(
        int(pool.keepalive_per_worker.data or 0)
        for pool in pools.values()
        if pool.keepalive_per_worker.is_known
    )
    return _Need(requests, needed_worker_connections(requests, len(nginx.listeners), kept))


def _held(pool: Pool, demand: Demand, planned: Planned, after: Prediction | None) -> Iterator[Held]:
    """Yield how many requests to the pool there are at a time; nothing where no arrivals were recorded.

    If its bursts queue, it has all its workers busy, and as many wait as come, by the law or in the replay of
    the plan, or as the queue takes; if not, no more than come within the time of a slow one. What a unix
    socket or max_conns turns away is gone at once; what a TCP queue has no room for hangs.
    """
    workers = planned.get((id(pool), MAX_CHILDREN), int(pool.max_children.data or 0))
    need = demand.need(workers)
    if demand.record is None or need is None:
        return
    waiting = max(need, after.summary.longest_queue - 1 if after else 0)
    present = pool.listener.effective_backlog if pool.listener else None
    known = int(present.data or 0) if present is not None and present.is_known else waiting
    backlog = planned.get((id(pool), BACKLOG), known)
    setting = after.setting if after else Setting(workers, backlog, demand.deadline_s)
    if waiting:
        held = workers + min(waiting, backlog + _hanging(pool, demand, setting)) + 1
        held = held if demand.clients is None else min(held, demand.clients)
        held = min(held, planned.get((id(pool), MAX_CONNS), _max_conns(pool) or held))
    else:
        slow_s = demand.service_time_p95_s + OVERHEAD_S
        held = min(workers, max(most_within(window_s, slow_s) for window_s in demand.windows_s))
    yield Held(held, demand.record, setting)


def _hanging(pool: Pool, demand: Demand, setting: Setting) -> int:
    """Return how many find no room in a queue and hang in nginx: on TCP, until their connection times out."""
    if pool.listener is None or pool.listener.family not in ("tcp4", "tcp6"):
        return 0
    return max(most_within(window_s, setting.connect_timeout_s) for window_s in demand.windows_s)


def _max_conns(pool: Pool) -> int | None:
    """Return the bound on the connections of one worker process to the pool, None where there is none."""
    door = door_of(pool)
    return int(door.max_conns.data or 0) if door is not None and door.max_conns.is_known else None


def _connections(nginx: NginxMaster, need: _Need) -> Recommendation | None:
    present = nginx.worker_connections
    if not present.is_known or int(present.data or 0) >= need.connections:
        return None
    spot = Spot(nginx.events_at, "events") if nginx.events_at else None
    number = 1 << (need.connections - 1).bit_length()
    return _recommendation(nginx, CONNECTIONS, present, number, _why(nginx, need), FORMULA, spot)


def _why(nginx: NginxMaster, need: _Need) -> str:
    present, processes = int(nginx.worker_connections.data or 0), nginx.worker_processes
    kept = need.connections - needed_worker_connections(need.requests, len(nginx.listeners))
    one = requests_held(present, len(nginx.listeners), kept)
    if processes.is_known and int(processes.data or 0) > 0:
        every = requests_held(present, len(nginx.listeners), kept, int(processes.data or 0))
        if every < need.requests:
            return (
                f"of {need.requests} requests at a time it holds {every}, and the rest get 500 or no answer"
            )
    return (
        f"of {need.requests} requests at a time one worker process holds {one}; if they come together, one "
        "may get them all, and the rest get 500 or no answer"
    )


def _open_files(nginx: NginxMaster, need: _Need, connections: Recommendation | None) -> Recommendation | None:
    present, spot = nginx.worker_rlimit_nofile, Spot(nginx.main_at, "main") if nginx.main_at else None
    ample = 2 * int((connections.recommended if connections else nginx.worker_connections.data) or 0)
    number = min(max(ample, need.open_files), MOST_FILES)
    if present.is_known:
        is_short = int(present.data or 0) < (number if connections else need.open_files)
    else:
        is_short = present.state == "absent" and connections is not None
    if not is_short:
        return None
    why = (
        "each connection is an open file, and the limit is 1024 unless its unit says another"
        if present.state == "absent"
        else f"each connection is an open file: {need.open_files} are needed at a time"
    )
    return _recommendation(nginx, OPEN_FILES, present, number, why, FILES_FORMULA, spot)


def _recommendation(
    nginx: NginxMaster, setting: str, present: Value, number: int, why: str, formula: str, spot: Spot | None
) -> Recommendation:
    return Recommendation(
        setting,
        "nginx",
        nginx.entity,
        present,
        number,
        why,
        formula,
        (nginx.worker_connections, nginx.worker_processes),
        "reload",
        None,
        spot,
        id(nginx),
    )
