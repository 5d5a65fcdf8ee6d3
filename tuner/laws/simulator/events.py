"""The replay of everything that needs more than the moment of arrival: TCP, retries, spare workers, limits.

An event calendar. A request that nginx gave up on stays in the queue and is served: php-fpm does not ask
whether somebody waits. The two gates of a TCP listener are Linux': while the accept queue is full a SYN is
dropped and sent again later; where it had room for the SYN but none for the ACK, the client believes itself
connected and the server does not (limbo), so that its data must knock again and again.
"""

from array import array
from collections import deque
from collections.abc import Sequence
from enum import IntEnum
from heapq import heappop, heappush
from math import floor
from random import Random

from tuner.laws.simulator.handshake import (
    DATA_RETRANSMITTED_S,
    SYNACK_RETRANSMITTED_S,
    syn_gaps_s,
    timer_runs_out_s,
)
from tuner.laws.simulator.replay import LATE, OK, REFUSED, SHED, UNREACHED, Replay
from tuner.laws.simulator.setting import Setting

TICK_S = 1.0
"""How often php-fpm looks at its idle children."""

CPU_SKEW_S = 1e-4
"""Timers of different processors do not run out together."""


class _Kind(IntEnum):
    """What happens; of several at one time in this order."""

    DONE = 0
    TICK = 1
    SYN = 2
    KNOCK = 3
    GIVE_UP = 4
    UNREACHED = 5
    AGAIN = 6


