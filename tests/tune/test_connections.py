"""nginx's own limits: as many connections and files as the recorded bursts take, never fewer than now."""

from pathlib import Path

import pytest

from tests.tune.hosts import NGINX_FILE, Planned, host_files, with_arrivals
from tests.tune.test_measured import COLLAPSE, measured
from tuner.laws.path_limits import needed_worker_connections
from tuner.tune.demand import Wishes

LIMITS = ("worker_connections", "worker_rlimit_nofile")
WORKERS, BACKLOG = 12, 2000


def busy(root: Path, main: str = "events {}", *pool: str, wishes: Wishes | None = None) -> Planned:
    """A pool whose bursts queue by the hundreds, all answered in time, behind an nginx with `main`."""
    settings = pool or (f"listen.backlog = {BACKLOG}",)
    files = host_files(*settings, workers=WORKERS, timeout="10s")
    files[NGINX_FILE] = files[NGINX_FILE].replace("events {}", main)
    return Planned(root, files, measured=measured(COLLAPSE), wishes=wishes)


def limits(host: Planned) -> dict[str, object]:
    return {name: number for name, number in host.recommended().items() if name in LIMITS}


def requests_of(host: Planned) -> int:
    (pool,) = host.plan.pools
    assert pool.bounds and pool.bounds.need
    assert pool.after
    return WORKERS + max(pool.bounds.need + 1, pool.after.summary.longest_queue)


def test_what_does_not_fit_into_the_default_is_written_where_it_belongs(tmp_path: Path) -> None:
    host = busy(tmp_path)
    needed = needed_worker_connections(requests_of(host), listeners=1)
    assert 1024 < needed <= 2048
    assert limits(host) == {"worker_connections": 2048, "worker_rlimit_nofile": 4096}
    assert host.bring_in() == [NGINX_FILE]
    text = (tmp_path / NGINX_FILE).read_text()
    assert text.startswith("events { worker_connections 2048; }\nworker_rlimit_nofile 4096;\nhttp {")
    assert host.plan.recommendations == ()


def test_beside_what_is_written(tmp_path: Path) -> None:
    main = "user www-data;\nworker_processes 2;\n\nevents {\n\tworker_connections 768;\n\tmulti_accept on;\n}"
    host = busy(tmp_path, main)
    assert limits(host) == {"worker_connections": 2048, "worker_rlimit_nofile": 4096}
    host.bring_in()
    expected = main.replace("768", "2048").replace("2;\n", "2;\nworker_rlimit_nofile 4096;\n")
    assert (tmp_path / NGINX_FILE).read_text().startswith(expected)
    assert host.plan.recommendations == ()


def test_exactly_as_many_as_are_needed_are_enough(tmp_path: Path) -> None:
    needed = needed_worker_connections(requests_of(busy(tmp_path / "a")), listeners=1)
    assert limits(busy(tmp_path / "b", f"events {{ worker_connections {needed}; }}")) == {}
    assert "worker_connections" in limits(
        busy(tmp_path / "c", f"events {{ worker_connections {needed - 1}; }}")
    )


def test_why_says_how_many_are_turned_away(tmp_path: Path) -> None:
    def why(folder: str, processes: str) -> str:
        host = busy(
            tmp_path / folder, f"worker_processes {processes};\nevents {{ worker_connections 1024; }}"
        )
        return next(found.why for found in host.plan.recommendations if found.setting == "worker_connections")

    assert "it holds 511, and the rest get 500 or no answer" in why("a", "1")
    for number, processes in enumerate(("2", "auto")):
        assert "one worker process holds 511; if they come together, one may get them all" in why(
            str(number), processes
        )


@pytest.mark.parametrize(
    ("files", "recommended"),
    [("", None), ("worker_rlimit_nofile 1024;", 8192), ("worker_rlimit_nofile 4000;", None)],
)
def test_the_limit_of_files_is_raised_for_what_is_needed(
    files: str, recommended: int | None, tmp_path: Path
) -> None:
    host = busy(tmp_path, f"{files} events {{ worker_connections 4096; }}")
    assert limits(host).get("worker_rlimit_nofile") == recommended
    host.bring_in()
    assert host.plan.recommendations == ()


def test_a_limit_of_files_that_takes_the_raised_connections_stays(tmp_path: Path) -> None:
    assert limits(busy(tmp_path / "a", "worker_rlimit_nofile 4096; events {}")) == {
        "worker_connections": 2048
    }
    assert "worker_rlimit_nofile" in limits(busy(tmp_path / "b", "worker_rlimit_nofile 4095; events {}"))


def test_a_queue_that_is_shorter_than_the_bursts_holds_fewer(tmp_path: Path) -> None:
    assert limits(busy(tmp_path, "events {}", "listen.backlog = 200", wishes=Wishes(deadline_s=1.0))) == {}


def test_what_a_full_tcp_queue_turns_away_hangs_in_nginx(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 100", listen="127.0.0.1:9000")
    direct = files[NGINX_FILE].replace("fastcgi_pass php", "fastcgi_pass 127.0.0.1:9000")
    run = measured(COLLAPSE)
    host = Planned(tmp_path / "tcp", {**files, NGINX_FILE: direct}, measured=run)
    # So many requests at a time has a replay of this plan, 100 of them in the queue.
    assert int(str(limits(host)["worker_connections"])) >= 2 * 539
    host.bring_in()
    assert host.plan.recommendations == ()
    unix = Planned(tmp_path / "unix", host_files("listen.backlog = 100"), measured=run)
    assert limits(unix) == {}


def test_max_conns_holds_back_what_would_need_connections(tmp_path: Path) -> None:
    files = host_files(f"listen.backlog = {BACKLOG}", workers=WORKERS, timeout="10s")
    files[NGINX_FILE] = files[NGINX_FILE].replace("www.sock;", "www.sock max_conns=200;")
    assert limits(Planned(tmp_path, files, measured=measured(COLLAPSE))) == {}


def test_idle_workers_need_no_connections(tmp_path: Path) -> None:
    """300 workers, of which the traffic keeps a few busy."""
    quiet = with_arrivals(measured(COLLAPSE), range(0, 20_000, 20))
    files = host_files("listen.backlog = 100", workers=300)
    assert limits(Planned(tmp_path, files, measured=quiet)) == {}


def test_many_together_count_though_none_waits(tmp_path: Path) -> None:
    together = with_arrivals(measured(COLLAPSE), [*([0] * 280), *range(1000, 20_000, 20)])
    host = Planned(tmp_path, host_files("listen.backlog = 100", workers=300), measured=together)
    assert limits(host) == {"worker_connections": 1024, "worker_rlimit_nofile": 2048}


def test_without_recorded_arrivals_nothing_is_known(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", workers=5000)
    assert limits(Planned(tmp_path / "a", files)) == {}
    assert limits(Planned(tmp_path / "b", files, wishes=Wishes(clients=4000))) == {}


def test_what_has_no_events_is_written_by_hand(tmp_path: Path) -> None:
    host = busy(tmp_path, "")
    assert {one.recommendation.setting: one.reason for one in host.patches.unwritten} == {
        "worker_connections": "no file of those read has it",
        "worker_rlimit_nofile": "no file of those read has it",
    }
