"""Times as people write them on a command line."""

import re

_TIME = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?|\.[0-9]{1,12})(ms|s|m|h|)")
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}

LONGEST_S = 366 * 86_400.0


def duration_s(text: str) -> float:
    """Return the seconds of `500ms`, `60s`, `1.5m`, `2h` or `60`, a year at most.

    Raises ValueError, saying what is wrong.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a time such as 500ms, 60s, 5m or 60 (seconds)")
    seconds = float(found[1]) * _UNITS_S[found[2]]
    if seconds > LONGEST_S:
        raise ValueError(f"{text!r} is longer than a year")
    return seconds