class EventReplay:
    """One replay; `run` may be called once.

    `processors` and `seed` say on which processor a connection's timers run: with one, all SYNs of a step
    pass the first gate together, with more they do not.
    """

    def __init__(
        self,
        arrivals_s: Sequence[float],
        services_s: Sequence[float],
        setting: Setting,
        *,
        processors: int = 1,
        seed: int = 1,
    ) -> None:
        self.setting = setting
        self.arrivals_s = arrivals_s
        self.services_s = services_s
        requests = len(arrivals_s)
        self.outcomes = array("i", bytes(4 * requests))
        self.latencies_s = array("d", bytes(8 * requests))
        self.request_of = list(range(requests))
        self.sent_s = list(arrivals_s)
        self.tries = [1] * requests
        self.is_open = bytearray(b"\1" * requests)
        self.is_in_queue = bytearray(requests)
        self.calendar: list[tuple[float, int, int, int, int]] = []
        self.order = 0
        self.waiting: deque[int] = deque()
        self.longest_queue = 0
        self.children = min(setting.workers, setting.spares.start) if setting.spares else setting.workers
        self.idle = self.children
        self.spawn_rate = 1
        self.held_by_nginx = 0
        self.syn_gaps_s = syn_gaps_s(setting.linear_syn_timeouts)
        self.processors = processors
        self.random = Random(seed)
        self.processor_of = [self.random.randrange(processors) for _ in range(requests)]

    def run(self) -> Replay:
        """Replay every request to its end."""
        upcoming, requests = 0, len(self.arrivals_s)
        if self.setting.spares:
            self._at(TICK_S, _Kind.TICK, 0)
        while upcoming < requests or self.calendar:
            if upcoming < requests and (not self.calendar or self.arrivals_s[upcoming] < self.calendar[0][0]):
                self._send(upcoming, self.arrivals_s[upcoming])
                upcoming += 1
                continue
            now_s, kind, _, attempt, step = heappop(self.calendar)
            if kind == _Kind.DONE:
                self._done(attempt, step, now_s)
            elif kind == _Kind.SYN:
                self._syns(now_s, attempt, step)
            elif kind == _Kind.KNOCK:
                self._knock(attempt, now_s)
            elif kind == _Kind.GIVE_UP:
                self._give_up(attempt, now_s)
            elif kind == _Kind.UNREACHED:
                self._finish(attempt, UNREACHED, now_s)
            elif kind == _Kind.AGAIN:
                self._send(attempt, now_s)
            elif upcoming < requests or self.waiting or self.idle < self.children:
                is_settled = not self._tick() and self.idle == self.children
                self._hire(now_s)
                next_s = self.arrivals_s[upcoming] if is_settled and upcoming < requests else now_s
                skipped_s = max(0.0, floor((next_s - now_s) / TICK_S) * TICK_S)
                self._at(now_s + skipped_s + TICK_S, _Kind.TICK, 0)
        return Replay(self.outcomes, self.latencies_s, self.longest_queue, len(self.request_of))

    def _at(self, time_s: float, kind: _Kind, attempt: int, step: int = 0) -> None:
        self.order += 1
        heappush(self.calendar, (time_s, kind, self.order, attempt, step))

    def _send(self, attempt: int, now_s: float) -> None:
        """Let nginx take a request and connect to the pool."""
        limit = self.setting.max_conns
        if limit is not None and self.held_by_nginx >= limit:
            self._finish(attempt, REFUSED, now_s, was_held=False)
            return
        self.held_by_nginx += 1
        if self._has_room():
            self._connect(attempt, now_s)
            self._admit(attempt, now_s)
        elif self.setting.socket == "unix":
            self._finish(attempt, REFUSED, now_s)
        else:
            self._send_syn_later(attempt, now_s, 0)

    def _has_room(self) -> bool:
        return self.idle > 0 or len(self.waiting) <= self.setting.backlog

    def _connect(self, attempt: int, now_s: float) -> None:
        self._at(now_s + self.setting.read_timeout_s, _Kind.GIVE_UP, attempt)

    def _admit(self, attempt: int, now_s: float) -> None:
        self.is_in_queue[attempt] = 1
        if self.idle:
            self.idle -= 1
            self._serve(attempt, now_s)
            return
        self.waiting.append(attempt)
        self.longest_queue = max(self.longest_queue, len(self.waiting))

    def _serve(self, attempt: int, now_s: float) -> None:
        setting = self.setting
        is_shed = setting.shed_after_s is not None and now_s - self.sent_s[attempt] > setting.shed_after_s
        service_s = 0.0 if is_shed else self.services_s[self.request_of[attempt]]
        outcome = SHED if is_shed else OK
        self._at(now_s + service_s + setting.overhead_s, _Kind.DONE, attempt, outcome)

    def _done(self, attempt: int, outcome: int, now_s: float) -> None:
        if self.is_open[attempt]:
            self._finish(attempt, outcome, now_s)
        self.idle += 1
        self._hire(now_s)

    def _hire(self, now_s: float) -> None:
        while self.idle and self.waiting:
            self.idle -= 1
            self._serve(self.waiting.popleft(), now_s)

    def _give_up(self, attempt: int, now_s: float) -> None:
        if self.is_open[attempt]:
            self._finish(attempt, LATE, now_s)

    def _finish(self, attempt: int, outcome: int, now_s: float, *, was_held: bool = True) -> None:
        """Let nginx answer the client, who may send the request again if it failed."""
        self.is_open[attempt] = 0
        self.held_by_nginx -= was_held
        request = self.request_of[attempt]
        self.outcomes[request] = outcome
        self.latencies_s[request] = now_s - self.arrivals_s[request]
        retries = self.setting.retries
        if outcome != OK and retries and self.tries[attempt] <= retries.count:
            self._send_again(request, self.tries[attempt], now_s + retries.delay_s)

    def _send_again(self, request: int, tries: int, when_s: float) -> None:
        self.request_of.append(request)
        self.sent_s.append(when_s)
        self.tries.append(tries + 1)
        self.is_open.append(1)
        self.is_in_queue.append(0)
        self.processor_of.append(self.random.randrange(self.processors))
        self._at(when_s, _Kind.AGAIN, len(self.request_of) - 1)

    def _send_syn_later(self, attempt: int, now_s: float, step: int) -> None:
        deadline_s = self.sent_s[attempt] + self.setting.connect_timeout_s
        if step < len(self.syn_gaps_s):
            next_s = timer_runs_out_s(now_s, self.syn_gaps_s[step])
            if next_s < deadline_s:
                skew_s = self.processor_of[attempt] * CPU_SKEW_S
                self._at(next_s + skew_s, _Kind.SYN, attempt, step + 1)
                return
        self._at(deadline_s, _Kind.UNREACHED, attempt)

    def _syns(self, now_s: float, attempt: int, step: int) -> None:
        """Let the SYNs of one timer step through the first gate together, then each to the second."""
        batch = [(attempt, step)]
        calendar = self.calendar
        while calendar and calendar[0][0] == now_s and calendar[0][1] == _Kind.SYN:
            _, _, _, other, other_step = heappop(calendar)
            batch.append((other, other_step))
        if not self._has_room():
            for one, its_step in batch:
                self._send_syn_later(one, now_s, its_step)
            return
        for position, (one, _) in enumerate(batch):
            self._connect(one, now_s)
            if self._has_room():
                self._admit(one, now_s)
            else:
                self._stay_in_limbo(one, now_s, has_half_open=position <= self.setting.backlog)

    def _stay_in_limbo(self, attempt: int, now_s: float, *, has_half_open: bool) -> None:
        """Let a client that believes itself connected knock, by its data and to the server's SYN-ACKs."""
        knocks_s = [timer_runs_out_s(now_s, after_s) for after_s in DATA_RETRANSMITTED_S]
        if has_half_open:
            knocks_s += [timer_runs_out_s(now_s, after_s) for after_s in SYNACK_RETRANSMITTED_S]
        for when_s in (*knocks_s, now_s + self.setting.read_timeout_s):
            self._at(when_s, _Kind.KNOCK, attempt)

    def _knock(self, attempt: int, now_s: float) -> None:
        if not self.is_in_queue[attempt] and self._has_room():
            self._admit(attempt, now_s)

    def _tick(self) -> bool:
        """Add or remove children as php-fpm does, and say whether there were any to add or remove.

        Source: fpm_pctl_perform_idle_server_maintenance().
        """
        spares = self.setting.spares
        assert spares
        if self.idle > spares.maximum:
            self.idle -= 1
            self.children -= 1
            self.spawn_rate = 1
            return True
        added = min(self.spawn_rate, spares.minimum - self.idle, self.setting.workers - self.children)
        if added <= 0:
            self.spawn_rate = 1
            return False
        self.children += added
        self.idle += added
        if self.spawn_rate < spares.max_spawn_rate:
            self.spawn_rate *= 2
        return True
