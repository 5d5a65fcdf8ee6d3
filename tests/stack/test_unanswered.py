"""What counts as an address without a pool and as a pool without a client."""

from pathlib import Path
from time import process_time

import pytest

from tests.trees import judgement_of, stack_of
from tuner.stack.model import Stack
from tuner.stack.unanswered import find_unused_pools, unanswered_addresses

FPM = "etc/php/8.2/fpm"
MAIN = f"include = /{FPM}/pool.d/*.conf\n"


def stack_with(root: Path, address: str, *listens: str, main: str = MAIN, http: str = "") -> Stack:
    nginx = (
        f"events {{}}\nhttp {{ {http} server {{ listen 80; location / {{ fastcgi_pass {address}; }} }} }}\n"
    )
    pools = "".join(f"[p{n}]\nlisten = {listen}\npm.max_children = 5\n" for n, listen in enumerate(listens))
    files = {"etc/nginx/nginx.conf": nginx, f"{FPM}/php-fpm.conf": main, f"{FPM}/pool.d/all.conf": pools}
    return stack_of(root, files)


def unanswered(stack: Stack) -> list[object]:
    return [one.address.data for one in stack.unanswered]


def unused(stack: Stack) -> list[object]:
    return [pool.unused_listen.data for pool in stack.pools if pool.unused_listen.is_known]


@pytest.mark.parametrize(
    ("address", "listen"),
    [
        ("unix:/run/php/a.sock", "/run/php/b.sock"),
        ("unix:/run/php/a.sock", "127.0.0.1:9000"),
        ("127.0.0.1:9001", "127.0.0.1:9000"),
        ("[::1]:9000", "127.0.0.1:9000"),
        ("localhost:9001", "localhost:9000"),
    ],
)
def test_two_addresses_of_one_machine_that_cannot_meet(address: str, listen: str, tmp_path: Path) -> None:
    stack = stack_with(tmp_path, address, listen)
    assert (unanswered(stack), unused(stack)) == ([address], [listen])


@pytest.mark.parametrize(
    ("address", "listen"),
    [
        ("127.0.0.1:9000", "localhost:9000"),
        ("php:9000", "127.0.0.1:9000"),
        ("unix:/run/php/php-fpm.sock", "/run/php/php8.2-fpm.sock"),
        ("unix:/usr/local/var/run/www.sock", "var/run/www.sock"),
    ],
)
def test_what_may_meet_by_way_of_the_machine_is_left_alone(address: str, listen: str, tmp_path: Path) -> None:
    stack = stack_with(tmp_path, address, listen)
    assert (unanswered(stack), unused(stack)) == ([], [])


@pytest.mark.parametrize("address", ["10.0.0.7:9000", "php:9001", "unix:run/a.sock"])
def test_an_address_elsewhere_is_not_unanswered(address: str, tmp_path: Path) -> None:
    assert unanswered(stack_with(tmp_path, address, "127.0.0.1:9002")) == []


@pytest.mark.parametrize("listen", ["9000", "0.0.0.0:9000", "10.0.0.1:9000", "var/run/www.sock"])
def test_a_pool_that_others_can_reach_is_not_unused(listen: str, tmp_path: Path) -> None:
    assert unused(stack_with(tmp_path, "unix:/run/php/a.sock", listen)) == []


def test_a_variable_may_lead_to_every_pool(tmp_path: Path) -> None:
    stack = stack_with(tmp_path, "$backend", "/run/php/b.sock")
    assert (unanswered(stack), unused(stack)) == ([], [])


def test_one_address_is_unanswered_once(tmp_path: Path) -> None:
    http = "server { listen 81; listen 82; location / { fastcgi_pass unix:/run/php//a.sock; } }"
    stack = stack_with(tmp_path, "unix:/run/php/a.sock", "/run/php/b.sock", http=http)
    assert [len(one.locations) for one in stack.unanswered] == [2]


@pytest.mark.parametrize(
    ("address", "listen"),
    [
        ("localhost:9000", "127.0.0.2:9000"),
        ("[::1]:9000", "php:9000"),
        ("unix:/run/php/php-fpm.sock", "/run/php/php-fpm.sock"),
        ("unix:/srv/run/a.sock", "a.sock"),
    ],
)
def test_what_may_meet_is_looked_up_among_many(address: str, listen: str, tmp_path: Path) -> None:
    stack = stack_with(tmp_path, address, "/run/a.sock", "127.0.0.1:1", listen, "b.sock", "127.0.0.1:2")
    assert unanswered(stack) == []
    assert listen not in unused(stack)


