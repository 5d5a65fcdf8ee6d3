"""Speed of the simulator beside simpy, and its losses beside an event calendar, on the same M/M/c/K queue.

    python benchmarks/simulator_speed.py [--requests 200000] [--rounds 3] [--utilisation 1.1]

All get the same arrivals and service times: some workers, a queue of backlog + 1, and who finds it full is
lost. The event calendar is written here, as plainly as can be: a heap of arrivals and departures. The exit
status is 1 unless each engine loses the same requests as the calendar does and serves the others in the same
time. The simulator has two: a pool on a unix socket is replayed by `plain`; the other, `events`, does
everything else (TCP, retries, spare workers) and is shown with the same queue. simpy is used as its manual
does it: a process for each request, a Resource for the workers. The processor's time counts, the least of the
rounds: it depends least on what else the machine does. simpy comes with `pip install 'fpmtune[bench]'`.
"""

import argparse
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from heapq import heapify, heappop, heappush
from itertools import accumulate
from math import inf
from random import Random
from typing import Any, NamedTuple

import simpy

from tuner.laws.erlang import refused_share
from tuner.laws.simulator.events import EventReplay
from tuner.laws.simulator.replay import REFUSED, Replay
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting

SERVICE_S = 0.05
LOST = inf
SAME_S = 1e-6
"""Sums of the same times in another order differ by less."""

Latencies = list[float]
"""For each request the seconds from its arrival to its end, or LOST."""

PEER, REFERENCE = "simpy", "calendar"


class Queue(NamedTuple):
    """What happens: when requests come and how long each takes, to how many workers and how much room."""

    arrivals_s: list[float]
    services_s: list[float]
    workers: int
    room: int


def main() -> None:
    """Run each engine on one queue and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--utilisation", type=float, default=1.1)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--backlog", type=int, default=40)
    given = parser.parse_args()
    per_s = given.utilisation * given.workers / SERVICE_S
    queue = drawn(given.requests, per_s, given.workers, given.backlog + 1)
    print(
        f"M/M/{given.workers}/{given.workers + queue.room}, {given.requests} requests at {per_s:.0f}/s;",
        end=" ",
    )
    print(f"theory loses {refused_share(per_s, 1 / SERVICE_S, given.workers, given.backlog):.2%}")
    taken_s, ends = measured(queue, given.rounds)
    print(f"{'engine':<10} {'requests/s':>12} {'times simpy':>12} {'lost':>8}  same as the calendar")
    for name, latencies_s in ends.items():
        ratio = taken_s[PEER] / taken_s[name]
        words = "yes" if is_same(latencies_s, ends[REFERENCE]) else "NO"
        rate = given.requests / taken_s[name]
        print(f"{name:<10} {rate:>12.0f} {ratio:>12.1f} {latencies_s.count(LOST):>8}  {words}")
    if not all(is_same(found, ends[REFERENCE]) for found in ends.values()):
        raise SystemExit(1)


def drawn(requests: int, per_s: float, workers: int, room: int) -> Queue:
    """Return exponential gaps and service times; the seed is fixed."""
    random = Random(1)
    arrivals_s = list(accumulate(random.expovariate(per_s) for _ in range(requests)))
    services_s = [random.expovariate(1 / SERVICE_S) for _ in range(requests)]
    return Queue(arrivals_s, services_s, workers, room)


def measured(queue: Queue, rounds: int) -> tuple[dict[str, float], dict[str, Latencies]]:
    """Run the engines in turns; return each one's least processor time in seconds and what it found."""
    engines: dict[str, tuple[Callable[[Queue], Any], Callable[[Any], Latencies]]] = {
        "plain": (plain, latencies_of),
        "events": (events, latencies_of),
        REFERENCE: (calendar, list),
        PEER: (by_simpy, list),
    }
    taken_s = dict.fromkeys(engines, inf)
    ends: dict[str, Latencies] = {}
    for _ in range(rounds):
        for name, (run, read) in engines.items():
            began_s = time.process_time()
            found = run(queue)
            taken_s[name] = min(taken_s[name], time.process_time() - began_s)
            ends[name] = read(found)
    return taken_s, ends


def is_same(one: Sequence[float], other: Sequence[float]) -> bool:
    """Say whether the same requests were lost and all others took the same time."""
    return all(mine == theirs or abs(mine - theirs) < SAME_S for mine, theirs in zip(one, other, strict=True))


def setting_of(queue: Queue) -> Setting:
    """Return the pool behind nginx that is this queue: nobody gives up, nothing is lost on the way."""
    return Setting(workers=queue.workers, backlog=queue.room - 1, read_timeout_s=1e9, overhead_s=0.0)


def plain(queue: Queue) -> Replay:
    """Replay as `fpmtune simulate` does for a pool on a unix socket."""
    return replay(queue.arrivals_s, queue.services_s, setting_of(queue))


def events(queue: Queue) -> Replay:
    """Replay by the engine that `fpmtune simulate` takes for everything else."""
    return EventReplay(queue.arrivals_s, queue.services_s, setting_of(queue)).run()


def latencies_of(found: Replay) -> Latencies:
    """Return what the simulator found."""
    ends = zip(found.outcomes, found.latencies_s, strict=True)
    return [LOST if outcome == REFUSED else latency_s for outcome, latency_s in ends]


def calendar(queue: Queue) -> Latencies:
    """Replay by the book: take the next event, change the state, note what will happen then."""
    latencies_s = [LOST] * len(queue.arrivals_s)
    arrival, departure = 1, 0
    calendar = [(at_s, arrival, request) for request, at_s in enumerate(queue.arrivals_s)]
    heapify(calendar)
    waiting: deque[int] = deque()
    idle = queue.workers
    while calendar:
        now_s, kind, request = heappop(calendar)
        if kind == arrival:
            if idle or len(waiting) < queue.room:
                waiting.append(request)
        else:
            latencies_s[request] = now_s - queue.arrivals_s[request]
            idle += 1
        if idle and waiting:
            idle -= 1
            request = waiting.popleft()
            heappush(calendar, (now_s + queue.services_s[request], departure, request))
    return latencies_s


def by_simpy(queue: Queue) -> Latencies:
    """Replay by simpy: one process sends the requests, each of which is a process."""
    environment = simpy.Environment()
    workers = simpy.Resource(environment, capacity=queue.workers)
    latencies_s = [LOST] * len(queue.arrivals_s)

    def request(number: int, service_s: float) -> Generator[simpy.Event, Any, None]:
        arrived_s = environment.now
        with workers.request() as worker:
            yield worker
            yield environment.timeout(service_s)
        latencies_s[number] = environment.now - arrived_s

    def source() -> Generator[simpy.Event, Any, None]:
        for number, (at_s, service_s) in enumerate(zip(queue.arrivals_s, queue.services_s, strict=True)):
            yield environment.timeout(at_s - environment.now)
            if workers.count < queue.workers or len(workers.queue) < queue.room:
                environment.process(request(number, service_s))

    environment.process(source())
    environment.run()
    return latencies_s


if __name__ == "__main__":
    main()
