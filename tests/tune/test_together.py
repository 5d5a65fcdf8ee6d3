"""Several pools behind one nginx: only what was recorded at the same time is added up."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tune.hosts import NGINX_FILE, POOL_FILE, Planned, host_files, with_arrivals
from tests.tune.test_measured import COLLAPSE, measured
from tuner.laws.path_limits import needed_worker_connections
from tuner.laws.simulator.setting import Setting
from tuner.load.load_file import MeasuredPool
from tuner.tune.together import Held, most_at_once

WORKERS, EACH = 300, 250
QUIET = range(3000, 20_000, 500)
UNLIMITED = "events { worker_connections 65536; }"


def burst(name: str = "www", *, later_s: int = 0, at_once: int = EACH, spread_ms: int = 0) -> MeasuredPool:
    """So many requests within a moment, and a few for some seconds after it."""
    offsets_ms = [*(number * spread_ms // at_once for number in range(at_once)), *QUIET]
    run = with_arrivals(measured(COLLAPSE), offsets_ms)
    assert run.arrivals
    window = run.arrivals.windows[0]
    moved = window.model_copy(update={"start_s": window.start_s + later_s})
    arrivals = run.arrivals.model_copy(update={"windows": [moved]})
    return run.model_copy(update={"name": name, "arrivals": arrivals})


def two_pools(root: Path, later_s: int, main: str, at_once: int = EACH) -> Planned:
    """Two pools of one nginx, of which the second has the same burst `later_s` after the first."""
    files = host_files("listen.backlog = 2000", workers=WORKERS, timeout="10s", somaxconn=4096)
    files[POOL_FILE] += files[POOL_FILE].replace("www", "api").replace("user = api-data", "user = www-data")
    location = "        location /api { fastcgi_pass unix:/run/php/api.sock; fastcgi_read_timeout 10s; }\n"
    text = files[NGINX_FILE].replace("listen 80;\n", f"listen 80;\n{location}")
    files[NGINX_FILE] = text.replace("events {}", main)
    first, second = burst(at_once=at_once), burst("api", later_s=later_s, at_once=at_once)
    return Planned(root, files, measured=first, beside=[second])


@pytest.mark.parametrize(("later_s", "requests"), [(0, 2 * EACH), (3600, EACH)])
def test_connections_are_for_what_is_there_at_one_time(tmp_path: Path, later_s: int, requests: int) -> None:
    needed = needed_worker_connections(requests, listeners=1)
    for folder, number, is_enough in (("a", needed, True), ("b", needed - 1, False)):
        host = two_pools(tmp_path / folder, later_s, f"events {{ worker_connections {number}; }}")
        assert ("worker_connections" not in host.recommended()) == is_enough


def test_bursts_that_only_follow_each_other_are_not_added_up(tmp_path: Path) -> None:
    """Both recorded at the same time, but the second bursts when the first is answered."""
    number = needed_worker_connections(EACH + 50, listeners=1)
    host = two_pools(tmp_path, 5, f"events {{ worker_connections {number}; }}")
    assert "worker_connections" not in host.recommended()


@pytest.mark.parametrize(("later_s", "backlog"), [(0, 1024), (5, None), (3600, None)])
def test_a_second_of_both_counts_only_if_it_is_the_same_second(
    tmp_path: Path, later_s: int, backlog: int | None
) -> None:
    assert two_pools(tmp_path, later_s, UNLIMITED, at_once=400).recommended().get("backlog") == backlog


def test_a_pool_that_starts_workers_step_by_step_has_room_for_the_queue_of_its_own_replay(
    tmp_path: Path,
) -> None:
    spares = ("pm.start_servers = 1", "pm.min_spare_servers = 1", "pm.max_spare_servers = 2")
    files = host_files("listen.backlog = 4000", "pm = dynamic", *spares, workers=200, timeout="60s")
    run = burst(at_once=1200, spread_ms=2000)
    (pool,) = Planned(tmp_path / "a", files, measured=run).plan.pools
    assert pool.after
    assert pool.bounds
    longest = pool.after.summary.longest_queue
    assert longest > (pool.bounds.need or 0) + 1
    needed, text = needed_worker_connections(200 + longest, listeners=1), files[NGINX_FILE]
    for folder, number, is_enough in (("b", needed, True), ("c", needed - 1, False)):
        files[NGINX_FILE] = text.replace("events {}", f"events {{ worker_connections {number}; }}")
        host = Planned(tmp_path / folder, files, measured=run)
        assert ("worker_connections" not in host.recommended()) == is_enough


@given(st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_never_less_than_one_pool_alone_and_never_more_than_all(later_s: list[int]) -> None:
    pools = [
        Held(100 + number, burst(later_s=seconds, at_once=40), Setting(8, 100, 5.0))
        for number, seconds in enumerate(later_s)
    ]
    most = most_at_once(pools)
    assert pools[-1].requests <= most <= sum(held.requests for held in pools)
    if len(set(later_s)) == 1:
        assert most == sum(held.requests for held in pools)
