"""`fpmtune simulate --load`: what the logs of one configuration say of another."""

from pathlib import Path

import pytest
from program import CHECKOUT, fpmtune

from tests.trees import write_tree

LOGS = CHECKOUT / "tests/data/replay/unix-collapse-B65535"
LOG_FORMAT = (
    "$msec $request_time $status $upstream_status uct=$upstream_connect_time uht=$upstream_header_time "
    "urt=$upstream_response_time $request_uri"
)
POOL = (
    "[q]\nuser = www-data\nlisten = /run/php/q.sock\nlisten.backlog = 65535\n"
    "pm = static\npm.max_children = 8\n"
)
NGINX = (
    "events {}\nhttp { server { listen 80;\n"
    "location / { fastcgi_read_timeout 1s; fastcgi_pass unix:/run/php/q.sock; } } }\n"
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The load file of the collapse, and the files it was measured with."""
    folder = tmp_path_factory.mktemp("measured")
    write_tree(
        folder / "etc",
        {
            "php/8.2/fpm/pool.d/q.conf": POOL,
            "nginx/nginx.conf": NGINX,
            "sysctl.d/a.conf": "net.core.somaxconn = 65535\n",
        },
    )
    ran = fpmtune(
        *("measure", "--nginx-log", LOGS / "nginx.access.log.gz", "--log-format", LOG_FORMAT, "--pool", "q"),
        *("--fpm-log", LOGS / "fpm.access.log.gz"),
        *("--access-format", "%{%s}t %{microseconds}d %s %{QUERY_STRING}e", "-o", "load.yaml"),
        cwd=folder,
    )
    assert ran.status == 0
    return folder


def shares(folder: Path, *arguments: str) -> list[float]:
    ran = fpmtune(
        "simulate",
        "--load",
        "load.yaml",
        "etc",
        *arguments,
        "--target",
        "debian-12",
        "--format",
        "json",
        cwd=folder,
    )
    assert (ran.status, ran.err) == (0, "")
    return [ran.report["shares"][status] for status in ("200", "502", "504")]


# What the same arrivals came to with real nginx and php-fpm 8.2 of each setting.
@pytest.mark.parametrize(
    ("changes", "came_to"),
    [
        ((), (0.145, 0.0, 0.855)),
        (("--set", "listen.backlog=112"), (0.847, 0.152, 0.002)),
        (("--set", "net.core.somaxconn=112"), (0.847, 0.152, 0.002)),
        (("--set", "pm.max_children=20", "--set", "listen.backlog=299"), (1.0, 0.0, 0.0)),
    ],
)
def test_the_collapse_and_its_cures_from_the_logs_of_the_bad_run(
    measured: Path, changes: tuple[str, ...], came_to: tuple[float, ...]
) -> None:
    assert shares(measured, *changes) == pytest.approx(came_to, abs=0.015)


def test_a_dynamic_pool_grows_in_the_replay(measured: Path) -> None:
    text = POOL.replace("static", "dynamic").replace("= 8", "= 20").replace("65535", "299")
    text += "pm.start_servers = 1\npm.min_spare_servers = 1\npm.max_spare_servers = 2\n"
    (measured / "etc/php/8.2/fpm/pool.d/q.conf").write_text(text)
    slow = shares(measured)
    static = shares(measured, "--set", "pm=static")
    (measured / "etc/php/8.2/fpm/pool.d/q.conf").write_text(POOL)
    assert static[0] == 1.0
    assert slow[0] < 0.97


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "foo=1"), "'foo=1' is not KEY=VALUE"),
        (("--set", "pm.max_children=x"), "'x' is not a whole number"),
        (("--set", "pm=sometimes"), "is none of static, dynamic and ondemand"),
        (("--pool", "www"), "expected one of the pools q, not www"),
        (("--arrivals", "a.csv"), "not allowed with argument"),
    ],
)
def test_wrong_usage(measured: Path, arguments: tuple[str, ...], words: str) -> None:
    ran = fpmtune("simulate", "--load", "load.yaml", "etc", *arguments, cwd=measured)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err


def test_what_nobody_knows_is_named(measured: Path) -> None:
    without = fpmtune("simulate", "--load", "load.yaml", cwd=measured)
    assert (without.status, without.out) == (2, "")
    assert "pm.max_children is needed; give --set pm.max_children=N" in without.err
    other = fpmtune("simulate", "--load", "load.yaml", CHECKOUT / "examples/shop", cwd=measured)
    assert "--pool: expected one of admin, shop" in other.err
