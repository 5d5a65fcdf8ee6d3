"""What a running machine makes of the values that files set, and which of its sockets is whose."""

import posixpath
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.trees import write_tree
from tuner.judge.examples import stacks_below
from tuner.stack.live.machine import Machine, Reading, RunningSocket
from tuner.stack.model import Family, Owner, Stack
from tuner.stack.value import Data, Value

KEYS = {
    "net.core.somaxconn": "4096\n",
    "net.ipv4.tcp_max_syn_backlog": "2048\n",
    "net.ipv4.tcp_syncookies": "1\n",
    "net.ipv4.tcp_abort_on_overflow": "0\n",
}
ALL: frozenset[Owner] = frozenset({"nginx", "php-fpm", "redis"})
POOL = "[www]\nuser = www-data\nlisten = {listen}\npm = static\npm.max_children = 4\n"


def machine(
    changed: Mapping[str, str | None] | None = None,
    sockets: Sequence[RunningSocket] = (),
    unseen: Mapping[Family, str] | None = None,
    has_the_files: bool = True,
) -> Machine:
    keys: dict[str, str | None] = {**KEYS, **(changed or {})}

    def read(key: str) -> list[Reading]:
        return [Reading(keys.get(key), reason="" if keys.get(key, "") is not None else "it is hidden")]

    return Machine(read, sockets, ALL, unseen or {}, posixpath.normpath, has_the_files)


def stack(root: Path, files: Mapping[str, str], running: Machine, target: str = "debian-12") -> Stack:
    write_tree(root, files)
    (built,) = stacks_below(root, target, running)
    return built


def test_what_the_machine_has_counts_and_a_file_that_sets_the_same_is_its_place(tmp_path: Path) -> None:
    files = {"etc/sysctl.d/60-web.conf": "net.core.somaxconn = 0x1000\nnet.ipv4.tcp_syncookies = 0\n"}
    kernel = stack(tmp_path, files, machine()).kernel
    assert (kernel.somaxconn.data, kernel.somaxconn.origin.kind) == (4096, "live")
    assert str(kernel.somaxconn.origin).endswith("60-web.conf:1")
    assert kernel.somaxconn.is_written
    assert (kernel.tcp_syncookies.data, kernel.tcp_syncookies.origin.place) == (1, None)
    assert kernel.tcp_syncookies.origin.words == "/proc/sys/net/ipv4/tcp_syncookies, this machine"
    (lost,) = kernel.tcp_syncookies.overrides
    assert (lost.data, str(lost.origin).endswith("60-web.conf:2")) == (0, True)


def test_a_machine_that_does_not_have_the_files_yet_will_have_what_they_set(tmp_path: Path) -> None:
    files = {"etc/sysctl.d/60-web.conf": "net.core.somaxconn = 8192\n"}
    built = stack(tmp_path, files, machine(has_the_files=False))
    assert built.kernel.somaxconn.data == 8192
    assert built.kernel.tcp_max_syn_backlog.data == 2048
    assert [key.not_in_force for key in built.sysctl] == [None]


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "it is hidden"), ("", "this machine has no net.core.somaxconn")]
)
def test_what_cannot_be_read_is_unknown_with_the_reason(
    text: str | None, reason: str, tmp_path: Path
) -> None:
    running = machine({"net.core.somaxconn": None})
    if text is not None:
        running = Machine(lambda _: [Reading(None)], (), ALL)
    somaxconn = stack(tmp_path, {"etc/redis/redis.conf": "port 1\n"}, running).kernel.somaxconn
    assert (somaxconn.state, somaxconn.origin.words) == ("unknown", reason)


def test_namespaces_that_differ_are_possible_values_and_each_program_has_its_own(tmp_path: Path) -> None:
    def read(key: str) -> list[Reading]:
        own = frozenset[Owner]({"php-fpm"})
        other = "128\n" if key == "net.core.somaxconn" else KEYS[key]
        return [Reading(KEYS[key], owners=ALL - own), Reading(other, "the network namespace of php", "", own)]

    files = {
        "etc/php/8.2/fpm/pool.d/www.conf": POOL.format(listen=9000),
        "etc/redis/redis.conf": "bind 127.0.0.1\n",
    }
    built = stack(tmp_path, files, Machine(read, (), ALL))
    assert [option.data for option in built.kernel.somaxconn.options] == [4096, 128]
    effective = {listener.owner: listener.effective_backlog.data for listener in built.listeners}
    assert effective == {"php-fpm": 128, "redis": 511}


