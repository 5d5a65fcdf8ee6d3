"""A sysctl that stands in no file: a file of our own, or sysctl.conf, and the way back."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.program import fpmtune
from tests.cli.test_tune import files_of
from tests.trees import write_tree
from tests.tune.hosts import POOL_FILE, SYSCTL_FILE, host_files

NEW = "etc/sysctl.d/zz-fpmtune.conf"
LINE = "net.core.somaxconn = 1000"
SHORT = {**host_files("listen.backlog = 511", workers=600), SYSCTL_FILE: "vm.swappiness = 1\n"}
OLD_KERNEL = ("--target", "kernel=4.18", "--qps", "100", "--service-time", "50ms", "--clients", "1000")


@pytest.fixture
def host(tmp_path: Path) -> Path:
    write_tree(tmp_path / "host", SHORT)
    return tmp_path / "host"


def tuned(host: Path, *options: str, paths: tuple[str, ...] = ()) -> str:
    given = [host / path for path in paths] or [host]
    ran = fpmtune("tune", *given, *OLD_KERNEL, "--journal", host.parent / ".journal", *options)
    assert ran.status == 0, ran.err
    return ran.out


def settings(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def findings(host: Path) -> list[str]:
    return fpmtune("check", host, "--target", "kernel=4.18", "--format", "json").rules


def without(*names: str, **more: str) -> dict[str, str]:
    return {**{path: text for path, text in SHORT.items() if path not in names}, **more}


def test_a_new_file_is_made_and_leaves_nothing_to_do(host: Path) -> None:
    before = findings(host)
    assert f"in a new file: {host / NEW} " in " ".join(tuned(host).split())
    assert f"wrote {host / NEW}\n" in tuned(host, "--write")
    assert settings(host / NEW) == [LINE]
    assert (host / NEW).read_text().startswith("# Made by fpmtune")
    assert ((host / NEW).stat().st_mode & 0o777, (host / SYSCTL_FILE).read_text()) == (
        0o644,
        SHORT[SYSCTL_FILE],
    )
    assert tuned(host).startswith("nothing to do")
    assert set(findings(host)) <= set(before)


def test_a_revert_removes_it(host: Path) -> None:
    tuned(host, "--write")
    assert fpmtune("tune", "--revert", "--journal", host.parent / ".journal").status == 0
    assert files_of(host) == {path: text.encode() for path, text in SHORT.items()}


def test_a_file_that_is_there_is_edited(host: Path) -> None:
    write_tree(host, {NEW: "# Made by fpmtune 0.0.1 from x\nnet.core.somaxconn = 600 \n"})
    tuned(host, "--write")
    assert (host / NEW).read_text() == f"# Made by fpmtune 0.0.1 from x\n{LINE} \n"


def test_a_file_that_is_there_without_it_gets_a_line(host: Path) -> None:
    write_tree(host, {NEW: "vm.overcommit_memory = 1\n"})
    tuned(host, "--write")
    assert (host / NEW).read_text() == f"vm.overcommit_memory = 1\n{LINE}\n"


def test_json_names_it(host: Path) -> None:
    ran = fpmtune("tune", host, *OLD_KERNEL, "--format", "json").report
    found = {one["setting"]: one for one in ran["plan"]}
    assert found["net.core.somaxconn"]["new_file"] == str(host / NEW)
    assert {one["by_hand"] for one in ran["plan"]} == {None}
    assert found["listen.backlog"]["new_file"] is None


def test_git_applies_the_difference(host: Path) -> None:
    command = ("tune", ".", *OLD_KERNEL, "--journal", host.parent / ".journal")
    ran = fpmtune(*command, "--diff", cwd=host)
    assert ran.out.count("new file mode 100644\n") == 1
    assert files_of(host) == {path: text.encode() for path, text in SHORT.items()}
    subprocess.run(["git", "apply", "-"], cwd=host, input=ran.out.encode(), check=True)
    shown = files_of(host)
    assert settings(host / NEW) == [LINE]
    subprocess.run(["git", "apply", "-R", "-"], cwd=host, input=ran.out.encode(), check=True)
    assert fpmtune(*command, "--write", cwd=host).status == 0
    assert files_of(host) == shown


def test_sysctl_conf_gets_a_line_where_there_is_no_folder(tmp_path: Path) -> None:
    write_tree(tmp_path / "host", without(SYSCTL_FILE, **{"etc/sysctl.conf": "vm.swappiness = 1"}))
    tuned(tmp_path / "host", "--write")
    assert (tmp_path / "host/etc/sysctl.conf").read_text() == f"vm.swappiness = 1\n{LINE}"
    assert tuned(tmp_path / "host").startswith("nothing to do")


def test_sysctl_conf_of_a_release_that_does_not_read_it_is_left_alone(tmp_path: Path) -> None:
    write_tree(tmp_path / "host", without(SYSCTL_FILE, **{"etc/sysctl.conf": "vm.swappiness = 1\n"}))
    out = tuned(tmp_path / "host", "--target", "debian-13,kernel=4.18", "--write")
    assert "no /etc/sysctl.d among them" in out
    assert (tmp_path / "host/etc/sysctl.conf").read_text() == "vm.swappiness = 1\n"


def test_nothing_is_written_outside_the_given_paths(host: Path) -> None:
    out = tuned(host, "--write", paths=("etc/php", "etc/nginx", SYSCTL_FILE))
    assert "no /etc/sysctl.d among them" in out
    assert not (host / NEW).exists()


def test_what_stands_in_the_way_is_named(host: Path) -> None:
    (host / NEW).symlink_to("/dev/null")
    assert f"to be written by hand: {host / NEW} is there and cannot be read" in " ".join(
        tuned(host, "--write").split()
    )
    assert (host / NEW).is_symlink()


def test_a_container_takes_it_from_outside(host: Path) -> None:
    write_tree(host, {"Dockerfile": "FROM php:fpm\n"})
    assert "a container takes it from outside" in " ".join(tuned(host, "--write").split())
    assert not (host / NEW).exists()


def test_the_pool_alone_needs_no_file(tmp_path: Path) -> None:
    write_tree(tmp_path / "host", {**SHORT, POOL_FILE: host_files("listen.backlog = 65535")[POOL_FILE]})
    tuned(tmp_path / "host", "--write")
    assert not (tmp_path / "host" / NEW).exists()


def test_a_line_that_the_boot_does_not_read_is_left_alone(tmp_path: Path) -> None:
    main = "net.core.somaxconn = 300\n"
    write_tree(tmp_path / "host", {**SHORT, "etc/sysctl.conf": main})
    out = tuned(tmp_path / "host", "--target", "debian-13,kernel=4.18", "--write")
    assert settings(tmp_path / "host" / NEW) == [LINE]
    assert (tmp_path / "host/etc/sysctl.conf").read_text() == main
    assert "sysctl --system would set 300" in " ".join(out.split())
    assert tuned(tmp_path / "host", "--target", "debian-13,kernel=4.18").startswith("nothing to do")
