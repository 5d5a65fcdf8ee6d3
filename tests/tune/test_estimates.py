"""What is said of a pool whose traffic nobody recorded: ranges that a simulated queue bears out."""

from pathlib import Path
from random import Random

import pytest

from tests.cli.program import fpmtune
from tests.trees import write_tree
from tests.tune.hosts import Planned, host_files
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.summary import shares
from tuner.tune.plan import Estimate


def estimates(host: Planned) -> dict[str, Estimate]:
    (pool,) = host.plan.pools
    return {found.setting: found for found in pool.estimates}


def declared(root: Path, qps: str, workers: int = 8, backlog: int = 100) -> dict[str, Estimate]:
    files = host_files(f"listen.backlog = {backlog}", workers=workers, timeout="2s")
    return estimates(Planned(root, files, qps=qps))


def refused(workers: int, backlog: int, per_s: float, requests: int = 400_000) -> float:
    """Return the share of random requests of 50 ms on average that a queue has no room for."""
    random, now_s, arrivals_s = Random(7), 0.0, list[float]()
    for _ in range(requests):
        now_s += random.expovariate(per_s)
        arrivals_s.append(now_s)
    services_s = [random.expovariate(1 / 0.05) for _ in arrivals_s]
    return shares(replay(arrivals_s, services_s, Setting(workers, backlog, 60.0)))["502"]


def test_what_chance_needs_is_what_a_simulated_queue_needs(tmp_path: Path) -> None:
    least = int(declared(tmp_path, "120")["listen.backlog"].low)
    assert refused(8, least, 120) < 3e-4
    assert refused(8, least // 2, 120) > 5e-4


def test_the_workers_of_a_rate(tmp_path: Path) -> None:
    found = declared(tmp_path, "120")["pm.max_children"]
    assert (found.low, found.high) == (7, 10)
    assert "6.1 workers busy" in found.words


def test_a_rate_that_the_workers_cannot_serve(tmp_path: Path) -> None:
    found = declared(tmp_path, "200")["listen.backlog"]
    assert found.low == 0
    assert "any queue fills" in found.words


def test_more_chance_than_time_is_no_range(tmp_path: Path) -> None:
    assert "listen.backlog" not in declared(tmp_path, "158", workers=8)


def test_without_any_load(tmp_path: Path) -> None:
    write_tree(tmp_path, host_files("listen.backlog = 1000", timeout="2s"))
    report = fpmtune("tune", "--target", "none", "--format", "json", tmp_path).report
    assert report["plan"] == []
    (pool,) = report["pools"]
    backlog, mean = pool["estimates"]
    assert (backlog["setting"], backlog["low"]) == ("listen.backlog", 2)
    assert backlog["high"] > 500
    assert "so quick has PHP to be for the last in the present queue of 1000" in mean["words"]
    assert mean["high"] == pytest.approx(13.9, abs=0.3)


def test_a_queue_that_is_too_long_for_any_php(tmp_path: Path) -> None:
    write_tree(tmp_path, host_files("listen.backlog = 65535", somaxconn=65535))
    out = fpmtune("tune", "--target", "none", tmp_path).out
    assert "the last in the present queue of 65535 is answered too late, however quick PHP is" in " ".join(
        out.split()
    )
