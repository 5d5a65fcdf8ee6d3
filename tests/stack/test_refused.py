"""Which values the programs refuse, told once a place, in the files they load."""

from pathlib import Path

import pytest

from tests.trees import stack_of

FPM = "etc/php/8.2/fpm/php-fpm.conf"
NGINX = "etc/nginx/nginx.conf"


def refused(root: Path, files: dict[str, str]) -> list[tuple[str, str]]:
    return [(one.entity, one.setting) for one in stack_of(root, files).refused]


@pytest.mark.parametrize(
    ("line", "is_refused"),
    [
        ("pm = on-demand", True),
        ("pm = OnDemand", False),
        ("pm.max_children = 5 6", True),
        ('pm.max_children = "5 "', True),
        ("pm.max_children = +5", True),
        ("pm.max_children = -5", False),
        ("pm.max_children = 5|2", False),
        ("pm.max_children = on", False),
        ("pm.max_children =", False),
        ("PM.MAX_REQUESTS = 1k", True),
        ("request_terminate_timeout = 60S", True),
        ("request_terminate_timeout =", True),
        ("request_terminate_timeout = 1m30s", False),
        ("pm.process_idle_timeout = 1w", True),
        ("pm.max_children = 5 # five", False),
        ("pm.max_children = ${CHILDREN}", False),
        ("listen.backlog = 1k", False),
        ("listen.backlog = 1k\nlisten.backlog = 8", True),
        ("env[pm] = foo", False),
    ],
)
def test_php_fpm(line: str, is_refused: bool, tmp_path: Path) -> None:
    assert bool(refused(tmp_path, {FPM: f"[www]\n{line}\n"})) == is_refused


def test_pool_and_global_section_are_named(tmp_path: Path) -> None:
    text = "[global]\nprocess.max = many\n[shop]\npm = foo\n"
    assert refused(tmp_path, {FPM: text}) == [
        ("php-fpm", "process.max = many"),
        ("pool:shop", "pm = foo"),
    ]


@pytest.mark.parametrize(
    ("line", "is_refused"),
    [
        ("fastcgi_send_timeout 60S;", True),
        ("fastcgi_send_timeout 30s1m;", True),
        ("fastcgi_send_timeout 1m30s;", False),
        ("fastcgi_send_timeout $slow;", False),
        ("fastcgi_keep_conn yes;", True),
        ("upstream php { server 127.0.0.1:9000; keepalive 8x; }", True),
        ("upstream php { server 127.0.0.1:9000; keepalive 8; }", False),
        ("map $uri $cache { keepalive 8x; }", False),
        ("keepalive 8x;", False),
    ],
)
def test_nginx(line: str, is_refused: bool, tmp_path: Path) -> None:
    assert bool(refused(tmp_path, {NGINX: f"events {{}}\nhttp {{ {line} }}\n"})) == is_refused


def test_what_a_template_fills_in_is_not_judged(tmp_path: Path) -> None:
    server = "server { listen {{ port }}; fastcgi_keep_conn {{ keep }}; fastcgi_send_timeout 5x; }"
    text = f"# fpmtune: template\nevents {{}}\nhttp {{ {server} }}\n"
    assert [setting for _, setting in refused(tmp_path, {NGINX: text})] == ["fastcgi_send_timeout 5x"]


def test_a_snippet_included_twice_is_told_once(tmp_path: Path) -> None:
    servers = "server { listen 80; include php.conf; } server { listen 81; include php.conf; }"
    files = {
        NGINX: f"events {{}}\nhttp {{ {servers} }}\n",
        "etc/nginx/php.conf": "location / { fastcgi_read_timeout 5x; fastcgi_pass unix:/run/php.sock; }\n",
    }
    (found,) = refused(tmp_path, files)
    assert found[1] == "fastcgi_read_timeout 5x"


def test_a_site_that_is_not_included_is_not_told(tmp_path: Path) -> None:
    files = {
        NGINX: "events {}\nhttp { include sites-enabled/*; }\n",
        "etc/nginx/sites-enabled/shop": "server { listen 80; }\n",
        "etc/nginx/sites-available/old": "server { listen 81; fastcgi_read_timeout 5x; }\n",
    }
    assert refused(tmp_path, files) == []


def test_redis(tmp_path: Path) -> None:
    assert refused(tmp_path, {"redis.conf": "port 6379\nmaxclients 10 20\n"}) == [
        ("redis:redis.conf", "maxclients 10 20")
    ]
    assert refused(tmp_path, {"redis.conf": "port 6379\nmaxclients 10000\n"}) == []
