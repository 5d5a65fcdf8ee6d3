"""The join location -> upstream -> pool, by address."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trees import stack_of
from tuner.stack.address import nginx_endpoint, pool_endpoint
from tuner.stack.join import join
from tuner.stack.model import Location, Stack

NGINX = "etc/nginx/nginx.conf"


def reaches(address: str, listen: str) -> bool:
    endpoint = nginx_endpoint(address)
    return endpoint is not None and endpoint.may_be(pool_endpoint(listen))


@pytest.mark.parametrize(
    ("address", "listen", "expected"),
    [
        ("unix:/run/php.sock", "/run/php.sock", True),
        ("unix:/run/php.sock:", "/run/php.sock", True),
        ("UNIX:/run/php.sock", "/run/php.sock", True),
        ("unix:/var/run/php.sock", "/run/php.sock", True),
        ("unix:/run/php.sock", "/var/run//php.sock", True),
        ("unix:/run/php.sock", "/run/PHP.sock", False),
        ("unix:/run/php.sock", "127.0.0.1:9000", False),
        ("127.0.0.1:9000", "/run/php.sock", False),
        ("127.0.0.1:9000", "9000", True),
        ("127.0.0.1:9000", "127.0.0.1:9000", True),
        ("127.0.0.1:9000", "0.0.0.0:9000", True),
        ("127.0.0.1:9000", "[::]:9000", True),
        ("127.0.0.1:9000", "localhost:9000", False),
        ("127.0.0.1:9000", "[::1]:9000", False),
        ("127.0.0.1:9000", "127.0.0.1:9001", False),
        ("127.0.0.1:9000", "9001", False),
        ("localhost:9000", "127.0.0.1:9000", True),
        ("LOCALHOST:9000", "localhost:9000", True),
        ("localhost:9000", "9000", True),
        ("[::1]:9000", "9000", True),
        ("[::1]:9000", "[::1]:9000", True),
        ("[::1]:9000", "[::]:9000", True),
        ("[0:0:0:0:0:0:0:1]:9000", "[::1]:9000", True),
        ("[::1]:9000", "127.0.0.1:9000", False),
        ("[::1]:9000", "0.0.0.0:9000", False),
        ("10.0.0.5:9000", "10.0.0.5:9000", True),
        ("10.0.0.5:9000", "10.0.0.6:9000", False),
        ("php:9000", "9000", False),
        ("php:9000", "0.0.0.0:9000", False),
        ("php:9000", "127.0.0.1:9000", False),
        ("php:9000", "php:9000", True),
        ("PHP:9000", "php:9000", True),
        ("php", "/run/php", False),
        ("127.0.0.1", "127.0.0.1:80", False),
        ("127.0.0.1:٩", "9", False),
    ],
)
def test_what_reaches_what(address: str, listen: str, expected: bool) -> None:
    assert reaches(address, listen) == expected


segments = st.text("abc.-", min_size=1, max_size=4)
slashes = st.integers(1, 3).map(lambda count: "/" * count)


@given(st.lists(st.tuples(slashes, segments), min_size=1, max_size=3), st.data())
def test_a_socket_is_the_same_however_either_side_spells_it(
    parts: list[tuple[str, str]], data: st.DataObject
) -> None:
    plain = "/run" + "".join(f"/{name}" for _, name in parts)
    spelt = "".join(slash + name for slash, name in parts)
    spellings = [plain, f"/run{spelt}", f"/var/run{spelt}", f"//run{spelt}", f"/var//run{spelt}"]
    one, other = data.draw(st.sampled_from(spellings)), data.draw(st.sampled_from(spellings))
    assert reaches(f"unix:{one}", other)
    assert reaches(f"unix:{other}", one)
    assert not reaches(f"unix:{one}", f"{other}x")


hosts = st.sampled_from(["127.0.0.1", "[::1]", "10.0.0.1", "php", "[2001:db8::1]"])


@given(hosts, hosts, st.integers(1, 65535))
def test_where_two_hosts_reach_each_other_is_symmetric(one: str, other: str, port: int) -> None:
    assert reaches(f"{one}:{port}", f"{other}:{port}") == reaches(f"{other}:{port}", f"{one}:{port}")
    assert reaches(f"{one}:{port}", f"{one}:{port}")


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_address_raises(address: str, listen: str) -> None:
    assert reaches(address, listen) in (True, False)


def pool(name: str, listen: str, rest: str = "") -> str:
    return f"[{name}]\nlisten = {listen}\npm = static\npm.max_children = 4\n{rest}"


def joined(root: Path, http: str, *pools: str) -> Stack:
    files = {NGINX: f"events {{}}\nhttp {{ {http} }}\n", "etc/php/8.2/fpm/pool.d/p.conf": "\n".join(pools)}
    return stack_of(root, files)


def location(path: str, address: str, timeout: str = "") -> str:
    set_timeout = f"fastcgi_read_timeout {timeout};" if timeout else ""
    return f"location {path} {{ fastcgi_pass {address}; {set_timeout} }}"


def test_a_path_leads_from_each_socket_over_each_member_to_its_pool(tmp_path: Path) -> None:
    http = (
        "upstream php { server unix:/run/a.sock; server 10.0.0.9:9000; }"
        f" server {{ listen 80; listen 81; {location('/', 'php')} }}"
    )
    stack = joined(tmp_path, http, pool("a", "/run/a.sock"), pool("b", "/run/b.sock"))
    found = [(p.listener and p.listener.address, p.member.data, p.pool and p.pool.name) for p in stack.paths]
    assert found == [
        ("0.0.0.0:80", "unix:/run/a.sock", "a"),
        ("0.0.0.0:81", "unix:/run/a.sock", "a"),
        ("0.0.0.0:80", "10.0.0.9:9000", None),
        ("0.0.0.0:81", "10.0.0.9:9000", None),
    ]
    assert [len(p.locations) for p in stack.pools] == [1, 0]


def test_two_members_that_are_one_pool_link_it_once(tmp_path: Path) -> None:
    http = (
        "upstream php { server 127.0.0.1:9000; server localhost:9000; }"
        f" server {{ listen 80; {location('/', 'php')} }}"
    )
    stack = joined(tmp_path, http, pool("a", "9000"))
    assert [len(stack.pools[0].locations), len(stack.locations[0].pools), len(stack.paths)] == [1, 1, 2]


def test_equal_locations_of_two_servers_are_both_linked(tmp_path: Path) -> None:
    http = "server { listen 80; include php; } server { listen 80; include php; }"
    files = {
        NGINX: f"events {{}}\nhttp {{ {http} }}\n",
        "etc/nginx/php": location("/", "127.0.0.1:9000"),
        "etc/php/8.2/fpm/pool.d/p.conf": pool("a", "9000"),
    }
    stack = stack_of(tmp_path, files)
    assert [len(loc.pools) for loc in stack.locations] == [1, 1]
    assert len(stack.pools[0].locations) == 2


def test_an_address_that_two_pools_share_leads_to_both(tmp_path: Path) -> None:
    http = f"server {{ listen 80; {location('/', 'localhost:9000')} }}"
    stack = joined(tmp_path, http, pool("a", "127.0.0.1:9000"), pool("b", "localhost:9000"))
    assert [path.pool and path.pool.name for path in stack.paths] == ["a", "b"]


@pytest.mark.parametrize("address", ["$php", "unix:/run/$pool.sock", "php:9000", "unix:/run/none.sock"])
def test_an_unknown_or_foreign_address_is_a_path_without_a_pool(address: str, tmp_path: Path) -> None:
    http = f"server {{ listen 80; {location('/', address)} }}"
    stack = joined(tmp_path, http, pool("a", "9000"))
    assert [path.pool for path in stack.paths] == [None]
    assert stack.problems == []


def test_a_fragment_without_a_server_is_a_path_without_a_listener(tmp_path: Path) -> None:
    files = {
        "nginx/snippets/php.conf": "fastcgi_pass 127.0.0.1:9000;\nfastcgi_index index.php;\n",
        "pool.d/p.conf": pool("a", "9000"),
    }
    (path,) = stack_of(tmp_path, files).paths
    assert (path.listener, path.pool and path.pool.name) == (None, "a")


def test_the_longest_read_timeout_of_all_its_locations_counts(tmp_path: Path) -> None:
    locations = "".join(location(f"/{t}", "127.0.0.1:9000", t) for t in ("500ms", "2m", "90", "1m30s"))
    stack = joined(tmp_path, f"server {{ listen 80; {locations} }}", pool("a", "9000"))
    longest = stack.pools[0].longest_read_timeout
    assert (longest.data, longest.origin.place and longest.origin.place.source) == (120, "2m")


def test_a_default_read_timeout_counts_among_the_written_ones(tmp_path: Path) -> None:
    locations = location("/a", "127.0.0.1:9000", "10") + location("/b", "127.0.0.1:9000")
    stack = joined(tmp_path, f"server {{ listen 80; {locations} }}", pool("a", "9000"))
    assert stack.pools[0].longest_read_timeout.data == 60


def test_an_unknown_read_timeout_leaves_the_longest_open(tmp_path: Path) -> None:
    site = (
        f"server {{ listen 80; {location('/a', '127.0.0.1:9000', '10')} {location('/b', '127.0.0.1:9000')} }}"
    )
    stack = stack_of(tmp_path, {"conf.d/site.conf": site, "pool.d/p.conf": pool("a", "9000")})
    longest = stack.pools[0].longest_read_timeout
    assert (longest.state, longest.options) == ("unknown", ())
    assert "the file that includes this one" in longest.origin.words


def test_a_refused_read_timeout_leaves_the_longest_unknown(tmp_path: Path) -> None:
    locations = location("/a", "127.0.0.1:9000", "10S") + location("/b", "127.0.0.1:9000")
    stack = joined(tmp_path, f"server {{ listen 80; {locations} }}", pool("a", "9000"))
    assert stack.pools[0].longest_read_timeout.state == "unknown"


def test_a_pool_without_locations_has_no_read_timeout(tmp_path: Path) -> None:
    stack = joined(tmp_path, "server { listen 80; root /srv; }", pool("a", "9000"))
    assert stack.pools[0].longest_read_timeout.state == "unknown"
    assert "no nginx location" in stack.pools[0].longest_read_timeout.origin.words


def test_a_disabled_terminate_timeout_is_known_beside_the_read_timeout(tmp_path: Path) -> None:
    http = f"server {{ listen 80; {location('/', '127.0.0.1:9000', '30')} }}"
    stack = joined(tmp_path, http, pool("a", "9000", "request_terminate_timeout = 0\n"))
    terminate = stack.pools[0].request_terminate_timeout
    assert (terminate.state, terminate.is_written) == ("disabled", True)
    assert stack.pools[0].longest_read_timeout.data == 30


def test_a_pool_of_many_locations_and_many_pools_join_in_linear_time(tmp_path: Path) -> None:
    locations = "".join(
        location(f"/{n}", f"unix:/run/{n}.sock") + location(f"/x{n}", "127.0.0.1:9000") for n in range(1500)
    )
    pools = [pool(f"p{n}", f"/run/{n}.sock") for n in range(1500)]
    stack = joined(tmp_path, f"server {{ listen 80; {locations} }}", pool("all", "9000"), *pools)
    for each in (*stack.locations, *stack.pools):
        getattr(each, "pools" if isinstance(each, Location) else "locations").clear()
    started = time.process_time()
    assert all(path.pool for path in join(stack.locations, stack.pools))
    assert time.process_time() - started < 0.5
    assert len(stack.pools[0].locations) == 1500
