"""Load files of several hosts as one: counts and histograms add up exactly, the busiest windows are kept.

The order in which files are merged changes nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import TypeVar

from tuner.load.arrivals import MOST_KEPT
from tuner.load.load_file import (
    MOST_UPSTREAMS_KEPT,
    Arrived,
    Busy,
    LoadFile,
    MeasuredPool,
    Script,
    Served,
    load_file_of,
)
from tuner.load.merge_seen import added, merged_memory, merged_queue, merged_status

LEAST_SURE_FIRST = ("inversion", "status", "php-fpm log")
"""Of two ways to a service time the less sure one is named."""

_Part = TypeVar("_Part")


def merge_loads(loads: Sequence[LoadFile], most_kept: int = MOST_KEPT) -> LoadFile:
    """Return one load file of several, pools of one name together.

    Raises ValueError where two hosts' pools are the same to the last number: a file that was given twice.
    """
    pools: dict[str, list[MeasuredPool]] = {}
    for load in loads:
        for pool in load.pools:
            if pool in pools.setdefault(pool.name, []):
                raise ValueError(f"pool {pool.name} is the same in two files: one was given twice")
            pools[pool.name].append(pool)
    return load_file_of(_merged(found, most_kept) for found in pools.values())


def _merged(pools: list[MeasuredPool], most_kept: int) -> MeasuredPool:
    first = pools[0]
    if len(pools) == 1:
        return first
    served = reduce(_optional(_served), (pool.service for pool in pools))
    unknown = sorted({words for pool in pools for words in pool.unknown})
    return MeasuredPool(
        name=first.name,
        hosts=sum(pool.hosts for pool in pools),
        upstreams=sorted({address for pool in pools for address in pool.upstreams})[:MOST_UPSTREAMS_KEPT],
        sources=sorted(
            (source for pool in pools for source in pool.sources), key=lambda source: source.model_dump_json()
        ),
        arrivals=_arrived([pool.arrivals for pool in pools if pool.arrivals], most_kept),
        service=served,
        memory_bytes=reduce(_optional(added), (pool.memory_bytes for pool in pools)),
        cpu_us=reduce(_optional(added), (pool.cpu_us for pool in pools)),
        unknown=unknown,
        status=reduce(_optional(merged_status), (pool.status for pool in pools)),
        queue=reduce(_optional(merged_queue), (pool.queue for pool in pools)),
        workers=reduce(_optional(merged_memory), (pool.workers for pool in pools)),
    )


def _optional(
    merge: Callable[[_Part, _Part], _Part],
) -> Callable[[_Part | None, _Part | None], _Part | None]:
    """Return a merge that takes what there is of two parts that may be missing."""

    def merged(one: _Part | None, other: _Part | None) -> _Part | None:
        if one is None or other is None:
            return other if one is None else one
        return merge(one, other)

    return merged


def _served(one: Served, other: Served) -> Served:
    scripts = {script.name: script.service_us for script in one.scripts}
    for script in other.scripts:
        known = scripts.get(script.name)
        scripts[script.name] = added(known, script.service_us) if known else script.service_us
    return Served(
        method=min(one.method, other.method, key=LEAST_SURE_FIRST.index),
        service_us=added(one.service_us, other.service_us),
        scripts=[Script(name=name, service_us=scripts[name]) for name in sorted(scripts)],
    )


def _arrived(parts: list[Arrived], most_kept: int) -> Arrived | None:
    if not parts:
        return None
    return Arrived(
        start_s=min(part.start_s for part in parts),
        end_s=max(part.end_s for part in parts),
        observed_s=sum(part.observed_s for part in parts),
        requests=sum(part.requests for part in parts),
        resolution_s=max(part.resolution_s for part in parts),
        statuses=_counted(part.statuses for part in parts),
        per_second=reduce(added, (part.per_second for part in parts)),
        windows=_busiest([window for part in parts for window in part.windows], most_kept),
    )


def _counted(parts: Iterable[dict[int, int]]) -> dict[int, int]:
    total: dict[int, int] = {}
    for part in parts:
        for status, count in part.items():
            total[status] = total.get(status, 0) + count
    return dict(sorted(total.items()))


def _busiest(windows: list[Busy], most_kept: int) -> list[Busy]:
    """Return the windows with the most requests, the first one always, as long as there is room."""
    ordered = sorted(windows, key=lambda window: (-window.requests, window.start_s, window.offsets_ms))
    kept: list[Busy] = []
    room = most_kept
    for window in ordered:
        room -= window.requests
        if room < 0 and kept:
            break
        kept.append(window)
    return kept
