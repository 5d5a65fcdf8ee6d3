"""nginx's listening sockets; what is accepted and refused was measured with nginx 1.22 and read in 1.31."""

import time
from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.address import same_path
from tuner.stack.model import Listener

MAIN = "etc/nginx/nginx.conf"


def listeners_of(root: Path, http: str, before: str = "") -> dict[str, Listener]:
    stack = stack_of(root, {MAIN: f"{before}\nevents {{}}\nhttp {{\n{http}\n}}\n"}, "debian-12")
    return {listener.address: listener for listener in stack.listeners}


def servers(*listens: str) -> str:
    """Return one server a string; its listens are parted by `|`."""
    parts = ("".join(f"listen {listen};" for listen in server.split("|") if listen) for server in listens)
    return "\n".join(f"server {{ {part} root /srv; }}" for part in parts)


@pytest.mark.parametrize(
    ("text", "address", "family"),
    [
        ("80", "0.0.0.0:80", "tcp4"),
        ("*:80", "0.0.0.0:80", "tcp4"),
        ("0.0.0.0:80", "0.0.0.0:80", "tcp4"),
        ("127.0.0.1", "127.0.0.1:80", "tcp4"),
        ("127.0.0.1:8080", "127.0.0.1:8080", "tcp4"),
        ("localhost:8080", "localhost:8080", "tcp4"),
        ("LocalHost", "localhost:80", "tcp4"),
        ("[::]:80", "[::]:80", "tcp6"),
        ("[::]", "[::]:80", "tcp6"),
        ("[::0]:80", "[::]:80", "tcp6"),
        ("[0:0:0:0:0:0:0:1]:80", "[::1]:80", "tcp6"),
        ("[2001:DB8::1]:80", "[2001:db8::1]:80", "tcp6"),
        ("[nonsense]:80", "[nonsense]:80", "tcp6"),
        ("unix:/run/nginx.sock", "unix:/run/nginx.sock", "unix"),
        ("UNIX:/var/run/nginx.sock", "unix:/run/nginx.sock", "unix"),
    ],
)
def test_the_forms_of_an_address(text: str, address: str, family: str, tmp_path: Path) -> None:
    found = listeners_of(tmp_path, servers(text))
    assert {shown: listener.family for shown, listener in found.items()} == {address: family}


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("/var/run/x.sock", "/run/x.sock"),
        ("/var//run///x.sock", "/run/x.sock"),
        ("/run/x.sock:", "/run/x.sock"),
        ("/var/running/x.sock", "/var/running/x.sock"),
        ("/srv/var/run/x.sock", "/srv/var/run/x.sock"),
    ],
)
def test_one_socket_has_one_path(path: str, same: str) -> None:
    assert same_path(path) == same_path(same) == same


def test_servers_share_a_socket_and_one_sets_its_options(tmp_path: Path) -> None:
    found = listeners_of(tmp_path, servers("80", "*:80 backlog=1000", "0.0.0.0:80 default_server"))
    assert list(found) == ["0.0.0.0:80"]
    assert found["0.0.0.0:80"].backlog.data == 1000


def test_a_socket_bears_the_names_of_its_servers(tmp_path: Path) -> None:
    http = (
        "server { listen 80; server_name a b; } server { listen 80; server_name b c; } server { listen 81; }"
    )
    found = listeners_of(tmp_path, http)
    assert [found[a].name for a in found] == ["a, b, c", "0.0.0.0:81"]


def test_a_server_without_listen_is_on_port_80(tmp_path: Path) -> None:
    listener = listeners_of(tmp_path, servers(""))["0.0.0.0:80"]
    assert (listener.listen.data, listener.listen.is_written, listener.backlog.data) == ("80", False, 511)


@pytest.mark.parametrize("listen", ["443 quic reuseport", "53 udp"])
def test_what_is_no_tcp_socket_is_left_out_and_gives_no_port_80(listen: str, tmp_path: Path) -> None:
    assert listeners_of(tmp_path, servers(listen)) == {}


def test_quic_beside_ssl_leaves_the_tcp_socket_its_own_options(tmp_path: Path) -> None:
    found = listeners_of(tmp_path, servers("443 ssl backlog=99|443 quic reuseport"))
    assert [(a, found[a].backlog.data, found[a].sockets.data) for a in found] == [("0.0.0.0:443", 99, 1)]