@pytest.mark.parametrize(
    ("line", "has", "instead"),
    [
        ("net.core.somaxconn = 8192", "4096\n", 4096),
        ("net.core.somaxconn = 010000", "4096\n", None),
        ("net.core.somaxconn = 4096 # queue", "4096\n", None),
        ("net.ipv4.tcp_rmem = 4096 87380", "4096\t87380\t6291456\n", None),
        ("net.ipv4.tcp_rmem = 4096 87381", "4096\t87380\t6291456\n", "4096 87380 6291456"),
        ("net.ipv4.tcp_congestion_control = bbr", "cubic\n", "cubic"),
        ("net.ipv4.tcp_congestion_control = bbr", "bbr\n", None),
    ],
)
def test_a_file_is_compared_number_by_number(
    line: str, has: str, instead: Data | None, tmp_path: Path
) -> None:
    running = machine({line.split(" ")[0]: has})
    (key,) = stack(tmp_path, {"etc/sysctl.d/60-web.conf": line + "\n"}, running).sysctl
    assert key.not_in_force is not None
    assert key.not_in_force.instead.data == instead
    assert key.not_in_force.instead.state == ("absent" if instead is None else "known")


def test_what_the_boot_or_sysctl_system_set_is_in_force(tmp_path: Path) -> None:
    files = {
        "etc/sysctl.conf": "net.core.somaxconn = 4096\n",
        "etc/sysctl.d/99-z.conf": "net.core.somaxconn = 8192\n",
    }
    (key,) = stack(tmp_path, files, machine()).sysctl
    assert key.not_in_force and key.not_in_force.instead.state == "absent"


def queues(
    root: Path, listen: str, *running: RunningSocket, unseen: Mapping[Family, str] | None = None
) -> tuple[Value, Value]:
    files = {"etc/php/8.2/fpm/pool.d/www.conf": POOL.format(listen=listen)}
    (listener,) = stack(root, files, machine(sockets=running, unseen=unseen)).listeners
    return listener.running_backlog, listener.running_queue


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("/run/php/www.sock", "unix:/run/php/www.sock"),
        ("/run/php/www.sock", "unix:/run/php/../php/www.sock"),
        ("/var/run/php/www.sock", "unix:/run/php/www.sock"),
        ("127.0.0.1:9000", "127.0.0.1:9000"),
        ("[::1]:9000", "[::1]:9000"),
        ("9000", "[::]:9000"),
        ("9000", "0.0.0.0:9000"),
        ("localhost:9000", "[::1]:9000"),
        ("localhost:9000", "127.0.0.1:9000"),
    ],
)
def test_the_socket_of_an_address(listen: str, address: str, tmp_path: Path) -> None:
    backlog, queue = queues(tmp_path, listen, RunningSocket(address, 128, 3, "php-fpm"))
    assert (backlog.data, queue.data, backlog.default) == (128, 3, 4096)
    assert backlog.origin.words == "the running socket, this machine"


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("/run/php/www.sock", "unix:/run/php/api.sock"),
        ("127.0.0.1:9000", "0.0.0.0:9000"),
        ("127.0.0.1:9000", "127.0.0.2:9000"),
        ("0.0.0.0:9000", "[::]:9000"),
        ("[::1]:9000", "127.0.0.1:9000"),
        ("9000", "[::1]:9000"),
        ("9000", "127.0.0.1:9000"),
        ("9000", "[::]:9001"),
        ("localhost:9000", "unix:/localhost:9000"),
    ],
)
def test_another_address_is_another_socket(listen: str, address: str, tmp_path: Path) -> None:
    backlog, queue = queues(tmp_path, listen, RunningSocket(address, 128, 3, "php-fpm"))
    assert (backlog.state, queue.state) == ("absent", "absent")


@pytest.mark.parametrize(("owner", "state"), [("nginx", "absent"), ("php-fpm", "known"), (None, "known")])
def test_the_socket_of_another_program_does_not_count(
    owner: Owner | None, state: str, tmp_path: Path
) -> None:
    backlog, _ = queues(tmp_path, "9000", RunningSocket("[::]:9000", 128, 3, owner))
    assert backlog.state == state


def test_of_several_sockets_the_shortest_limit_and_the_longest_queue(tmp_path: Path) -> None:
    pair = [RunningSocket("[::]:9000", 128, 3, "php-fpm"), RunningSocket("[::]:9000", 511, 7, "php-fpm")]
    assert [value.data for value in queues(tmp_path, "9000", *pair)] == [128, 7]


def test_sockets_that_the_kernel_does_not_tell_are_unknown(tmp_path: Path) -> None:
    backlog, queue = queues(tmp_path, "9000", unseen={"tcp6": "no netlink"})
    assert (backlog.state, queue.state, backlog.origin.words) == ("unknown", "unknown", "no netlink")


def test_an_address_that_is_filled_in_later_is_nobodys(tmp_path: Path) -> None:
    files = {"etc/php/8.2/fpm/pool.d/www.conf.j2": POOL.format(listen="{{ address }}")}
    running = machine(sockets=[RunningSocket("[::]:9000", 128, 0, "php-fpm")])
    (listener,) = stack(tmp_path, files, running).listeners
    assert listener.running_backlog.state == "absent"
