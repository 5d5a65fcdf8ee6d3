"""Lines that several pools include, and sysctls that several files set."""

from pathlib import Path

import pytest

from tests.tune.hosts import FPM, NGINX_FILE, POOL_FILE, SYSCTL_FILE, Planned, host_files
from tests.tune.test_kernel import starved
from tests.tune.test_measured import measured
from tuner.tune.demand import Wishes

COMMON = f"{FPM}/common.inc"
API = "listen 80; location /api { fastcgi_pass unix:/run/php/api.sock; fastcgi_read_timeout 1s; }"


def two_pools(root: Path, api_workers: int, common: str = "listen.backlog = 65535") -> Planned:
    files = host_files(workers=8, timeout="1s")
    pool = "user = www-data\nlisten = /run/php/$pool.sock\npm = static\n"
    included = f"include = /{FPM}/common.inc\n"
    www, api = (f"{pool}pm.max_children = {number}\n{included}" for number in (8, api_workers))
    files |= {COMMON: f"{common}\n", POOL_FILE: f"[www]\n{www}[api]\n{api}"}
    return Planned(root, {**files, NGINX_FILE: files[NGINX_FILE].replace("listen 80;", API)})


def test_pools_that_need_different_values_of_an_included_line_get_their_own(tmp_path: Path) -> None:
    host = two_pools(tmp_path, api_workers=64)
    first, second = (found.recommended for found in host.plan.recommendations)
    assert first != second
    assert host.bring_in() == [POOL_FILE]
    text = (tmp_path / POOL_FILE).read_text()
    assert f"common.inc\nlisten.backlog = {first}\n[api]" in text
    assert text.endswith(f"common.inc\nlisten.backlog = {second}\n")
    assert host.plan.recommendations == ()


def test_a_pool_that_is_right_keeps_what_another_one_includes_as_well(tmp_path: Path) -> None:
    host = two_pools(tmp_path, api_workers=64, common="listen.backlog = 700")
    (found,) = host.plan.recommendations
    assert found.entity == "pool:www"
    assert host.bring_in() == [POOL_FILE]
    assert host.plan.recommendations == ()
    queues = {pool.name: pool.listener.backlog.data for pool in host.stack.pools if pool.listener}
    assert queues == {"www": found.recommended, "api": 700}


def test_what_all_want_alike_is_changed_where_it_stands(tmp_path: Path) -> None:
    host = two_pools(tmp_path, api_workers=8)
    assert host.bring_in() == [COMMON]
    assert host.plan.recommendations == ()


OTHERS = {
    "etc/sysctl.d/10-old.conf": "net.core.somaxconn = 16\nnet/core/somaxconn=16\n",
    "etc/sysctl.d/20-other.conf": "net.core.somaxconn = 17\n",
    "usr/lib/sysctl.d/50-web.conf": "net.core.somaxconn = 16\n",
}


def test_every_line_of_the_administrators_that_says_the_same_is_changed(tmp_path: Path) -> None:
    files = {**host_files("listen.backlog = 511", workers=12, timeout="10s", somaxconn=16), **OTHERS}
    host = Planned(tmp_path, files, measured=measured("unix-collapse-B65535"))
    number = host.recommended()["net.core.somaxconn"]
    assert {"etc/sysctl.d/10-old.conf", SYSCTL_FILE} <= set(host.bring_in())
    assert (tmp_path / SYSCTL_FILE).read_text() == f"net.core.somaxconn = {number}\n"
    old = (tmp_path / "etc/sysctl.d/10-old.conf").read_text()
    assert old == f"net.core.somaxconn = {number}\nnet/core/somaxconn={number}\n"
    for kept in ("etc/sysctl.d/20-other.conf", "usr/lib/sysctl.d/50-web.conf"):
        assert (tmp_path / kept).read_text() == OTHERS[kept]
    assert host.plan.recommendations == ()


def test_what_a_written_queue_needs_of_the_kernel_is_asked_for_again(tmp_path: Path) -> None:
    host = starved(tmp_path, "listen.backlog = 10")
    asked = host.recommended()
    host.bring_in()
    (tmp_path / SYSCTL_FILE).write_text("net.core.somaxconn = 16\n")
    host.read()
    assert host.recommended() == {"net.core.somaxconn": asked["net.core.somaxconn"]}


def test_so_is_what_redis_needs(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", "pm = static", workers=600, somaxconn=128)
    for backlog in (600, 2000):
        files["etc/redis/redis.conf"] = f"maxclients 10000\ntcp-backlog {backlog}\n"
        assert Planned(tmp_path, files).recommended() == {"net.core.somaxconn": 600}


@pytest.mark.parametrize(("version", "is_pinned"), [("7.4", False), ("8.2", True)])
def test_no_backlog_is_written_that_ondemand_would_replace(
    tmp_path: Path, version: str, is_pinned: bool
) -> None:
    files = host_files("listen.backlog = 10", workers=600, somaxconn=128)
    files[f"{FPM}/pool.d/zoo.conf"] = (
        "[zoo]\nuser = zoo\nlisten = /run/php/zoo.sock\npm = ondemand\npm.max_children = 2\n"
    )
    files["etc/redis/redis.conf"] = "maxclients 10000\ntcp-backlog 2000\n"
    moved = {path.replace("8.2", version): text.replace("8.2", version) for path, text in files.items()}
    host = Planned(tmp_path, moved, wishes=Wishes())
    assert host.recommended()["net.core.somaxconn"] == 602
    assert ("listen.backlog" in host.recommended()) == is_pinned
    assert any("queue of unix:/run/php/zoo.sock" in note for note in host.plan.notes) != is_pinned
    host.bring_in()
    assert host.plan.recommendations == ()
