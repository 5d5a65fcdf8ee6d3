"""Every line that sets a sysctl key: what the kernel makes of it."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.line_entities import SysctlLine
from tuner.stack.sysctl.values import cases_of, holds_one_integer, misnamed_keys, removed_keys
from tuner.stack.target import Target, parse_target
from tuner.stack.value import Data

SOMAXCONN = "net.core.somaxconn"
FILE = "etc/sysctl.d/50-a.conf"


def lines_of(root: Path, text: str, target: str = "debian-12") -> list[SysctlLine]:
    return stack_of(root, {FILE: text}, target).sysctl_lines


def line_of(root: Path, text: str, target: str = "debian-12") -> SysctlLine:
    (line,) = lines_of(root, text, target)
    return line


@pytest.mark.parametrize(
    ("text", "fault", "number", "as_decimal", "behind"),
    [
        ("1024", None, 1024, 1024, None),
        ("01000", None, 512, 1000, None),
        ("-010", "out of range", None, None, None),
        ("0x400", None, 1024, 1024, None),
        ("1024 # queue", None, 1024, 1024, "# queue"),
        ("1024\t2048 é", None, 1024, 1024, "2048 é"),
        ("12abc", "not a number", None, None, None),
        ("4k", "not a number", None, None, None),
        ('"1024"', "not a number", None, None, None),
        ("1000;", "not a number", None, None, None),
        ("+7", "not a number", None, None, None),
        ("08", "not a number", None, None, None),
        ("", "not a number", None, None, None),
        ("4k # queue", "not a number", None, None, None),
        ("-1", "out of range", None, None, None),
        ("2147483648", "out of range", None, None, None),
        ("2147483647", None, 2147483647, 2147483647, None),
    ],
)
def test_somaxconn(
    text: str,
    fault: str | None,
    number: Data | None,
    as_decimal: Data | None,
    behind: str | None,
    tmp_path: Path,
) -> None:
    line = line_of(tmp_path, f"{SOMAXCONN} = {text}\n")
    values = (line.fault, line.number, line.as_decimal, line.behind)
    assert tuple(value.data for value in values) == (fault, number, as_decimal, behind)
    assert {value.state for value in values if value.data is None} <= {"absent"}
    assert (line.written.data, line.bounds) == (text, "0 to 2147483647")


def test_what_stands_behind_the_number_has_its_own_place(tmp_path: Path) -> None:
    place = line_of(tmp_path, f"{SOMAXCONN} = 1024  # größer  \r\n").behind.origin.place
    assert place is not None
    assert (place.source, place.text.position(place.span.start).column) == ("# größer", 28)


@pytest.mark.parametrize(
    ("text", "in_force"),
    [
        (f"{SOMAXCONN} = 4k\n", "4096"),
        (f"{SOMAXCONN} = 4k\n{SOMAXCONN} = 9000\n", "9000"),
        (f"{SOMAXCONN} = 9000\n{SOMAXCONN} = 4k\n", "4096"),
        ("net.ipv4.tcp_max_syn_backlog = 4k\n", "the default"),
        ("vm.swappiness = ten\n", "the default"),
        ("vm.swappiness = ten\nvm.swappiness = 10\n", "10"),
        ("net.ipv4.tcp_rmem = 4096 0x10 16M\n", "4096 16 and the default"),
        ("net.ipv4.ip_local_port_range = 1024 64k\n", "the default"),
    ],
)
def test_what_is_in_force_instead(text: str, in_force: str, tmp_path: Path) -> None:
    (refused,) = [line for line in lines_of(tmp_path, text) if line.fault.data]
    assert refused.in_force == in_force


def test_an_unknown_kernel_may_have_either_default(tmp_path: Path) -> None:
    assert line_of(tmp_path, f"{SOMAXCONN} = 4k\n", "").in_force == "128 or 4096"


@pytest.mark.parametrize("text", ["{{ somaxconn }}", "10{{ zeros }}"])
def test_what_a_template_fills_in_is_not_judged(text: str, tmp_path: Path) -> None:
    (line,) = stack_of(tmp_path, {f"{FILE}.j2": f"{SOMAXCONN} = {text}\n"}).sysctl_lines
    assert line.written.state == "unknown"
    assert {line.fault.state, line.number.state, line.behind.state} == {"absent"}


@pytest.mark.parametrize(
    "text",
    [
        "net.ipv4.tcp_congestion_control = bbr # x\n",
        "net.ipv4.ip_local_port_range = 1024 65000\n",
        "net.core.somax* = 4k\n",
        "-net.core.somaxconn\n",
    ],
)
def test_only_keys_of_one_integer_are_read_as_numbers(text: str, tmp_path: Path) -> None:
    assert not [line for line in lines_of(tmp_path, text) if line.fault.data or line.number.data]


def test_a_file_that_no_program_reads_has_no_lines(tmp_path: Path) -> None:
    files = {
        FILE: "vm.swappiness = 1\n",
        "usr/lib/sysctl.d/50-a.conf": "vm.swappiness = 2\n",
        "etc/sysctl.d/60-b": "vm.swappiness = 3\n",
        "etc/sysctl.conf": "vm.swappiness = 4\n",
    }
    lines = stack_of(tmp_path, files, "debian-13").sysctl_lines
    assert [line.written.data for line in lines] == ["1", "4"]


@pytest.mark.parametrize(
    ("target", "is_removed"),
    [("debian-12", True), ("kernel=4.12", True), ("kernel=4.11", False), ("", True)],
)
def test_a_removed_key(target: str, is_removed: bool, tmp_path: Path) -> None:
    line = line_of(tmp_path, "net.ipv4.tcp_tw_recycle = 1\n", target)
    assert (line.is_removed.data, line.removed_since) == (is_removed, "4.12")


def test_an_unknown_kernel_may_still_have_what_a_later_one_removed(tmp_path: Path) -> None:
    value = line_of(tmp_path, "kernel.sched_migration_cost_ns = 5000000\n", "").is_removed
    assert [(option.data, *map(str, option.conditions)) for option in value.options] == [
        (False, "kernel < 5.13"),
        (True, "kernel >= 5.13"),
    ]


@pytest.mark.parametrize(
    ("key", "text", "target", "fault"),
    [
        (SOMAXCONN, "65536", "kernel=3.10", None),
        (SOMAXCONN, "-1", "kernel=3.10", None),
        (SOMAXCONN, "2147483648", "kernel=3.10", "out of range"),
        (SOMAXCONN, "65536", "kernel=3.12", "unknown"),
        (SOMAXCONN, "65535", "kernel=3.12", None),
        (SOMAXCONN, "65536", "kernel=4.0", "out of range"),
        (SOMAXCONN, "65536", "kernel=4.1", None),
        (SOMAXCONN, "65536", "", None),
        ("net.ipv4.tcp_syncookies", "255", "", None),
        ("net.ipv4.tcp_syncookies", "256", "kernel=5.13", "out of range"),
        ("net.ipv4.tcp_syncookies", "256", "kernel=5.12", None),
        ("net.ipv4.tcp_abort_on_overflow", "-1", "debian-12", "out of range"),
        ("net.ipv4.tcp_syn_retries", "128", "", "out of range"),
        ("vm.swappiness", "150", "kernel=5.7", "out of range"),
        ("vm.swappiness", "150", "kernel=5.8", None),
        ("vm.swappiness", "201", "kernel=5.8", "out of range"),
        ("net.ipv4.conf.eth7.rp_filter", "2147483648", "", "out of range"),
        ("net.ipv4.ip_local_port_range", "1024,65000", "", "not a number"),
        ("net.ipv4.ip_local_port_range", "2000 1000", "", "out of range"),
        ("net.ipv4.ip_local_port_range", "1000 65536", "", "out of range"),
        ("net.ipv4.ip_local_port_range", "1024", "", None),
        ("net.ipv4.tcp_rmem", "4096 87380 16M", "", "not a number"),
        ("net.ipv4.tcp_rmem", "4096 87380 16777216 # x", "", None),
        ("net.ipv4.tcp_max_syn_backlog", "-1", "", None),
        ("net.ipv4.tcp_max_syn_backlog", "2147483648", "", "out of range"),
        ("fs.file-max", "9223372036854775807", "", None),
        ("fs.file-max", "100k", "", "not a number"),
    ],
)
def test_why_a_kernel_refuses_a_number(key: str, text: str, target: str, fault: str | None) -> None:
    (case,) = cases_of(key, text, parse_target(target) if target else Target())
    assert case.fault == fault


def test_why_an_unknown_kernel_may_refuse_a_number() -> None:
    cases = cases_of("net.ipv4.tcp_syncookies", "256", Target())
    assert [(case.numbers, case.fault, *map(str, case.conditions)) for case in cases] == [
        ((), "out of range", "kernel >= 5.13"),
        ((256,), None, "kernel < 5.13"),
    ]


def test_the_tables_of_keys_do_not_contradict_each_other() -> None:
    rows = [*removed_keys().items(), *misnamed_keys().items()]
    names = [name for name, _ in rows]
    assert len(names) == len(set(names)) >= 20
    assert not [name for name in names if holds_one_integer(name)]
    assert all(
        row["instead"] and row["source"] for row in (*removed_keys().values(), *misnamed_keys().values())
    )
