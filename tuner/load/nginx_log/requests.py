"""Requests that nginx passed to PHP, read from its access log.

A request comes to nginx at `$msec - $request_time`: $msec is the moment at which the line is written, in the
end, and $request_time runs from the first byte of the request. Of lists of tries the sum is taken: it is one
request, however often it was sent on.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from tuner.load.arrivals import Request
from tuner.load.line_format import LineFormat
from tuner.load.line_pattern import AmbiguousFormatError, LinePattern
from tuner.load.line_tail import LIST_SIGNS, strip_affixes, tail_words
from tuner.load.log_clock import seconds_of_date, seconds_of_iso_date
from tuner.load.log_lines import Batch
from tuner.load.nginx_log.log_format import (
    MSEC,
    REQUEST_TIME,
    STATUS,
    TIME_ISO8601,
    TIME_LOCAL,
    UPSTREAM_ADDR,
    UPSTREAM_STATUS,
    UPSTREAM_TIME,
    LogFormat,
    read_log_format,
)
from tuner.load.tally import BACKWARDS_S, Tally

ADVICE = (
    "log_format fpmtune '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent '\n"
    "                   '$msec $request_time $status $upstream_status $upstream_connect_time '\n"
    "                   '$upstream_header_time $upstream_response_time $upstream_addr';"
)
"""What to log: everything that is needed, the timing at the end, where it is read fastest."""

MS, SECOND = 0.001, 1.0
EARLIEST_S, LATEST_S = 86_400.0, 1e10
LONGEST_S = 1e7
_CLOCKS: dict[str, Callable[[bytes], float]] = {
    MSEC: float,
    TIME_ISO8601: seconds_of_iso_date,
    TIME_LOCAL: seconds_of_date,
}
_UPSTREAM_SIGNS = (
    *(UPSTREAM_ADDR, UPSTREAM_STATUS, UPSTREAM_TIME, "upstream_connect_time", "upstream_header_time"),
)
_MISSING = (b"-", b"")
_TRIES = re.compile(rb", | : ")


class UnusableFormatError(ValueError):
    """A log in this format does not say what is needed; the text says what, and what to add."""


class _Plan(NamedTuple):
    """Which variable tells what; an empty name for what the format lacks."""

    clock: str
    took: str
    status: str
    upstream_time: str
    upstream: str


class _Quick(NamedTuple):
    """How to take the words of a `_Plan`, in its order, from the end of a line.

    The guard is that of `TailWords`; None where the word is a number that is read anyway.
    """

    splits: int
    affixes: tuple[tuple[int, bytes, bytes], ...]
    pick: Callable[[list[bytes]], tuple[bytes, ...]]
    guard: int | None


class RequestReader:
    """Reads the lines of one format; `tally` counts them and `losses` says what the format cannot tell.

    `only` is an `$upstream_addr` to which the requests must have gone. With `every_request` each line is a
    request for PHP, for logs that do not name an upstream. Raises UnusableFormatError.
    """

    def __init__(
        self, log_format: LogFormat, *, only: str | None = None, every_request: bool = False
    ) -> None:
        try:
            line_format = read_log_format(log_format)
        except ValueError as error:
            raise UnusableFormatError(str(error)) from None
        plan = _plan(line_format.names, every_request)
        if only is not None and plan.upstream != UPSTREAM_ADDR:
            raise UnusableFormatError("the log_format has no $upstream_addr to choose an upstream by")
        wanted = list(dict.fromkeys(name for name in plan if name))
        try:
            self._pattern = LinePattern(line_format, wanted)
        except AmbiguousFormatError as error:
            raise UnusableFormatError(
                f"the log_format has no certain place for ${error}: it stands between values that may hold"
                " anything; put quotes around those, or the timing at the end of the line"
            ) from None
        self._quick = _quick(line_format, plan)
        self._clock = _CLOCKS[plan.clock]
        self._clock_at, self._took_at, self._status_at, self._time_at, self._upstream_at = (
            wanted.index(name) if name else None for name in plan
        )
        self._only = None if only is None else only.encode()
        self._names_upstreams = plan.upstream == UPSTREAM_ADDR
        self._upstreams: dict[bytes, int] = {}
        self._newest_s = 0.0
        self.tally = Tally()
        self.resolution_s = MS if plan.clock == MSEC else SECOND
        self.losses = _losses(plan)

    def requests(self, batches: Iterable[Batch]) -> Iterator[list[Request]]:
        """Yield the requests for PHP of each batch in the order of the log, and count every line."""
        for batch in batches:
            self.tally.lines += len(batch.lines)
            if batch.first == 1:
                self._newest_s = 0.0
            yield self._quickly(batch, self._quick) if self._quick else self._carefully(batch)

    def _quickly(self, batch: Batch, quick: _Quick) -> list[Request]:
        """Read a batch word by word in one loop: a call for each line would halve the speed."""
        tally, upstreams, only = self.tally, self._upstreams, self._only
        splits, affixes, pick, guard = quick
        earliest_s, latest_s, longest_s = EARLIEST_S, LATEST_S, LONGEST_S
        newest_s = self._newest_s
        requests: list[Request] = []
        slowly = 0
        for n, line in enumerate(batch.lines, batch.first):
            words = line.rsplit(b" ", splits)
            try:
                if affixes and not strip_affixes(words, affixes):
                    raise ValueError
                if guard is not None and words[guard][-1:] in LIST_SIGNS:
                    raise ValueError
                clock, took, code, time, upstream = pick(words)
                end_s = float(clock)
                if not earliest_s < end_s < latest_s:
                    raise ValueError
                if upstream == b"-":
                    tally.without_upstream += 1
                    continue
                took_s = float(took)
                if not 0 <= took_s < longest_s:
                    raise ValueError
                found = end_s - took_s, int(code), float(time)
            except (ValueError, IndexError):
                request = self._careful(batch.path, n, line)
                if request:
                    slowly += 1
                    requests.append(request)
                continue
            if only is not None and upstream != only:
                tally.elsewhere += 1
                continue
            upstreams[upstream] = upstreams.get(upstream, 0) + 1
            if end_s < newest_s - BACKWARDS_S:
                tally.backwards += 1
            newest_s = end_s
            requests.append(found)
        self._newest_s = newest_s
        tally.used += len(requests) - slowly
        return requests

    def _carefully(self, batch: Batch) -> list[Request]:
        found = (self._careful(batch.path, n, line) for n, line in enumerate(batch.lines, batch.first))
        return [request for request in found if request]

    def _careful(self, path: str, n: int, line: bytes) -> Request | None:
        """Return the request of a line, None where it is not one for PHP or does not fit the format."""
        values = self._pattern.match(line)
        try:
            if values is not None:
                return self._converted(values)
        except ValueError:
            pass
        if line.strip():
            self.tally.break_at(path, n)
        else:
            self.tally.lines -= 1
        return None

    def _converted(self, values: list[bytes]) -> Request | None:
        end_s = self._clock(values[self._clock_at or 0])
        if not EARLIEST_S < end_s < LATEST_S:
            raise ValueError
        if self._upstream_at is not None and not self._is_wanted(values[self._upstream_at]):
            return None
        status = 0 if self._status_at is None else int(values[self._status_at])
        upstream_s = None if self._time_at is None else self._upstream_s(values[self._time_at])
        took_s = upstream_s if self._took_at is None else float(values[self._took_at])
        if took_s is not None and not 0 <= took_s < LONGEST_S:
            raise ValueError
        self.tally.used += 1
        if end_s < self._newest_s - BACKWARDS_S:
            self.tally.backwards += 1
        self._newest_s = end_s
        return end_s - (took_s or 0.0), status, upstream_s

    def _is_wanted(self, upstream: bytes) -> bool:
        if upstream in _MISSING:
            self.tally.without_upstream += 1
            return False
        if b" " in upstream:
            upstream = _TRIES.split(upstream)[-1]
        if self._only is not None and upstream != self._only:
            self.tally.elsewhere += 1
            return False
        self._upstreams[upstream] = self._upstreams.get(upstream, 0) + 1
        return True

    @property
    def upstreams(self) -> dict[str, int]:
        """How many requests ended at which `$upstream_addr`; empty where the format has none."""
        if not self._names_upstreams:
            return {}
        return {name.decode("utf-8", "replace"): count for name, count in self._upstreams.items()}

    def _upstream_s(self, times: bytes) -> float | None:
        """Return what all tries took together, None where none of them has a time."""
        if b" " not in times:
            return None if times in _MISSING else float(times)
        tries = [float(time) for time in _TRIES.split(times) if time not in _MISSING]
        self.tally.retried += 1
        return sum(tries) if tries else None


def _plan(names: frozenset[str], every_request: bool) -> _Plan:
    clock = next((name for name in _CLOCKS if name in names), "")
    if not clock:
        raise UnusableFormatError("the log_format has no time: add $msec (or $time_iso8601, $time_local)")
    upstream = next((name for name in _UPSTREAM_SIGNS if name in names), "")
    if not (upstream or every_request):
        raise UnusableFormatError(
            "the log_format does not say which requests went to PHP: add $upstream_addr, or give"
            " --every-request where all lines of the log did"
        )

    def known(name: str) -> str:
        return name if name in names else ""

    return _Plan(clock, known(REQUEST_TIME), known(STATUS), known(UPSTREAM_TIME), upstream)


def _quick(line_format: LineFormat, plan: _Plan) -> _Quick | None:
    """Return how to read lines of the format that is asked for; every other one is read by patterns."""
    if plan.clock != MSEC or not all(plan):
        return None
    wanted = list(dict.fromkeys(plan))
    words = tail_words(line_format, wanted)
    if words is None or words.guard is None:
        return None
    places = [words.places[wanted.index(name)] for name in plan]
    # An $upstream_addr is never `-` within a list, so that no list hides behind one that is.
    is_read = plan.upstream == UPSTREAM_ADDR and words.guard in places[:-1]
    return _Quick(words.splits, words.affixes, itemgetter(*places), None if is_read else words.guard)


def _losses(plan: _Plan) -> list[str]:
    losses = []
    if plan.clock != MSEC:
        losses.append(f"${plan.clock} has whole seconds only: bursts within a second are not seen; log $msec")
    if not (plan.took or plan.upstream_time):
        losses.append("no $request_time: a request is counted when it ended, not when it came")
    if not plan.status:
        losses.append("no $status: how the requests ended is not known")
    if not plan.upstream:
        losses.append("no $upstream_addr: every line was taken for a request for PHP")
    return losses
