"""The logs that the files of a pool name on this machine: which are read, and what is said of the others."""

from argparse import Namespace
from pathlib import Path

import pytest

from tuner.cli.logs import own_logged_pool
from tuner.cli.pool_files import Configured
from tuner.formats.nginx import parse
from tuner.load.fastcgi import Address
from tuner.load.status.from_files import PoolFiles
from tuner.source.text import Text

FORMAT = "log_format php '$msec $request_time $status $upstream_response_time $upstream_addr';"
LINES = "1700000001.000 0.500 200 0.500 unix:/run/a.sock\n1700000002.000 0.500 200 0.500 unix:/run/b.sock\n"
OPTIONS = Namespace(max_children=None)


def pool(root: Path, name: str = "a") -> PoolFiles:
    log = str(root / f"{name}.fpm.log")
    return PoolFiles(
        name, queue=Address(path=f"/run/{name}.sock"), access_log=log, access_format="%n %{micro}d"
    )


def files(root: Path, nginx: str, pools: list[PoolFiles]) -> Configured:
    text = Text("nginx.conf", f"http {{ {nginx.replace('@', str(root))} }}".encode())
    return Configured(pools, [parse(text)], is_here=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "php.log").write_text(LINES)
    (tmp_path / "other.log").write_text('192.0.2.1 - - [21/Nov/2026:02:00:00 +0000] "GET / HTTP/1.1" 200 5\n')
    (tmp_path / "a.fpm.log").write_text("a 5000\na 7000\n")
    return tmp_path


def test_each_pool_has_its_requests(root: Path) -> None:
    pools = [pool(root), pool(root, "b")]
    given = files(root, f"{FORMAT} access_log @/php.log php; access_log @/other.log; access_log off;", pools)
    first, second = (own_logged_pool(OPTIONS, given, one) for one in pools)
    assert first is not None
    assert second is not None
    assert [(one.arrivals.requests, one.arrivals.start_s) for one in (first, second) if one.arrivals] == [
        (1, 1_700_000_000),
        (1, 1_700_000_001),
    ]
    assert first.service is not None
    assert (first.service.service_us.total, second.service) == (12_000, None)
    assert pools[0].unknown == []
    assert pools[1].unknown == [f"access.log: {root}/b.fpm.log is not there"]


@pytest.mark.parametrize(
    ("nginx", "words"),
    [
        ("access_log @/other.log;", "the access logs of nginx do not have $upstream_addr"),
        (
            f"{FORMAT} {FORMAT.replace('php', 'two').replace('$msec', '$msec ')}"
            "access_log @/php.log php; access_log @/other.log two;",
            "are in several formats: give --nginx-log",
        ),
        (f"{FORMAT} access_log @/none.log php;", "do not have $upstream_addr"),
        (f"{FORMAT} access_log @/$host.log php;", "do not have $upstream_addr"),
    ],
)
def test_nginx_logs_that_tell_nothing(root: Path, nginx: str, words: str) -> None:
    one = pool(root)
    found = own_logged_pool(OPTIONS, files(root, nginx, [one]), one)
    assert found is not None
    assert (found.arrivals, found.service is None) == (None, False)
    assert any(words in known for known in one.unknown)


def test_a_log_that_fits_no_format_leaves_the_other(root: Path) -> None:
    (root / "a.fpm.log").write_text("no such line at all\n" * 20)
    one = pool(root)
    found = own_logged_pool(OPTIONS, files(root, f"{FORMAT} access_log @/php.log php;", [one]), one)
    assert found is not None
    assert found.arrivals is not None
    assert found.service is None
    assert any("a.fpm.log:1: does not fit the access.format" in words for words in one.unknown)


def test_no_logs_at_all(root: Path) -> None:
    one = pool(root, "b")
    assert own_logged_pool(OPTIONS, files(root, "", [one]), one) is None
