"""A trace of requests: when each came and how long PHP worked on it, from a CSV file."""

import gzip
import os
import stat
import zlib
from itertools import pairwise
from typing import NamedTuple, TextIO

from tuner.errors import InputError
from tuner.load.log_lines import FIRST_GZIP_BYTES

COLUMNS = ("t_s", "service_s")
LATEST_S = 1e10
"""Of a time since 1970 that is a few hundred years; milliseconds taken for seconds lie beyond it."""


class Trace(NamedTuple):
    """Requests in the order of arrival, in seconds; `resorted` counts those that came out of order."""

    arrivals_s: list[float]
    services_s: list[float]
    resorted: int = 0


def read_trace(path: str) -> Trace:
    """Read a CSV file, maybe compressed by gzip, with the columns `t_s` and `service_s` (and any others).

    Times are seconds from any beginning; the trace begins at the first request. Raises InputError, with line
    and column, for a file without these columns, a line without a number in them, or no request at all.
    """
    try:
        with _opened(path) as file:
            arrivals_s, services_s = _read(path, file)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except UnicodeDecodeError:
        raise InputError(path, "is not a text file") from None
    return _in_order(arrivals_s, services_s)


def _opened(path: str) -> TextIO:
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise InputError(path, "is not a regular file")
    with open(path, "rb") as file:
        is_compressed = file.read(2) == FIRST_GZIP_BYTES
    if is_compressed:
        return gzip.open(path, "rt", encoding="ascii", newline="\n")
    return open(path, encoding="ascii", newline="\n")


def _read(path: str, lines: TextIO) -> tuple[list[float], list[float]]:
    header = [name.strip() for name in lines.readline().split(",")]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise InputError(f"{path}:1:1", f"expected the columns {' and '.join(COLUMNS)} in the first line")
    at = tuple(header.index(name) for name in COLUMNS)
    arrivals_s: list[float] = []
    services_s: list[float] = []
    for number, line in enumerate(lines, 2):
        if line.isspace():
            continue
        fields = line.rstrip("\r\n").split(",")
        arrivals_s.append(_number(fields, at[0], path, number))
        services_s.append(_number(fields, at[1], path, number))
    if not arrivals_s:
        raise InputError(path, "holds no request")
    return arrivals_s, services_s


def _number(fields: list[str], column: int, path: str, line: int) -> float:
    try:
        number = float(fields[column])
    except (IndexError, ValueError):
        number = -1.0
    if 0 <= number < LATEST_S:
        return number
    before = sum(len(field) + 1 for field in fields[:column])
    where = f"{path}:{line}:{1 + before if column < len(fields) else before}"
    found = fields[column].strip()[:40] if column < len(fields) else "nothing"
    raise InputError(where, f"expected a number of seconds, found {found!r}")


def _in_order(arrivals_s: list[float], services_s: list[float]) -> Trace:
    resorted = sum(later < earlier for earlier, later in pairwise(arrivals_s))
    if resorted:
        order = sorted(range(len(arrivals_s)), key=arrivals_s.__getitem__)
        arrivals_s = [arrivals_s[index] for index in order]
        services_s = [services_s[index] for index in order]
    first_s = arrivals_s[0]
    return Trace([time_s - first_s for time_s in arrivals_s], services_s, resorted)
