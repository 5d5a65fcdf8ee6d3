"""Plans from logs of real runs: what they predict is what was measured with the recommended numbers."""

import json
from functools import cache
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.loads import measured_pool
from tests.tune.hosts import NGINX_FILE, POOL_FILE, Planned, host_files
from tuner.load.compact import decode, encode
from tuner.load.load_file import MeasuredPool
from tuner.load.measure import PoolLogs, measure_pool
from tuner.load.nginx_log.log_format import LogFormat
from tuner.tune.demand import Wishes
from tuner.tune.plan import Prediction

RUNS = Path(__file__).resolve().parents[1] / "data/replay"
LOG_FORMAT = (
    "$msec $request_time $status $upstream_status uct=$upstream_connect_time uht=$upstream_header_time"
    " urt=$upstream_response_time $request_uri"
)
COLLAPSE = "unix-collapse-B65535"
MIB = 1 << 20


@cache
def measured(run: str) -> MeasuredPool:
    return measure_pool(
        PoolLogs(
            "www",
            nginx_logs=[str(RUNS / run / "nginx.access.log.gz")],
            log_format=LogFormat(LOG_FORMAT),
            fpm_logs=[str(RUNS / run / "fpm.access.log.gz")],
            access_format="%{%s}t %{micro}d %s %q",
        )
    )


def far_from(prediction: Prediction | None, run: str) -> float:
    """Return by how much the worst share of a prediction misses what was measured."""
    assert prediction is not None
    truth = json.loads((RUNS / run / "run.json").read_text())["measured"]
    return max(abs(prediction.summary.shares[status] - truth[status]) for status in ("200", "502", "504"))


def collapsed(root: Path, wishes: Wishes | None = None, **host: str) -> Planned:
    files = host_files("listen.backlog = 65535", somaxconn=65535, **host)
    return Planned(root, files, wishes=wishes, measured=measured(COLLAPSE))


