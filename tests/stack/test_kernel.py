"""The kernel's listen queue keys after boot, and every key with who sets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.trees import stack_of, stacks_of, write_tree
from tuner.formats.candidate import is_candidate
from tuner.laws.sysctl_number import kernel_integer
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.line_entities import SysctlKey
from tuner.stack.model import Stack
from tuner.stack.target import Target, parse_target
from tuner.stack.value import Data, Value

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "sysctl" / "file_orders.json").read_text()
)
CASES = {case["name"]: case for case in GOLDEN["cases"]}
SOMAXCONN = "net.core.somaxconn"
SYN_BACKLOG = "net.ipv4.tcp_max_syn_backlog"
SYSCTL_D = "etc/sysctl.d/50-a.conf"


def somaxconn(number: object) -> str:
    return f"{SOMAXCONN} = {number}\n"


def options(value: Value) -> list[tuple[Data | None, list[str]]]:
    return [(option.data, [str(c) for c in option.conditions]) for option in value.options]


def key_of(stack: Stack, key: str = SOMAXCONN) -> SysctlKey:
    (found,) = [k for k in stack.sysctl if k.key == key]
    return found


def as_number(value: Value, key: str) -> str:
    number = kernel_integer(str(value.data)) if value.is_known else None
    base: str = GOLDEN["base"][key]
    return base if number is None else str(number)


@pytest.mark.parametrize("name", CASES)
def test_every_named_key_is_what_the_real_programs_left(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    write_tree(tmp_path, {"etc/sysctl.d/00-empty.conf": "", **case["files"]})
    for link, target in case["links"].items():
        (tmp_path / link).symlink_to(target)
    (stack,) = stacks_of(tmp_path, "debian-12" if case["links"] else "debian-13")
    for key in stack.sysctl:
        if key.key in GOLDEN["base"]:
            base = GOLDEN["base"][key.key]
            assert as_number(key.boot, key.key) == case["boot"].get(key.key, base)
            assert as_number(key.system, key.key) == case["system"].get(key.key, base)
    assert str(stack.kernel.somaxconn.data) == case["boot"].get(SOMAXCONN, "4096")


def test_no_sysctl_file_and_no_target_leaves_the_doubt_that_it_is_set_elsewhere(tmp_path: Path) -> None:
    value = stack_of(tmp_path, {"redis.conf": "port 6379\n"}).kernel.somaxconn
    assert (value.state, value.data) == ("unknown", None)
    assert options(value) == [
        (128, ["kernel < 5.4", f"{SOMAXCONN} is left at its default"]),
        (4096, ["kernel >= 5.4", f"{SOMAXCONN} is left at its default"]),
        (None, [f"{SOMAXCONN} is set outside the given paths"]),
    ]
    assert "--sysctl" in value.origin.words


def test_a_target_settles_that_nothing_else_sets_the_key(tmp_path: Path) -> None:
    kernel = stack_of(tmp_path, {"redis.conf": "port 6379\n"}, "debian-12").kernel
    assert (kernel.somaxconn.data, kernel.tcp_syncookies.data) == (4096, 1)
    assert kernel.version.data == "6.1"


def test_a_sysctl_file_that_does_not_set_the_key_leaves_the_default(tmp_path: Path) -> None:
    value = stack_of(tmp_path, {SYSCTL_D: "vm.swappiness = 1\n"}).kernel.somaxconn
    assert options(value) == [(128, ["kernel < 5.4"]), (4096, ["kernel >= 5.4"])]


def test_the_kernel_version_is_unknown_until_a_target_says_it(tmp_path: Path) -> None:
    kernel = stack_of(tmp_path, {SYSCTL_D: somaxconn(1000)}).kernel
    assert (kernel.version.state, kernel.somaxconn.data) == ("unknown", 1000)
    assert options(kernel.somaxconn_default) == [(128, ["kernel < 5.4"]), (4096, ["kernel >= 5.4"])]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1000", 1000),
        ("01000", 512),
        ("0x400", 1024),
        ("1000 # queue", 1000),
        ("1000 2000", 1000),
        ("65536", 65536),
        ("2147483647", 2147483647),
        ("0", 0),
    ],
)
def test_the_kernel_reads_the_number(text: str, number: int, tmp_path: Path) -> None:
    kernel = stack_of(tmp_path, {SYSCTL_D: somaxconn(text)}, "debian-12").kernel
    assert (kernel.somaxconn.data, kernel.somaxconn.default) == (number, 4096)
    assert str(kernel.somaxconn.origin) == f"{tmp_path}/{SYSCTL_D}:1"


@pytest.mark.parametrize(
    "text", ["4k", "+1000", "-1", "65_535", '"1000"', "1000.5", "max", "1000#x", "", "2147483648"]
)
def test_what_the_kernel_refuses_leaves_its_default_and_says_so(text: str, tmp_path: Path) -> None:
    kernel = stack_of(tmp_path, {SYSCTL_D: somaxconn(text)}, "debian-12").kernel
    assert (kernel.somaxconn.data, kernel.somaxconn.origin.kind) == (4096, "default")
    (lost,) = kernel.somaxconn.overrides
    assert (lost.data, str(lost.origin)) == (text, f"{tmp_path}/{SYSCTL_D}:1")
    assert "the kernel refuses it" in lost.reason


def test_a_refused_value_of_an_unknown_kernel_keeps_both_defaults(tmp_path: Path) -> None:
    value = stack_of(tmp_path, {SYSCTL_D: somaxconn("4k")}).kernel.somaxconn
    assert options(value) == [(128, ["kernel < 5.4"]), (4096, ["kernel >= 5.4"])]
    assert [(lost.data, lost.reason) for lost in value.overrides] == [("4k", "the kernel refuses it")]


@pytest.mark.parametrize(
    ("key", "text", "data"),
    [
        ("tcp_syncookies", "256", 1),
        ("tcp_syncookies", "-1", 1),
        ("tcp_syncookies", "2", 2),
        ("tcp_max_syn_backlog", "-1", -1),
        ("tcp_max_syn_backlog", "8192", 8192),
    ],
)
def test_each_key_has_its_own_bounds(key: str, text: str, data: int, tmp_path: Path) -> None:
    kernel = stack_of(tmp_path, {SYSCTL_D: f"net.ipv4.{key} = {text}\n"}, "debian-12").kernel
    value: Value = getattr(kernel, key)
    assert value.data == data


def test_systemd_writes_only_the_last_value_and_procps_every_one(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {SYSCTL_D: somaxconn(2000) + somaxconn("abc")}, "debian-12")
    assert stack.kernel.somaxconn.data == 4096
    key = key_of(stack)
    assert (key.boot.state, key.boot.is_refused) == ("unknown", True)
    assert (key.system.data, key.system.origin.place and key.system.origin.place.source) == ("2000", "2000")


def test_a_blank_behind_the_dash_hides_the_key_from_procps(tmp_path: Path) -> None:
    key = key_of(stack_of(tmp_path, {SYSCTL_D: f"{somaxconn(7)}- {somaxconn(8)}"}))
    assert (key.boot.data, key.system.data) == ("8", "7")


def test_a_dash_sets_the_key_all_the_same(tmp_path: Path) -> None:
    assert stack_of(tmp_path, {SYSCTL_D: f"-{somaxconn(7)}"}).kernel.somaxconn.data == 7


def test_a_glob_sets_the_key_unless_a_file_names_it(tmp_path: Path) -> None:
    glob = {"etc/sysctl.d/90-b.conf": "net.core.somax* = 7\n"}
    assert stack_of(tmp_path / "1", glob).kernel.somaxconn.data == 7
    assert stack_of(tmp_path / "2", {**glob, SYSCTL_D: somaxconn(8)}).kernel.somaxconn.data == 8


def test_an_excluded_key_keeps_its_default(tmp_path: Path) -> None:
    files = {SYSCTL_D: f"-{SOMAXCONN}\n", "etc/sysctl.d/90-b.conf": "net.core.somax* = 7\n"}
    assert stack_of(tmp_path, files, "debian-12").kernel.somaxconn.data == 4096


def test_the_value_in_force_names_all_that_it_overrides(tmp_path: Path) -> None:
    files = {f"etc/sysctl.d/{n}0-a.conf": somaxconn(n) for n in (1, 2, 3)}
    value = stack_of(tmp_path, files).kernel.somaxconn
    assert value.data == 3
    assert [lost.data for lost in value.overrides] == [2, 1]


def test_a_template_hole_makes_the_key_unknown_and_not_refused(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"etc/sysctl.d/50-a.conf.j2": somaxconn("{{ backlog }}")}, "debian-12")
    value = stack.kernel.somaxconn
    assert (value.state, value.is_refused, value.is_written, value.options) == ("unknown", False, True, ())
    assert "template" in value.origin.words


def test_debian_13_loses_sysctl_conf_at_boot(tmp_path: Path) -> None:
    files = {"etc/sysctl.conf": somaxconn(1000)}
    stack = stack_of(tmp_path, files, "debian-13")
    assert stack.kernel.somaxconn.data == 4096
    assert [(o.data, o.reason) for o in stack.kernel.somaxconn.overrides] == [
        (1000, "sysctl.conf is not read at boot on this target")
    ]
    key = key_of(stack)
    assert (key.boot.state, key.system.data) == ("absent", "1000")
    (other,) = stacks_of(tmp_path, "debian-12")
    assert other.kernel.somaxconn.data == 1000
    assert other.kernel.somaxconn.overrides == ()


def test_a_linked_sysctl_conf_is_read_at_boot_and_not_noted_as_lost(tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/sysctl.conf": somaxconn(1000), "etc/sysctl.d/10-a.conf": ""})
    (tmp_path / "etc/sysctl.d/99-sysctl.conf").symlink_to("../sysctl.conf")
    (stack,) = stacks_of(tmp_path, "debian-13")
    assert (stack.kernel.somaxconn.data, stack.kernel.somaxconn.overrides) == (1000, ())
    assert [key.key for key in stack.sysctl] == [SOMAXCONN]


def test_files_that_no_order_ranks_and_that_disagree_are_options(tmp_path: Path) -> None:
    files = {"a/sysctl.conf": somaxconn(1000), "b/sysctl.conf": somaxconn(2000)}
    value = stack_of(tmp_path, files, "debian-12").kernel.somaxconn
    assert options(value) == [
        (1000, [f"{tmp_path}/a/sysctl.conf is the one that counts"]),
        (2000, [f"{tmp_path}/b/sysctl.conf is the one that counts"]),
    ]
    assert "disagree" in value.origin.words


def test_files_that_no_order_ranks_and_that_agree_are_known(tmp_path: Path) -> None:
    files = {"a/sysctl.conf": somaxconn(1024), "b/sysctl.conf": somaxconn("0x400"), "c/sysctl.conf": ""}
    assert stack_of(tmp_path, files).kernel.somaxconn.data == 1024


def test_a_hole_in_one_of_the_files_is_an_option_without_a_value(tmp_path: Path) -> None:
    files = {"a/sysctl.conf": somaxconn(1000), "b/sysctl.conf.j2": somaxconn("{{ x }}")}
    value = stack_of(tmp_path, files).kernel.somaxconn
    assert [data for data, _ in options(value)] == [1000, None]


def test_lost_is_what_the_administrators_own_files_lose(tmp_path: Path) -> None:
    files = {
        "etc/sysctl.d/10-a.conf": somaxconn(1),
        "etc/sysctl.d/20-b.conf": somaxconn(2),
        "usr/lib/sysctl.d/15-c.conf": f"{somaxconn(3)}{SYN_BACKLOG} = 1\n",
        "etc/sysctl.d/30-d.conf": f"{SYN_BACKLOG} = 2\n",
    }
    stack = stack_of(tmp_path, files)
    assert (key_of(stack).boot.data, key_of(stack).lost.data) == ("2", "1")
    assert key_of(stack, SYN_BACKLOG).lost.state == "absent"


@pytest.mark.parametrize("same", ["01000", "0x200", "512 # x", "512"])
def test_nothing_is_lost_where_both_write_the_same_number(same: str, tmp_path: Path) -> None:
    files = {SYSCTL_D: somaxconn(512), "etc/sysctl.d/60-b.conf": somaxconn(same)}
    assert key_of(stack_of(tmp_path, files)).lost.state == "absent"


def test_a_file_without_the_ending_is_read_by_no_program(tmp_path: Path) -> None:
    files = {
        "etc/sysctl.d/60-php": somaxconn(1),
        SYSCTL_D: somaxconn(2),
        "etc/sysctl.d/x/70.conf": somaxconn(3),
    }
    stack = stack_of(tmp_path, files)
    assert (stack.kernel.somaxconn.data, key_of(stack).system.data) == (2, "2")


def test_the_sysctl_option_adds_a_file_in_its_place_of_the_order(tmp_path: Path) -> None:
    write_tree(tmp_path / "repo", {SYSCTL_D: somaxconn(1)})
    live = {"90-z.conf": somaxconn(2), "10-z.conf": somaxconn(3)}
    write_tree(tmp_path / "live", live)
    tree = collect([str(tmp_path / "repo")], is_candidate)
    given = read_tree(collect([str(tmp_path / "live" / name) for name in live], is_candidate), "sysctl")
    (stack,) = build_stacks(tree, group_hosts(tree, read_tree(tree)), Target(), given)
    assert stack.kernel.somaxconn.data == 2
    assert [lost.data for lost in stack.kernel.somaxconn.overrides] == [1, 3]


@pytest.mark.parametrize("kernel", ["2.6.32", "3.10", "3.12", "4.0", "4.1", "4.14", "5.4", "6.1", "6.18.44"])
@pytest.mark.parametrize("number", [0, 1, 65535, 65536, 2147483647])
def test_no_kernel_and_no_number_raises(kernel: str, number: int, tmp_path: Path) -> None:
    redis = {"etc/redis/redis.conf": "port 6379\ntcp-backlog 2147483647\n"}
    text = f"{somaxconn(number)}{SYN_BACKLOG} = {number}\nnet.ipv4.tcp_syncookies = 0\n"
    stack = stack_of(tmp_path, {SYSCTL_D: text, **redis}, f"kernel={kernel}")
    assert stack.listeners
    for listener in stack.listeners:
        assert listener.effective_backlog.is_known


def test_a_kernel_up_to_4_0_refuses_more_than_16_bits(tmp_path: Path) -> None:
    write_tree(tmp_path, {SYSCTL_D: somaxconn(65536)})
    values = [stacks_of(tmp_path, f"kernel={version}")[0].kernel.somaxconn.data for version in ("4.0", "4.1")]
    assert values == [128, 65536]


def test_the_target_names_the_kernel(tmp_path: Path) -> None:
    target = parse_target("kernel=6.1")
    stack = stack_of(tmp_path, {SYSCTL_D: ""}, target.name)
    assert (stack.kernel.version.data, stack.kernel.version.origin.words) == ("6.1", "target kernel=6.1")
