"""The replay of a unix socket with a fixed number of workers, as fast as it can be.

Kiefer and Wolfowitz, "On the theory of queues with many servers", 1955: a heap holds when each worker is free
next, so that the start and the end of a request are known when it arrives. A request that nginx gave up on
stays in the queue and is served (php-fpm does not ask whether somebody waits), hence the read timeout changes
no queue. Where the queue is full, connect(2) on a unix socket fails at once: 502. Who waited too long to be
served is answered with 503 at once when a worker takes the request.
"""

from array import array
from collections import deque
from collections.abc import Sequence
from heapq import heapreplace
from math import inf

from tuner.laws.simulator.replay import LATE, OK, REFUSED, SHED, Replay
from tuner.laws.simulator.setting import Setting


def replay_plain(arrivals_s: Sequence[float], services_s: Sequence[float], setting: Setting) -> Replay:
    """Replay requests that arrive at `arrivals_s`, in order, and take `services_s` of a worker."""
    # More workers than requests are never busy.
    free_s = [0.0] * min(setting.workers, max(1, len(arrivals_s)))
    waiting: deque[float] = deque()
    room = setting.backlog + 1
    timeout_s, overhead_s = setting.read_timeout_s, setting.overhead_s
    patience_s = inf if setting.shed_after_s is None else setting.shed_after_s
    outcomes, latencies_s = array("i"), array("d")
    longest = 0
    ended, took = outcomes.append, latencies_s.append
    start_waiting, stop_waiting = waiting.append, waiting.popleft
    for now_s, wanted_s in zip(arrivals_s, services_s, strict=True):
        while waiting and waiting[0] <= now_s:
            stop_waiting()
        start_s, service_s, outcome = free_s[0], wanted_s, OK
        if start_s > now_s:
            if len(waiting) >= room:
                ended(REFUSED)
                took(0.0)
                continue
            start_waiting(start_s)
            if len(waiting) > longest:
                longest = len(waiting)
            if start_s - now_s > patience_s:
                service_s, outcome = 0.0, SHED
        else:
            start_s = now_s
        end_s = start_s + service_s + overhead_s
        heapreplace(free_s, end_s)
        latency_s = end_s - now_s
        if latency_s <= timeout_s:
            ended(outcome)
            took(latency_s)
        else:
            ended(LATE)
            took(timeout_s)
    return Replay(outcomes, latencies_s, longest, len(outcomes))
