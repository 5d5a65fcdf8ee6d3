"""From the answers of a status page, one after the other, to what they tell; in constant memory.

PHP-FPM counts the connections that workers take, not those that come: what waits in the accept queue, and
what is refused, is not in it. The busy workers, the rate and the mean service time hang together by Little's
law, L = lambda * W, which holds whatever the distributions are, over a time much longer than one service.
"""

from tuner.load.fastcgi import Failure
from tuner.load.histogram import Histogram
from tuner.load.load_file import Buckets, Polls, StatusSeen, buckets_of
from tuner.load.status.page import Page
from tuner.load.status.target import Target

WAITED_S = 0.02
"""A page is made in a tenth of it; where no worker is idle, an answer that took longer waited for one."""

FEW_REQUESTS = 100
FEW_POLLS = 20
LONG_SERVICES = 20
"""Little's law needs a time of many services: at its ends some are counted on one side only."""

US_PER_MS = 1000
MS_PER_S = 1000


class StatusTally:
    """Counts answers and failures of one status page; `pool` is the name on it, empty before the first."""

    def __init__(self, target: Target, interval_s: float) -> None:
        self.pool = ""
        self.services = Histogram()
        self.memory = Histogram()
        self.queue = Histogram()
        self.queue_limit = 0
        self.queue_full = 0
        self.is_own = False
        self._target = target
        self._interval_s = interval_s
        self._last: Page | None = None
        self._last_at_s = 0.0
        self._last_queue: int | None = None
        self._own_since = 0
        self._asked = self._waited = self._skipped = 0
        self._failures: dict[Failure, int] = {}
        self._start_s = self._end_s = 0
        self._restarts = self._taken = self._growth = self._reached = self._slow = 0
        self._covered_s = self._queued_s = 0.0
        self._per_second, self._busy, self._workers = Histogram(), Histogram(), Histogram()
        self._most_active = self._longest_queue = 0
        self._requests_of: dict[int, int] = {}

    def fail(self, failure: Failure) -> None:
        """Count a question without an answer; one that came to the queue may yet be taken."""
        self._asked += 1
        self._failures[failure] = self._failures.get(failure, 0) + 1
        if self.is_own and failure in ("no answer", "closed", "garbled"):
            self._own_since += 1
        if failure in ("no answer", "no connection", "full"):
            self._all_busy(1)

    def skip(self, count: int) -> None:
        """Count polls that were due while an earlier one was still waiting."""
        self._skipped += count
        self._all_busy(count)

    def _all_busy(self, count: int) -> None:
        if self._last and count and self.is_own:
            self._busy.add(self._last.active + self._last.idle, count)

    def add(self, page: Page, at_s: float, clock_s: float, queue: int | None) -> None:
        """Count an answer that came `at_s` (any steady clock), `clock_s` since 1970.

        `queue` is how many waited then as the kernel says, None where that is not known.
        """
        self._asked += 1
        self._own_since += page.is_own
        self.pool, self.is_own = page.pool, page.is_own
        self._start_s = self._start_s or int(clock_s)
        self._end_s = max(self._start_s, int(clock_s))
        queue = self._queue_of(page, queue)
        last = self._last
        if last and (page.started_s != last.started_s or page.accepted < last.accepted):
            self._restarts += 1
            self._requests_of = {}
        elif last:
            self._add_gap(last, page, at_s - self._last_at_s, queue)
        self._add_workers(page, queue)
        self._last, self._last_at_s, self._last_queue, self._own_since = page, at_s, queue, 0

    def _queue_of(self, page: Page, queue: int | None) -> int | None:
        """Return the queue; PHP-FPM tells it on TCP, where it tells a limit, too."""
        if page.queue_limit:
            self.queue.add(page.queue)
            self.queue_limit = page.queue_limit
            self.queue_full += page.queue > page.queue_limit
            self._longest_queue = max(self._longest_queue, page.longest_queue)
            return page.queue if queue is None else queue
        return queue

    def _add_gap(self, last: Page, page: Page, gap_s: float, queue: int | None) -> None:
        taken = max(0, page.accepted - last.accepted - self._own_since)
        growth = 0
        if queue is not None and self._last_queue is not None:
            growth = queue - self._last_queue
            self._queued_s += gap_s
        self._taken += taken
        self._growth += growth
        self._covered_s += gap_s
        if gap_s > 0:
            self._per_second.add(round(max(0, taken + growth) / gap_s))
        self._reached += max(0, page.max_children_reached - last.max_children_reached)
        self._slow += max(0, page.slow_requests - last.slow_requests)

    def _add_workers(self, page: Page, queue: int | None) -> None:
        """Count busy workers. Ours is none of them, unless it was, until it took our question."""
        workers = page.active + page.idle
        has_waited = page.is_own and page.idle == 0 and (page.took_s > WAITED_S or bool(queue))
        self._waited += has_waited
        self._workers.add(workers)
        self._busy.add(workers if has_waited else max(0, page.active - page.is_own))
        self._most_active = max(self._most_active, page.most_active)
        self._add_requests(page)

    def _add_requests(self, page: Page) -> None:
        """Take the last request of each worker that ended one since the answer before."""
        for worker in page.workers:
            known = self._requests_of.get(worker.pid)
            is_ours = worker.uri.partition("?")[0] == self._target.path
            if known is not None and known != worker.requests and worker.is_idle and not is_ours:
                self.services.add(worker.duration_us)
                self.memory.add(worker.memory_bytes)
        # The one that a worker is at counts already.
        self._requests_of = {worker.pid: worker.requests - (not worker.is_idle) for worker in page.workers}

    @property
    def _overflow_hides_busy(self) -> bool:
        has_overflown = self.queue_full > 0 or "no connection" in self._failures
        return has_overflown and bool(self._waited or self._skipped or self._failures)

    @property
    def answered(self) -> int:
        """How many questions were answered."""
        return self._asked - sum(self._failures.values())

    @property
    def busy_worker_ms(self) -> int | None:
        """Busy workers times the time; None where Little's law would say too little.

        Once a queue on TCP overflows, workers also wait, for up to 5 s, for data of connections that only the
        client believes in; they are not busy then, so a poll that has waited does not tell how many are.
        """
        if self._taken < FEW_REQUESTS or self._busy.count < FEW_POLLS or self._overflow_hides_busy:
            return None
        product = round(self._busy.mean * self._covered_s * MS_PER_S)
        mean_s = product / self._taken / MS_PER_S
        return product if mean_s * LONG_SERVICES <= self._covered_s else None

    def seen(self) -> StatusSeen | None:
        """Return what was seen, None without any answer."""
        last = self._last
        if last is None:
            return None
        is_queue_known = 0 < self._covered_s == self._queued_s
        return StatusSeen(
            pages=[str(self._target)],
            start_s=self._start_s,
            end_s=self._end_s,
            interval_ms=max(1, round(self._interval_s * MS_PER_S)),
            polls=self._polls(),
            restarts=self._restarts,
            covered_ms=round(self._covered_s * MS_PER_S),
            taken=self._taken,
            arrived=max(0, self._taken + self._growth) if is_queue_known else None,
            per_second=_buckets(self._per_second),
            busy=_buckets(self._busy),
            workers=buckets_of(self._workers),
            busy_worker_ms=self.busy_worker_ms,
            most_active=self._most_active,
            longest_queue=self._longest_queue if self.queue_limit else None,
            max_children_reached=self._reached,
            slow_requests=self._slow,
        )

    def _polls(self) -> Polls:
        failed = dict(self._failures)
        known = {
            "no_answer": failed.pop("no answer", 0),
            "no_connection": failed.pop("no connection", 0),
            "full": failed.pop("full", 0),
        }
        return Polls(
            asked=self._asked, waited=self._waited, lost=sum(failed.values()), skipped=self._skipped, **known
        )


def _buckets(histogram: Histogram) -> Buckets | None:
    return buckets_of(histogram) if histogram.counts else None
