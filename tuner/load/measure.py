"""From a pool's logs to what is known of its load, and what is not."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from operator import add

from tuner.load.arrivals import Arrivals, Columns, Window
from tuner.load.compact import encode
from tuner.load.fpm_log.access_format import ADVICE as FPM_ADVICE
from tuner.load.fpm_log.executions import ExecutionReader
from tuner.load.histogram import Histogram
from tuner.load.inversion import MOST_UNANSWERED_SHARE, service_times, unanswered_share
from tuner.load.load_file import (
    MOST_UPSTREAMS_KEPT,
    Arrived,
    Buckets,
    Busy,
    MeasuredPool,
    Script,
    Served,
    Source,
    buckets_of,
)
from tuner.load.log_lines import Advance, read_batches
from tuner.load.nginx_log.log_format import LogFormat
from tuner.load.nginx_log.requests import ADVICE as NGINX_ADVICE
from tuner.load.nginx_log.requests import RequestReader
from tuner.load.script_times import ScriptTimes
from tuner.load.tally import Tally

FEW_SERVICES = 100
MINUTE_S = 60
LONGEST_ADDRESS = 200
MOST_UPSTREAMS_NAMED = 5


@dataclass(frozen=True, slots=True)
class PoolLogs:
    """The logs of one pool on one host, and how to read them.

    `workers` is pm.max_children where it was the number of workers all the time. `only` is the
    `$upstream_addr` of the pool's requests; with `every_request` all lines of the nginx logs are taken.
    """

    pool: str
    nginx_logs: Sequence[str] = ()
    log_format: LogFormat | None = None
    fpm_logs: Sequence[str] = ()
    access_format: str = ""
    workers: int | None = None
    only: str | None = None
    every_request: bool = False


def measure_pool(logs: PoolLogs, advance: Advance | None = None) -> MeasuredPool:
    """Read the logs once, in constant memory, and return what they tell.

    Raises InputError for a log that cannot be read or does not fit its format, UnusableFormatError and
    UnusableAccessFormatError (both ValueError) for a format without what is needed.
    """
    sources: list[Source] = []
    unknown: list[str] = []
    upstreams: list[str] = []
    arrived, windows = _arrived(logs, sources, upstreams, unknown, advance)
    served: Served | None
    memory: Buckets | None
    cpu: Buckets | None
    if logs.fpm_logs:
        served, memory, cpu = _executed(logs, arrived, sources, unknown, advance)
    else:
        served, memory, cpu = _inverted(logs.workers, windows, unknown), None, None
        unknown.append("the memory of workers: give the PHP-FPM access log with %M")
    return MeasuredPool(
        name=logs.pool,
        hosts=1,
        upstreams=upstreams,
        sources=sources,
        arrivals=arrived,
        service=served,
        memory_bytes=memory,
        cpu_us=cpu,
        unknown=unknown,
    )


def _arrived(
    logs: PoolLogs,
    sources: list[Source],
    upstreams: list[str],
    unknown: list[str],
    advance: Advance | None,
) -> tuple[Arrived | None, list[Window]]:
    if not logs.nginx_logs or logs.log_format is None:
        unknown.append("arrivals: give the nginx access log (a PHP-FPM log has no refused requests)")
        return None, []
    reader = RequestReader(logs.log_format, only=logs.only, every_request=logs.every_request)
    arrivals = Arrivals()
    for requests in reader.requests(read_batches(logs.nginx_logs, advance)):
        arrivals.add(requests)
    reader.tally.check("log_format", ", ".join(logs.nginx_logs))
    sources.append(_source("nginx log", logs.nginx_logs, logs.log_format.text, reader.tally))
    unknown += [*reader.losses, *_doubts(reader.tally), *_upstreams(reader.upstreams, logs.only)]
    upstreams += _busiest(reader.upstreams)
    windows = arrivals.windows()
    arrived = Arrived(
        start_s=arrivals.first_s,
        end_s=arrivals.last_s,
        observed_s=arrivals.last_s - arrivals.first_s + 1,
        requests=arrivals.count,
        resolution_s=reader.resolution_s,
        statuses=dict(sorted(arrivals.statuses.items())),
        per_second=buckets_of(arrivals.per_second()),
        windows=[_busy(window) for window in windows],
    )
    return arrived, windows


def _busiest(upstreams: dict[str, int]) -> list[str]:
    usable = [name for name in upstreams if name.isprintable() and 0 < len(name) <= LONGEST_ADDRESS]
    return sorted(sorted(usable, key=lambda name: (-upstreams[name], name))[:MOST_UPSTREAMS_KEPT])


def _source(kind: str, paths: Sequence[str], text: str, tally: Tally) -> Source:
    return Source.model_validate(
        {
            "kind": kind,
            "paths": list(paths),
            "format": text,
            "lines": tally.lines,
            "used": tally.used,
            "broken": tally.broken,
            "without_upstream": tally.without_upstream,
            "elsewhere": tally.elsewhere,
            "retried": tally.retried,
            "backwards": tally.backwards,
        }
    )


def _doubts(tally: Tally) -> Iterator[str]:
    if tally.broken:
        yield f"{tally.broken} lines do not fit the format, the first is {tally.first_broken}"
    if tally.backwards:
        yield f"the clock goes back by more than a second {_times(tally.backwards)}"
    if tally.retried:
        yield f"{tally.retried} requests were sent to more than one upstream; each counts as one arrival"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _upstreams(upstreams: dict[str, int], only: str | None) -> Iterator[str]:
    if len(upstreams) > 1 and only is None:
        busiest = sorted(upstreams, key=lambda name: (-upstreams[name], name))[:MOST_UPSTREAMS_NAMED]
        named = ", ".join(f"{name} ({upstreams[name]})" for name in busiest)
        yield f"requests of {len(upstreams)} upstreams are taken for one pool: {named}; choose by --upstream"


def _busy(window: Window) -> Busy:
    return Busy(
        start_s=window.start_s,
        length_s=window.length_s,
        requests=len(window.arrivals),
        statuses=dict(sorted(Counter(window.arrivals.statuses).items())),
        most_at_once=_most_at_once(window.arrivals),
        offsets_ms=encode(window.arrivals.offsets_ms),
    )


def _most_at_once(arrivals: Columns) -> int | None:
    """Return how many requests were with the upstream at a time at most, None where the log has no times."""
    if min(arrivals.upstreams_ms) < 0:
        return None
    ends_ms = sorted(map(add, arrivals.offsets_ms, arrivals.upstreams_ms))
    most = ended = 0
    for began, offset_ms in enumerate(arrivals.offsets_ms, 1):
        while ends_ms[ended] <= offset_ms and ended < began - 1:
            ended += 1
        most = max(most, began - ended)
    return most


def _executed(
    logs: PoolLogs,
    arrived: Arrived | None,
    sources: list[Source],
    unknown: list[str],
    advance: Advance | None,
) -> tuple[Served, Buckets | None, Buckets | None]:
    reader = ExecutionReader(logs.access_format, pool=logs.pool)
    services, memory, cpu, scripts, span = Histogram(), Histogram(), Histogram(), ScriptTimes(), _Span()
    executions = reader.executions(read_batches(logs.fpm_logs, advance))
    for service_us, memory_bytes, script, time_s, cpu_us in executions:
        services.add(service_us)
        if memory_bytes is not None:
            memory.add(memory_bytes)
        if cpu_us is not None:
            cpu.add(cpu_us)
        if script is not None:
            scripts.add(script, service_us)
        if time_s is not None:
            span.add(time_s)
    reader.tally.check("access.format", ", ".join(logs.fpm_logs))
    sources.append(_source("php-fpm log", logs.fpm_logs, logs.access_format, reader.tally))
    unknown += [*reader.losses, *_doubts(reader.tally)]
    if services.count < FEW_SERVICES:
        unknown.append(f"service times: only {services.count} of them")
    if arrived and span.is_apart_from(arrived):
        unknown.append(f"service times: from {span}, when no request of the nginx log came")
    told = [Script(name=name, service_us=buckets_of(found)) for name, found in scripts.unlike()]
    served = Served(method="php-fpm log", service_us=buckets_of(services), scripts=told)
    return served, _buckets_or_none(memory), _buckets_or_none(cpu)


def _buckets_or_none(found: Histogram) -> Buckets | None:
    return buckets_of(found) if found.counts else None


@dataclass(slots=True)
class _Span:
    """From the first to the last time stamp."""

    first_s: float = inf
    last_s: float = -inf

    def add(self, time_s: float) -> None:
        self.first_s = min(self.first_s, time_s)
        self.last_s = max(self.last_s, time_s)

    def is_apart_from(self, arrived: Arrived) -> bool:
        """Say whether the logs have no second in common; a minute is left for what runs long."""
        if self.first_s > self.last_s:
            return False
        return self.last_s < arrived.start_s or self.first_s > arrived.end_s + MINUTE_S

    def __str__(self) -> str:
        moments = (datetime.fromtimestamp(time_s, UTC) for time_s in (self.first_s, self.last_s))
        return " to ".join(f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in moments)


def _inverted(workers: int | None, windows: list[Window], unknown: list[str]) -> Served | None:
    """Return service times from the windows in which all requests were answered."""
    if workers is None:
        unknown.append(
            "service times: $upstream_response_time holds the wait for a worker; give the PHP-FPM access log"
            f" ({FPM_ADVICE}), or --max-children where so many workers were there all the time"
        )
        return None
    answered = [window for window in windows if unanswered_share(window.arrivals) <= MOST_UNANSWERED_SHARE]
    if not answered:
        unknown.append(
            "service times: workers were busy for an unknown time with requests that ended with 504 or 499;"
            f" give the PHP-FPM access log ({FPM_ADVICE})"
        )
        return None
    services = Histogram()
    waited = 0
    for window in answered:
        found = service_times(window.arrivals, workers)
        waited += found.waited
        for service_us in found.services_us:
            services.add(service_us)
    if not services.counts:
        unknown.append(f"service times: no $upstream_response_time in the log; log\n{NGINX_ADVICE}")
        return None
    unknown.append(
        f"service times: computed from the nginx log for {workers} workers, {waited} of {services.count}"
        " requests had waited; wrong if there were fewer workers at times, or others used them"
    )
    return Served(method="inversion", service_us=buckets_of(services), scripts=[])
