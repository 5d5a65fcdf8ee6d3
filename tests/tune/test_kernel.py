"""net.core.somaxconn: as large as a justified backlog, lowered only if asked, nothing grows by accident."""

from pathlib import Path

import pytest

from tests.tune.hosts import FPM, NGINX_FILE, POOL_FILE, SYSCTL_FILE, Planned, host_files
from tests.tune.test_measured import measured
from tuner.tune.demand import Wishes

REDIS_FILE = "etc/redis/redis.conf"
OTHER = f"{FPM}/pool.d/zoo.conf"


def other_pool(*lines: str) -> str:
    needed = ("[zoo]", "user = zoo", "listen = /run/php/zoo.sock", "pm = static", "pm.max_children = 2")
    return "\n".join((*needed, *lines, ""))


def starved(root: Path, *other: str, somaxconn: int = 16) -> Planned:
    """A pool whose bursts need more than somaxconn allows, and another one beside it."""
    files = host_files("listen.backlog = 511", workers=12, timeout="10s", somaxconn=somaxconn)
    return Planned(root, {**files, OTHER: other_pool(*other)}, measured=measured("unix-collapse-B65535"))


def test_it_is_raised_to_what_a_burst_needs_and_the_others_stay_as_they_are(tmp_path: Path) -> None:
    host = starved(tmp_path, "listen.backlog = 65535")
    found = {(one.entity, one.setting): one.recommended for one in host.plan.recommendations}
    backlog = found["pool:www", "listen.backlog"]
    assert int(str(backlog)) > 16
    assert found["kernel", "net.core.somaxconn"] == max(int(str(backlog)), 511)
    assert found["pool:zoo", "listen.backlog"] == 16
    assert host.plan.recommendations[0].program == "kernel"
    assert sorted(host.bring_in()) == sorted([NGINX_FILE, OTHER, POOL_FILE, SYSCTL_FILE])
    assert host.plan.recommendations == ()
    queues = {pool.name: pool.listener.effective_backlog.data for pool in host.stack.pools if pool.listener}
    assert queues == {"www": backlog, "zoo": 16}


def test_a_queue_that_is_shorter_anyway_is_not_touched(tmp_path: Path) -> None:
    host = starved(tmp_path, "listen.backlog = 10")
    assert ("pool:zoo", "listen.backlog") not in {(r.entity, r.setting) for r in host.plan.recommendations}


def test_it_is_lowered_only_when_asked(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 100", somaxconn=65535)
    assert Planned(tmp_path, files).plan.recommendations == ()
    host = Planned(tmp_path, files, wishes=Wishes(may_lower=True))
    assert host.recommended() == {"net.core.somaxconn": 4096}
    host.bring_in()
    assert host.plan.recommendations == ()


def test_it_is_not_lowered_below_a_queue_of_which_nothing_is_known(tmp_path: Path) -> None:
    files = {
        **host_files("listen.backlog = 100", somaxconn=65535),
        OTHER: other_pool("listen.backlog = 9000"),
    }
    run = measured("unix-collapse-B65535")
    host = Planned(tmp_path, files, measured=run, wishes=Wishes(may_lower=True))
    assert host.recommended()["net.core.somaxconn"] == 9000


def with_redis(root: Path, backlog: int, somaxconn: int) -> Planned:
    """A pool that needs more than somaxconn allows, beside a Redis that asks for `backlog`."""
    files = host_files("listen.backlog = 65535", workers=600, somaxconn=somaxconn)
    return Planned(
        root, {**files, REDIS_FILE: f"maxclients 4000\ntcp-backlog {backlog}\n"}, wishes=Wishes(clients=3000)
    )


@pytest.mark.parametrize(
    ("backlog", "somaxconn", "pinned", "steps"),
    [
        (9000, 1000, 1000, 1),
        (1001, 1000, 1000, 1),
        (1000, 1000, None, 1),
        (9000, 128, 600, 2),
        (511, 128, 600, 2),
    ],
)
def test_the_queue_of_redis_stays_as_it_is_in_force(
    tmp_path: Path, backlog: int, somaxconn: int, pinned: int | None, steps: int
) -> None:
    host = with_redis(tmp_path, backlog, somaxconn)
    found = {one.setting: one.recommended for one in host.plan.recommendations}
    assert int(str(found["net.core.somaxconn"])) > 1001
    assert found.get("tcp-backlog") == pinned
    assert not any("also lengthens" in note for note in host.plan.notes)
    commands = [step.command for step in host.plan.steps]
    assert commands.count("systemctl restart redis-server") == steps - 1
    assert not any("CONFIG SET" in str(command) for command in commands)
    host.bring_in()
    assert host.plan.recommendations == ()
