"""`--qps` and `--service-time`."""

from pathlib import Path

import pytest

from tests.cli.program import fpmtune
from tests.trees import write_tree

FILES = {
    "etc/nginx/nginx.conf": (
        "events {}\nhttp { server { listen 80; location / { fastcgi_pass unix:/run/www.sock; } } }\n"
    ),
    "etc/php/8.2/fpm/pool.d/www.conf": (
        "[www]\nuser = www-data\nlisten = /run/www.sock\npm = static\npm.max_children = 5\n"
    ),
}
ASSUMPTION = "only the mean is given, so the times are taken as exponential"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(tmp_path, FILES)
    return tmp_path


def test_check_judges_by_the_load_and_says_which(tree: Path) -> None:
    ran = fpmtune("check", tree, "--target", "debian-12", "--service-time", "120ms")
    assert ran.status == 1
    assert "warning[PTH002]" in ran.out
    assert "load: mean service time = 0.12 s (command line: --service-time 120ms)" in ran.out
    assert ASSUMPTION in ran.out.split("read 2 files")[1]


def test_a_quick_site_has_no_finding(tree: Path) -> None:
    ran = fpmtune("check", tree, "--target", "debian-12", "--service-time", "0.07", "--format", "json")
    assert (ran.status, ran.rules) == (0, [])


def test_without_a_load_nothing_is_undecided_for_its_lack(tree: Path) -> None:
    ran = fpmtune("check", tree, "--target", "debian-12", "--format", "json")
    assert (ran.status, ran.rules, ran.report["undecided"]) == (0, [], [])
    assert {finding["rule"] for finding in ran.report["findings"]} == {"FPM008", "PTH006"}


def test_show_prints_what_the_load_means(tree: Path) -> None:
    ran = fpmtune("show", tree, "--target", "debian-12", "--service-time", "120ms", "--qps", "20")
    rows = {line.split("  ")[1]: line for line in ran.out.splitlines() if line.startswith("  ")}
    assert "20 requests/s" in rows["arrival rate"]
    assert "0.482" in rows["utilisation"]
    assert "2376" in rows["largest backlog"]
    assert "98.8 s" in rows["drain time"]
    assert "0.0702 s" in rows["longest mean service time"]


def test_show_without_a_load_prints_up_to_which_load_it_holds(tree: Path) -> None:
    ran = fpmtune("show", tree, "--target", "debian-12")
    assert "longest mean service time  0.0702 s" in ran.out
    assert "largest backlog" not in ran.out
    assert "capacity" not in ran.out.split("pool www")[1]


def test_show_json_has_load_and_queue(tree: Path) -> None:
    ran = fpmtune("show", tree, "--target", "debian-12", "--service-time", "120ms", "--format", "json")
    (pool,) = ran.report["pools"]
    assert pool["queue"]["largest_backlog"]["value"] == 2376
    assert pool["load"]["service_time"]["origin"]["kind"] == "declared"
    assert pool["load"]["arrival_rate"]["value"] is None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--qps", "10"], "--qps 10 says nothing without --service-time"),
        (["--service-time", "fast"], "'fast' is not a time such as 120ms, 0.12s or 0.12 (seconds)"),
        (["--service-time", "0"], "between a microsecond and a day"),
        (["--service-time", "1s", "--qps", "0"], "'0' is not a positive number of requests a second"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused(tree: Path, arguments: list[str], complaint: str) -> None:
    ran = fpmtune("check", tree, *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert complaint in ran.err


def test_a_load_without_a_pool_is_said(tree: Path) -> None:
    ran = fpmtune("check", tree / "etc/nginx", "--service-time", "1s")
    assert "there is no PHP-FPM pool in the files read" in ran.err
