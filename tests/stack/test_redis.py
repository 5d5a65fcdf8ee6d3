"""Redis servers: their sockets, their settings in the order of loading."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.model import Redis, Stack

CONF = "etc/redis/redis.conf"
HOSTS = ["0.0.0.0:6379", "[::]:6379"]


def server_of(root: Path, text: str, others: dict[str, str] | None = None) -> Redis:
    files = {CONF: f"daemonize no\n{text}\n", **(others or {})}
    (server,) = stack_of(root, files, "debian-12").redis
    return server


def addresses(server: Redis) -> list[str]:
    return [listener.address for listener in server.listeners]


def problems(stack: Stack) -> list[tuple[str, str]]:
    return [(problem.kind, problem.severity) for problem in stack.problems]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("timeout 0", HOSTS),
        ("port 6380", ["0.0.0.0:6380", "[::]:6380"]),
        ("bind 127.0.0.1", ["127.0.0.1:6379"]),
        ("bind 127.0.0.1 ::1", ["127.0.0.1:6379", "[::1]:6379"]),
        ("bind 127.0.0.1 -::1", ["127.0.0.1:6379", "[::1]:6379"]),
        ("bind * -::*", HOSTS),
        ("bind 0.0.0.0", ["0.0.0.0:6379"]),
        ("bind ::", ["[::]:6379"]),
        ('bind ""', []),
        ("bind 10.0.0.1\nbind 10.0.0.2", ["10.0.0.2:6379"]),
        ("port 0", []),
        ("port 0\nunixsocket /var/run/redis.sock", ["unix:/var/run/redis.sock"]),
        ("bind 10.0.0.1\nunixsocket /run/r.sock", ["10.0.0.1:6379", "unix:/run/r.sock"]),
        ("unixsocket /run/a.sock\nunixsocket /run/b.sock", [*HOSTS, "unix:/run/b.sock"]),
        ('unixsocket ""', HOSTS),
        ("bind 10.0.0.1\ntls-port 6380", ["10.0.0.1:6379", "10.0.0.1:6380"]),
        ("bind 10.0.0.1\nport 0\ntls-port 6380", ["10.0.0.1:6380"]),
        ("PORT 6380\nBind 10.0.0.1", ["10.0.0.1:6380"]),
    ],
)
def test_the_sockets_of_a_server(text: str, expected: list[str], tmp_path: Path) -> None:
    assert addresses(server_of(tmp_path, text)) == expected


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ("bind 127.0.0.1 127.0.0.1", "127.0.0.1 twice"),
        ("bind 127.0.0.1 -127.0.0.1", "127.0.0.1 twice"),
        ("bind 0.0.0.0 127.0.0.1", "127.0.0.1 beside 0.0.0.0"),
        ("bind 127.0.0.1 10.0.0.1 *", "0.0.0.0 beside 127.0.0.1"),
        ("bind ::1 0:0:0:0:0:0:0:1", "[::1] twice"),
        ("bind ::1 -::*", "[::] beside [::1]"),
        ('bind "127.0.0.1 127.0.0.1"', "127.0.0.1 twice"),
        ("bind redis redis", "redis twice"),
        ("bind 127.0.0.1 ::1", None),
        ("bind * -::*", None),
        ("bind 127.0.0.1\nbind 127.0.0.1", None),
        ("bind -10.0.0.1 -10.0.0.1", None),
        ("bind 0.0.0.0 redis", None),
        ("bind 127.0.0.1 127.0.0.1\nport 0", None),
        ("port 6379", None),
    ],
)
def test_an_address_that_is_bound_twice(text: str, twice: str | None, tmp_path: Path) -> None:
    server = server_of(tmp_path, text)
    assert server.bound_twice.data == twice
    assert len(set(addresses(server))) == len(addresses(server))


@pytest.mark.parametrize(
    ("target", "limit"),
    [("debian-12", 65535), ("debian-12,php=8.3", 65535), ("php=8.2,ubuntu-24.04", 65535), ("rhel-9", None)],
)
def test_the_limit_of_open_files_is_that_of_the_release(
    target: str, limit: int | None, tmp_path: Path
) -> None:
    (server,) = stack_of(tmp_path, {CONF: "port 6379\nmaxclients 5\n"}, target).redis
    assert (server.open_files_limit.data, server.open_files_limit.is_known) == (limit, limit is not None)


def test_every_socket_has_the_one_backlog(tmp_path: Path) -> None:
    server = server_of(tmp_path, "bind 127.0.0.1 ::1\ntls-port 6380\nunixsocket /run/r.sock\ntcp-backlog 100")
    assert {listener.backlog.data for listener in server.listeners} == {100}
    assert {listener.accept_queue_capacity.data for listener in server.listeners} == {101}
    assert len(server.listeners) == 5


@pytest.mark.parametrize(
    ("text", "data"), [("", 511), ("tcp-backlog 0", 0), ("tcp-backlog 2147483647", 2147483647)]
)
def test_tcp_backlog(text: str, data: int, tmp_path: Path) -> None:
    server = server_of(tmp_path, text)
    assert (server.tcp_backlog.data, server.tcp_backlog.is_written) == (data, bool(text))
    assert server.listeners[0].effective_backlog.data == min(data, 4096)


@pytest.mark.parametrize("written", ["-1", "1k", "0x10", "2147483648", "511.0", "+5"])
def test_a_backlog_that_redis_refuses(written: str, tmp_path: Path) -> None:
    server = server_of(tmp_path, f"tcp-backlog {written}")
    assert (server.tcp_backlog.state, server.tcp_backlog.is_refused) == ("unknown", True)
    assert server.listeners[0].refused_backlog.data == written


def test_the_last_setting_wins(tmp_path: Path) -> None:
    server = server_of(tmp_path, "maxclients 1\ntcp-backlog 1\nmaxclients 2\nTCP-Backlog 2")
    assert (server.maxclients.data, server.tcp_backlog.data) == (2, 2)
    assert [lost.data for lost in server.maxclients.overrides] == [1]


@pytest.mark.parametrize(("text", "data"), [("{include}\ntcp-backlog 1", 1), ("tcp-backlog 1\n{include}", 2)])
def test_an_include_counts_where_it_stands(text: str, data: int, tmp_path: Path) -> None:
    others = {"etc/redis/redis-common.conf": "tcp-backlog 2\nmaxclients 9\n"}
    server = server_of(tmp_path, text.format(include="include /etc/redis/redis-common.conf"), others)
    assert (server.tcp_backlog.data, server.maxclients.data, server.name) == (data, 9, "redis.conf")


def test_a_glob_is_read_in_byte_order(tmp_path: Path) -> None:
    others = {
        f"etc/redis/conf.d/{n}.conf": f"tcp-backlog {i}\nmaxclients 5\n" for i, n in enumerate("9BaA", 1)
    }
    server = server_of(tmp_path, "include /etc/redis/conf.d/*.conf", others)
    assert server.tcp_backlog.data == 3
    assert [lost.data for lost in server.tcp_backlog.overrides] == [2, 4, 1]


def test_a_missing_include_stops_the_start_and_an_empty_glob_does_not(tmp_path: Path) -> None:
    text = "port 6379\nmaxclients 5\ninclude /etc/redis/none*.conf\ninclude /etc/redis/none.conf\n"
    assert problems(stack_of(tmp_path, {CONF: text})) == [("include-missing", "error")]


def test_a_cycle_is_a_problem_and_ends(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {CONF: f"port 6379\nmaxclients 5\ninclude /{CONF}\n"})
    assert problems(stack) == [("include-loop", "error")]
    assert len(stack.redis) == 1


@pytest.mark.parametrize("path", ["common.conf", "/opt/redis/x.conf"])
def test_what_is_relative_or_outside_is_not_followed(path: str, tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {CONF: f"port 6379\nmaxclients 5\ninclude {path}\n"})
    assert (problems(stack), [item.target for item in stack.not_followed]) == ([], [path])


def test_each_server_keeps_to_itself(tmp_path: Path) -> None:
    files = {f"etc/redis/redis-{n}.conf": f"port {n}\nmaxclients 5\nbind 10.0.0.1\n" for n in (1, 2)}
    stack = stack_of(tmp_path, files)
    assert [addresses(server) for server in stack.redis] == [["10.0.0.1:1"], ["10.0.0.1:2"]]


def test_a_hole_for_the_port_stays_in_the_address(tmp_path: Path) -> None:
    text = "port {{ port }}\nmaxclients 5\nunixsocket /run/r.sock\n"
    (server,) = stack_of(tmp_path, {"etc/redis/redis.conf.j2": text}).redis
    assert addresses(server) == ["0.0.0.0:{{ port }}", "[::]:{{ port }}", "unix:/run/r.sock"]


def test_an_include_that_is_not_followed_may_have_the_last_word(tmp_path: Path) -> None:
    text = "bind 127.0.0.1\ntcp-backlog 128\ninclude /opt/local.conf\nport 6380\n"
    (server,) = stack_of(tmp_path, {"etc/redis/redis.conf": text}).redis
    assert [option.data for option in server.tcp_backlog.options] == [128, None]
    assert addresses(server) == ["?:6380"]


@pytest.mark.parametrize("line", ["tcp-backlog 511 # default", "tcp-backlog 99 88", "tcp-backlog"])
def test_one_argument_or_redis_refuses_it(line: str, tmp_path: Path) -> None:
    (server,) = stack_of(tmp_path, {"etc/redis/redis.conf": f"bind 127.0.0.1\n{line}\n"}).redis
    assert server.tcp_backlog.is_refused


def test_a_backlog_that_an_unread_include_may_set_is_called_the_default(tmp_path: Path) -> None:
    server = server_of(tmp_path, "bind 127.0.0.1\ninclude /elsewhere/x.conf")
    (listener,) = server.listeners
    assert listener.requested.data == "the default tcp-backlog"


def test_a_refused_line_is_labelled_as_refused(tmp_path: Path) -> None:
    files = {
        CONF: "daemonize no\nmaxclients yes\nfoo bar\n",
        "etc/php/8.2/fpm/pool.d/www.conf": "[www]\nuser = a\nlisten = /a\npm = foo\npm.max_children = 5\n",
        "etc/nginx/nginx.conf": "worker_processes four;\nevents {}\n",
    }
    stack = stack_of(tmp_path, files, "debian-12")
    labels = {refused.is_refused.label for refused in stack.refused}
    assert labels == {"maxclients is refused", "pm is refused", "worker_processes is refused"}
    assert [name.is_unknown.label for name in stack.unknown_directives] == ["foo is unknown"]
