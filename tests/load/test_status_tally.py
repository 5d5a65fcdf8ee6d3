"""From answers to figures: what was PHP-FPM's own, what was ours, and what nobody can know."""

import pytest

from tuner.load.fastcgi import Address
from tuner.load.load_file import StatusSeen
from tuner.load.status.page import Page, Worker
from tuner.load.status.tally import StatusTally
from tuner.load.status.target import Target

CLOCK_S = 1_800_000_000.0
TARGET = Target(Address(path="/run/www.sock"), "/status")
START = Page("www", 1000, 50, 0, 0, 0, 4, 0, 1, 0, 0, None, (), is_own=False, took_s=0.001)


def busy(
    active: int, accepted: int = 50, *, of: int = 4, is_own: bool = False, took_s: float = 0.001
) -> Page:
    return START._replace(
        active=active, idle=of - active, accepted=accepted, most_active=active, is_own=is_own, took_s=took_s
    )


def tally_of(*pages: Page, queues: list[int | None] | None = None, every_s: float = 1.0) -> StatusTally:
    tally = StatusTally(TARGET, every_s)
    for number, page in enumerate(pages):
        queue = queues[number] if queues else None
        tally.add(page, 7 + number * every_s, CLOCK_S + number * every_s, queue)
    return tally


def seen_of(tally: StatusTally) -> StatusSeen:
    seen = tally.seen()
    assert seen is not None
    return seen


def test_nothing_without_an_answer() -> None:
    tally = StatusTally(TARGET, 1.0)
    tally.fail("no answer")
    assert tally.seen() is None
    assert tally.answered == 0


def test_what_came_between_answers() -> None:
    seen = seen_of(tally_of(busy(0, 50), busy(2, 60), busy(1, 75)))
    assert (seen.taken, seen.covered_ms, seen.restarts) == (25, 2000, 0)
    assert (seen.start_s, seen.end_s) == (1_800_000_000, 1_800_000_002)
    assert seen.per_second is not None
    assert (seen.per_second.largest, seen.per_second.total) == (15, 25)
    assert seen.busy is not None
    assert (seen.busy.total, seen.busy.largest, seen.most_active) == (3, 2, 2)
    assert seen.pages == ["unix:/run/www.sock?/status"]
    assert seen.polls.asked == 3


def test_our_own_questions_are_no_requests() -> None:
    over_its_own_socket = [busy(1, 51, is_own=True), busy(2, 62, is_own=True), busy(1, 78, is_own=True)]
    seen = seen_of(tally_of(*over_its_own_socket))
    assert seen.taken == 25
    assert seen.busy is not None
    assert seen.busy.total == 1


def test_a_question_that_was_given_up_is_served_later() -> None:
    tally = tally_of(busy(1, 51, is_own=True))
    for failure in ("no answer", "full", "no connection"):
        tally.fail(failure)
    tally.add(busy(4, 63, is_own=True), 12.0, CLOCK_S + 5, None)
    seen = seen_of(tally)
    # Of the three, one came to the queue: 12 were taken, two of them ours.
    assert seen.taken == 10
    assert (seen.polls.no_answer, seen.polls.full, seen.polls.no_connection) == (1, 1, 1)
    # Meanwhile all were busy.
    assert seen.busy is not None
    assert (seen.busy.counts, seen.polls.asked) == ({0: 1, 4: 3, 3: 1}, 5)


def test_polls_that_were_skipped_are_times_at_which_all_were_busy() -> None:
    tally = tally_of(busy(1, 51, is_own=True))
    tally.skip(4)
    seen = seen_of(tally)
    assert seen.busy is not None
    assert (seen.busy.counts, seen.polls.skipped) == ({0: 1, 4: 4}, 4)


@pytest.mark.parametrize(
    ("page", "queue", "counted", "waited"),
    [
        (busy(4, is_own=True, took_s=0.021), None, 4, 1),
        (busy(4, is_own=True, took_s=0.02), None, 3, 0),
        (busy(4, is_own=True), 1, 4, 1),
        (busy(4, is_own=True), 0, 3, 0),
        (busy(3, is_own=True, took_s=1.0), None, 2, 0),
        (busy(4, took_s=1.0), 9, 4, 0),
    ],
)
def test_a_worker_that_answers_was_idle_unless_we_waited_for_it(
    page: Page, queue: int | None, counted: int, waited: int
) -> None:
    seen = seen_of(tally_of(page, queues=[queue]))
    assert seen.busy is not None
    assert (seen.busy.total, seen.polls.waited) == (counted, waited)


@pytest.mark.parametrize("again", [busy(0, 70)._replace(started_s=1001), busy(0, 49)])
def test_counters_that_begin_anew(again: Page) -> None:
    seen = seen_of(tally_of(busy(0, 50), again, again._replace(accepted=again.accepted + 5)))
    assert (seen.restarts, seen.taken, seen.covered_ms) == (1, 5, 1000)