@pytest.mark.parametrize(
    ("option", "addresses"),
    [
        ("", ["0.0.0.0:80"]),
        (" ssl", ["0.0.0.0:80"]),
        (" default_server", ["0.0.0.0:80"]),
        (" proxy_protocol", ["0.0.0.0:80"]),
        (" bind", ["127.0.0.1:80", "0.0.0.0:80"]),
        (" backlog=9", ["127.0.0.1:80", "0.0.0.0:80"]),
        (" so_keepalive=on", ["127.0.0.1:80", "0.0.0.0:80"]),
        (" reuseport", ["127.0.0.1:80", "0.0.0.0:80"]),
        (" deferred", ["127.0.0.1:80", "0.0.0.0:80"]),
        (" rcvbuf=8k", ["127.0.0.1:80", "0.0.0.0:80"]),
        (" fastopen=5", ["127.0.0.1:80", "0.0.0.0:80"]),
    ],
)
def test_an_address_beside_the_wildcard_is_merged_unless_it_has_options(
    option: str, addresses: list[str], tmp_path: Path
) -> None:
    assert list(listeners_of(tmp_path, servers(f"127.0.0.1:80{option}", "80"))) == addresses


def test_an_option_in_another_server_keeps_the_address_apart_for_all(tmp_path: Path) -> None:
    found = listeners_of(tmp_path, servers("127.0.0.1:80", "127.0.0.1:80 backlog=9", "80 backlog=77"))
    assert {a: listener.backlog.data for a, listener in found.items()} == {
        "127.0.0.1:80": 9,
        "0.0.0.0:80": 77,
    }


def test_a_merged_address_has_the_backlog_of_the_wildcard(tmp_path: Path) -> None:
    found = listeners_of(tmp_path, servers("127.0.0.1:80", "80 backlog=77"))
    assert {a: listener.backlog.data for a, listener in found.items()} == {"0.0.0.0:80": 77}
    assert found["0.0.0.0:80"].listen.data == "80"


@pytest.mark.parametrize("other", ["[::]:80", "81", "[::1]:80"])
def test_a_wildcard_of_another_family_or_port_merges_nothing(other: str, tmp_path: Path) -> None:
    assert len(listeners_of(tmp_path, servers("127.0.0.1:80", other))) == 2


def test_ipv6_addresses_merge_among_themselves(tmp_path: Path) -> None:
    assert list(listeners_of(tmp_path, servers("[::1]:80", "[::]:80"))) == ["[::]:80"]


def test_the_ipv6_twin_has_a_backlog_of_its_own(tmp_path: Path) -> None:
    found = listeners_of(tmp_path, servers("80 backlog=4096|[::]:80"))
    four, six = found["0.0.0.0:80"], found["[::]:80"]
    assert (four.twin, six.twin) == (six, four)
    assert (four.backlog.data, six.backlog.data, six.backlog.is_written) == (4096, 511, False)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("server { listen [::]:80; }\nserver { listen 80 backlog=9;\nlisten [::]:80; }", 3),
        ("server { listen 80;\nlisten [::]:80; }\nserver { listen 80 backlog=9; }", 2),
    ],
)
def test_the_twins_listen_is_the_one_beside_the_backlog(text: str, line: int, tmp_path: Path) -> None:
    other = "server { listen 80; listen [::]:80; server_name other; }\n"
    files = {"conf.d/a.conf": other, "conf.d/b.conf": text}
    four = next(x for x in stack_of(tmp_path, files, "debian-12").listeners if x.address == "0.0.0.0:80")
    assert four.twin_listen is not None
    place = four.twin_listen.origin.place
    assert place is not None
    assert str(place).endswith(f"conf.d/b.conf:{line}")


@pytest.mark.parametrize("listens", ["80|[::]:81", "127.0.0.1:80|[::1]:80", "80|[::1]:80", "unix:/a|[::]:80"])
def test_only_wildcards_of_one_port_are_twins(listens: str, tmp_path: Path) -> None:
    assert all(listener.twin is None for listener in listeners_of(tmp_path, servers(listens)).values())


@pytest.mark.parametrize(
    ("backlog", "data"),
    [
        ("511", 511),
        ("0511", 511),
        ("1", 1),
        ("2147483647", 2147483647),
        ("2147483648", -2147483648),
        ("4294967297", 1),
    ],
)
def test_a_backlog_is_kept_in_a_c_int(backlog: str, data: int, tmp_path: Path) -> None:
    listener = listeners_of(tmp_path, servers(f"80 backlog={backlog}"))["0.0.0.0:80"]
    assert (listener.backlog.data, listener.backlog_is_accepted) == (data, True)
    assert listener.effective_backlog.data == (4096 if data < 0 else min(data, 4096))
    place = listener.backlog.origin.place
    assert place and place.source == backlog
    assert listener.requested.data == f"backlog={backlog}"


