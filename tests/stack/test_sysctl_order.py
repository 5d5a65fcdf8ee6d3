"""The order of sysctl files, against what systemd-sysctl 252, 257 and procps 4.0 left in the kernel."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.trees import write_tree
from tuner.formats.candidate import is_candidate
from tuner.laws.sysctl_number import kernel_integer
from tuner.source.tree import collect
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.sysctl.order import (
    Assignment,
    Assignments,
    SysctlFile,
    boot_files,
    load_sets,
    system_files,
)
from tuner.stack.target import Target, parse_target

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "sysctl" / "file_orders.json").read_text()
)
BASE: dict[str, str] = GOLDEN["base"]
CASES = {case["name"]: case for case in GOLDEN["cases"]}
WITHOUT_A_LINK = {"104-sysctlconf-vs-99z-nolink", "144-same-name-sysctl.conf-in-d"}
SOMAXCONN = "net.core.somaxconn"


def lay_out(root: Path, case: dict[str, Any]) -> None:
    """Write the case's tree; an empty file makes `root` a machine's root even without another file in etc."""
    write_tree(root, {"etc/sysctl.d/00-empty.conf": "", **case["files"]})
    for link, target in case["links"].items():
        (root / link).symlink_to(target)


def sets_of(root: Path) -> list[list[SysctlFile]]:
    tree = collect([str(root)], is_candidate)
    (host,) = group_hosts(tree, read_tree(tree))
    return load_sets(host)


def names(files: Iterable[SysctlFile]) -> list[str]:
    return [file.name for file in files]


def number(assignment: Assignment) -> str | None:
    value = kernel_integer(assignment.directive.args[0].text)
    return None if value is None else str(value)


def changed(values: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value != BASE[key]}


def after_boot(files: list[SysctlFile], target: Target) -> dict[str, str]:
    read = Assignments(boot_files(files, target))
    last = {key: found[-1] for key in BASE if (found := read.of(key))}
    return changed({key: number(assignment) or BASE[key] for key, assignment in last.items()})


def after_system(files: list[SysctlFile]) -> dict[str, str]:
    values = dict(BASE)
    for key in BASE:
        for assignment in Assignments(system_files(files)).of(key):
            if assignment.is_known_to_procps:
                values[key] = number(assignment) or values[key]
    return changed(values)


@pytest.mark.parametrize("name", CASES)
def test_boot_and_system_leave_what_the_real_programs_left(name: str, tmp_path: Path) -> None:
    lay_out(tmp_path, CASES[name])
    (files,) = sets_of(tmp_path)
    target = parse_target("debian-13") if name in WITHOUT_A_LINK else Target()
    assert after_boot(files, target) == CASES[name]["boot"]
    assert after_system(files) == CASES[name]["system"]


def test_boot_reads_sysctl_conf_under_the_name_of_its_link(tmp_path: Path) -> None:
    lay_out(tmp_path, CASES["103-sysctlconf-vs-99z-link"])
    (files,) = sets_of(tmp_path)
    for target in (Target(), parse_target("debian-12"), parse_target("debian-13")):
        assert names(boot_files(files, target)) == ["00-empty.conf", "99-sysctl.conf", "99-z.conf"]
    assert names(system_files(files)) == ["00-empty.conf", "99-sysctl.conf", "99-z.conf", "sysctl.conf"]


def test_without_a_link_the_release_decides_whether_boot_reads_sysctl_conf(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {"etc/sysctl.conf": f"{SOMAXCONN} = 1\n", "etc/sysctl.d/60-a.conf": f"{SOMAXCONN}=2\n"}
    )
    (files,) = sets_of(tmp_path)
    assert names(boot_files(files, parse_target("debian-13"))) == ["60-a.conf"]
    assert names(boot_files(files, parse_target("debian-12"))) == ["60-a.conf", "sysctl.conf"]


@pytest.mark.parametrize(("content", "boot"), [(f"{SOMAXCONN} = 222\n", {SOMAXCONN: "222"}), ("", {})])
def test_a_file_in_the_place_of_the_link_keeps_boot_from_sysctl_conf(
    content: str, boot: dict[str, str], tmp_path: Path
) -> None:
    write_tree(tmp_path, {"etc/sysctl.conf": f"{SOMAXCONN} = 111\n", "etc/sysctl.d/99-sysctl.conf": content})
    (files,) = sets_of(tmp_path)
    assert after_boot(files, parse_target("debian-12")) == boot
    assert after_system(files) == {SOMAXCONN: "111"}


def test_a_link_to_dev_null_in_the_place_of_the_link_masks_sysctl_conf(tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/sysctl.conf": f"{SOMAXCONN} = 111\n", "etc/sysctl.d/10-a.conf": ""})
    (tmp_path / "etc/sysctl.d/99-sysctl.conf").symlink_to("/dev/null")
    (files,) = sets_of(tmp_path)
    assert after_boot(files, parse_target("debian-12")) == {}
    assert after_system(files) == {SOMAXCONN: "111"}


def test_a_link_of_another_name_is_where_boot_reads_sysctl_conf(tmp_path: Path) -> None:
    write_tree(
        tmp_path, {"etc/sysctl.conf": f"{SOMAXCONN} = 1\n", "etc/sysctl.d/60-b.conf": f"{SOMAXCONN} = 2\n"}
    )
    (tmp_path / "etc/sysctl.d/50-a.conf").symlink_to("../sysctl.conf")
    (files,) = sets_of(tmp_path)
    assert after_boot(files, Target()) == {SOMAXCONN: "2"}
    assert after_system(files) == {SOMAXCONN: "1"}


@pytest.mark.parametrize("link", ["10-a.conf", "/etc/sysctl.d/10-a.conf"])
def test_a_link_inside_the_folder_is_applied_in_its_own_place(link: str, tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"etc/sysctl.d/10-a.conf": f"{SOMAXCONN} = 1\n", "etc/sysctl.d/20-b.conf": f"{SOMAXCONN} = 2\n"},
    )
    (tmp_path / "etc/sysctl.d/30-c.conf").symlink_to(link)
    (files,) = sets_of(tmp_path)
    assert after_boot(files, Target()) == after_system(files) == {SOMAXCONN: "1"}


def test_a_link_gives_a_file_from_elsewhere_its_rank(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"srv/app/sysctl-app.conf": f"{SOMAXCONN} = 1\n", "etc/sysctl.d/20-b.conf": f"{SOMAXCONN} = 2\n"},
    )
    (tmp_path / "etc/sysctl.d/10-app.conf").symlink_to("/srv/app/sysctl-app.conf")
    (files,) = sets_of(tmp_path)
    assert names(boot_files(files, Target())) == ["10-app.conf", "20-b.conf"]


def test_a_folder_that_is_a_link_brings_its_files_once(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"usr/lib/sysctl.d/50-a.conf": f"{SOMAXCONN} = 1\n", "etc/sysctl.d/10-b.conf": f"{SOMAXCONN} = 2\n"},
    )
    (tmp_path / "lib").symlink_to("usr/lib")
    (files,) = sets_of(tmp_path)
    assert names(system_files(files)) == ["10-b.conf", "50-a.conf"]


def test_run_and_usr_local_stand_between_etc_and_usr_lib(tmp_path: Path) -> None:
    order = ("etc", "run", "usr/local/lib", "usr/lib", "lib")
    contents = {f"{f}/sysctl.d/50-a.conf": f"{SOMAXCONN} = {n}\n" for n, f in enumerate(order, 1)}
    for number_of_first, folder in enumerate(order[:4], 1):
        root = tmp_path / str(number_of_first)
        write_tree(root, {"etc/sysctl.d/00-x.conf": "", **contents})
        (files,) = sets_of(root)
        assert after_boot(files, Target()) == after_system(files) == {SOMAXCONN: str(number_of_first)}
        del contents[f"{folder}/sysctl.d/50-a.conf"]


def test_a_glob_stays_within_its_part_of_the_key(tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/sysctl.d/50-a.conf": "net.*somaxconn = 7\nnet.* = 8\n"})
    (files,) = sets_of(tmp_path)
    assert after_boot(files, Target()) == {}


def test_an_exclusion_in_one_file_holds_for_the_globs_of_another(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"etc/sysctl.d/10-a.conf": f"-{SOMAXCONN}\n", "etc/sysctl.d/20-b.conf": "net.core.somax* = 7\n"},
    )
    (files,) = sets_of(tmp_path)
    assert after_boot(files, Target()) == after_system(files) == {}


def test_folders_of_a_checkout_are_sets_of_their_own(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "a/sysctl.d/10-a.conf": f"{SOMAXCONN} = 1\n",
            "a/sysctl.d/20-b.conf": f"{SOMAXCONN} = 2\n",
            "b/sysctl.conf": f"{SOMAXCONN} = 3\n",
            "c/sysctl-web.conf": f"{SOMAXCONN} = 4\n",
        },
    )
    assert [names(files) for files in sets_of(tmp_path)] == [
        ["10-a.conf", "20-b.conf"],
        ["sysctl.conf"],
        ["sysctl-web.conf"],
    ]


def test_brackets_make_a_glob(tmp_path: Path) -> None:
    lines = "net.ipv4.tcp_syncookies = 1\nnet.core.[rs]omaxconn = 7\n"
    write_tree(tmp_path, {"etc/sysctl.d/50-a.conf": lines})
    (files,) = sets_of(tmp_path)
    assert after_boot(files, Target()) == after_system(files) == {SOMAXCONN: "7"}
