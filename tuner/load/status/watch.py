"""Asks status pages and samples queues for a while, every pool in a thread: none waits for another."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from tuner.load.fastcgi import Address, FastCgiError, Patience
from tuner.load.status.listener import Listener, find_listener
from tuner.load.status.memory import EVERY_S as MEMORY_EVERY_S
from tuner.load.status.memory import MemoryWatch
from tuner.load.status.page import NoStatusPageError, Page, advice, ask_status
from tuner.load.status.queue import QueueWatch
from tuner.load.status.tally import StatusTally
from tuner.load.status.target import Target
from tuner.stack.live.machine import THIS_MACHINE
from tuner.stack.live.namespace import Namespace, NotEnteredError

QUEUE_EVERY_S = 0.1
LOOK_EVERY_S = 0.1
LAST_WORD_S = 0.5
"""How long a question is still waited for after an interruption."""

TEMPORARY = ("full", "no connection", "no answer")
Tick = Callable[[], None]


class Watched(NamedTuple):
    """A pool to watch: its status page, if it has one, and the address of its queue.

    `pool` is empty where only the status page knows its name.
    """

    pool: str
    status: Target | None
    queue: Address | None


class Schedule(NamedTuple):
    """How often, for how long, and how patiently is asked."""

    interval_s: float
    duration_s: float
    patience: Patience


@dataclass
class Watch:
    """What is seen of one pool. `trouble` is why nothing, or no status page, was seen."""

    watched: Watched
    schedule: Schedule
    tally: StatusTally | None = None
    queue: QueueWatch | None = None
    memory: MemoryWatch | None = None
    trouble: list[str] = field(default_factory=list)
    listener: Listener | None = None

    def __post_init__(self) -> None:
        address = self.watched.queue or (self.watched.status.address if self.watched.status else None)
        if address is not None:
            try:
                self.listener = find_listener(address)
            except LookupError as error:
                self.trouble.append(f"queue: {error}")
        if self.listener:
            self.queue = QueueWatch(self.listener, min(QUEUE_EVERY_S, self.schedule.interval_s))
        if self.watched.status:
            self.tally = StatusTally(self.watched.status, self.schedule.interval_s)

    @property
    def pool(self) -> str:
        """The pool's name, empty where nobody has told it."""
        return self.watched.pool or (self.tally.pool if self.tally else "")

    def ask_until(self, stop: threading.Event) -> None:
        """Ask the status page when it is due, until the time is over or `stop` is set."""
        namespace = Namespace(THIS_MACHINE)
        if self.listener and self.watched.status and not self.watched.status.address.path:
            namespace = self.listener.namespace
        try:
            namespace.run(partial(self._ask_until, stop))
        except NotEnteredError as error:
            self.trouble.append(f"status page: {error}")

    def _ask_until(self, stop: threading.Event) -> None:
        interval_s, began_s, number = self.schedule.interval_s, time.monotonic(), 0
        polls = int(self.schedule.duration_s / interval_s) + 1
        while number < polls:
            if stop.wait(max(0.0, began_s + number * interval_s - time.monotonic())):
                return
            if not self._ask(stop):
                return
            due = min(polls, int((time.monotonic() - began_s) / interval_s) + 1)
            if self.tally and not stop.is_set():
                self.tally.skip(due - number - 1)
            number = due

    def _ask(self, stop: threading.Event) -> bool:
        """Ask once; say whether asking again makes sense."""
        target, tally = self.watched.status, self.tally
        if target is None or tally is None:
            return False
        failed: FastCgiError | NoStatusPageError
        try:
            page = ask_status(target.address, target.path, self.schedule.patience)
        except (FastCgiError, NoStatusPageError) as error:
            failed = error
        else:
            if not stop.is_set():
                self._add(tally, page)
            return True
        if stop.is_set():
            return False
        kind = failed.failure if isinstance(failed, FastCgiError) else "failed"
        tally.fail(kind)
        if tally.answered or kind in TEMPORARY:
            return True
        words = advice(target.address, failed) if isinstance(failed, FastCgiError) else str(failed)
        self.trouble.append(f"{target}: {words}")
        return False

    def _add(self, tally: StatusTally, page: Page) -> None:
        # A pm.status_listen has a queue of its own, which is not the pool's.
        if not page.is_own and self.watched.queue is None and self.queue:
            self.queue = self.listener = None
            self.trouble.append("queue: this is a pm.status_listen; give the pool's listen by --queue")
        # Asked at once: the counters of the page are of this moment.
        queue = self.queue.now() if self.queue else None
        tally.add(page, time.monotonic(), time.time(), queue)

    def sample_memory_until(self, stop: threading.Event) -> None:
        """Look at the workers' memory from time to time, as soon as the pool's name is known."""
        while not stop.wait(LOOK_EVERY_S):
            if not (self.pool and self.listener and self.listener.master):
                continue
            if self.memory is None:
                self.memory = MemoryWatch(self.pool, self.listener.master)
            self.memory.sample()
            if self.memory.refused or stop.wait(MEMORY_EVERY_S):
                return


def watch(watched: Sequence[Watched], schedule: Schedule, tick: Tick | None = None) -> list[Watch]:
    """Watch pools for `schedule.duration_s`, and return what was seen of each.

    `tick` is called some times a second. An interruption (KeyboardInterrupt) ends the watch early.
    """
    watches = [Watch(one, schedule) for one in watched]
    stop = threading.Event()
    asking = [_thread(one.ask_until, stop) for one in watches if one.tally]
    others = [_thread(one.queue.run, stop) for one in watches if one.queue]
    others += [_thread(one.sample_memory_until, stop) for one in watches if one.listener]
    for thread in (*others, *asking):
        thread.start()
    began_s = time.monotonic()
    try:
        _wait(asking, schedule, began_s, tick, is_timed=any(one.queue and not one.tally for one in watches))
        stop.set()
    except KeyboardInterrupt:
        stop.set()
    until_s = time.monotonic() + LAST_WORD_S
    for thread in (*asking, *others):
        thread.join(max(0.0, until_s - time.monotonic()))
    return watches


def _thread(target: Callable[[threading.Event], None], stop: threading.Event) -> threading.Thread:
    """Return a thread that does not keep the program from ending, whatever it waits for."""
    return threading.Thread(target=target, args=(stop,), daemon=True)


def _wait(
    asking: Sequence[threading.Thread],
    schedule: Schedule,
    began_s: float,
    tick: Tick | None,
    *,
    is_timed: bool,
) -> None:
    """Wait until every status page was asked for the last time; where `is_timed`, until the time is over."""
    patience = schedule.patience
    last_s = schedule.duration_s + patience.connect_s + patience.answer_s
    while (passed_s := time.monotonic() - began_s) < last_s:
        is_over = passed_s >= schedule.duration_s or not is_timed
        if is_over and not any(thread.is_alive() for thread in asking):
            return
        if tick:
            tick()
        time.sleep(LOOK_EVERY_S)
