"""The queues of nginx's sockets: for a second of the recorded arrivals, on every socket of the port alike."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.tune.hosts import NGINX_FILE, SYSCTL_FILE, Planned, host_files, with_arrivals
from tests.tune.test_measured import COLLAPSE, measured
from tuner.load.load_file import MeasuredPool
from tuner.tune.demand import Wishes


def peak(per_s: int) -> MeasuredPool:
    """A second of so many arrivals, evenly, and a quiet minute after it."""
    steps = (*(number * 1000 // per_s for number in range(per_s)), *range(3000, 60_000, 500))
    return with_arrivals(measured(COLLAPSE), steps)


def listening(
    root: Path,
    per_s: int,
    listens: str,
    more: Mapping[str, str] | None = None,
    *,
    http: str = "http {",
    somaxconn: int | None = 4096,
) -> Planned:
    """A pool behind a server that listens so, in an nginx with connections for everybody."""
    files = host_files("listen.backlog = 2000", workers=300, timeout="300s", somaxconn=somaxconn)
    text = files[NGINX_FILE].replace("listen 80;", listens).replace("http {", http)
    files[NGINX_FILE] = text.replace("events {}", "events { worker_connections 65536; }")
    return Planned(root, {**files, **(more or {})}, measured=peak(per_s))


def queues(host: Planned) -> dict[str, object]:
    found = [one for one in host.plan.recommendations if one.setting == "backlog"]
    return {one.entity.removeprefix("nginx:"): one.recommended for one in found}


def listens_in(root: Path) -> list[str]:
    lines = (root / NGINX_FILE).read_text().splitlines()
    return [line.strip() for line in lines if line.strip().startswith("listen ")]


def test_a_second_of_arrivals_fits_in(tmp_path: Path) -> None:
    host = listening(tmp_path, 900, "listen 80;")
    assert queues(host) == {"0.0.0.0:80": 1024}
    assert host.bring_in() == [NGINX_FILE]
    assert listens_in(tmp_path) == ["listen 80 backlog=1024;"]
    assert host.plan.recommendations == ()


@pytest.mark.parametrize(("per_s", "expected"), [(511, None), (512, 512), (513, 1024)])
def test_from_the_first_arrival_that_finds_no_room(per_s: int, expected: int | None, tmp_path: Path) -> None:
    assert queues(listening(tmp_path, per_s, "listen 80;")).get("0.0.0.0:80") == expected


def test_both_sockets_of_a_port_get_alike_and_a_written_number_is_replaced(tmp_path: Path) -> None:
    host = listening(tmp_path, 900, "listen 80 default_server; listen [::]:80 'backlog=600' ipv6only=on;")
    assert queues(host) == {"0.0.0.0:80": 1024, "[::]:80": 1024}
    host.bring_in()
    assert listens_in(tmp_path) == [
        "listen 80 default_server backlog=1024; listen [::]:80 'backlog=1024' ipv6only=on;"
    ]
    assert host.plan.recommendations == ()


def test_the_twin_of_another_server_is_not_left_behind(tmp_path: Path) -> None:
    beside = "http { server { listen [::]:80; root /srv; }"
    host = listening(tmp_path, 900, "listen 80;", http=beside)
    assert queues(host) == {"0.0.0.0:80": 1024, "[::]:80": 1024}


def test_a_port_that_leads_to_no_recorded_pool_stays(tmp_path: Path) -> None:
    host = listening(tmp_path, 900, "listen 80;", http="http { server { listen 81; root /srv; }")
    assert queues(host) == {"0.0.0.0:80": 1024}


def test_options_stay_on_the_listen_that_has_them(tmp_path: Path) -> None:
    """nginx refuses socket options on a second listen of the address, even equal ones."""
    beside = "http { server { listen 80 so_keepalive=on; root /srv; }"
    host = listening(tmp_path, 900, "listen 80;", http=beside)
    host.bring_in()
    text = (tmp_path / NGINX_FILE).read_text()
    assert "listen 80 so_keepalive=on backlog=1024;" in text
    assert "        listen 80;\n" in text


@pytest.mark.parametrize(
    ("listens", "reason"),
    [
        ("listen 80; include /srv/elsewhere/*.conf;", "a file that was not read may have options"),
        (
            "include listen.inc; } server { server_name b; include listen.inc; root /srv;",
            "several servers include this listen",
        ),
        ("root /srv;", "no file of those read has it"),
        ("listen 127.0.0.1:80 bind; listen 80 bind;", "it cannot be bound beside another listen"),
    ],
)
def test_what_might_keep_nginx_from_starting_is_written_by_hand(
    listens: str, reason: str, tmp_path: Path
) -> None:
    include = {"etc/nginx/listen.inc": "listen 80;\n"} if "listen.inc" in listens else {}
    host = listening(tmp_path, 900, listens, include)
    reasons = [one.reason for one in host.patches.unwritten]
    assert reasons
    assert reasons[0].startswith(reason)


def test_what_somaxconn_cuts_is_raised_with_it(tmp_path: Path) -> None:
    host = listening(tmp_path, 900, "listen 80 backlog=65535;", somaxconn=600)
    assert queues(host) == {"0.0.0.0:80": 1024}
    whys = [found.why for found in host.plan.recommendations if found.setting == "backlog"]
    assert all("65535 is cut to less than that" in why for why in whys)
    assert int(str(host.recommended()["net.core.somaxconn"])) >= 1024
    host.bring_in()
    assert host.plan.recommendations == ()


def test_a_number_that_is_right_needs_somaxconn_only(tmp_path: Path) -> None:
    host = listening(tmp_path, 900, "listen 80 backlog=1024;", somaxconn=600)
    assert queues(host) == {}
    assert int(str(host.recommended()["net.core.somaxconn"])) >= 1024
    assert SYSCTL_FILE in host.bring_in()
    assert host.plan.recommendations == ()


def test_what_somaxconn_may_cut_counts_as_it_is_written(tmp_path: Path) -> None:
    assert queues(listening(tmp_path / "a", 900, "listen 80 backlog=899;", somaxconn=None)) == {
        "0.0.0.0:80": 1024
    }
    assert queues(listening(tmp_path / "b", 900, "listen 80 backlog=900;", somaxconn=None)) == {}


def test_with_reuseport_each_worker_process_has_a_queue_for_its_part(tmp_path: Path) -> None:
    listen = "listen 80 reuseport;"
    assert queues(listening(tmp_path / "a", 1100, listen)) == {"0.0.0.0:80": 2048}
    three = listening(tmp_path / "b", 1533, listen, http="worker_processes 3; http {")
    assert queues(three) == {}
    assert queues(listening(tmp_path / "c", 1534, listen, http="worker_processes 3; http {")) == {
        "0.0.0.0:80": 512
    }


def test_a_declared_load_says_nothing_of_a_second(tmp_path: Path) -> None:
    assert queues(Planned(tmp_path, host_files("listen.backlog = 10", somaxconn=10))) == {}


def test_a_changed_number_takes_a_reload_and_a_raised_somaxconn_a_restart(tmp_path: Path) -> None:
    def last_step(folder: str, listen: str) -> str:
        return listening(tmp_path / folder, 900, f"listen 80{listen};", somaxconn=600).plan.steps[-1].words

    assert last_step("a", " backlog=65535") == "reload nginx"
    assert last_step("b", " backlog=1024") == "restart nginx"


def test_clients_bound_what_comes_at_a_time(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", timeout="60s")
    busy = with_arrivals(measured(COLLAPSE), range(0, 2000))
    assert "backlog" in Planned(tmp_path / "a", files, measured=busy).recommended()
    few = Planned(tmp_path / "b", files, measured=busy, wishes=Wishes(clients=300))
    assert "backlog" not in few.recommended()
