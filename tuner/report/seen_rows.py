"""What was seen of a pool while it worked, as rows: its status page, its queue, its workers' memory."""

from collections.abc import Iterator
from datetime import UTC, datetime
from math import sqrt

from tuner.load.histogram import Histogram
from tuner.load.load_file import MeasuredPool, QueueSeen, StatusSeen, WorkerMemory
from tuner.report.table import Row

MS_PER_S = 1000
MEBIBYTE = 1 << 20


def seen_rows(pool: MeasuredPool) -> Iterator[Row]:
    """Yield what the status page, the kernel and /proc told."""
    if pool.status:
        yield from _status(pool.status)
    if pool.queue:
        yield from _queue(pool.queue)
    if pool.workers:
        yield from _memory(pool.workers)


def _status(seen: StatusSeen) -> Iterator[Row]:
    polls = seen.polls
    answered = polls.asked - polls.no_answer - polls.no_connection - polls.full - polls.lost
    times = [f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S}" for at_s in (seen.start_s, seen.end_s)]
    every = f"every {seen.interval_ms / MS_PER_S:g} s"
    yield Row("status page", f"{answered}/{polls.asked}", (f"answers, {every}, {' to '.join(times)} UTC",))
    covered_s = seen.covered_ms / MS_PER_S
    if covered_s:
        yield Row("taken", str(seen.taken), (f"requests by workers, {seen.taken / covered_s:.1f}/s",))
    if covered_s and seen.arrived is not None:
        words = f"taken and waiting, {seen.arrived / covered_s:.1f}/s, without those that were refused"
        yield Row("arrived", str(seen.arrived), (words,))
    if seen.per_second:
        words = "from one answer to the next, at most"
        yield Row("peak", f"{seen.per_second.largest}/s", (words,))
    if seen.busy:
        workers = seen.workers.histogram()
        words = f"of {workers.mean:.1f} on average, at most {seen.busy.largest} of {seen.workers.largest}"
        yield Row("busy workers", f"{seen.busy.histogram().mean:.1f}", (words,))
    if seen.busy and seen.busy_worker_ms is not None:
        mean_ms = seen.busy_worker_ms / seen.taken
        error = mean_ms * _error_share(seen.busy.histogram(), seen.taken)
        words = f"on average, give or take {error:.1f} ms: busy workers / rate (Little's law)"
        yield Row("mean service", f"{mean_ms:.1f} ms", (words,))
    if seen.max_children_reached:
        yield Row("pm.max_children", f"{seen.max_children_reached} x", ("reached",))
    if seen.slow_requests:
        yield Row("slow requests", str(seen.slow_requests), ("longer than request_slowlog_timeout",))


def _error_share(busy: Histogram, taken: int) -> float:
    """Return two standard errors of the mean, as a share of it: of the polls, and of so many services."""
    return 2 * sqrt(busy.variation**2 / busy.count + 1 / taken)


def _queue(seen: QueueSeen) -> Iterator[Row]:
    waiting = seen.waiting.histogram()
    room = " or ".join(str(backlog + 1) for backlog in seen.effective_backlogs)
    who = "the kernel" if seen.method == "sock_diag" else "PHP-FPM, once a second"
    words = f"in the accept queue on average, at most {waiting.largest} of {room}; told by {who}"
    yield Row("waiting", f"{waiting.mean:.1f}", (words,))
    if seen.full:
        share = 100 * seen.full / waiting.count
        yield Row("queue full", f"{share:.1f} %", ("of the time: the next one was refused, or had to wait",))


def _memory(seen: WorkerMemory) -> Iterator[Row]:
    pss, private = seen.pss_bytes.histogram(), seen.private_bytes.histogram()
    words = (
        f"private, of a worker; {pss.percentile(0.95) / MEBIBYTE:.1f} MiB with its share of the rest (PSS)"
    )
    yield Row("worker p95", f"{private.percentile(0.95) / MEBIBYTE:.1f} MiB", (words,))
