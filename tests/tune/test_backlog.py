"""listen.backlog: no longer than anybody waits, and no line touched but its own."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.loads import measured_pool
from tests.tune.hosts import POOL_FILE, SYSCTL_FILE, Planned, host_files
from tuner.laws.queueing import answer_time_s, capacity_per_s
from tuner.tune.demand import Wishes

EXPONENTIAL_P95_S = 0.15


def answered_after_s(backlog: int, workers: int) -> float:
    return answer_time_s(backlog, capacity_per_s(workers, 0.05), EXPONENTIAL_P95_S)


def test_a_queue_that_outlives_the_deadline_is_cut_to_the_longest_that_does_not(tmp_path: Path) -> None:
    host = Planned(tmp_path, host_files("listen.backlog = 65535", somaxconn=65535))
    (found,) = host.plan.recommendations
    backlog = int(found.recommended)
    assert answered_after_s(backlog, 8) <= 1 < answered_after_s(backlog + 1, 8)
    assert "given up" in found.why
    assert found.requires == "restart"
    assert host.bring_in() == [POOL_FILE]
    assert (tmp_path / POOL_FILE).read_text() == host_files(f"listen.backlog = {backlog}")[POOL_FILE]
    assert host.plan.recommendations == ()


def test_a_shorter_deadline_of_those_who_wait_counts(tmp_path: Path) -> None:
    host = Planned(
        tmp_path,
        host_files("listen.backlog = 65535", somaxconn=65535, timeout="60s"),
        wishes=Wishes(deadline_s=1.0),
    )
    assert answered_after_s(int(str(host.recommended()["listen.backlog"])), 8) <= 1


@pytest.mark.parametrize("backlog", ["listen.backlog = 100", "listen.backlog = 112"])
def test_a_queue_within_the_deadline_is_left_alone(tmp_path: Path, backlog: str) -> None:
    assert Planned(tmp_path, host_files(backlog)).plan.recommendations == ()


def test_a_backlog_that_nobody_wrote_is_added_to_the_section(tmp_path: Path) -> None:
    files = host_files()
    host = Planned(tmp_path, files, target="debian-12")
    backlog = host.recommended()["listen.backlog"]
    assert host.bring_in() == [POOL_FILE]
    assert (tmp_path / POOL_FILE).read_text() == files[POOL_FILE] + f"listen.backlog = {backlog}\n"
    assert host.plan.recommendations == ()


def test_a_backlog_that_is_cut_anyway_is_written_as_it_is_in_force(tmp_path: Path) -> None:
    host = Planned(tmp_path, host_files("listen.backlog = 65535", timeout="60s", somaxconn=1024))
    assert host.recommended() == {"listen.backlog": 1024}
    host.bring_in()
    assert host.plan.recommendations == ()


def test_no_queue_helps_where_a_single_request_takes_too_long(tmp_path: Path) -> None:
    host = Planned(tmp_path, host_files("listen.backlog = 65535", somaxconn=65535), service_time="1s")
    assert host.plan.recommendations == ()
    assert any("not even a short queue is answered" in note for note in host.plan.pools[0].notes)


def test_where_no_queue_helps_a_short_one_harms_least(tmp_path: Path) -> None:
    random, burst = Random(1), [int(n / 0.3) for n in range(3000)]
    slow = measured_pool("www", burst, [random.choice((0.01,) * 9 + (1.5,)) for _ in range(400)])
    host = Planned(tmp_path, host_files("listen.backlog = 65535", somaxconn=65535), measured=slow)
    (found,) = host.plan.recommendations
    assert int(found.recommended) <= 32
    (pool,) = host.plan.pools
    assert pool.before is not None
    assert pool.after is not None
    assert pool.after.summary.shares["200"] > pool.before.summary.shares["200"] + 0.05
    host.bring_in()
    assert host.plan.recommendations == ()


def test_the_same_backlog_from_above_and_from_below(tmp_path: Path) -> None:
    calm, burst = range(0, 30_000, 50), range(30_000, 31_000, 4)
    run = measured_pool("www", [*calm, *burst], [0.05] * 400)
    long = Planned(
        tmp_path / "long", host_files("listen.backlog = -1", timeout="60s", somaxconn=65535), measured=run
    )
    short = Planned(
        tmp_path / "short", host_files("listen.backlog = 4", timeout="60s", somaxconn=65535), measured=run
    )
    (above,), (below,) = long.plan.recommendations, short.plan.recommendations
    assert above.recommended == below.recommended == 511
    assert above.bounds is not None
    assert (above.bounds.need or 0) < 256
    assert (above.bounds.limit or 0) > 8000


def test_a_queue_that_is_a_little_too_long_is_left_alone(tmp_path: Path) -> None:
    limit = 112
    for backlog, recommended in ((limit, {}), (122, {}), (123, {"listen.backlog": limit})):
        host = Planned(tmp_path / str(backlog), host_files(f"listen.backlog = {backlog}"))
        assert host.recommended() == recommended


def test_a_short_queue_is_too_short_with_any_somaxconn(tmp_path: Path) -> None:
    run = measured_pool("www", list(range(0, 30_000, 4)), [0.05] * 400)
    host = Planned(
        tmp_path, host_files("listen.backlog = 4", timeout="60s", somaxconn=None), measured=run, target=""
    )
    assert int(str(host.recommended()["listen.backlog"])) > 1000
    assert any("net.core.somaxconn is not known" in note for note in host.plan.notes)


def test_a_deadline_is_named_where_it_decides(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 65535", somaxconn=65535, timeout="60s")
    (found,) = Planned(tmp_path, files, wishes=Wishes(deadline_s=1.0)).plan.recommendations
    assert "the last is answered after the 1 s" in found.why
    assert [value.data for value in found.inputs if value.label == "deadline"] == [1.0]


def test_without_workers_nothing_is_said(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 65535", somaxconn=65535)
    files[POOL_FILE] = files[POOL_FILE].replace("pm.max_children = 8\n", "")
    host = Planned(tmp_path, files)
    assert host.plan.recommendations == ()
    assert any("left alone" in note for note in host.plan.pools[0].notes)


@settings(max_examples=60, deadline=None)
@given(
    backlog=st.one_of(st.none(), st.integers(-1, 70_000)),
    somaxconn=st.integers(1, 70_000),
    workers=st.integers(1, 500),
    timeout=st.integers(1, 300),
    service_ms=st.integers(1, 5_000),
)
def test_a_plan_that_was_brought_in_leaves_nothing_to_do(
    tmp_path_factory: pytest.TempPathFactory,
    backlog: int | None,
    somaxconn: int,
    workers: int,
    timeout: int,
    service_ms: int,
) -> None:
    lines = () if backlog is None else (f"listen.backlog = {backlog}",)
    files = host_files(*lines, workers=workers, timeout=f"{timeout}s", somaxconn=somaxconn)
    host = Planned(tmp_path_factory.mktemp("host"), files, f"{service_ms}ms", "debian-12")
    settings_named = [(found.entity, found.setting) for found in host.plan.recommendations]
    assert len(settings_named) == len(set(settings_named))
    host.bring_in()
    assert host.plan.recommendations == ()
    written = (host.root / SYSCTL_FILE).read_text()
    assert int(written.split("=")[1]) >= somaxconn


@pytest.mark.parametrize("backlog", ["listen.backlog = 50", "listen.backlog = 65535", ""])
def test_an_unknown_somaxconn_is_no_reason_to_lengthen_or_to_repeat(tmp_path: Path, backlog: str) -> None:
    files = {**host_files(*([backlog] if backlog else [])), SYSCTL_FILE: "# empty\n"}
    host = Planned(tmp_path, files)
    written = host.recommended().get("listen.backlog")
    assert written is None if backlog.endswith("50") else isinstance(written, int) and written < 200
    host.bring_in()
    assert host.plan.recommendations == ()


def test_no_backlog_is_more_than_every_kernel_takes(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 2000000000", workers=900, timeout="1h", somaxconn=2_000_000_000)
    host = Planned(tmp_path, files, service_time="1ms")
    assert host.recommended() == {"listen.backlog": 65535}


def test_an_ondemand_pool_gets_no_backlog_that_php_fpm_replaces(tmp_path: Path) -> None:
    lines = ("pm = ondemand", "listen.backlog = 65535")
    new = Planned(tmp_path / "new", host_files(*lines, somaxconn=65535))
    assert new.recommended() == {"listen.backlog": 112}
    new.bring_in()
    assert new.plan.recommendations == ()
    older = {path.replace("8.2", "8.1"): text for path, text in host_files(*lines, somaxconn=65535).items()}
    old = Planned(tmp_path / "old", {path: text.replace("8.2", "8.1") for path, text in older.items()})
    assert old.plan.recommendations == ()
    assert any("takes no backlog below 511" in note for note in old.plan.pools[0].notes)
    longer = Planned(
        tmp_path / "longer",
        {path: text.replace("8.2", "8.1").replace(" 1s;", " 60s;") for path, text in older.items()},
    )
    assert int(str(longer.recommended()["listen.backlog"])) >= 511
    longer.bring_in()
    assert longer.plan.recommendations == ()


def test_clients_need_no_reserve(tmp_path: Path) -> None:
    host = Planned(tmp_path, host_files("listen.backlog = 4", timeout="60s"), wishes=Wishes(clients=50))
    assert host.recommended() == {"listen.backlog": 50}


def test_times_that_are_all_alike_leave_no_room_above_the_limit(tmp_path: Path) -> None:
    # Measured: of a queue of 73 at 4 workers and 50 ms 65.3 % were answered, of one of 78 17.7 %.
    alike = measured_pool("www", list(range(0, 30_000, 8)), [0.05] * 400)
    files = host_files("listen.backlog = 78", workers=4)
    host = Planned(tmp_path, files, measured=alike)
    assert int(str(host.recommended()["listen.backlog"])) <= 75
