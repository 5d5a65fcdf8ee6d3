"""Every nginx directive in force, block by block."""

from pathlib import Path

import pytest

from tests.trees import write_tree
from tuner.source.tree import collect
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.include import IncludeReport
from tuner.stack.nginx.blocks import load_configurations
from tuner.stack.nginx.effective import nginx_settings
from tuner.stack.target import parse_target
from tuner.stack.value import Value


def settings(
    root: Path, files: dict[str, str], target: str = "debian-12", *, with_defaults: bool = False
) -> dict[str, dict[str, Value]]:
    write_tree(root, files)
    tree = collect([str(root)], lambda _: True)
    (host,) = group_hosts(tree, read_tree(tree))
    loaded = load_configurations(host, IncludeReport())
    groups = nginx_settings(loaded, parse_target(target), with_defaults=with_defaults)
    assert len({(group.instance, group.section) for group in groups}) == len(groups)
    for group in groups:
        assert len({value.label for value in group.values}) == len(group.values)
    return {group.section: {value.label: value for value in group.values} for group in groups}


CONF = """\
worker_processes 4;
events { worker_connections 512; }
http {
    fastcgi_read_timeout 1m30s;
    client_max_body_size 1g;
    fastcgi_param A 1;
    fastcgi_param B 2;
    server {
        listen 80;
        server_name shop.example;
        location / {
            fastcgi_keep_conn ON;
            fastcgi_pass 127.0.0.1:9000;
            if ($arg_x) { return 403; }
            location /inner { fastcgi_param C 3; fastcgi_read_timeout 5; }
        }
        location / { root /srv; }
    }
    server { listen 81; server_name blog.example; }
}
"""
SHOP = "http/server[0] shop.example"


def test_sections_are_the_ways_to_the_blocks(tmp_path: Path) -> None:
    assert list(settings(tmp_path, {"nginx.conf": CONF})) == [
        *("main", "events", "http", SHOP, f"{SHOP}/location /", f"{SHOP}/location //if ($arg_x)"),
        *(f"{SHOP}/location //location /inner", f"{SHOP}/location /[1]", "http/server[1] blog.example"),
    ]


@pytest.mark.parametrize(
    ("section", "name", "data"),
    [
        ("main", "worker_processes", 4),
        ("http", "client_max_body_size", 2**30),
        (SHOP, "fastcgi_read_timeout", 90),
        (SHOP, "fastcgi_param", "A 1; B 2"),
        (f"{SHOP}/location /", "fastcgi_keep_conn", "on"),
        (f"{SHOP}/location //location /inner", "fastcgi_param", "C 3"),
        (f"{SHOP}/location //location /inner", "fastcgi_read_timeout", 5),
        (f"{SHOP}/location //if ($arg_x)", "fastcgi_pass", "127.0.0.1:9000"),
        (f"{SHOP}/location //if ($arg_x)", "fastcgi_read_timeout", 90),
    ],
)
def test_the_nearest_level_decides(section: str, name: str, data: object, tmp_path: Path) -> None:
    assert settings(tmp_path, {"nginx.conf": CONF})[section][name].data == data


@pytest.mark.parametrize(
    ("section", "name"),
    [
        (f"{SHOP}/location //location /inner", "fastcgi_pass"),
        (f"{SHOP}/location /", "server_name"),
        (f"{SHOP}/location /", "return"),
        (f"{SHOP}/location /", "worker_processes"),
        ("http/server[1] blog.example", "root"),
    ],
)
def test_what_is_not_in_force(section: str, name: str, tmp_path: Path) -> None:
    assert name not in settings(tmp_path, {"nginx.conf": CONF})[section]


def test_origins_and_what_was_overridden(tmp_path: Path) -> None:
    value = settings(tmp_path, {"nginx.conf": CONF})[f"{SHOP}/location //location /inner"][
        "fastcgi_read_timeout"
    ]
    assert str(value.origin).endswith("nginx.conf:15")
    assert [(lost.data, str(lost.origin).rpartition(":")[2]) for lost in value.overrides] == [(90, "4")]


def test_defaults_are_those_of_the_release(tmp_path: Path) -> None:
    files = {"nginx.conf": CONF}
    old = settings(tmp_path, files, "nginx=1.18", with_defaults=True)[SHOP]
    new = settings(tmp_path, files, "nginx=1.22", with_defaults=True)[SHOP]
    assert (old["keepalive_requests"].data, new["keepalive_requests"].data) == (100, 1000)
    assert (new["fastcgi_buffering"].data, new["fastcgi_read_timeout"].data) == ("on", 90)
    assert "keepalive" not in new
    assert "keepalive_requests" not in settings(tmp_path, files)[SHOP]


def test_an_include_that_was_not_read_leaves_a_doubt(tmp_path: Path) -> None:
    text = CONF.replace("    server {\n        listen 80;", "    server {\n include /elsewhere/x; listen 80;")
    value = settings(tmp_path, {"nginx.conf": text})[SHOP]["fastcgi_read_timeout"]
    assert value.state == "unknown"
    assert "/elsewhere/x" in value.origin.words
