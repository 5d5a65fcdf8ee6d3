"""`fpmtune simulate` for people."""

from collections.abc import Iterator, Mapping

from tuner.laws.simulator.confidence import Range
from tuner.laws.simulator.prediction import Prediction
from tuner.laws.simulator.setting import Setting
from tuner.report.table import Row, table
from tuner.report.terminal import Style

MEANINGS = {
    "200": "answered within the read timeout",
    "502": "refused: the queue, or max_conns, was full",
    "503": "shed by the worker: it had waited too long",
    "504": "nginx gave up waiting",
}


def simulate_text(prediction: Prediction, setting: Setting, style: Style, note: str = "") -> str:
    """Return the figures of one setting, ending in a line end; a `note` on the setting stands above them."""
    found = prediction.summary
    head = (
        f"{found.requests} requests, {setting.workers} workers, effective backlog {setting.backlog}, "
        f"{setting.socket} socket, read timeout {setting.read_timeout_s:g} s"
    )
    heads = [head, note] if note else [head]
    return "\n".join([*heads, *table(list(_rows(prediction, setting)), style)]) + "\n"


def _rows(prediction: Prediction, setting: Setting) -> Iterator[Row]:
    found, ranges = prediction
    for status, share in found.shares.items():
        yield Row(status, _percent(share), tuple(_remarks(status, ranges)))
    yield Row("latency p50", _seconds(found.p50_s), ("of what was answered with 200",))
    yield Row("latency p99", _seconds(found.p99_s))
    yield Row("goodput", f"{found.goodput_per_s:.1f}/s", (f"of a capacity of {found.capacity_per_s:.1f}/s",))
    yield Row("utilisation", f"{found.utilisation:.2f}", ("above 1 any queue fills up",))
    yield Row("dead time", f"{found.dead_time_s} s", ("the longest time in which no request got a 200",))
    yield Row("longest queue", str(found.longest_queue), (f"of {setting.backlog + 1} that fit in",))
    if found.attempts != found.requests:
        yield Row("attempts", str(found.attempts), ("with what clients sent again",))


def _remarks(status: str, ranges: Mapping[str, Range] | None) -> Iterator[str]:
    found = ranges[status] if ranges else None
    if found and found.low != found.high:
        yield f"between {_percent(found.low)} and {_percent(found.high)}: {MEANINGS[status]}"
    else:
        yield MEANINGS[status]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.3f} s"
