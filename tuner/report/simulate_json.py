"""`fpmtune simulate --format json`."""

from tuner.laws.simulator.confidence import Range
from tuner.laws.simulator.prediction import Prediction
from tuner.report.value_json import Json, ascii_json

SCHEMA_VERSION = 1
SHARE_DIGITS, TIME_DIGITS = 5, 6


def simulate_json(found: Prediction) -> str:
    """Return a prediction as ASCII JSON; `range` is null where the prediction is one number."""
    return ascii_json({"schema_version": SCHEMA_VERSION, **figures_json(found)})


def figures_json(prediction: Prediction) -> Json:
    """Return the figures of one prediction as the members of a JSON object."""
    found, ranges = prediction
    return {
        "requests": found.requests,
        "shares": {status: round(share, SHARE_DIGITS) for status, share in found.shares.items()},
        "range": None if ranges is None else {status: _range(ranges[status]) for status in found.shares},
        "latency_s": {"p50": _time(found.p50_s), "p99": _time(found.p99_s)},
        "goodput_per_s": round(found.goodput_per_s, 3),
        "dead_time_s": found.dead_time_s,
        "capacity_per_s": round(found.capacity_per_s, 3),
        "utilisation": round(found.utilisation, SHARE_DIGITS),
        "max_queue": found.longest_queue,
        "attempts": found.attempts,
    }


def _range(found: Range) -> dict[str, float]:
    return {"low": round(found.low, SHARE_DIGITS), "high": round(found.high, SHARE_DIGITS)}


def _time(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, TIME_DIGITS)
