"""What became of every request of a replay."""

from __future__ import annotations

from array import array
from typing import NamedTuple

OK, SHED, REFUSED, LATE, UNREACHED = 200, 503, 502, 504, 5040
"""How nginx answers: in time; shed by the worker; refused (queue full); too late; 504 while connecting."""


class Replay(NamedTuple):
    """Per request of the trace, in its order: how it ended and after how many seconds.

    `longest_queue` is the most connections that waited at a time; `attempts` counts retries as well.
    """

    outcomes: array[int]
    latencies_s: array[float]
    longest_queue: int
    attempts: int
