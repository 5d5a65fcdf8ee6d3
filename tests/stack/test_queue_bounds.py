"""What a pool's queue means in time, derived from the pool, its load and the locations that reach it."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.load.declared import DeclaredLoad, put_on
from tuner.stack.model import Pool
from tuner.stack.pool_load import PoolQueue
from tuner.stack.queue_bounds import bound_queue
from tuner.stack.value import Value

NGINX = "etc/nginx/nginx.conf"
POOLS = "etc/php/8.2/fpm/pool.d/www.conf"


def location(path: str, timeout: str = "") -> str:
    set_timeout = f"fastcgi_read_timeout {timeout};" if timeout else ""
    return f"location {path} {{ fastcgi_pass unix:/run/www.sock; {set_timeout} }}"


def pool_of(
    root: Path,
    *locations: str,
    children: str = "8",
    backlog: str = "112",
    listen: str = "listen = /run/www.sock",
    service_time: str = "",
    target: str = "debian-12",
) -> Pool:
    asked = f"listen.backlog = {backlog}" if backlog else ""
    files = {
        NGINX: f"events {{}}\nhttp {{ server {{ listen 80; {' '.join(locations)} }} }}\n",
        POOLS: f"[www]\n{listen}\n{asked}\npm = static\npm.max_children = {children}\n",
    }
    stack = stack_of(root, files, target)
    if service_time:
        put_on([stack], DeclaredLoad(service_time, "120"))
    return stack.pools[0]


def queue_of(pool: Pool) -> PoolQueue:
    assert pool.queue is not None
    return pool.queue


def numbers(queue: PoolQueue) -> dict[str, object]:
    return {name: value.data for name, value in queue if isinstance(value, Value)}


def test_with_a_load(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, location("/", "1s"), backlog="113", service_time="50ms")
    assert numbers(queue_of(pool)) == {
        "shortest_read_timeout": 1,
        "first_timeout": 1,
        "capacity": pytest.approx(158.416, abs=0.001),
        "utilisation": 0.758,
        "enough_workers": 10,
        "largest_backlog": 112,
        "drain_time": 0.72,
        "answer_time": 1.01,
        "longest_mean_service_time": 0.0497,
        "unclamped_mean_service_time": 0.0497,
    }


def test_without_a_load_only_the_longest_service_time_is_known(tmp_path: Path) -> None:
    queue = queue_of(pool_of(tmp_path, location("/", "1s")))
    known = {name for name, data in numbers(queue).items() if data is not None}
    times = {"longest_mean_service_time", "unclamped_mean_service_time"}
    assert known == {"shortest_read_timeout", "first_timeout", *times}
    assert "give --load, or --qps and --service-time" in queue.largest_backlog.origin.words


def test_the_shortest_timeout_of_the_locations_counts(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, location("/a", "5m"), location("/b", "20s"), location("/c"))
    timeout = queue_of(pool).shortest_read_timeout
    assert (timeout.data, str(timeout.origin)) == (20, f"{tmp_path}/{NGINX}:2")


def test_a_timeout_that_nobody_knows_leaves_the_shortest_open(tmp_path: Path) -> None:
    queue = queue_of(pool_of(tmp_path, location("/a", "5m"), location("/b", "$slow")))
    assert queue.shortest_read_timeout.state == "unknown"
    assert queue.longest_mean_service_time.state == "unknown"


def test_no_location_no_timeout(tmp_path: Path) -> None:
    queue = queue_of(pool_of(tmp_path, service_time="50ms"))
    assert queue.largest_backlog.state == "unknown"
    assert "no nginx location" in queue.largest_backlog.origin.words
    assert queue.drain_time.data == 0.714


def test_a_pool_whose_listen_another_file_sets_has_no_queue_to_drain(tmp_path: Path) -> None:
    queue = queue_of(pool_of(tmp_path, backlog="", listen="", service_time="50ms"))
    assert queue.capacity.is_known
    assert queue.drain_time.state == "unknown"


def test_php_fpm_does_not_start_without_a_worker(tmp_path: Path) -> None:
    queue = queue_of(pool_of(tmp_path, location("/"), children="0", service_time="50ms"))
    for bound in (queue.capacity, queue.longest_mean_service_time):
        assert bound.state == "unknown"
        assert bound.origin.words == "php-fpm does not start with pm.max_children = 0"


def test_a_number_of_workers_that_may_be_set_elsewhere(tmp_path: Path) -> None:
    """Unless the unseen file sets it there is no worker, so no case has a capacity."""
    pool = "[www]\nlisten = /run/www.sock\npm = static\ninclude = /opt/more.conf\n"
    stack = stack_of(tmp_path, {POOLS: pool}, "debian-12")
    put_on([stack], DeclaredLoad("50ms"))
    assert queue_of(stack.pools[0]).capacity.state == "unknown"
    assert {option.data for option in queue_of(stack.pools[0]).capacity.options} == {None}


def test_what_depends_on_the_kernel_has_a_value_for_each(tmp_path: Path) -> None:
    queue = queue_of(pool_of(tmp_path, location("/"), backlog="-1", target="", service_time="120ms"))
    times = {option.data: [str(c) for c in option.conditions] for option in queue.drain_time.options}
    assert "kernel < 5.4" in times[1.95]
    assert "kernel >= 5.4" in times[61.8]


def test_bounds_follow_what_they_are_made_of(tmp_path: Path) -> None:
    pool = pool_of(tmp_path, location("/", "1s"), service_time="50ms")
    pool.max_children = pool_of(tmp_path / "other", location("/"), children="20").max_children
    bound_queue(pool)
    assert queue_of(pool).largest_backlog.data == 300


def test_what_is_printed_rounded_still_holds(tmp_path: Path) -> None:
    """Times of the queue are rounded up, the service time that it allows is rounded down."""
    queue = queue_of(pool_of(tmp_path, location("/", "1s"), backlog="41", children="8", service_time="100ms"))
    assert queue.answer_time.data == 0.991
    assert queue.longest_mean_service_time.data == 0.1


@pytest.mark.parametrize(("timeout", "expected"), [("1m", 0.0702), ("1h", 4.24), ("30d", 3050), ("1ms", 0)])
def test_the_longest_service_time_has_three_digits(tmp_path: Path, timeout: str, expected: float) -> None:
    pool = pool_of(tmp_path, location("/", timeout), children="5", backlog="-1")
    assert queue_of(pool).longest_mean_service_time.data == expected
