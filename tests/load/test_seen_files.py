"""What was seen of pools, in load files: written, read again, and merged to the last number."""

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.errors import InputError
from tuner.load.histogram import Histogram
from tuner.load.load_file import (
    Buckets,
    LoadFile,
    MeasuredPool,
    Polls,
    QueueSeen,
    Served,
    StatusSeen,
    WorkerMemory,
    buckets_of,
    load_file_of,
    write_load,
)
from tuner.load.merge import merge_loads
from tuner.load.read_load import read_load


def buckets(*numbers: int) -> Buckets:
    found = Histogram()
    for number in numbers:
        found.add(number)
    return buckets_of(found)


def status(number: int, arrived: int | None, busy_worker_ms: int | None) -> StatusSeen:
    return StatusSeen(
        pages=[f"10.0.0.{number}:9000?/status"],
        start_s=1000 + number,
        end_s=2000 + number,
        interval_ms=1000 * number,
        polls=Polls(
            asked=60 + number, waited=1, no_answer=2, no_connection=3, full=4, lost=5, skipped=number
        ),
        restarts=number,
        covered_ms=60_000 + number,
        taken=100 + number,
        arrived=arrived,
        per_second=buckets(number),
        busy=buckets(number, 3),
        workers=buckets(4, 4),
        busy_worker_ms=busy_worker_ms,
        most_active=number,
        longest_queue=number if number > 1 else None,
        max_children_reached=number,
        slow_requests=2 * number,
    )


def pool(number: int, *, arrived: int | None = 7, busy_worker_ms: int | None = 9) -> MeasuredPool:
    queue = QueueSeen(
        method="status" if number == 2 else "sock_diag",
        addresses=[f"10.0.0.{number}:9000"],
        interval_ms=100,
        effective_backlogs=[64, 64 * number] if number > 1 else [64],
        waiting=buckets(number, 0),
        full=number,
    )
    return MeasuredPool(
        name="www",
        hosts=1,
        sources=[],
        arrivals=None,
        service=None,
        memory_bytes=None,
        unknown=[],
        status=status(number, arrived, busy_worker_ms),
        queue=queue,
        workers=WorkerMemory(pss_bytes=buckets(5 * number), private_bytes=buckets(3 * number)),
    )


def of(pool: MeasuredPool) -> LoadFile:
    return load_file_of([pool])


def test_written_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "load.yaml"
    file.write_text(write_load(of(pool(1))))
    assert read_load(str(file)) == of(pool(1))


def test_hosts_add_up_in_any_order() -> None:
    pools = [pool(1), pool(2), pool(3)]
    merged = [merge_loads([of(one) for one in order]) for order in permutations(pools)]
    assert all(found == merged[0] for found in merged)
    nested = merge_loads([merge_loads([of(pools[2]), of(pools[0])]), of(pools[1])])
    assert nested == merged[0]
    (found,) = merged[0].pools
    assert found.status is not None
    assert found.queue is not None
    assert found.workers is not None
    assert found.status == StatusSeen(
        pages=["10.0.0.1:9000?/status", "10.0.0.2:9000?/status", "10.0.0.3:9000?/status"],
        start_s=1001,
        end_s=2003,
        interval_ms=3000,
        polls=Polls(asked=186, waited=3, no_answer=6, no_connection=9, full=12, lost=15, skipped=6),
        restarts=6,
        covered_ms=180_006,
        taken=306,
        arrived=21,
        per_second=buckets(1, 2, 3),
        busy=buckets(1, 2, 3, 3, 3, 3),
        workers=buckets(4, 4, 4, 4, 4, 4),
        busy_worker_ms=27,
        most_active=3,
        longest_queue=3,
        max_children_reached=6,
        slow_requests=12,
    )
    assert (found.queue.effective_backlogs, found.queue.full) == ([64, 128, 192], 6)
    assert (found.queue.method, found.queue.waiting) == ("status", buckets(1, 2, 3, 0, 0, 0))
    assert found.workers.private_bytes == buckets(3, 6, 9)
    assert found.workers.pss_bytes == buckets(5, 10, 15)


def test_what_one_host_does_not_know_is_not_known_of_all() -> None:
    (found,) = merge_loads([of(pool(1, arrived=None)), of(pool(2, busy_worker_ms=None))]).pools
    assert found.status is not None
    assert (found.status.arrived, found.status.busy_worker_ms) == (None, None)


def test_a_host_that_was_not_watched_changes_nothing() -> None:
    logged = pool(2).model_copy(update={"status": None, "workers": None})
    (found,) = merge_loads([of(pool(1)), of(logged)]).pools
    assert (found.status, found.workers) == (pool(1).status, pool(1).workers)


@given(st.permutations(["php-fpm log", "status", "inversion"]))
def test_the_least_sure_way_is_named(ways: list[str]) -> None:
    served = [Served.model_validate({"method": way, "service_us": buckets(5), "scripts": []}) for way in ways]
    pools = [pool(n).model_copy(update={"service": one}) for n, one in enumerate(served, 1)]
    (three,) = merge_loads([of(one) for one in pools]).pools
    assert three.service is not None
    assert three.service.method == "inversion"
    kept = [one for one in pools if one.service and one.service.method != "inversion"]
    (two,) = merge_loads([of(one) for one in kept]).pools
    assert two.service is not None
    assert two.service.method == "status"


OF_AN_OLDER_PROGRAM = """\
schema_version: 1
pools:
- name: www
  hosts: 1
  sources: [{kind: php-fpm log, paths: [a.log], format: '%d', lines: 1, used: 1}]
  arrivals: null
  service: null
  memory_bytes: null
  unknown: []
"""


def test_files_of_older_programs_are_read(tmp_path: Path) -> None:
    file = tmp_path / "load.yaml"
    file.write_text(OF_AN_OLDER_PROGRAM)
    (found,) = read_load(str(file)).pools
    assert (found.status, found.queue, found.workers) == (None, None, None)


def test_a_pool_that_nobody_measured(tmp_path: Path) -> None:
    file = tmp_path / "load.yaml"
    lines = OF_AN_OLDER_PROGRAM.splitlines(keepends=True)
    file.write_text("".join("  sources: []\n" if "sources" in line else line for line in lines))
    with pytest.raises(InputError, match="without sources, status or queue"):
        read_load(str(file))
