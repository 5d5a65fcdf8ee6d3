"""The length of an accept queue, sampled: of a unix socket only the kernel tells it, never PHP-FPM."""

import threading

from tuner.load.histogram import Histogram
from tuner.load.load_file import QueueSeen, buckets_of
from tuner.load.status.listener import Listener
from tuner.stack.live.namespace import NotEnteredError

MS_PER_S = 1000


class QueueWatch:
    """Samples one listening socket."""

    def __init__(self, listener: Listener, interval_s: float) -> None:
        self.listener = listener
        self.trouble = ""
        self._interval_s = interval_s
        self._waiting = Histogram()
        self._backlogs: set[int] = set()
        self._full = 0

    def run(self, stop: threading.Event) -> None:
        """Take samples until `stop` is set; what goes wrong is in `trouble`, and raises nothing."""
        try:
            self.listener.namespace.run(lambda: self._sample_until(stop))
        except (OSError, NotEnteredError) as error:
            self.trouble = f"the sockets of {self.listener.namespace.name} cannot be seen: {error}"

    def _sample_until(self, stop: threading.Event) -> None:
        while True:
            self.sample()
            if stop.wait(self._interval_s):
                return

    def sample(self) -> None:
        """Take one sample; a socket that is gone, as in a restart, gives none. Raises OSError."""
        found = self.listener.read()
        if found is None:
            return
        self._waiting.add(found.queue)
        self._backlogs.add(found.backlog)
        # The kernel lets one more connection wait than the backlog says.
        self._full += found.queue > found.backlog

    def now(self) -> int | None:
        """Return how many wait at this moment, None where that cannot be seen; it is no sample."""
        try:
            found = self.listener.namespace.run(self.listener.read)
        except (OSError, NotEnteredError):
            return None
        return found.queue if found else None

    def seen(self) -> QueueSeen | None:
        """Return what the samples tell, None where there is none."""
        if not self._waiting.counts:
            return None
        return QueueSeen(
            method="sock_diag",
            addresses=[self.listener.address],
            interval_ms=max(1, round(self._interval_s * MS_PER_S)),
            effective_backlogs=sorted(self._backlogs),
            waiting=buckets_of(self._waiting),
            full=self._full,
        )
