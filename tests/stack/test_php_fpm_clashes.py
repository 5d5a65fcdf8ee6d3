"""Two pools of one php-fpm on one address. What php-fpm does with each pair, tests/daemons asks it."""

import time
from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.value import Value

FOLDER = "etc/php/8.2/fpm/pool.d"
SAME = "has the same listen"
ALREADY = "listens on this socket already"
IN_USE = "98: Address already in use"
ONE_SOCKET = "in another spelling"


def clash(root: Path, *addresses: str) -> Value:
    text = "".join(
        f"[p{number}]\nlisten = {address}\npm = static\npm.max_children = 1\n"
        for number, address in enumerate(addresses)
    )
    pools = stack_of(root, {f"{FOLDER}/a.conf": text}).pools
    assert [pool.listen_clash.data for pool in pools[:-1]] == [""] * (len(pools) - 1)
    return pools[-1].listen_clash


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("9000", "9000", SAME),
        ("/run/a.sock", "/run/a.sock", SAME),
        ("/run/a.sock", "/run//a.sock", ALREADY),
        ("/run/a.sock", "/var/run/a.sock", ALREADY),
        ("9000", "09000", ONE_SOCKET),
        ("9000", "[::]:9000", ONE_SOCKET),
        ("[::1]:9000", "[0:0::1]:9000", ONE_SOCKET),
        ("localhost:9000", "LocalHost:9000", ONE_SOCKET),
        ("[::]:9000", "[::1]:9000", IN_USE),
        ("[::1]:9000", "9000", IN_USE),
        ("0.0.0.0:9000", "10.0.0.1:9000", IN_USE),
        ("10.0.0.1:9000", "0.0.0.0:9000", IN_USE),
    ],
)
def test_certain_clashes(first: str, second: str, words: str, tmp_path: Path) -> None:
    found = clash(tmp_path, first, second)
    assert words in str(found.data) and "pool p0" in str(found.data)
    assert [value.data for value in found.inputs] == [second, first]


@pytest.mark.parametrize(
    ("first", "second"), [("9000", "127.0.0.1:9000"), ("0.0.0.0:9000", "9000"), ("9000", "localhost:9000")]
)
def test_both_families_share_a_port_unless_the_kernel_was_told(
    first: str, second: str, tmp_path: Path
) -> None:
    found = clash(tmp_path, first, second)
    assert [bool(option.data) for option in found.options] == [True, False]
    assert str(found.options[0].conditions[0]) == "net.ipv6.bindv6only = 0"


@pytest.mark.parametrize("other", ["127.0.0.1:9000", "[::1]:9000", "0.0.0.0:9000"])
def test_localhost_depends_on_the_hosts_file(other: str, tmp_path: Path) -> None:
    found = clash(tmp_path, other, "localhost:9000")
    assert (found.state, found.options) == ("unknown", ()) and "hosts file" in found.origin.words


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("9000", "9001"),
        ("127.0.0.1:9000", "127.0.0.2:9000"),
        ("127.0.0.1:9000", "[::1]:9000"),
        ("0.0.0.0:9000", "[::1]:9000"),
        ("/run/a.sock", "/run/b.sock"),
        ("app:9000", "0.0.0.0:9000"),
        ("app:9000", "localhost:9000"),
    ],
)
def test_no_clash(first: str, second: str, tmp_path: Path) -> None:
    assert clash(tmp_path, first, second).data == ""


def test_a_certain_clash_is_told_before_a_possible_one(tmp_path: Path) -> None:
    text = "".join(
        f"[{name}]\nlisten = {address}\npm = static\npm.max_children = 1\n"
        for name, address in (("a", "[::1]:9000"), ("b", "127.0.0.1:9000"), ("c", "[::]:9000"))
    )
    *_, last = stack_of(tmp_path, {f"{FOLDER}/a.conf": text}).pools
    assert "pool a" in str(last.listen_clash.data)


def test_many_pools_on_one_port_take_linear_time(tmp_path: Path) -> None:
    text = "".join(
        f"[p{n}]\nlisten = 127.0.{n // 250}.{n % 250 + 1}:9000\npm = static\npm.max_children = 1\n"
        for n in range(2000)
    )
    started = time.process_time()
    pools = stack_of(tmp_path, {f"{FOLDER}/a.conf": text}).pools
    assert time.process_time() - started < 10
    assert {pool.listen_clash.data for pool in pools} == {""}
