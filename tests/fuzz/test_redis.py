"""A short run of the redis.conf fuzzer, and proof that it would notice a difference."""

import pytest

from tests.conformance.redis_server import installed_servers
from tests.fuzz import redis
from tuner.stack.redis.releases import known_releases

SEED = 7


def test_every_release_reads_random_lines() -> None:
    files = list(redis.inputs(60, SEED))
    refused = {redis.first_refused(data, release) is None for data in files for release in known_releases()}
    assert refused == {True, False}


@pytest.mark.daemons
def test_the_installed_servers_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    servers = installed_servers()
    if not servers:
        pytest.skip("no redis-server on the PATH")
    files = list(redis.inputs(25, SEED))
    assert [difference for data in files for difference in redis.differences(data, servers)] == []
    monkeypatch.setattr(redis, "first_refused", lambda *_: 1000)
    assert redis.differences(files[0], servers)
