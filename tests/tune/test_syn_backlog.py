"""tcp_max_syn_backlog: only where SYN cookies are off, and then as little as clears the finding of it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trees import judgement_of
from tests.tune.hosts import NGINX_FILE, SYSCTL_FILE, Planned, host_files
from tuner.laws.syn_queue import max_syn_backlog_for, room_without_cookies
from tuner.laws.sysctl_number import INT_MAX
from tuner.tune.fragments import Stamp, fragments

KEY, COOKIES = "net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_syncookies"
TARGET = "debian-12"


def switched(
    root: Path, *lines: str, listen: str = "80 backlog=2048", pool: str = "listen.backlog = 10"
) -> Planned:
    files = host_files(pool)
    files[SYSCTL_FILE] += "".join(f"{line}\n" for line in lines)
    files[NGINX_FILE] = files[NGINX_FILE].replace("listen 80;", f"listen {listen};")
    return Planned(root, files, target=TARGET)


@given(st.integers(0, 100_000))
def test_the_least_number_with_so_much_room(handshakes: int) -> None:
    found = max_syn_backlog_for(handshakes)
    assert room_without_cookies(found) >= handshakes
    assert found == 0 or room_without_cookies(found - 1) < handshakes


def test_the_kernel_takes_no_number_beyond_a_c_int() -> None:
    most = room_without_cookies(INT_MAX)
    assert max_syn_backlog_for(most) <= INT_MAX
    assert room_without_cookies(max_syn_backlog_for(most)) == most
    with pytest.raises(ValueError, match="more than tcp_max_syn_backlog"):
        max_syn_backlog_for(most + 1)


def test_where_no_number_that_the_kernel_takes_is_enough_none_is_recommended(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", somaxconn=INT_MAX)
    files[SYSCTL_FILE] += f"{COOKIES} = 0\n{KEY} = 512\n"
    files[NGINX_FILE] = files[NGINX_FILE].replace("listen 80;", f"listen 80 backlog={INT_MAX};")
    assert KEY not in Planned(tmp_path / "most", files, target=TARGET).recommended()
    files[NGINX_FILE] = files[NGINX_FILE].replace(str(INT_MAX), "70000")
    assert KEY in Planned(tmp_path / "many", files, target=TARGET).recommended()


def test_it_is_the_least_that_clears_the_finding(tmp_path: Path) -> None:
    host = switched(tmp_path, f"{COOKIES} = 0", f"{KEY} = 512")
    assert "SYS005" in {found.rule for found in judgement_of(tmp_path, TARGET).findings}
    assert host.recommended() == {KEY: 2729}
    assert [step.command for step in host.plan.steps] == ["sysctl --system"]
    assert host.bring_in() == [SYSCTL_FILE]
    assert host.plan.recommendations == ()
    assert "SYS005" not in {found.rule for found in judgement_of(tmp_path, TARGET).findings}


@pytest.mark.parametrize("number", [2729, 4096])
def test_what_has_room_stays(number: int, tmp_path: Path) -> None:
    assert switched(tmp_path, f"{COOKIES} = 0", f"{KEY} = {number}").recommended() == {}


@pytest.mark.parametrize(
    ("lines", "listen"),
    [
        ((f"{COOKIES} = 1", f"{KEY} = 16"), "80 backlog=2048"),
        ((f"{KEY} = 16",), "80 backlog=2048"),
        ((f"{COOKIES} = 0",), "80 backlog=2048"),
        ((f"{COOKIES} = 0", f"{KEY} = 16"), "127.0.0.1:80 backlog=2048"),
        ((f"{COOKIES} = 0", f"{KEY} = 16"), "unix:/run/nginx.sock backlog=2048"),
    ],
)
def test_where_it_plays_no_part_nothing_is_said(lines: tuple[str, ...], listen: str, tmp_path: Path) -> None:
    assert KEY not in switched(tmp_path, *lines, listen=listen).recommended()


def test_what_the_plan_makes_of_the_queues_counts(tmp_path: Path) -> None:
    """The pool listens to everybody, and is to have a shorter queue."""
    files = host_files("listen.backlog = 4096", listen="9000", timeout="1s")
    files[SYSCTL_FILE] += f"{COOKIES} = 0\n{KEY} = 700\n"
    files[NGINX_FILE] = files[NGINX_FILE].replace("server 9000", "server 127.0.0.1:9000")
    host = Planned(tmp_path, files, target=TARGET)
    assert 0 < int(str(host.recommended()["listen.backlog"])) < 500
    assert KEY not in host.recommended()


def test_fragments_carry_it_but_not_into_containers(tmp_path: Path) -> None:
    host = switched(tmp_path, f"{COOKIES} = 0", f"{KEY} = 512")
    made = {found.path: found.text for found in fragments(host.stack, host.plan, Stamp(["a"], "b"))}
    assert f"\n{KEY} = 2729\n" in made["sysctl.d/zz-fpmtune.conf"]
    assert f"  {KEY}: 2729\n" in made["ansible/fpmtune.yml"]
    assert KEY not in made["compose/fpmtune.yaml"]


def test_the_fragment_names_the_queues_that_its_somaxconn_lengthens(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", somaxconn=128)
    files[NGINX_FILE] = files[NGINX_FILE].replace("listen 80;", "listen 80 backlog=65535; listen [::]:80;")
    host = Planned(tmp_path, files, target=TARGET)
    made = {found.path: found.text for found in fragments(host.stack, host.plan, Stamp(["a"], "b"))}
    text = made["sysctl.d/zz-fpmtune.conf"]
    assert "net.core.somaxconn = 4096\n" in text
    assert "lengthens the queue of 0.0.0.0:80 (nginx), which asks for 65535" in text
    assert "[::]:80" not in text
    same = Planned(tmp_path / "same", {**files, SYSCTL_FILE: "net.core.somaxconn = 65535\n"}, target=TARGET)
    made = {found.path: found.text for found in fragments(same.stack, same.plan, Stamp(["a"], "b"))}
    assert "lengthens" not in made["sysctl.d/zz-fpmtune.conf"]


def test_both_keys_are_set_at_once_where_another_file_would_be_read_last(tmp_path: Path) -> None:
    files = host_files("listen.backlog = 10", somaxconn=128)
    files[NGINX_FILE] = files[NGINX_FILE].replace("listen 80;", "listen 80 backlog=511;")
    files[SYSCTL_FILE] += f"{COOKIES} = 0\n{KEY} = 16\n"
    files["etc/sysctl.d/99-sysctl.conf"] = files[SYSCTL_FILE]
    files["etc/sysctl.conf"] = f"net.core.somaxconn = 100\n{KEY} = 17\n"
    step = Planned(tmp_path, files, target=TARGET).plan.steps[0]
    assert step.command == f"sysctl -w net.core.somaxconn=511 {KEY}=679"
    assert step.cost.count("sysctl --system would set") == 1
    assert "100 (" in step.cost
    assert " and 17 (" in step.cost
