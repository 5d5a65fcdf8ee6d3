"""Replays of runs that were measured with real nginx and php-fpm 8.2 (static pools, sleeping workers)."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tuner.laws.simulator.prediction import Prediction, predict
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import Summary
from tuner.laws.simulator.traffic import Traffic
from tuner.load.trace import Trace, read_trace

DATA = Path(__file__).resolve().parents[2] / "data/replay"
CELLS = sorted(path.parent.name for path in DATA.glob("*/run.json"))
UNIX = [cell for cell in CELLS if cell.startswith("unix")]
OVERFLOWING = ["tcp-M-rho0.9-B4", "tcp-M-rho1.5-B56-Tc1", "tcp-M-rho1.5-B8-Tc3"]


class Run(NamedTuple):
    trace: Trace
    setting: Setting
    measured: dict[str, float]


def run_of(cell: str, **changes: Any) -> Run:  # noqa: ANN401 - any field of a setting
    told = json.loads((DATA / cell / "run.json").read_text())
    numbers = {
        "workers": told["max_children"],
        "backlog": min(told["listen_backlog"], told["somaxconn"]),
        "read_timeout_s": told["fastcgi_read_timeout_s"],
        "connect_timeout_s": told["fastcgi_connect_timeout_s"],
        "socket": told["socket"],
    }
    return Run(
        read_trace(str(DATA / cell / "arrivals.csv.gz")), Setting(**{**numbers, **changes}), told["measured"]
    )


def prediction(run: Run) -> Prediction:
    return predict(Traffic(run.trace.arrivals_s, [run.trace.services_s]), run.setting)


def predicted(run: Run) -> Summary:
    found = prediction(run)
    assert found.ranges is None
    return found.summary


@pytest.mark.parametrize("cell", UNIX)
def test_unix_shares_and_latencies(cell: str) -> None:
    run = run_of(cell)
    found = predicted(run)
    for status, share in found.shares.items():
        assert share == pytest.approx(run.measured[status], abs=0.012)
    assert found.p50_s == pytest.approx(run.measured["p50_s"], abs=0.015)
    assert found.p99_s == pytest.approx(run.measured["p99_s"], abs=0.03)


@pytest.mark.parametrize("cell", OVERFLOWING)
def test_tcp_that_overflows_lies_in_the_range(cell: str) -> None:
    run = run_of(cell)
    ranges = prediction(run).ranges
    assert ranges
    for status in ("200", "502", "504"):
        assert ranges[status].low <= run.measured[status] <= ranges[status].high
    assert ranges["200"].high - ranges["200"].low <= 0.15


def test_the_collapse_and_its_cures() -> None:
    """After 10 s at twice the capacity: a long queue answers nobody any more, B* and more workers do."""
    bad, short = predicted(run_of("unix-collapse-B65535")), predicted(run_of("unix-collapse-B112"))
    more = predicted(run_of("unix-collapse-B65535", workers=20, backlog=299))
    assert bad.dead_time_s > 40
    assert short.dead_time_s == 0
    assert (bad.shares["200"] < 0.15, short.shares["200"] > 0.84) == (True, True)
    assert more.shares["200"] > 0.999