@pytest.fixture(scope="module")
def as_it_was(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """The host of the collapse with all its draws, for tests that only look at the plan."""
    return collapsed(tmp_path_factory.mktemp("as-it-was"))


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """The same where nginx waits for a minute, but somebody else for a second only."""
    return collapsed(tmp_path_factory.mktemp("impatient"), Wishes(deadline_s=1.0), timeout="60s")


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw service times less often for the hosts that a test makes itself; not for those above."""
    monkeypatch.setattr("tuner.load.replayable.LIKELY", 3)
    monkeypatch.setattr("tuner.load.replayable.POSSIBLE", 2)


def test_the_way_out_of_a_collapse(as_it_was: Planned) -> None:
    host = as_it_was
    (found,) = host.plan.recommendations
    (pool,) = host.plan.pools
    assert abs(int(found.recommended) - 112) <= 3
    assert found.bounds is not None
    assert found.bounds.is_empty
    assert far_from(pool.before, COLLAPSE) <= 0.035
    assert far_from(pool.after, "unix-collapse-B112") <= 0.035
    assert pool.before is not None
    assert pool.after is not None
    assert pool.before.summary.dead_time_s >= 45
    assert pool.after.summary.dead_time_s == 0


def test_what_else_would_carry_the_burst(as_it_was: Planned) -> None:
    more, longer, cache, shed = as_it_was.plan.pools[0].alternatives
    assert more.prediction is not None
    assert more.prediction.summary.shares["200"] > 0.995
    assert more.changes["pm.max_children"] in range(14, 21)
    assert "not measured" in more.price
    assert longer.prediction is not None
    assert longer.prediction.summary.shares["200"] > 0.995
    assert longer.changes["fastcgi_read_timeout"] in range(11, 14)
    assert cache.prediction is not None
    assert cache.prediction.summary.shares["200"] > 0.99
    assert cache.changes["requests answered by it"] == "48 %"
    assert shed.prediction is not None
    assert 0.8 < shed.prediction.summary.shares["200"] < 0.86


def test_workers_that_the_memory_has_room_for(tmp_path: Path) -> None:
    run = measured(COLLAPSE)
    assert run.service is not None
    with_memory = run.model_copy(
        update={"memory_bytes": run.service.service_us.model_copy(update={"counts": {128: 10}})}
    )
    assert with_memory.memory_bytes is not None
    each_bytes = with_memory.memory_bytes.histogram().percentile(0.95)
    files = host_files("listen.backlog = 65535", somaxconn=65535)
    host = Planned(tmp_path, files, measured=with_memory, wishes=Wishes(memory_bytes=int(each_bytes * 12.5)))
    assert host.recommended()["pm.max_children"] == 12
    host.bring_in()
    assert host.plan.recommendations == ()
    assert "pm.max_children = 12\n" in (tmp_path / POOL_FILE).read_text()


def test_the_least_part_that_a_cache_has_to_answer(as_it_was: Planned) -> None:
    pool = as_it_was.plan.pools[0]
    (cache,) = (found for found in pool.alternatives if found.title == "a cache")
    assert pool.after is not None
    assert cache.prediction is not None
    # Half of what comes while twice as much comes as is served.
    rest = cache.prediction.summary.requests / pool.after.summary.requests
    assert rest == pytest.approx(0.52, abs=0.01)


def test_a_timeout_is_no_way_where_somebody_else_waits_less(impatient: Planned) -> None:
    pool = impatient.plan.pools[0]
    assert "wait for longer" not in [found.title for found in pool.alternatives]


def test_processors_bound_the_workers_and_their_price(tmp_path: Path) -> None:
    run = measured(COLLAPSE)
    assert run.service is not None
    times = run.service.service_us
    busy = run.model_copy(
        update={"memory_bytes": times.model_copy(update={"counts": {128: 10}}), "cpu_us": times}
    )
    files = host_files("listen.backlog = 65535", somaxconn=65535)
    host = Planned(tmp_path, files, measured=busy, wishes=Wishes(memory_bytes=10**6, cores=8))
    assert host.recommended()["pm.max_children"] == 10
    host.bring_in()
    assert host.plan.recommendations == ()
    few = Planned(tmp_path / "few", files, measured=busy, wishes=Wishes(cores=4))
    (pool,) = few.plan.pools
    assert "8 processors when all are busy; 4 processors keep up with 5" in pool.alternatives[0].price
    assert any("4 processors keep up with 5 workers" in note for note in pool.notes)


def test_before_a_tcp_socket_nginx_turns_away_what_finds_no_room(tmp_path: Path) -> None:
    host = collapsed(tmp_path, listen="127.0.0.1:9000")
    found = host.recommended()
    assert found["max_conns"] == 8 + int(str(found["listen.backlog"])) + 1
    assert found["fastcgi_connect_timeout"] == 2
    assert sorted(host.bring_in()) == sorted([NGINX_FILE, POOL_FILE])
    text = (tmp_path / NGINX_FILE).read_text()
    assert f"server 127.0.0.1:9000 max_conns={found['max_conns']};\n        zone fpmtune_php 64k;\n" in text
    assert "fastcgi_pass php;\n            fastcgi_connect_timeout 2s;\n" in text
    assert host.plan.recommendations == ()
    (pool,) = host.plan.pools
    assert far_from(pool.before, "unix-collapse-B112") <= 0.035


def test_a_number_of_clients_bounds_what_they_need(tmp_path: Path) -> None:
    host = collapsed(tmp_path, Wishes(clients=60))
    assert host.recommended() == {"listen.backlog": host.plan.pools[0].bounds.limit}  # type: ignore[union-attr]
    host.bring_in()
    assert host.plan.recommendations == ()
    assert host.plan.pools[0].after is None


def test_a_dynamic_pool_that_grows_too_slowly(tmp_path: Path) -> None:
    spares = ("pm = dynamic", "pm.start_servers = 2", "pm.min_spare_servers = 1", "pm.max_spare_servers = 2")
    files = host_files("listen.backlog = 64", *spares, workers=40)
    host = Planned(tmp_path, files, measured=measured("unix-burst-B8"))
    found = host.recommended()
    assert {"pm.start_servers", "pm.min_spare_servers", "pm.max_spare_servers"} <= found.keys()
    (pool,) = host.plan.pools
    assert pool.before is not None
    assert pool.after is not None
    assert pool.after.summary.shares["200"] > pool.before.summary.shares["200"]
    host.bring_in()
    assert host.plan.recommendations == ()


def test_a_deadline_is_the_end_of_every_wait_also_in_predictions(impatient: Planned) -> None:
    (pool,) = impatient.plan.pools
    assert far_from(pool.before, COLLAPSE) <= 0.035
    assert far_from(pool.after, "unix-collapse-B112") <= 0.035


def test_redis_has_a_connection_for_each_worker_that_the_plan_adds(tmp_path: Path) -> None:
    run = measured(COLLAPSE)
    assert run.service is not None
    times = run.service.service_us.model_copy(update={"counts": {128: 10}})
    files = {
        **host_files("listen.backlog = 65535", somaxconn=65535),
        "etc/redis/redis.conf": "maxclients 20\n",
    }
    memory = run.model_copy(update={"memory_bytes": times})
    host = Planned(tmp_path, files, measured=memory, wishes=Wishes(memory_bytes=12 * 200))
    found = host.recommended()
    assert found["maxclients"] == int(str(found["pm.max_children"])) + 32
    host.bring_in()
    assert host.plan.recommendations == ()


def test_spare_servers_stay_within_the_memory(tmp_path: Path) -> None:
    run = measured("unix-burst-B8")
    assert run.service is not None
    memory = run.service.service_us.model_copy(update={"counts": {128: 10}})
    with_memory = run.model_copy(update={"memory_bytes": memory})
    spares = ("pm = dynamic", "pm.start_servers = 2", "pm.min_spare_servers = 1", "pm.max_spare_servers = 2")
    files = host_files("listen.backlog = 64", *spares, workers=40)
    few, more, all_of_them = (
        Planned(tmp_path / str(held), files, measured=with_memory, wishes=Wishes(memory_bytes=held * 130))
        for held in (15, 24, 40)
    )
    assert few.recommended() == {}
    assert more.recommended() == {
        "pm.start_servers": 16,
        "pm.min_spare_servers": 16,
        "pm.max_spare_servers": 24,
    }
    assert all_of_them.recommended() == {**more.recommended(), "pm.max_spare_servers": 32}


PING = "        location = /ping.php { fastcgi_pass php; fastcgi_read_timeout 1s; }\n"


def test_where_locations_differ_the_longest_wait_counts(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 65535", somaxconn=65535, timeout="60s")
    files[NGINX_FILE] = files[NGINX_FILE].replace("        listen 80;\n", f"        listen 80;\n{PING}")
    host = Planned(tmp_path, files, measured=measured(COLLAPSE))
    (pool,) = host.plan.pools
    assert any("between 1 and 60 s" in note for note in pool.notes)
    assert pool.before is not None
    assert pool.after is not None
    assert pool.after.summary.shares["200"] >= pool.before.summary.shares["200"] - 0.001


def test_max_conns_takes_the_place_of_no_backlog(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 65535", somaxconn=65535)
    held = "server unix:/run/php/www.sock max_conns=20;\n        zone here 64k;"
    files[NGINX_FILE] = files[NGINX_FILE].replace("server unix:/run/php/www.sock;", held)
    host = Planned(tmp_path, files, measured=measured(COLLAPSE))
    # Whoever leaves frees a place in nginx, but not in the queue.
    assert abs(int(str(host.recommended()["listen.backlog"])) - 112) <= 3


def sudden(run: MeasuredPool) -> MeasuredPool:
    """Return what was measured, with all arrivals of its busiest time twenty times as close together."""
    assert run.arrivals is not None
    windows = [
        window.model_copy(update={"offsets_ms": encode([at // 20 for at in decode(window.offsets_ms)])})
        for window in run.arrivals.windows
    ]
    return run.model_copy(update={"arrivals": run.arrivals.model_copy(update={"windows": windows})})


def test_where_no_spare_servers_are_enough_all_workers_stay(tmp_path: Path) -> None:
    spares = ("pm = dynamic", "pm.start_servers = 1", "pm.min_spare_servers = 1", "pm.max_spare_servers = 1")
    files = host_files("listen.backlog = 511", *spares, workers=20, timeout="3s")
    host = Planned(tmp_path, files, measured=sudden(measured("unix-burst-B8")))
    assert host.recommended()["pm"] == "static"
    (pool,) = host.plan.pools
    assert pool.before is not None
    assert pool.after is not None
    assert pool.after.summary.shares["200"] > pool.before.summary.shares["200"]
    host.bring_in()
    assert "pm" not in host.recommended()


def test_slow_requests_keep_workers_busy_from_before_a_burst(tmp_path: Path) -> None:
    random = Random(5)
    offsets_ms = [0]
    while offsets_ms[-1] < 60_000:
        offsets_ms.append(offsets_ms[-1] + int(random.expovariate(60 / 1000)))
    slow = measured_pool("www", offsets_ms, [random.expovariate(1 / 20) for _ in range(400)])
    files = host_files("listen.backlog = 4", workers=900, timeout="120s")
    host = Planned(tmp_path, files, measured=slow)
    (pool,) = host.plan.pools
    assert pool.before is not None
    assert pool.after is not None
    assert pool.before.summary.shares["502"] > 0.01
    assert pool.after.summary.shares["200"] > 0.99
