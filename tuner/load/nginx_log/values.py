"""What the values of an nginx log mean, and within which bounds they mean anything."""

import re

EARLIEST_S, LATEST_S = 1e7, 1e10
"""Of a time since 1970: no log is from before nginx; milliseconds taken for seconds lie beyond it."""

LONGEST_S = 2e6
"""No request takes weeks."""

LARGEST_STATUS = 999
MISSING = (b"-", b"")
TRIES = re.compile(rb", | : ")


def is_time(time_s: float) -> bool:
    """Say whether a log can have been written at this time."""
    return EARLIEST_S < time_s < LATEST_S


def seconds_of(duration: bytes) -> float:
    """Return the length of time of a decimal number of seconds. Raises ValueError if it is none."""
    return checked_s(float(duration))


def checked_s(duration_s: float) -> float:
    """Return a length of time. Raises ValueError if no request takes it."""
    if not 0 <= duration_s < LONGEST_S:
        raise ValueError
    return duration_s


def status_of(status: bytes) -> int:
    """Return a status. Raises ValueError if it is none."""
    number = int(status)
    if not 0 <= number <= LARGEST_STATUS:
        raise ValueError
    return number
