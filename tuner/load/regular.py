"""A load file of traffic without chance: the same requests every time, for the examples of rules."""

from collections.abc import Mapping, Sequence

from tuner.load.compact import encode
from tuner.load.histogram import Histogram
from tuner.load.load_file import (
    Arrived,
    Busy,
    LoadFile,
    MeasuredPool,
    Served,
    Source,
    buckets_of,
    load_file_of,
)

START_S = 1_780_000_000
US_PER_MS = MS_PER_S = 1000
SOURCE = Source(kind="nginx log", paths=["php.log"], format="", lines=0, used=0)


def load_of(name: str, steps: Sequence[tuple[int, int]], service_ms: Mapping[int, int]) -> LoadFile:
    """Return the load file of one pool.

    Each of `steps` is a number of seconds, and the requests that come evenly in each second; `service_ms` are
    service times and how many requests have them. What is empty was not measured.
    """
    pool = MeasuredPool(
        name=name,
        hosts=1,
        sources=[SOURCE],
        arrivals=_arrived(steps) if any(count for _, count in steps) else None,
        service=_served(service_ms) if service_ms else None,
        memory_bytes=None,
        unknown=[],
    )
    return load_file_of([pool])


def _arrived(steps: Sequence[tuple[int, int]]) -> Arrived:
    counts = [count for seconds, count in steps for _ in range(seconds)]
    per_second = Histogram()
    for count in counts:
        per_second.add(count)
    offsets_ms = [
        (second * count + number) * MS_PER_S // count
        for second, count in enumerate(counts)
        for number in range(count)
    ]
    window = Busy(
        start_s=START_S,
        length_s=len(counts),
        requests=len(offsets_ms),
        statuses={200: len(offsets_ms)},
        most_at_once=None,
        offsets_ms=encode(offsets_ms),
    )
    return Arrived(
        start_s=START_S,
        end_s=START_S + len(counts) - 1,
        observed_s=len(counts),
        requests=len(offsets_ms),
        resolution_s=0.001,
        statuses=window.statuses,
        per_second=buckets_of(per_second),
        windows=[window],
    )


def _served(service_ms: Mapping[int, int]) -> Served:
    times = Histogram()
    for time_ms, count in service_ms.items():
        times.add(time_ms * US_PER_MS, count)
    return Served(method="php-fpm log", service_us=buckets_of(times), scripts=[])
