"""net.core.somaxconn: as large as a justified backlog, lowered only if asked, nothing grows by accident."""

from pathlib import Path

from tests.tune.hosts import FPM, NGINX_FILE, POOL_FILE, SYSCTL_FILE, Planned, host_files
from tests.tune.test_measured import measured
from tuner.tune.demand import Wishes

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
