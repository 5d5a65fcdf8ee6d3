"""Timeouts in force where requests go to FastCGI, and the upstreams they go to."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.model import Location, Stack
from tuner.stack.value import Value

MAIN = "etc/nginx/nginx.conf"
PASS = "fastcgi_pass 127.0.0.1:9000;"


def stack_with(root: Path, http: str) -> Stack:
    return stack_of(root, {MAIN: f"events {{}}\nhttp {{\n{http}\n}}\n"})


def only_location(root: Path, http: str) -> Location:
    (location,) = stack_with(root, http).locations
    return location


def overridden(value: Value) -> list[object]:
    return [lost.data for lost in value.overrides]


LEVELS = ("http", "server", "location", "nested", "if")


@pytest.mark.parametrize("depth", range(1, len(LEVELS) + 1))
def test_the_nearest_level_wins_and_the_others_are_noted(depth: int, tmp_path: Path) -> None:
    set_at = [f"fastcgi_read_timeout {n + 1};" if n < depth else "" for n in range(len(LEVELS))]
    http = (
        f"{set_at[0]} server {{ {set_at[1]} location / {{ {set_at[2]} location ~ \\.php$ {{ {set_at[3]}"
        f" if ($request_method = POST) {{ {set_at[4]} {PASS} }} }} }} }}"
    )
    timeout = only_location(tmp_path, http).fastcgi_read_timeout
    assert timeout.data == depth
    assert overridden(timeout) == list(range(depth - 1, 0, -1))


def test_an_outer_directive_counts_wherever_it_stands(tmp_path: Path) -> None:
    http = f"server {{ location / {{ {PASS} }} fastcgi_read_timeout 20; }} fastcgi_send_timeout 30;"
    location = only_location(tmp_path, http)
    assert (location.fastcgi_read_timeout.data, location.fastcgi_send_timeout.data) == (20, 30)


def test_neighbours_inherit_nothing_from_each_other(tmp_path: Path) -> None:
    http = f"server {{ location /a {{ fastcgi_read_timeout 5; {PASS} }} location /b {{ {PASS} }} }}"
    found = {loc.path: loc.fastcgi_read_timeout.data for loc in stack_with(tmp_path, http).locations}
    assert found == {"/a": 5, "/b": 60}


def test_nothing_set_is_nginxs_default(tmp_path: Path) -> None:
    location = only_location(tmp_path, f"server {{ location / {{ {PASS} }} }}")
    timeouts = (
        location.fastcgi_connect_timeout,
        location.fastcgi_send_timeout,
        location.fastcgi_read_timeout,
    )
    assert [(t.data, t.unit, t.is_written) for t in timeouts] == [(60, "s", False)] * 3


@pytest.mark.parametrize(
    ("written", "seconds"), [("500ms", 0.5), ("1m30s", 90), ('"1m 30s"', 90), ("2m", 120), ("0", 0)]
)
def test_a_time_is_in_seconds(written: str, seconds: float, tmp_path: Path) -> None:
    location = only_location(
        tmp_path, f"server {{ location / {{ fastcgi_read_timeout {written}; {PASS} }} }}"
    )
    assert location.fastcgi_read_timeout.data == seconds


@pytest.mark.parametrize("written", ["60S", "1.5s", "-1", "off", "30s1m", "1y"])
def test_a_time_that_nginx_refuses_hides_what_it_would_override(written: str, tmp_path: Path) -> None:
    http = f"fastcgi_read_timeout 9; server {{ location / {{ fastcgi_read_timeout {written}; {PASS} }} }}"
    timeout = only_location(tmp_path, http).fastcgi_read_timeout
    assert (timeout.state, timeout.is_refused) == ("unknown", True)


def test_the_path_names_every_location_around(tmp_path: Path) -> None:
    http = (
        f"server {{ server_name w x; location /a {{ location ~* \\.php$ {{ {PASS} }}"
        f" limit_except GET {{ {PASS} }} if ($a) {{ {PASS} }} }} location @php {{ {PASS} }}"
        f" location = /x {{ {PASS} }} }}"
    )
    stack = stack_with(tmp_path, http)
    assert [(loc.server, loc.path) for loc in stack.locations] == [
        ("w", "/a > ~* \\.php$"),
        ("w", "/a > limit_except GET"),
        ("w", "/a > if ($a)"),
        ("w", "@php"),
        ("w", "= /x"),
    ]


def test_a_location_without_fastcgi_pass_is_none_of_ours(tmp_path: Path) -> None:
    others = "location /static { } } location /proxy { proxy_pass http://x; } }"
    http = f"server {{ location / {{ {PASS} {others}"
    assert [loc.path for loc in stack_with(tmp_path, http).locations] == ["/"]


@pytest.mark.parametrize(("name", "call"), [("php", "php"), ("PHP", "php"), ("php", "Php")])
def test_an_upstream_is_found_by_its_name_in_any_case(name: str, call: str, tmp_path: Path) -> None:
    http = (
        f"server {{ location / {{ fastcgi_pass {call}; }} }}"
        f" upstream {name} {{ server unix:/run/a.sock weight=2; server 10.0.0.1:9000 backup; keepalive 8; }}"
    )
    stack = stack_with(tmp_path, http)
    (location,) = stack.locations
    assert location.upstream is stack.upstreams[0]
    assert [member.data for member in stack.upstreams[0].members] == ["unix:/run/a.sock", "10.0.0.1:9000"]


def test_an_address_is_an_upstream_with_itself_as_the_only_member(tmp_path: Path) -> None:
    stack = stack_with(tmp_path, f"server {{ location / {{ {PASS} }} }}")
    upstream = stack.locations[0].upstream
    assert upstream and [member.data for member in upstream.members] == ["127.0.0.1:9000"]
    assert stack.upstreams == []


@pytest.mark.parametrize("written", ["$backend", "unix:/run/php/$host.sock", "127.0.0.1:$port"])
def test_a_variable_is_unknown_and_no_error(written: str, tmp_path: Path) -> None:
    stack = stack_with(tmp_path, f"server {{ location / {{ fastcgi_pass {written}; }} }}")
    (location,) = stack.locations
    assert (location.fastcgi_pass.state, location.fastcgi_pass.is_refused) == ("unknown", False)
    assert "variable" in location.fastcgi_pass.origin.words
    assert (location.upstream, stack.problems, [path.pool for path in stack.paths]) == (None, [], [None])


def test_a_fragment_keeps_what_it_sets_and_doubts_what_it_does_not(tmp_path: Path) -> None:
    text = f"server {{ listen 80; fastcgi_read_timeout 7; location / {{ {PASS} }} }}\n"
    (location,) = stack_of(tmp_path, {"sites-enabled/a": text}).locations
    assert location.fastcgi_read_timeout.data == 7
    doubted = location.fastcgi_connect_timeout
    assert [(o.data, str(o.conditions[0])) for o in doubted.options] == [
        (60, "the file that includes this one does not set fastcgi_connect_timeout"),
        (None, "the file that includes this one sets fastcgi_connect_timeout"),
    ]
    assert (doubted.data, doubted.default) == (None, 60)


def test_fragments_know_each_others_upstreams(tmp_path: Path) -> None:
    files = {
        "conf.d/upstream.conf": "upstream php { server unix:/run/a.sock; }\n",
        "conf.d/site.conf": "server { listen 80; location / { fastcgi_pass php; } }\n",
    }
    stack = stack_of(tmp_path, files)
    assert stack.locations[0].upstream is stack.upstreams[0]


def test_a_location_has_the_sockets_of_its_server(tmp_path: Path) -> None:
    http = f"server {{ listen 80; listen [::]:80; location / {{ {PASS} }} }} server {{ listen 81; }}"
    location = only_location(tmp_path, http)
    assert [listener.address for listener in location.listeners] == ["0.0.0.0:80", "[::]:80"]


def test_an_include_that_is_not_followed_may_set_a_timeout(tmp_path: Path) -> None:
    http = f"include /srv/x/*.conf; server {{ listen 80; fastcgi_send_timeout 5; location / {{ {PASS} }} }}"
    location = only_location(tmp_path, http)
    assert [option.data for option in location.fastcgi_read_timeout.options] == [60, None]
    assert location.fastcgi_send_timeout.data == 5


@pytest.mark.parametrize(
    ("server", "name"),
    [
        ("server_name _ shop.example;", "shop.example"),
        ("listen 127.0.0.1:8080; listen 81; server_name _;", "127.0.0.1:8080"),
        ('listen unix:/run/web.sock; server_name "";', "unix:/run/web.sock"),
        ("", "0.0.0.0:80"),
    ],
)
def test_a_server_without_a_name_is_called_by_its_address(server: str, name: str, tmp_path: Path) -> None:
    assert only_location(tmp_path, f"server {{ {server} location / {{ {PASS} }} }}").server == name
