"""Many settings at once: the best of them, and how they are shared out over processes."""

import os
from random import Random

import pytest

from tuner.laws.simulator import many
from tuner.laws.simulator.grid import Cell, Grid
from tuner.laws.simulator.many import predict_all
from tuner.laws.simulator.prediction import predict
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.traffic import Traffic, drawn_anew


def traffic(requests: int = 400) -> Traffic:
    random, now_s = Random(1), 0.0
    arrivals = []
    for _ in range(requests):
        now_s += random.expovariate(30)
        arrivals.append(now_s)
    return Traffic(arrivals, [[random.expovariate(10) for _ in arrivals]])


SETTINGS = [Setting(workers, backlog, 1.0) for workers in (2, 4, 8, 16) for backlog in (5, 50)]


def grid(settings: list[Setting], present: Setting | None = None) -> Grid:
    found = traffic()
    cells = [Cell({"n": n}, setting, predict(found, setting)) for n, setting in enumerate(settings)]
    now = Cell({}, present, predict(found, present)) if present else None
    return Grid({"n": range(len(settings))}, [*cells, Cell({"n": -1}, None, None, "no")], now)


def test_the_best_has_the_fewest_failures_then_the_least_latency_then_the_fewest_workers() -> None:
    assert grid(SETTINGS).best.setting == Setting(8, 5, 1.0)
    # With workers to spare nobody waits: fewer do the same.
    assert grid([Setting(40, 50, 1.0), Setting(30, 90, 1.0), Setting(30, 50, 1.0)]).best.tried == {"n": 2}
    # Of two that lose the same, the one that answers sooner.
    assert grid([Setting(6, 500, 9.0), Setting(16, 500, 9.0)]).best.tried == {"n": 1}


def test_the_present_setting_is_found_by_what_it_comes_to() -> None:
    found = grid(SETTINGS, Setting(4, 5, 1.0))
    assert [cell.tried["n"] for cell in found.cells if found.is_present(cell)] == [2]
    assert not any(map(grid(SETTINGS).is_present, grid(SETTINGS).cells))


def test_processes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = predict_all(traffic(), SETTINGS)
    monkeypatch.setattr(many, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    done: list[int] = []
    together = predict_all(traffic(), [*SETTINGS, SETTINGS[0]], lambda: done.append(1))
    assert together == [*alone, alone[0]]
    assert len(done) == len(SETTINGS)


def test_what_goes_wrong_in_a_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "WORTH_A_PROCESS", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(ValueError, match="not in order of time"):
        predict_all(Traffic([1.0, 0.0], [[1.0, 1.0]]), SETTINGS)
    monkeypatch.setattr(many, "predict", lambda *_: os._exit(9))
    with pytest.raises(ChildProcessError, match="was killed"):
        predict_all(traffic(), SETTINGS)


def test_draws_do_not_fill_the_memory() -> None:
    with pytest.raises(ValueError, match="at most 5000000"):
        drawn_anew([0.0, 1.0], [1.0, 1.0], 5_000_001)


def test_the_figures_are_those_of_the_middle_series() -> None:
    arrivals = [0.0, 0.0, 0.0]
    fast, slow, slower = [0.5] * 3, [0.9] * 3, [3.0] * 3
    found = predict(Traffic(arrivals, [slower, fast, slow]), Setting(1, 9, 2.0, overhead_s=0.0))
    assert found.summary.shares["200"] == pytest.approx(2 / 3)
    assert found.ranges
    assert found.ranges["200"] == (0.0, 1.0)