@pytest.mark.parametrize(
    "backlog",
    [
        "0",
        "-1",
        "1k",
        "0x10",
        "",
        "+5",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "9" * 30,
        "9" * 5000,
    ],
)
def test_a_backlog_that_nginx_refuses(backlog: str, tmp_path: Path) -> None:
    listener = listeners_of(tmp_path, servers(f"80 backlog={backlog}"))["0.0.0.0:80"]
    assert (listener.backlog.state, listener.backlog_is_accepted) == ("unknown", False)
    assert listener.refused_backlog.data == backlog
    assert listener.effective_backlog.state == "unknown"


def test_a_quoted_option_has_the_place_of_the_whole_word(tmp_path: Path) -> None:
    listener = listeners_of(tmp_path, servers('80 "backlog=99"'))["0.0.0.0:80"]
    place = listener.backlog.origin.place
    assert (listener.backlog.data, place and place.source) == (99, '"backlog=99"')


def test_a_hole_for_the_backlog_is_unknown_and_accepted(tmp_path: Path) -> None:
    files = {"templates/nginx.conf.j2": "events {}\nhttp { server { listen 80 backlog={{ n }}; } }\n"}
    (listener,) = stack_of(tmp_path, files, "debian-12").listeners
    assert (listener.backlog.state, listener.backlog_is_accepted) == ("unknown", True)


@pytest.mark.parametrize(
    ("workers", "state", "data"),
    [("worker_processes 4;", "known", 4), ("", "known", 1), ("worker_processes auto;", "unknown", None)],
)
def test_reuseport_opens_one_socket_a_worker(
    workers: str, state: str, data: int | None, tmp_path: Path
) -> None:
    found = listeners_of(tmp_path, servers("80", "80 reuseport", "81"), workers)
    assert (found["0.0.0.0:80"].sockets.state, found["0.0.0.0:80"].sockets.data) == (state, data)
    assert found["0.0.0.0:81"].sockets.data == 1


def test_a_unix_listener_is_never_merged(tmp_path: Path) -> None:
    found = listeners_of(tmp_path, servers("unix:/run/a.sock", "unix:/run/b.sock backlog=5|80"))
    assert {a: listener.backlog.data for a, listener in found.items()} == {
        "unix:/run/a.sock": 511,
        "unix:/run/b.sock": 5,
        "0.0.0.0:80": 511,
    }
    assert found["unix:/run/a.sock"].syn_queue_capacity.state == "absent"


def test_stream_and_mail_listen_too_and_have_no_port_by_themselves(tmp_path: Path) -> None:
    text = (
        "events {}\n"
        "stream { server { listen 3306 backlog=9; proxy_pass db:3306; } server { proxy_pass x:1; } }\n"
        "mail { server { listen 25; protocol smtp; } }\n"
    )
    found = {ls.address: ls.backlog.data for ls in stack_of(tmp_path, {MAIN: text}).listeners}
    assert found == {"0.0.0.0:3306": 9, "0.0.0.0:25": 511}


def test_files_without_a_main_file_share_their_sockets(tmp_path: Path) -> None:
    files = {
        "sites-enabled/a.conf": servers("80 backlog=4096"),
        "sites-enabled/b.conf": servers("80"),
    }
    (listener,) = stack_of(tmp_path, files).listeners
    assert listener.backlog.data == 4096


def test_many_addresses_are_merged_in_linear_time(tmp_path: Path) -> None:
    started = time.process_time()
    found = listeners_of(tmp_path, servers(*(f"127.0.0.{n % 250}:{n}" for n in range(1, 4000))))
    assert len(found) == 3999
    assert time.process_time() - started < 3


@pytest.mark.parametrize("host", ["", "127.0.0.1:"])
def test_a_range_of_ports_is_one_socket_a_port(host: str, tmp_path: Path) -> None:
    found = listeners_of(tmp_path, servers(f"{host}8080-8082 backlog=9"))
    address = host or "0.0.0.0:"
    assert {a: listener.backlog.data for a, listener in found.items()} == {
        f"{address}8080": 9,
        f"{address}8081": 9,
        f"{address}8082": 9,
    }
