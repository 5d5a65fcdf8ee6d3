"""From what was watched to a pool of the load file, and what it cannot tell."""

from collections.abc import Iterator, Sequence

from tuner.load.histogram import Histogram
from tuner.load.load_file import MeasuredPool, QueueSeen, Served, StatusSeen, buckets_of
from tuner.load.status.tally import StatusTally
from tuner.load.status.watch import Watch

FEW_SERVICES = 100
LIKE_LITTLE_SHARE = 0.2
"""The last requests of idle workers are no fair sample of all where their mean is off by more than this."""

STATUS_LISTEN = "set pm.status_listen (PHP 8.0), which answers meanwhile, and restart PHP-FPM"
US_PER_MS = 1000


def measured_pool(seen: Watch, name: str, logged: MeasuredPool | None = None) -> MeasuredPool | None:
    """Return the pool with what was seen of it, and what its logs told; None where there is nothing."""
    tally = seen.tally
    status = tally.seen() if tally else None
    queue = (seen.queue.seen() if seen.queue else None) or (_queue_of_status(tally) if tally else None)
    if not (status or queue or logged):
        return None
    service = logged.service if logged else None
    memory = logged.memory_bytes if logged else None
    fair = _fair_services(tally, status) if tally and status else None
    if fair and tally:
        service = service or Served(method="status", service_us=buckets_of(fair), scripts=[])
        memory = memory or (buckets_of(tally.memory) if tally.memory.counts else None)
    return MeasuredPool(
        name=name,
        hosts=1,
        upstreams=_upstreams(seen, logged),
        sources=logged.sources if logged else [],
        arrivals=logged.arrivals if logged else None,
        service=service,
        memory_bytes=memory,
        cpu_us=logged.cpu_us if logged else None,
        unknown=list(dict.fromkeys(_unknown(seen, status, queue, service, logged))),
        status=status,
        queue=queue,
        workers=seen.memory.seen() if seen.memory else None,
    )


def _upstreams(seen: Watch, logged: MeasuredPool | None) -> list[str]:
    """Return the addresses that requests went to; that of a pm.status_listen is none of them."""
    status = seen.watched.status
    own = seen.watched.queue or (status.address if status and seen.tally and seen.tally.is_own else None)
    known = logged.upstreams if logged else []
    return known or ([str(own)] if own else [])


def _queue_of_status(tally: StatusTally) -> QueueSeen | None:
    """Return the queue that PHP-FPM tells of on TCP, which it looks at once a second."""
    status = tally.seen()
    if status is None or not tally.queue.counts:
        return None
    return QueueSeen(
        method="status",
        addresses=status.pages,
        interval_ms=status.interval_ms,
        effective_backlogs=[tally.queue_limit],
        waiting=buckets_of(tally.queue),
        full=tally.queue_full,
    )


def _fair_services(tally: StatusTally, status: StatusSeen) -> Histogram | None:
    """Return the services of single requests, if there are enough, and if they are like the mean of all."""
    if tally.services.count < FEW_SERVICES or status.busy_worker_ms is None or not status.taken:
        return None
    mean_us = status.busy_worker_ms * US_PER_MS / status.taken
    is_fair = abs(tally.services.mean - mean_us) <= LIKE_LITTLE_SHARE * mean_us
    return tally.services if is_fair else None


def _unknown(
    seen: Watch,
    status: StatusSeen | None,
    queue: QueueSeen | None,
    service: Served | None,
    logged: MeasuredPool | None,
) -> Iterator[str]:
    yield from _of_logs(logged, service)
    yield from seen.trouble
    if seen.queue and seen.queue.trouble:
        yield f"queue: {seen.queue.trouble}"
    if status and not (logged and logged.arrivals):
        yield "arrivals one by one: a status page only counts; a replay needs the nginx access log"
    if status and queue is None:
        yield "arrivals that wait or are refused: PHP-FPM counts what workers take"
    if not (status or logged):
        yield "arrivals and service times: only the queue was seen"
    if queue and queue.full:
        yield f"refused arrivals: the accept queue was full in {queue.full} of {_count(queue)} samples"
    if status:
        yield from _of_status(status, service, is_own=bool(seen.tally and seen.tally.is_own))
    if seen.memory and seen.memory.refused:
        yield "memory of workers: /proc/PID/smaps_rollup is for root and the workers' user"


def _of_logs(logged: MeasuredPool | None, service: Served | None) -> Iterator[str]:
    for words in logged.unknown if logged else ():
        if not (service and service.method == "status" and words.startswith("service times: ")):
            yield words


def _count(queue: QueueSeen) -> int:
    return queue.waiting.histogram().count


def _of_status(status: StatusSeen, service: Served | None, *, is_own: bool) -> Iterator[str]:
    polls = status.polls
    silent = polls.no_answer + polls.no_connection + polls.full
    if is_own and (polls.waited or silent or polls.skipped):
        late = polls.waited + silent + polls.skipped
        yield (
            f"the status of the saturated pool: {late} of {polls.asked + polls.skipped} polls waited for a"
            f" worker like any request, {silent + polls.skipped} of them in vain; {STATUS_LISTEN}"
        )
    if polls.lost:
        yield f"{polls.lost} polls found nobody, or no answer"
    if status.restarts:
        yield f"PHP-FPM was started anew ({status.restarts} times): what came meanwhile is not counted"
    if service is None and status.busy_worker_ms is None:
        yield (
            "service times: too few requests, polls or time for busy workers / rate (Little's law), or polls"
            " that waited at a queue on TCP that overflowed; watch longer, or give the PHP-FPM access log"
            " with %d"
        )
    elif service is None:
        yield "service times one by one: a status page gives the mean; give the PHP-FPM access log with %d"


def nothing_seen(watches: Sequence[Watch]) -> str:
    """Return why nothing at all was seen."""
    words = [words for one in watches for words in _troubles(one)]
    return "; ".join(dict.fromkeys(words)) or "there was nothing to watch"


def _troubles(seen: Watch) -> Iterator[str]:
    where = str(seen.watched.status)
    if seen.tally and not seen.tally.answered and not any(words.startswith(where) for words in seen.trouble):
        yield f"{where}: no answer in time"
    yield from seen.trouble
