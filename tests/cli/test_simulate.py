"""`fpmtune simulate`: a trace and a pool's numbers in, the shares of the answers out."""

from pathlib import Path

import pytest
from program import CHECKOUT, fpmtune

TRACES = CHECKOUT / "tests/data/replay"
POOL = ("--max-children", "8", "--read-timeout", "1s")
JSON = ("--format", "json")


def trace(cell: str) -> str:
    return str(TRACES / cell / "arrivals.csv.gz")


def test_json_of_a_measured_run() -> None:
    ran = fpmtune(
        "simulate", "--arrivals", trace("unix-D-rho1.5-B80"), *POOL, "--backlog", "80", "--format", "json"
    )
    assert (ran.status, ran.err) == (0, "")
    report = ran.report
    # Measured: 6.4 % / 32.7 % / 60.9 %.
    assert report["shares"]["200"] == pytest.approx(0.064, abs=0.01)
    assert report["shares"]["504"] == pytest.approx(0.609, abs=0.01)
    assert report["range"] is None
    assert set(report) == {
        *("schema_version", "requests", "shares", "range", "latency_s", "goodput_per_s", "dead_time_s"),
        *("capacity_per_s", "utilisation", "max_queue", "attempts"),
    }
    assert (report["schema_version"], report["requests"], report["max_queue"]) == (1, 2965, 81)
    assert set(report["latency_s"]) == {"p50", "p99"}


def test_somaxconn_cuts_the_backlog() -> None:
    given = ("simulate", "--arrivals", trace("unix-M-rho1.5-B56"), *POOL, "--format", "json")
    cut = fpmtune(*given, "--backlog", "65535", "--somaxconn", "56").report
    assert cut == fpmtune(*given, "--backlog", "56").report
    assert cut == fpmtune(*given, "--backlog", "-1", "--somaxconn", "56").report


def test_text_gives_a_range_where_the_model_is_not_exact() -> None:
    ran = fpmtune(
        *("simulate", "--arrivals", trace("tcp-M-rho1.5-B8-Tc3"), *POOL, "--backlog", "8"),
        *("--socket", "tcp", "--connect-timeout", "3s"),
    )
    assert ran.status == 0
    assert "4876 requests, 8 workers, effective backlog 8, tcp socket, read timeout 1 s\n" in ran.out
    assert " between 5" in ran.out
    exact = fpmtune("simulate", "--arrivals", trace("unix-M-rho1.5-B56"), *POOL, "--backlog", "56")
    assert "between" not in exact.out
    drawn = fpmtune(
        "simulate", "--arrivals", trace("unix-M-rho1.5-B56"), *POOL, "--backlog", "56", "--bootstrap", "3"
    )
    assert "between" in drawn.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--backlog", "-1"), "give that as well"),
        (("--backlog", "x"), "'x' is not a whole number"),
        (("--backlog", "-2"), "'-2' is not a whole number from -1"),
        (("--backlog", "5", "--overhead", "1y"), "'1y' is not a time"),
        (("--backlog", "5", "--socket", "udp"), "invalid choice"),
        (("--backlog", "5", "--read-timeout", "9999h"), "'9999h' is longer than a year"),
        (("--backlog", "5", "--max-children", "1000000000"), "from 1 to 1000000"),
        (("--backlog", "5", "--bootstrap", "10001"), "from 0 to 10000"),
        (
            ("--backlog", "5", "--bootstrap", "9999"),
            "draws for 3674 requests are too many: at most 2721",
        ),
        (("--set", "listen.backlog=1k"), "--set listen.backlog: '1k' is not a whole number"),
        (("--set", "listen.backlog=1", "--set", "listen.backlog=2"), "--set listen.backlog is given twice"),
        (("--set", "listen.backlog"), "'listen.backlog' is not KEY=VALUE"),
        (("--backlog", "5", "--set", "pm.start_servers=3"), "changes nothing while pm is static"),
        (("--backlog", "5", "--set", "pm=dynamic"), "pm.start_servers is needed"),
        (("--backlog", "5", "--pool", "www"), "--pool www: nothing has pools here"),
        (("--backlog", "5", "--target", "debian-12"), "--target says how files are read"),
        (("--backlog", "5", "--as", "nginx"), "--as says how files are read"),
        (("--backlog", "5", "--show", "p99"), "--show says what a grid shows"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], words: str) -> None:
    ran = fpmtune("simulate", "--arrivals", trace("unix-M-rho1.5-B56"), *POOL, *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err.splitlines()[-1]


def test_spare_servers_can_be_stated() -> None:
    spares = ("pm=dynamic", "pm.start_servers=1", "pm.min_spare_servers=1", "pm.max_spare_servers=2")
    given = ("simulate", "--arrivals", trace("unix-M-rho1.5-B56"), *POOL, *("--backlog", "56"), *JSON)
    slow = fpmtune(*given, *(word for text in spares for word in ("--set", text)))
    assert slow.status == 0
    assert slow.report["shares"]["502"] > fpmtune(*given).report["shares"]["502"] + 0.05


def test_chance_widens_the_range_of_a_queue_that_overflows_on_tcp() -> None:
    given = ("simulate", "--arrivals", trace("tcp-M-rho1.5-B8-Tc3"), *POOL, *("--backlog", "8"), *JSON)
    given = (*given, "--socket", "tcp", "--connect-timeout", "3s")
    plain, drawn = (fpmtune(*given, *more).report["range"]["200"] for more in ((), ("--bootstrap", "5")))
    assert drawn["low"] < plain["low"] < plain["high"] < drawn["high"]


def test_who_cuts_the_backlog_is_said() -> None:
    given = ("simulate", "--arrivals", trace("unix-M-rho1.5-B56"), *POOL, "--somaxconn", "56")
    assert "\nnet.core.somaxconn cuts listen.backlog = 512 to 56\n" in fpmtune(*given, "--backlog", "512").out
    assert "\nlisten.backlog = -1 is as much as net.core" in fpmtune(*given, "--backlog", "-1").out
    assert "net.core.somaxconn" not in fpmtune(*given, "--backlog", "56").out


def test_arrivals_of_one_moment_are_a_second(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t_s,service_s\n0,9e6\n1e-300,9e6\n")
    ran = fpmtune(
        "simulate", "--arrivals", "a.csv", *POOL, "--backlog", "5", "--format", "json", cwd=tmp_path
    )
    assert ran.report["utilisation"] == pytest.approx(2 * 9e6 / 8)


def test_a_trace_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t_s,service_s\n1,x\n")
    ran = fpmtune("simulate", "--arrivals", "a.csv", *POOL, "--backlog", "5", cwd=tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert "a.csv:2:3: expected a number of seconds, found 'x'" in ran.err
