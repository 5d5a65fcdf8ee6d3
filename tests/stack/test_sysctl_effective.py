"""Every sysctl in force, after the boot, after `sysctl --system` and on Alpine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest

from tests.trees import write_tree
from tuner.formats.candidate import is_candidate
from tuner.source.tree import collect
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.sysctl.effective import Programs, sysctl_settings
from tuner.stack.target import Target, parse_target
from tuner.stack.value import Data, Value

SOMAXCONN = "net.core.somaxconn"
PORTS = "net.ipv4.ip_local_port_range"
FILE = "etc/sysctl.d/50-a.conf"
Group = Literal["boot", "system", "busybox"]


def groups_of(
    root: Path,
    files: Mapping[str, str],
    target: str = "debian-12",
    programs: Programs = "linux",
    *,
    with_defaults: bool = False,
) -> dict[str, dict[str, Value]]:
    write_tree(root, files)
    tree = collect([str(root)], is_candidate)
    (host,) = group_hosts(tree, read_tree(tree))
    meant = parse_target(target) if target else Target()
    groups = sysctl_settings(host, meant, programs=programs, with_defaults=with_defaults)
    assert all((group.program, group.section) == ("sysctl", "") for group in groups)
    return {group.instance: {value.label: value for value in group.values} for group in groups}


def data_of(
    root: Path, text: str, target: str = "debian-12", group: Group = "boot"
) -> dict[str, Data | None]:
    programs: Programs = "busybox" if group == "busybox" else "linux"
    return {key: value.data for key, value in groups_of(root, {FILE: text}, target, programs)[group].items()}


@pytest.mark.parametrize(
    ("text", "boot", "system", "busybox"),
    [
        (f"{SOMAXCONN} = 010\n", 8, 8, 8),
        (f"{SOMAXCONN} = 5\n{SOMAXCONN} = 4k\n", None, 5, 5),
        (f"{SOMAXCONN} = 4k\n{SOMAXCONN} = 5\n", 5, 5, None),
        (f"-{SOMAXCONN} = 5\n", 5, 5, None),
        (f"- {SOMAXCONN} = 5\n", 5, None, None),
        (f"{SOMAXCONN}. = 5\n", 5, None, None),
        (f"{SOMAXCONN} = 5\n-{SOMAXCONN}\n", None, 5, 5),
        ("net/core.somaxconn = 5\n", None, None, 5),
        (f"{SOMAXCONN} = \\\n5\n", None, None, 5),
        ("net.core.somax* = 5\n", 5, 5, None),
        ("net.core.somax* = 5\nnet.core.som* = 6\nnet.core.somax* = 5\n", 6, 5, None),
        ("net.core.somaxcon[^x] = 5\n", 5, 5, None),
        ("net.core.somax\\con? = 5\n", 5, 5, None),
        (f"net.core.som* = 5\n-{SOMAXCONN}\n", None, None, None),
        (f"{SOMAXCONN} = 5\v\n", None, 5, 5),
        (f"net.ipv4.ip_forward = 1\r{SOMAXCONN} = 5\n", 5, None, None),
        ("kernel.somaxconn = 5\n", None, None, None),
    ],
)
def test_where_the_programs_differ(
    text: str, boot: int | None, system: int | None, busybox: int | None, tmp_path: Path
) -> None:
    groups = groups_of(tmp_path, {FILE: text})
    groups |= groups_of(tmp_path, {FILE: text}, programs="busybox")
    found = [groups[name].get(SOMAXCONN) for name in ("boot", "system", "busybox")]
    assert [value.data if value else None for value in found] == [boot, system, busybox]


def test_a_glob_reaches_the_interfaces_that_are_always_there_and_those_that_a_line_names(
    tmp_path: Path,
) -> None:
    text = (
        "net.ipv4.conf.*.rp_filter = 2\nnet.ipv4.conf.lo.rp_filter = 1\nnet.ipv4.conf.eth1.forwarding = 1\n"
    )
    assert data_of(tmp_path, text) == {
        "net.ipv4.conf.all.rp_filter": 2,
        "net.ipv4.conf.default.rp_filter": 2,
        "net.ipv4.conf.eth1.rp_filter": 2,
        "net.ipv4.conf.lo.rp_filter": 1,
        "net.ipv4.conf.eth1.forwarding": 1,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{PORTS} = 1024\n", {PORTS: "1024 60999"}),
        (f"{PORTS} = 2000\t3000 # x\n", {PORTS: "2000 3000"}),
        (f"{PORTS} = 2000 # x\n", {PORTS: "32768 60999"}),
        (f"{PORTS} = 1000 3000\n", {PORTS: "32768 60999"}),
        (f"{PORTS} = 60999\n", {PORTS: "60999 60999"}),
        (f"{PORTS} = 61000\n", {PORTS: "32768 60999"}),
        (
            f"net.ipv4.ip_unprivileged_port_start = 80\n{PORTS} = 1000 3000\n",
            {PORTS: "1000 3000", "net.ipv4.ip_unprivileged_port_start": 80},
        ),
        (
            "net.ipv4.ip_unprivileged_port_start = 32769\n",
            {"net.ipv4.ip_unprivileged_port_start": 1024},
        ),
        ("net.ipv4.tcp_rmem = 1 2 3\nnet.ipv4.tcp_rmem = 4 5\n", {"net.ipv4.tcp_rmem": None}),
        ("net.ipv4.tcp_rmem = 1 2 3 4\n", {"net.ipv4.tcp_rmem": "1 2 3"}),
        ("net.ipv4.tcp_fin_timeout = -1\n", {"net.ipv4.tcp_fin_timeout": -1}),
    ],
)
def test_several_numbers_and_those_that_hang_together(
    text: str, expected: dict[str, Data | None], tmp_path: Path
) -> None:
    found = groups_of(tmp_path, {FILE: text}, with_defaults=True)["boot"]
    assert {key: found[key].data for key in expected} == expected


def test_procps_keeps_the_numbers_that_an_earlier_line_set(tmp_path: Path) -> None:
    text = "net.ipv4.tcp_rmem = 1 2 3\nnet.ipv4.tcp_rmem = 4 5\nnet.ipv4.tcp_rmem = 6 x\n"
    assert data_of(tmp_path, text, group="system") == {"net.ipv4.tcp_rmem": "6 5 3"}


@pytest.mark.parametrize(
    ("text", "key", "data"),
    [
        ("net.ipv4.tcp_congestion_control = bbr\n", "net.ipv4.tcp_congestion_control", "bbr"),
        ("net.ipv4.tcp_congestion_control = bbr # x\n", "net.ipv4.tcp_congestion_control", None),
        (
            "net.ipv4.ip_local_reserved_ports = 80,8000-8010\n",
            "net.ipv4.ip_local_reserved_ports",
            "80,8000-8010",
        ),
        ("net.ipv4.ip_local_reserved_ports = 80 81\n", "net.ipv4.ip_local_reserved_ports", None),
        (
            "net.ipv4.tcp_available_congestion_control = bbr\n",
            "net.ipv4.tcp_available_congestion_control",
            None,
        ),
        ("net.ipv4.tcp_tw_recycle = 1\n", "net.ipv4.tcp_tw_recycle", None),
        ("vm.swappiness = 201\n", "vm.swappiness", None),
    ],
)
def test_words_and_what_is_not_set(text: str, key: str, data: Data | None, tmp_path: Path) -> None:
    found = data_of(tmp_path, text)
    assert found == ({} if data is None else {key: data})


def test_a_key_that_nobody_knows_is_unknown_with_what_is_written(tmp_path: Path) -> None:
    value = groups_of(tmp_path, {FILE: "net.core.nosuch = 7\n"})["boot"]["net.core.nosuch"]
    assert value.state == "unknown"
    assert [(option.data, str(option.conditions[0])) for option in value.options] == [
        ("7", "the kernel has net.core.nosuch"),
        (None, "the kernel has no net.core.nosuch"),
    ]


def test_the_kernel_may_decide(tmp_path: Path) -> None:
    text = "net.ipv4.tcp_syncookies = 1\nnet.ipv4.tcp_syncookies = 256\n"
    value = groups_of(tmp_path, {FILE: text}, "")["system"]["net.ipv4.tcp_syncookies"]
    assert [(option.data, str(option.conditions[0])) for option in value.options] == [
        (1, "kernel >= 5.13"),
        (256, "kernel < 5.13"),
    ]


def test_a_template_leaves_it_open(tmp_path: Path) -> None:
    value = groups_of(tmp_path, {f"{FILE}.j2": f"{SOMAXCONN} = {{{{ n }}}}\n"})["boot"][SOMAXCONN]
    assert (value.state, value.origin.words) == ("unknown", "template")


def test_who_set_it_and_what_lost(tmp_path: Path) -> None:
    files = {
        "usr/lib/sysctl.d/10-a.conf": f"{SOMAXCONN} = 1\n",
        "etc/sysctl.d/20-b.conf": f"{SOMAXCONN} = 2\n",
        "etc/sysctl.d/30-c.conf": f"{SOMAXCONN} = 3k\n",
    }
    value = groups_of(tmp_path, files)["system"][SOMAXCONN]
    assert value.origin.place is not None
    assert value.origin.place.text.path.endswith("20-b.conf")
    assert [(lost.data, lost.reason) for lost in value.overrides] == [
        ("3k", "the kernel refuses it"),
        (1, "a later setting wins"),
    ]


def test_sysctl_conf_counts_where_the_boot_reads_it(tmp_path: Path) -> None:
    files = {"etc/sysctl.conf": f"{SOMAXCONN} = 1\n", "etc/sysctl.d/99-z.conf": f"{SOMAXCONN} = 2\n"}
    groups = groups_of(tmp_path, files, "debian-13")
    assert (groups["boot"][SOMAXCONN].data, groups["system"][SOMAXCONN].data) == (2, 1)


def test_files_that_no_order_ranks(tmp_path: Path) -> None:
    files = {"a/sysctl.conf": f"{SOMAXCONN} = 1\nvm.swappiness = 1\n", "b/sysctl.conf": f"{SOMAXCONN} = 2\n"}
    found = groups_of(tmp_path, files)["boot"]
    assert (found["vm.swappiness"].data, found[SOMAXCONN].data) == (1, None)
    assert [option.data for option in found[SOMAXCONN].options] == [1, 2]


@pytest.mark.parametrize(("target", "default"), [("kernel=5.3", 128), ("kernel=5.4", 4096), ("", None)])
def test_defaults_by_kernel(target: str, default: int | None, tmp_path: Path) -> None:
    found = groups_of(tmp_path, {FILE: "vm.swappiness = 1\n"}, target, with_defaults=True)["boot"]
    assert (found["vm.swappiness"].data, found[SOMAXCONN].data) == (1, default)
    assert found["net.ipv4.tcp_syncookies"].data == 1
    assert "ignores-max-syn-backlog" not in found
