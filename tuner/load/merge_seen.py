"""What was seen of one pool on several hosts, as one: counts and histograms add up exactly."""

from functools import reduce

from tuner.load.load_file import Buckets, Polls, QueueSeen, StatusSeen, WorkerMemory, buckets_of


def merged_status(one: StatusSeen, other: StatusSeen) -> StatusSeen:
    """Return both together. What one of them does not know is not known of both."""
    both = (one, other)
    return StatusSeen(
        pages=sorted(one.pages + other.pages),
        start_s=min(one.start_s, other.start_s),
        end_s=max(one.end_s, other.end_s),
        interval_ms=max(one.interval_ms, other.interval_ms),
        polls=_polls(one.polls, other.polls),
        restarts=one.restarts + other.restarts,
        covered_ms=one.covered_ms + other.covered_ms,
        taken=one.taken + other.taken,
        arrived=_sum_if_known(one.arrived, other.arrived),
        per_second=_added_if_any(one.per_second, other.per_second),
        busy=_added_if_any(one.busy, other.busy),
        workers=added(one.workers, other.workers),
        busy_worker_ms=_sum_if_known(one.busy_worker_ms, other.busy_worker_ms),
        most_active=max(seen.most_active for seen in both),
        longest_queue=max((s.longest_queue for s in both if s.longest_queue is not None), default=None),
        max_children_reached=one.max_children_reached + other.max_children_reached,
        slow_requests=one.slow_requests + other.slow_requests,
    )


def merged_queue(one: QueueSeen, other: QueueSeen) -> QueueSeen:
    """Return the samples of both; of two ways the rarer one is named."""
    return QueueSeen(
        method=max(one.method, other.method),
        addresses=sorted(one.addresses + other.addresses),
        interval_ms=max(one.interval_ms, other.interval_ms),
        effective_backlogs=sorted({*one.effective_backlogs, *other.effective_backlogs}),
        waiting=added(one.waiting, other.waiting),
        full=one.full + other.full,
    )


def merged_memory(one: WorkerMemory, other: WorkerMemory) -> WorkerMemory:
    """Return the samples of both."""
    return WorkerMemory(
        pss_bytes=added(one.pss_bytes, other.pss_bytes),
        private_bytes=added(one.private_bytes, other.private_bytes),
    )


def added(one: Buckets, other: Buckets) -> Buckets:
    """Return a histogram of both."""
    return buckets_of(one.histogram().merged(other.histogram()))


def _polls(one: Polls, other: Polls) -> Polls:
    return Polls(**{name: number + getattr(other, name) for name, number in one})


def _sum_if_known(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _added_if_any(one: Buckets | None, other: Buckets | None) -> Buckets | None:
    found = [buckets for buckets in (one, other) if buckets]
    return reduce(added, found) if found else None
