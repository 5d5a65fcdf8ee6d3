"""How many idle connections nginx keeps to a pool, over its workers, upstreams and servers."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.model import Pool

POOL = "[www]\nlisten = 9000\npm = static\npm.max_children = 5\n"
ON = "fastcgi_keep_conn on;"


def pool_behind(root: Path, http: str, workers: str = "2", target: str = "nginx=1.22.1") -> Pool:
    main = f"worker_processes {workers};\nevents {{}}\nhttp {{\n{http}\n}}\n"
    (pool,) = stack_of(root, {"nginx.conf": main, "php-fpm.d/www.conf": POOL}, target).pools
    return pool


def upstream(name: str, keepalive: str, *servers: str) -> str:
    members = " ".join(f"server {address};" for address in servers or ("127.0.0.1:9000",))
    return f"upstream {name} {{ {members} {keepalive} }}"


def location(address: str, *settings: str) -> str:
    return f"location /{address} {{ fastcgi_pass {address}; {' '.join(settings)} }}"


def server(*locations: str) -> str:
    return f"server {{ listen 80; {' '.join(locations)} }}"


def test_each_worker_process_keeps_its_own(tmp_path: Path) -> None:
    pool = pool_behind(tmp_path, upstream("a", "keepalive 3;") + server(location("a", ON)))
    assert (pool.keepalive_per_worker.data, pool.kept_connections.data) == (3, 6)


def test_an_upstream_counts_once_and_several_add_up(tmp_path: Path) -> None:
    ways = [location("a", ON), f"location /2 {{ fastcgi_pass a; {ON} }}", location("b", ON)]
    http = upstream("a", "keepalive 3;") + upstream("b", "keepalive 4;") + server(*ways)
    assert pool_behind(tmp_path, http).keepalive_per_worker.data == 7


def test_the_servers_of_an_upstream_share_what_it_keeps(tmp_path: Path) -> None:
    http = upstream("a", "keepalive 7;", "127.0.0.1:9000", "10.0.0.1:9000") + server(location("a", ON))
    assert pool_behind(tmp_path, http).keepalive_per_worker.data == 3


@pytest.mark.parametrize("switch", ["", "fastcgi_keep_conn off;"])
def test_nothing_is_kept_where_it_is_off(switch: str, tmp_path: Path) -> None:
    pool = pool_behind(tmp_path, upstream("a", "keepalive 3;") + server(location("a", switch)))
    assert (pool.keepalive_per_worker.state, pool.kept_connections.state) == ("absent", "absent")


def test_nothing_is_kept_to_an_address_without_an_upstream(tmp_path: Path) -> None:
    pool = pool_behind(tmp_path, server(location("127.0.0.1:9000", ON)))
    assert pool.kept_connections.state == "absent"


@pytest.mark.parametrize(("version", "kept"), [("1.29.6", 0), ("1.29.7", 32), ("1.30.0", 32)])
def test_an_upstream_that_says_nothing_keeps_32_since_1_29_7(version: str, kept: int, tmp_path: Path) -> None:
    pool = pool_behind(tmp_path, upstream("a", "") + server(location("a", ON)), target=f"nginx={version}")
    assert pool.keepalive_per_worker.data == kept


def test_keepalive_0_keeps_none(tmp_path: Path) -> None:
    http = upstream("a", "keepalive 0;") + server(location("a", ON))
    assert pool_behind(tmp_path, http, target="nginx=1.30.0").keepalive_per_worker.data == 0


def test_one_worker_a_cpu_leaves_only_the_sum_unknown(tmp_path: Path) -> None:
    pool = pool_behind(tmp_path, upstream("a", "keepalive 3;") + server(location("a", ON)), workers="auto")
    assert (pool.keepalive_per_worker.data, pool.kept_connections.state) == (3, "unknown")
