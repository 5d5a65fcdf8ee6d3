"""What the kernel makes of a listener's backlog, and what fits into its queues."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.model import Listener
from tuner.stack.value import Data, Value

POOL = "[www]\nlisten = {listen}\npm = static\npm.max_children = 4\n{rest}"


def pool_listener(
    root: Path, backlog: str = "", listen: str = "127.0.0.1:9000", sysctl: str = "", target: str = ""
) -> Listener:
    rest = f"listen.backlog = {backlog}\n" if backlog else ""
    files = {"etc/php/8.2/fpm/pool.d/www.conf": POOL.format(listen=listen, rest=rest)}
    if sysctl:
        files["etc/sysctl.d/50-a.conf"] = sysctl
    (listener,) = stack_of(root, files, target).listeners
    return listener


def numbers(value: Value) -> list[Data | None]:
    return [option.data for option in value.options]


@pytest.mark.parametrize("somaxconn", [128, 4096, 65535])
@pytest.mark.parametrize("backlog", [-1, -5, -2147483648, 0, 1, 8, 128, 511, 4096, 65535])
@pytest.mark.parametrize("listen", ["127.0.0.1:9000", "/run/php/www.sock"])
def test_the_effective_backlog_is_what_ss_showed(
    backlog: int, somaxconn: int, listen: str, tmp_path: Path
) -> None:
    sysctl = f"net.core.somaxconn = {somaxconn}\n"
    listener = pool_listener(tmp_path, str(backlog), listen, sysctl, "debian-12")
    shown = somaxconn if backlog < 0 else min(backlog, somaxconn)
    assert listener.effective_backlog.data == shown
    assert listener.accept_queue_capacity.data == shown + 1


def test_unset_on_php_8_2_means_somaxconn(tmp_path: Path) -> None:
    listener = pool_listener(tmp_path, sysctl="net.core.somaxconn = 65535\n")
    assert (listener.backlog.data, listener.effective_backlog.data) == (-1, 65535)
    assert listener.backlog_at.label == "listen"


def test_an_unknown_kernel_gives_one_effective_backlog_a_default(tmp_path: Path) -> None:
    listener = pool_listener(tmp_path, "1000", sysctl="vm.swappiness = 1\n")
    assert numbers(listener.effective_backlog) == [128, 1000]
    assert numbers(listener.accept_queue_capacity) == [129, 1001]


def test_a_backlog_below_every_default_is_certain_without_a_target(tmp_path: Path) -> None:
    listener = pool_listener(tmp_path, "64", sysctl="vm.swappiness = 1\n")
    assert listener.effective_backlog.data == 64


def test_without_any_sysctl_file_the_doubt_reaches_the_queue(tmp_path: Path) -> None:
    listener = pool_listener(tmp_path, "1000")
    assert set(numbers(listener.effective_backlog)) == {128, 1000, None}


def test_before_4_1_the_limit_was_kept_in_16_bits(tmp_path: Path) -> None:
    sysctl = "net.core.somaxconn = 65536\n"
    old = pool_listener(tmp_path / "1", "65536", sysctl=sysctl, target="kernel=3.10")
    new = pool_listener(tmp_path / "2", "65536", sysctl=sysctl, target="kernel=4.1")
    assert (old.effective_backlog.data, new.effective_backlog.data) == (0, 65536)


@pytest.mark.parametrize(
    ("backlog", "data", "is_accepted"),
    [("0777", 777, True), ("2147483648", -2147483648, True), ("4k", None, False), ("511 # x", None, False)],
)
def test_what_is_asked_for(backlog: str, data: int | None, is_accepted: bool, tmp_path: Path) -> None:
    listener = pool_listener(tmp_path, backlog, target="debian-12")
    assert (listener.backlog.data, listener.backlog_is_accepted) == (data, is_accepted)
    assert listener.requested.data == f"listen.backlog = {backlog}"
    assert listener.backlog_at is listener.backlog
    refused = listener.refused_backlog
    assert (refused.state, refused.data) == (("absent", None) if is_accepted else ("known", backlog))
    assert (listener.effective_backlog.state == "known") == is_accepted


def test_a_unix_socket_has_no_syn_queue(tmp_path: Path) -> None:
    listener = pool_listener(tmp_path, listen="/run/php.sock", target="debian-12")
    assert listener.syn_queue_capacity.state == "absent"


@pytest.mark.parametrize(
    ("cookies", "syn_backlog", "target", "capacity"),
    [
        (1, 128, "kernel=6.1.125", 513),
        (1, 128, "kernel=6.1.124", 512),
        (1, -1, "debian-12", 513),
        (2, 4096, "debian-12", 0),
        (0, 4096, "debian-12", 513),
        (0, 256, "debian-12", 193),
        (0, -1, "debian-12", 1),
    ],
)
def test_the_syn_queue(cookies: int, syn_backlog: int, target: str, capacity: int, tmp_path: Path) -> None:
    sysctl = f"net.ipv4.tcp_syncookies = {cookies}\nnet.ipv4.tcp_max_syn_backlog = {syn_backlog}\n"
    listener = pool_listener(tmp_path, "512", sysctl=sysctl, target=target)
    assert listener.syn_queue_capacity.data == capacity


def test_a_kernel_of_two_numbers_leaves_the_fix_of_2025_open(tmp_path: Path) -> None:
    listener = pool_listener(tmp_path, "512", target="kernel=6.1")
    assert numbers(listener.syn_queue_capacity) == [512, 513]
    assert "kernel=X.Y.Z" in listener.syn_queue_capacity.origin.words


def test_without_cookies_the_syn_queue_needs_the_memory_of_the_machine(tmp_path: Path) -> None:
    listener = pool_listener(tmp_path, "512", sysctl="net.ipv4.tcp_syncookies = 0\n", target="debian-12")
    assert (listener.syn_queue_capacity.state, numbers(listener.syn_queue_capacity)) == ("unknown", [])
    assert "memory" in listener.syn_queue_capacity.origin.words


def test_before_4_4_the_syn_queue_depends_on_max_syn_backlog_despite_cookies(tmp_path: Path) -> None:
    sysctl = "net.ipv4.tcp_max_syn_backlog = 128\n"
    listener = pool_listener(tmp_path, "100", sysctl=sysctl, target="kernel=3.10")
    assert listener.syn_queue_capacity.data == 128
    unset = pool_listener(tmp_path / "2", "100", target="kernel=3.10")
    assert unset.syn_queue_capacity.state == "unknown"
