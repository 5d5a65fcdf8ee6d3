"""A trace of requests: when each came and how long PHP worked on it, from a CSV file."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from tuner.errors import InputError
from tuner.load.line_format import LONGEST_LINE_BYTES
from tuner.load.log_lines import read_batches

COLUMNS = ("t_s", "service_s")
LATEST_S = 1e10
"""Of a time since 1970 that is a few hundred years; milliseconds taken for seconds lie beyond it."""

LONGEST_SERVICE_S = 1e7
"""Some hundred days."""

MOST_REQUESTS = 5_000_000
"""Some hundred bytes of memory each."""


class Trace(NamedTuple):
    """Requests in the order of arrival, in seconds; `resorted` counts those that came out of order."""

    arrivals_s: list[float]
    services_s: list[float]
    resorted: int = 0


def read_trace(path: str) -> Trace:
    """Read a CSV file, maybe compressed by gzip, with the columns `t_s` and `service_s` (and any others).

    `-` is standard input. Times are seconds from any beginning; the trace begins at the first request. Raises
    InputError, with line and column, for a file without these columns, a line without a number in them, no
    request at all or more than MOST_REQUESTS, and for one in which no request takes any time.
    """
    try:
        arrivals_s, services_s = _read(path, _lines(path))
    except UnicodeDecodeError:
        raise InputError(path, "is not a text file") from None
    return _in_order(arrivals_s, services_s)


def _lines(path: str) -> Iterator[bytes]:
    return (line for batch in read_batches([path]) for line in batch.lines)


def _read(path: str, lines: Iterator[bytes]) -> tuple[list[float], list[float]]:
    header = _header(next(lines, b"").decode("utf-8-sig"), path)
    arrival_at, service_at = (header.index(name) for name in COLUMNS)
    arrivals_s: list[float] = []
    services_s: list[float] = []
    for number, line in enumerate(lines, 2):
        if line.isspace():
            continue
        fields = line.decode().rstrip("\r\n").split(",")
        if len(fields) > len(header) or len(line) > LONGEST_LINE_BYTES:
            found = f"{len(fields)}" if len(line) <= LONGEST_LINE_BYTES else "a line without end"
            raise InputError(f"{path}:{number}:1", f"expected {len(header)} fields, found {found}")
        arrivals_s.append(_number(fields, arrival_at, LATEST_S, path, number))
        services_s.append(_number(fields, service_at, LONGEST_SERVICE_S, path, number))
        if len(arrivals_s) > MOST_REQUESTS:
            raise InputError(path, f"holds more than {MOST_REQUESTS} requests: give a part of it")
    if not arrivals_s:
        raise InputError(path, "holds no request")
    if not any(services_s):
        raise InputError(path, "every service time is 0: no worker is ever busy")
    return arrivals_s, services_s


def _header(line: str, path: str) -> list[str]:
    """Return the names of the columns; spreadsheets put them in quotes."""
    header = [name.strip().strip('"') for name in line.split(",")]
    for name in COLUMNS:
        if name not in header:
            raise InputError(f"{path}:1:1", f"expected the columns {' and '.join(COLUMNS)} in the first line")
        if header.count(name) > 1:
            raise InputError(f"{path}:1:1", f"two columns are called {name}")
    return header


def _number(fields: list[str], column: int, limit: float, path: str, line: int) -> float:
    text = fields[column] if column < len(fields) else "nothing"
    try:
        number = float(text) if text.isascii() and "_" not in text else -1.0
    except ValueError:
        number = -1.0
    if 0 <= number < limit:
        return number
    before = sum(len(field) + 1 for field in fields[:column])
    where = f"{path}:{line}:{1 + before if column < len(fields) else before}"
    too_much = f", more than {limit:.0f}" if limit <= number else ""
    raise InputError(where, f"expected a number of seconds, found {text.strip()[:40]!r}{too_much}")


def _in_order(arrivals_s: list[float], services_s: list[float]) -> Trace:
    resorted = sum(later < earlier for earlier, later in pairwise(arrivals_s))
    if resorted:
        order = sorted(range(len(arrivals_s)), key=arrivals_s.__getitem__)
        arrivals_s = [arrivals_s[index] for index in order]
        services_s = [services_s[index] for index in order]
    first_s = arrivals_s[0]
    return Trace([time_s - first_s for time_s in arrivals_s], services_s, resorted)
