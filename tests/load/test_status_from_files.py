"""Where the files of the pools say that they can be watched, and where they log."""

from pathlib import Path

import pytest

from tests.trees import write_tree
from tuner.formats.candidate import is_candidate
from tuner.load.fastcgi import Address
from tuner.load.status.from_files import PoolFiles, pools_of
from tuner.load.status.target import Target
from tuner.source.tree import collect
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.host_settings import host_settings
from tuner.stack.target import parse_target

SOCKET, TCP = Address(path="/run/php/www.sock"), Address(host="127.0.0.1", port=9000)


def pools(root: Path, *mains: str) -> list[PoolFiles]:
    names = ["etc/php-fpm.conf", "etc/php/8.1/fpm/php-fpm.conf"]
    write_tree(root, dict(zip(names, mains, strict=False)))
    meant = parse_target("debian-12")
    tree = collect([str(root)], is_candidate)
    (host,) = group_hosts(tree, read_tree(tree, target=meant))
    return pools_of(host_settings(host, meant, with_defaults=True).groups)


def pool(root: Path, *lines: str) -> PoolFiles:
    head = "[global]\n[www]\nuser = www-data\npm = static\npm.max_children = 5\n"
    (found,) = pools(root, head + "".join(f"{line}\n" for line in lines))
    return found


@pytest.mark.parametrize(
    ("lines", "status", "queue"),
    [
        (["listen = /run/php/www.sock", "pm.status_path = /s"], Target(SOCKET, "/s"), SOCKET),
        (["listen = 9000", "pm.status_path = /s"], Target(TCP, "/s"), TCP),
        (
            ["listen = /run/php/$pool.sock", "pm.status_path = /s", "pm.status_listen = 127.0.0.1:9000"],
            Target(TCP, "/s"),
            SOCKET,
        ),
        (
            ["listen = 127.0.0.1:9000", "pm.status_listen = 9001"],
            Target(Address("", "127.0.0.1", 9001), "/"),
            TCP,
        ),
    ],
)
def test_status_pages_and_queues(tmp_path: Path, lines: list[str], status: Target, queue: Address) -> None:
    found = pool(tmp_path, *lines)
    assert (found.name, found.status, found.queue, found.unknown) == ("www", status, queue, [])


def test_a_pool_without_a_status_page(tmp_path: Path) -> None:
    found = pool(tmp_path, "listen = /run/php/www.sock")
    assert (found.status, found.queue) == (None, SOCKET)
    (words,) = found.unknown
    assert "set pm.status_path = /status" in words


def test_logs(tmp_path: Path) -> None:
    found = pool(tmp_path, "listen = 9", "access.log = /var/log/$pool.log", 'access.format = "%d %n"')
    assert (found.access_log, found.access_format) == ("/var/log/www.log", "%d %n")
    unset = pool(tmp_path, "listen = 9", "access.log = /var/log/php.log")
    assert unset.access_format == '%R - %u %t "%m %r" %s'


def test_what_only_the_environment_tells(tmp_path: Path) -> None:
    found = pool(tmp_path, "listen = ${PHP_LISTEN}", "pm.status_path = /s")
    assert (found.status, found.queue) == (None, None)
    assert [words.partition(":")[0] for words in found.unknown] == ["listen"]


def test_pools_of_one_name_in_two_php_fpms(tmp_path: Path) -> None:
    text = "[global]\n[www]\nuser = www-data\nlisten = {}\npm = static\npm.max_children = 5\n"
    found = pools(tmp_path, text.format(9000) + "[api]\nlisten = 9001\n", text.format(9002))
    assert [one.name.partition(" (")[0] for one in found].count("www") == 2
    assert len({one.name for one in found}) == 3
    assert "api" in [one.name for one in found]