@pytest.mark.parametrize("address", ["unix:/srv/runa.sock", "unix:/a.sock/", "unix:/srv/a.sock.old"])
def test_a_relative_path_is_the_end_of_the_whole_one(address: str, tmp_path: Path) -> None:
    assert unanswered(stack_with(tmp_path, address, "a.sock")) == [address]


@pytest.mark.parametrize(
    ("address", "http"),
    [
        ("unix:/run/fcgiwrap.socket", ""),
        ("unix:/var/run/FcgiWrap/fcgiwrap.sock", ""),
        ("unix:/run/munin/fastcgi-graph.sock", ""),
        ("cgi", "upstream cgi { server unix:/run/fcgiwrap.socket; }"),
        ("seafile", "upstream seafile { server 127.0.0.1:8000; }"),
    ],
)
def test_other_fastcgi_servers_are_known_by_name(address: str, http: str, tmp_path: Path) -> None:
    assert unanswered(stack_with(tmp_path, address, "/run/php/b.sock", http=http)) == []


def many(root: Path, number: int) -> Stack:
    http = "".join(
        f"server {{ listen {10000 + n}; location / {{ fastcgi_pass 127.0.0.1:{30000 + n}; }} }}\n"
        for n in range(number)
    )
    listens = [f"127.0.0.1:{20000 + n}" for n in range(number)]
    return stack_with(root, "127.0.0.1:29999", *listens, http=http)


def test_a_finding_is_as_long_with_many_pools_as_with_few(tmp_path: Path) -> None:
    sizes = []
    for number in (3, 300):
        stack = many(tmp_path / str(number), number)
        assert (stack.unused_pools, stack.first_unused_listen.data) == (number, "127.0.0.1:20000")
        findings = judgement_of(tmp_path / str(number), select=["PTH003"]).findings
        assert len(findings) == number + 1
        sizes.append({(len(f.evidence), len(f.locations), len(f.message)) for f in findings})
    assert sizes[0] == sizes[1]


def test_one_pool_that_nobody_asks_is_all_that_is_named(tmp_path: Path) -> None:
    many(tmp_path, 1)
    messages = [finding.message for finding in judgement_of(tmp_path, select=["PTH003"]).findings]
    assert len(messages) == 2
    assert all(message.endswith("no location passes to 127.0.0.1:20000") for message in messages)


def test_looking_addresses_up_takes_linear_time(tmp_path: Path) -> None:
    stack = many(tmp_path, 1)
    (path, *_), (pool, *_) = stack.paths, stack.pools
    seconds = []
    for number in (1_000, 8_000):
        paths = [
            path.model_copy(update={"member": path.member._replace(data=f"127.0.0.1:{n}")})
            for n in range(number)
        ]
        pools = [
            pool.model_copy(update={"listen": pool.listen._replace(data=f"127.0.0.1:{n + 20_000}")})
            for n in range(number)
        ]
        start = process_time()
        assert len(unanswered_addresses(paths, pools)) == len(find_unused_pools(paths, pools)) == number
        seconds.append(process_time() - start)
    assert seconds[1] < 8 * 3 * seconds[0]


@pytest.mark.parametrize(
    ("listens", "main", "expected"),
    [
        (("/run/a.sock", "/run/b.sock"), MAIN, True),
        (("/run/a.sock", "/var/run/a.sock"), MAIN, False),
        (("/run/a.sock",), MAIN + "include = /srv/pools/*.conf\n", False),
        (("/run/a.sock",), "", False),
    ],
)
def test_every_pool_is_known(listens: tuple[str, ...], main: str, expected: bool, tmp_path: Path) -> None:
    assert stack_with(tmp_path, "127.0.0.1:9000", *listens, main=main).has_every_pool is expected


@pytest.mark.parametrize(("http", "expected"), [("", True), ("include /srv/sites/*.conf;", False)])
def test_every_location_is_known(http: str, expected: bool, tmp_path: Path) -> None:
    assert stack_with(tmp_path, "127.0.0.1:9000", "9000", http=http).has_every_location is expected


def test_two_nginx_are_two_machines(tmp_path: Path) -> None:
    main = "events {}\nhttp { server { listen 80; location / { fastcgi_pass 127.0.0.1:9000; } } }\n"
    assert not stack_of(tmp_path, {"a/nginx.conf": main, "b/nginx.conf": main}).has_every_location
