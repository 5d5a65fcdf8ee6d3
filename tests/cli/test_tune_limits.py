"""`fpmtune tune` on a host whose own limits are full before its pool is: the whole way of the numbers."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.program import fpmtune
from tests.trees import write_tree
from tests.tune.hosts import NGINX_FILE, SYSCTL_FILE, host_files, with_arrivals
from tests.tune.test_measured import COLLAPSE, measured
from tuner.load.load_file import load_file_of, write_load

COOKIES_OFF = "net.ipv4.tcp_syncookies = 0\nnet.ipv4.tcp_max_syn_backlog = 512\n"
EXPECTED = [
    ("kernel", "net.core.somaxconn"),
    ("kernel", "net.ipv4.tcp_max_syn_backlog"),
    ("pool:www", "listen.backlog"),
    ("nginx:0.0.0.0:80", "backlog"),
    ("nginx:[::]:80", "backlog"),
    ("nginx:nginx.conf", "worker_connections"),
    ("nginx:nginx.conf", "worker_rlimit_nofile"),
]


@pytest.fixture
def host(tmp_path: Path) -> list[str | Path]:
    """Return the arguments of a plan for 900 requests within a second, of which hundreds wait."""
    files = host_files("listen.backlog = 2000", workers=12, timeout="10s", somaxconn=600)
    files[NGINX_FILE] = files[NGINX_FILE].replace("listen 80;", "listen 80; listen [::]:80;")
    files[SYSCTL_FILE] += COOKIES_OFF
    write_tree(tmp_path / "host", files)
    steps = [*(number * 1000 // 900 for number in range(900)), *range(3000, 60_000, 500)]
    load = load_file_of([with_arrivals(measured(COLLAPSE), steps)])
    (tmp_path / "load.yaml").write_text(write_load(load))
    target = ("--target", "debian-12", "--journal", tmp_path / ".journal")
    return ["tune", tmp_path / "host", "--load", tmp_path / "load.yaml", *target]


def test_every_limit_on_the_way_is_raised_once_and_in_order(host: list[str | Path]) -> None:
    report = fpmtune(*host, "--format", "json").report
    Draft202012Validator(fpmtune("schema", "plan").report).validate(report)
    assert [(found["entity"], found["setting"]) for found in report["plan"]] == EXPECTED
    assert {found["by_hand"] for found in report["plan"]} == {None}
    assert report["predicted"]["after"]["pool:www"]["shares"]["200"] > 0.99
    wrote = fpmtune(*host, "--write")
    assert wrote.status == 0, wrote.err
    assert fpmtune(*host).out.startswith("nothing to do")


def test_the_words_say_how_many_came_and_how_many_fit(host: list[str | Path]) -> None:
    out = " ".join(fpmtune(*host).out.split())
    both = "nginx:0.0.0.0:80, nginx:[::]:80"
    assert f"{both}: backlog 511 -> 1024 900 requests came within a second" in out
    assert "worker_rlimit_nofile (not set) -> 4096" in out
    assert "it holds 254, and the rest get 500 or no answer" in out
