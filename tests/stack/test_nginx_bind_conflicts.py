"""Which sockets of one nginx the kernel does not bind beside each other."""

from pathlib import Path

import pytest

from tests.trees import stack_of


def conflicts(root: Path, http: str) -> dict[str, object]:
    stack = stack_of(root, {"nginx.conf": f"events {{}}\nhttp {{ {http} }}\n"})
    return {one.address: one.bind_conflict.data for one in stack.listeners if one.bind_conflict.is_known}


@pytest.mark.parametrize("option", ["bind", "backlog=511", "so_keepalive=off", "ipv6only=off", "reuseport"])
@pytest.mark.parametrize("wildcard", ["80", "*:80 deferred", "0.0.0.0:80"])
def test_an_own_socket_collides_with_the_wildcard(wildcard: str, option: str, tmp_path: Path) -> None:
    http = f"server {{ listen {wildcard}; }} server {{ listen 10.0.0.1:80 {option}; }}"
    assert conflicts(tmp_path, http) == {"10.0.0.1:80": "0.0.0.0:80"}


def test_ipv6_collides_likewise(tmp_path: Path) -> None:
    assert conflicts(tmp_path, "server { listen [::1]:80 bind; listen [::]:80; }") == {"[::1]:80": "[::]:80"}


def test_a_socket_for_both_families_collides_with_every_ipv4_socket(tmp_path: Path) -> None:
    http = "server { listen [::]:80 ipv6only=off; listen 10.0.0.1:80; listen 10.0.0.2:80; }"
    assert conflicts(tmp_path, http) == {"10.0.0.1:80": "[::]:80", "10.0.0.2:80": "[::]:80"}


@pytest.mark.parametrize(
    "listens",
    [
        "listen 80 backlog=9; listen 10.0.0.1:80 default_server;",
        "listen 80; listen 10.0.0.1:81 bind;",
        "listen 80; listen [::]:80 backlog=9; listen [::1]:80;",
        "listen 80 reuseport; listen 10.0.0.1:80 reuseport; listen [::]:80 ipv6only=off reuseport;",
        "listen 80; listen unix:/run/80 backlog=9;",
    ],
)
def test_these_live_beside_each_other(listens: str, tmp_path: Path) -> None:
    assert conflicts(tmp_path, f"server {{ {listens} }}") == {}


def test_files_that_may_not_be_loaded_together_do_not_collide(tmp_path: Path) -> None:
    files = {
        "sites-available/a": "server { listen 80; }\n",
        "sites-available/b": "server { listen 10.0.0.1:80 bind; }\n",
    }
    assert [one.bind_conflict.state for one in stack_of(tmp_path, files).listeners] == ["absent"] * 2
