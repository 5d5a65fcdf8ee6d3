"""Time stamps of logs as seconds since 1970."""

from datetime import datetime, timedelta, timezone

MONTHS = {
    name: n
    for n, name in enumerate(
        (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"), 1
    )
}


def seconds_of_date(stamp: bytes) -> float:
    """Return the time of `21/Nov/2026:10:04:23 +0100`. Raises ValueError for a date that does not exist."""
    day, month, year = stamp[:2], MONTHS.get(stamp[3:6], 0), stamp[7:11]
    hour, minute, second = stamp[12:14], stamp[15:17], stamp[18:20]
    offset = timedelta(hours=int(stamp[22:24]), minutes=int(stamp[24:26]))
    zone = timezone(-offset if stamp[21:22] == b"-" else offset)
    # A leap second, 60, is counted as the last one of its minute.
    moment = datetime(int(year), month, int(day), int(hour), int(minute), min(int(second), 59), tzinfo=zone)
    return moment.timestamp()


def seconds_of_iso_date(stamp: bytes) -> float:
    """Return the time of `2026-11-21T10:04:23+01:00`. Raises ValueError for a date that does not exist."""
    return datetime.fromisoformat(stamp.decode("ascii", "replace")).timestamp()
