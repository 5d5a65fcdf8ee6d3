"""A queue that carried the recorded traffic: the length that is safe for all would lose some of it."""

from math import log
from pathlib import Path

import pytest

from tests.fuzz.loads import measured_pool
from tests.tune.hosts import Planned, host_files

EXPONENTIAL_S = [-log((number + 0.5) / 400) for number in range(400)]


def batch_of(requests: int, root: Path, backlog: int) -> Planned:
    """A pool that serves two requests a second, all of which come at once, for a minute."""
    files = host_files(f"listen.backlog = {backlog}", workers=2, timeout="60s", somaxconn=65535)
    measured = measured_pool("www", [0] * requests, EXPONENTIAL_S)
    return Planned(root, files, measured=measured)


@pytest.mark.parametrize("backlog", [65535, 511])
def test_it_is_cut_to_what_the_bursts_need(tmp_path: Path, backlog: int) -> None:
    host = batch_of(105, tmp_path, backlog)
    (pool,) = host.plan.pools
    (found,) = host.plan.recommendations
    assert pool.bounds is not None
    assert pool.bounds.is_empty
    assert found.recommended == pool.bounds.need
    assert "closely" in found.why
    assert pool.before is not None
    assert pool.after is not None
    assert pool.after.share_of_ok >= pool.before.share_of_ok - 0.001
    assert any("would fare worse with a backlog of" in note for note in pool.notes)
    host.bring_in()
    assert host.plan.recommendations == ()


def test_it_stays_where_that_is_no_less(tmp_path: Path) -> None:
    host = batch_of(105, tmp_path, 110)
    assert host.plan.recommendations == ()
    assert any("would fare worse with a backlog of" in note for note in host.plan.pools[0].notes)


def test_the_limit_is_taken_where_nothing_is_lost_by_it(tmp_path: Path) -> None:
    host = batch_of(40, tmp_path, 65535)
    (found,) = host.plan.recommendations
    assert found.bounds is not None
    assert found.recommended == found.bounds.limit
    assert not any("would fare worse" in note for note in host.plan.pools[0].notes)
