"""Requests that nginx passed to PHP, read from its access log.

A request comes to nginx at `$msec - $request_time`: $msec is the moment at which the line is written, in the
end, and $request_time runs from the first byte of the request. Of lists of tries the sum is taken: it is one
request, however often it was sent on.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tuner.load.arrivals import NOT_LOGGED, Requests
from tuner.load.line_pattern import AmbiguousFormatError, LinePattern
from tuner.load.line_tail import LIST_SIGNS
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
from tuner.load.nginx_log.quick import QuickWords, quick_words
from tuner.load.nginx_log.values import (
    EARLIEST_S,
    LATEST_S,
    MISSING,
    TRIES,
    checked_s,
    is_time,
    seconds_of,
    status_of,
)
from tuner.load.tally import BACKWARDS_S, Tally

ADVICE = (
    "log_format fpmtune '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent '\n"
    "                   '$msec $request_time $status $upstream_status $upstream_connect_time '\n"
    "                   '$upstream_header_time $upstream_response_time $upstream_addr';"
)
"""What to log: everything that is needed, the timing at the end, where it is read fastest."""

MS, SECOND = 0.001, 1.0
_CLOCKS: dict[str, Callable[[bytes], float]] = {
    MSEC: float,
    TIME_ISO8601: seconds_of_iso_date,
    TIME_LOCAL: seconds_of_date,
}
_UPSTREAM_SIGNS = (
    *(UPSTREAM_ADDR, UPSTREAM_STATUS, UPSTREAM_TIME, "upstream_connect_time", "upstream_header_time"),
)


class UnusableFormatError(ValueError):
    """A log in this format does not say what is needed; the text says what, and what to add."""


class _Plan(NamedTuple):
    """Which variable tells what; an empty name for what the format lacks."""

    clock: str
    took: str
    status: str
    upstream_time: str
    upstream: str


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
        self._quick = quick_words(line_format, plan) if plan.clock == MSEC and all(plan) else None
        self._clock = _CLOCKS[plan.clock]
        self._clock_at, self._took_at, self._status_at, self._time_at, self._upstream_at = (
            wanted.index(name) if name else None for name in plan
        )
        self._only = None if only is None else only.encode()
        self._names_upstreams = plan.upstream == UPSTREAM_ADDR
        self._upstreams: Counter[bytes] = Counter()
        self._newest_s = 0.0
        self.tally = Tally()
        self.resolution_s = MS if plan.clock == MSEC else SECOND
        self.losses = _losses(plan)

    def requests(self, batches: Iterable[Batch]) -> Iterator[Requests]:
        """Yield the requests for PHP of each batch in the order of the log, and count every line."""
        for batch in batches:
            self.tally.lines += len(batch.lines)
            if batch.first == 1:
                self._newest_s = 0.0
            found = Requests([], [], [])
            if self._quick:
                self._quickly(batch, self._quick, found)
            else:
                for n, line in enumerate(batch.lines, batch.first):
                    self._carefully(batch.path, n, line, found)
            self.tally.used += len(found.arrivals_s)
            yield found

    def _quickly(self, batch: Batch, quick: QuickWords, found: Requests) -> None:
        """Read a batch word by word in one loop: a call for each line would halve the speed."""
        splits, guard, places, clock, times_s, codes, times_ms, names = quick
        clock_at, took_at, status_at, time_at, upstream_at = places
        earliest_s, latest_s, newest_s = EARLIEST_S, LATEST_S, self._newest_s
        arrived, ended, took = found.arrivals_s.append, found.statuses.append, found.upstreams_ms.append
        upstreams: list[bytes] = []
        went_to = upstreams.append
        without = elsewhere = 0
        only = self._only
        for n, line in enumerate(batch.lines, batch.first):
            words = line.rsplit(b" ", splits)
            try:
                if len(words) <= splits or (guard is not None and words[guard][-1:] in LIST_SIGNS):
                    raise ValueError
                end_s = clock(words[clock_at])
                if not earliest_s < end_s < latest_s:
                    raise ValueError
                upstream = names[words[upstream_at]]
                if upstream is None:
                    without += 1
                    continue
                arrival_s = end_s - times_s[words[took_at]]
                code = codes[words[status_at]]
                upstream_ms = times_ms[words[time_at]]
            except ValueError:
                self._newest_s = newest_s
                self._carefully(batch.path, n, line, found)
                newest_s = self._newest_s
                continue
            if only is not None and upstream != only:
                elsewhere += 1
                continue
            if end_s < newest_s - BACKWARDS_S:
                self.tally.backwards += 1
            newest_s = end_s
            went_to(upstream)
            arrived(arrival_s)
            ended(code)
            took(upstream_ms)
        self._newest_s = newest_s
        self.tally.without_upstream += without
        self.tally.elsewhere += elsewhere
        if self._names_upstreams:
            self._upstreams.update(upstreams)

    def _carefully(self, path: str, n: int, line: bytes, found: Requests) -> None:
        """Append the request of a line, unless it is not one for PHP or does not fit the format."""
        values = self._pattern.match(line.removesuffix(b"\n"))
        try:
            if values is not None:
                self._convert(values, found)
                return
        except ValueError:
            pass
        if line.strip():
            self.tally.break_at(path, n)
        else:
            self.tally.lines -= 1

    def _convert(self, values: list[bytes], found: Requests) -> None:
        end_s = self._clock(values[self._clock_at or 0])
        if not is_time(end_s):
            raise ValueError
        upstream = b"" if self._upstream_at is None else values[self._upstream_at]
        if self._upstream_at is not None and upstream in MISSING:
            self.tally.without_upstream += 1
            return
        status = 0 if self._status_at is None else status_of(values[self._status_at])
        upstream_s = None if self._time_at is None else self._upstream_s(values[self._time_at])
        took_s = upstream_s if self._took_at is None else seconds_of(values[self._took_at])
        if not self._is_wanted(upstream):
            return
        if self._time_at is not None and b" " in values[self._time_at]:
            self.tally.retried += 1
        if end_s < self._newest_s - BACKWARDS_S:
            self.tally.backwards += 1
        self._newest_s = end_s
        found.arrivals_s.append(end_s - (took_s or 0.0))
        found.statuses.append(status)
        found.upstreams_ms.append(NOT_LOGGED if upstream_s is None else int(upstream_s * 1000 + 0.5))

    def _is_wanted(self, upstream: bytes) -> bool:
        if b" " in upstream:
            upstream = TRIES.split(upstream)[-1]
        if self._only is not None and upstream != self._only:
            self.tally.elsewhere += 1
            return False
        if self._names_upstreams:
            self._upstreams[upstream] += 1
        return True

    @property
    def upstreams(self) -> dict[str, int]:
        """How many requests ended at which `$upstream_addr`; empty where the format has none."""
        return {name.decode("utf-8", "replace"): count for name, count in self._upstreams.items()}

    def _upstream_s(self, times: bytes) -> float | None:
        """Return what all tries took together, None where none of them has a time."""
        if b" " not in times:
            return None if times in MISSING else seconds_of(times)
        tries = [float(time) for time in TRIES.split(times) if time not in MISSING]
        return checked_s(sum(tries)) if tries else None


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