def test_arrivals_are_what_was_taken_and_what_the_queue_grew_by() -> None:
    pages = [busy(4, 50), busy(4, 60), busy(4, 70)]
    seen = seen_of(tally_of(*pages, queues=[3, 10, 33]))
    assert (seen.taken, seen.arrived) == (20, 50)
    assert seen.per_second is not None
    assert seen.per_second.largest == 33
    assert seen_of(tally_of(*pages, queues=[3, None, 33])).arrived is None
    assert seen_of(tally_of(*pages)).arrived is None
    assert seen_of(tally_of(pages[0], queues=[3])).arrived is None


def test_the_queue_that_php_fpm_tells_of_on_tcp() -> None:
    page = busy(4, 50)._replace(queue=3, longest_queue=20, queue_limit=64)
    full = busy(4, 60)._replace(queue=65, longest_queue=65, queue_limit=64)
    tally = tally_of(page, full)
    seen = seen_of(tally)
    assert (seen.arrived, seen.longest_queue) == (10 + 62, 65)
    assert (tally.queue.counts, tally.queue_full, tally.queue_limit) == ({3: 1, 65: 1}, 1, 64)
    assert seen_of(tally_of(busy(4, 50))).longest_queue is None


def saturated(polls: int, per_poll: int, workers: int = 4) -> StatusSeen:
    return seen_of(tally_of(*(busy(workers, 50 + n * per_poll, of=workers) for n in range(polls))))


def test_littles_law() -> None:
    """Four workers that are busy all the time and take 80 a second: 50 ms each."""
    seen = saturated(60, 80)
    assert seen.busy_worker_ms == 4 * 59_000
    assert seen.busy_worker_ms / seen.taken == 50.0


@pytest.mark.parametrize(("polls", "per_poll", "is_known"), [(20, 80, True), (19, 80, False), (26, 4, True)])
def test_littles_law_needs_enough_of_all(polls: int, per_poll: int, is_known: bool) -> None:
    assert (saturated(polls, per_poll).busy_worker_ms is not None) is is_known
    assert saturated(26, 3).busy_worker_ms is None


def test_littles_law_needs_a_time_of_many_services() -> None:
    """50 workers, 100 requests in 25 s: 12.5 s each, of which 25 s are only two."""
    assert saturated(26, 4, workers=50).busy_worker_ms is None
    assert saturated(26, 4, workers=5).busy_worker_ms is not None


def over_tcp(*, queue: int, is_own: bool) -> StatusTally:
    pages = (busy(4, 50 + n * 80, is_own=is_own, took_s=0.3) for n in range(60))
    return tally_of(*(page._replace(queue=queue, queue_limit=64) for page in pages))


def test_littles_law_where_a_queue_on_tcp_overflows() -> None:
    """Measured on its own socket 64.6 ms, on its pm.status_listen 55.8 ms, of 50 ms."""
    assert over_tcp(queue=64, is_own=True).busy_worker_ms is not None
    assert over_tcp(queue=65, is_own=True).busy_worker_ms is None
    assert over_tcp(queue=65, is_own=False).busy_worker_ms is not None
    refused = over_tcp(queue=64, is_own=True)
    refused.fail("no connection")
    assert refused.busy_worker_ms is None


def worker(pid: int, requests: int, *, is_idle: bool = True, uri: str = "/a.php", took_us: int = 7) -> Worker:
    return Worker(pid, requests, is_idle, uri, took_us, 2 << 20)


def test_requests_that_ended_between_two_answers_are_counted_once() -> None:
    steps = [
        (worker(1, 5), worker(2, 5)),
        (worker(1, 5), worker(2, 6, is_idle=False, took_us=100)),
        (worker(1, 6, took_us=30), worker(2, 6, took_us=900)),
        (worker(1, 6, took_us=30), worker(2, 6, took_us=900)),
        (worker(1, 7, uri="/status?json&full"), worker(2, 9, took_us=50)),
        (worker(3, 1, took_us=11), worker(1, 8, uri="/status-of-orders.php", took_us=20)),
        (worker(3, 2, took_us=12), worker(1, 9, is_idle=False)),
    ]
    tally = tally_of(*(START._replace(workers=workers) for workers in steps))
    assert (tally.services.count, tally.services.total) == (5, 30 + 900 + 50 + 20 + 12)
    assert tally.memory.total == 5 * (2 << 20)


def test_a_restart_forgets_the_workers() -> None:
    first = START._replace(workers=(worker(1, 5),))
    again = START._replace(started_s=2000, workers=(worker(1, 2),))
    assert tally_of(first, again).services.count == 0


def test_counters_of_trouble_count_from_the_first_answer() -> None:
    first = START._replace(max_children_reached=7, slow_requests=2)
    seen = seen_of(tally_of(first, first._replace(max_children_reached=9, slow_requests=5)))
    assert (seen.max_children_reached, seen.slow_requests) == (2, 3)
