"""Versions of a machine: of the kernel by uname(2), of programs by package data or their own word."""

import os
from pathlib import Path

import pytest

from tuner.stack.live import versions
from tuner.stack.live.versions import kernel_versions, program_versions

STATUS = """\
Package: nginx
Status: install ok installed
Version: 1.22.1-9+deb12u10

Package: php8.2-fpm
Status: install ok installed
Architecture: amd64
Version: 8.2.35-1~deb12u1

Package: php-fpm
Status: install ok installed
Version: 2:8.2+93

Package: redis-server
Status: {redis}
Version: 5:7.0.15-1~deb12u10

Package: redis
Status: install ok installed
Version: 5:9.9.9-1
"""


@pytest.mark.parametrize(
    ("release", "version", "kernel", "patched"),
    [
        ("6.18.44-fc-v595", "#1 SMP", "6.18.44", "6.18.44"),
        ("6.1.0-32-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.129-1 (2025-03-06)", "6.1", "6.1.129"),
        ("6.8.0-45-generic", "#45-Ubuntu SMP PREEMPT_DYNAMIC Fri Aug 30", "6.8", None),
        ("5.14.0-427.13.1.el9_4.x86_64", "#1 SMP PREEMPT_DYNAMIC Wed Apr 10", "5.14", None),
        ("6.12.0", "#1 SMP", "6.12.0", "6.12.0"),
        ("6", "#1", None, None),
        ("2.4.20", "#1", None, None),
    ],
)
def test_kernel(release: str, version: str, kernel: str | None, patched: str | None) -> None:
    found = kernel_versions(release, version)
    assert [v and str(v) for v in found] == [kernel, patched]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "sbin").mkdir()
    monkeypatch.setattr(versions, "DPKG_STATUS", str(tmp_path / "status"))
    monkeypatch.setattr(versions, "PROGRAM_FOLDERS", (str(tmp_path / "sbin"),))
    return tmp_path


def install(machine: Path, name: str, says: str, mode: int = 0o755) -> str:
    program = machine / "sbin" / name
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    program.chmod(mode)
    return str(program)


def found(*running: str) -> dict[str, str]:
    return {program: str(version) for program, version in program_versions(running).items()}


def test_packages(machine: Path) -> None:
    (machine / "status").write_text(STATUS.format(redis="install ok installed"))
    assert found() == {"nginx": "1.22.1", "php": "8.2.35", "redis": "7.0.15"}


def test_a_package_that_was_removed_tells_nothing(machine: Path) -> None:
    (machine / "status").write_text(STATUS.format(redis="deinstall ok config-files"))
    assert found() == {"nginx": "1.22.1", "php": "8.2.35"}


def test_of_several_phps_the_path_of_a_file_has_to_tell(machine: Path) -> None:
    more = "\nPackage: php8.4-fpm\nStatus: install ok installed\nVersion: 8.4.1-1\n"
    (machine / "status").write_text(STATUS.format(redis="install ok installed") + more)
    assert "php" not in found()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's programs are asked")
@pytest.mark.parametrize(
    ("name", "says", "expected"),
    [
        ("nginx", "nginx version: nginx/1.27.3", {"nginx": "1.27.3"}),
        ("nginx", "nginx version: openresty/1.25.3.1", {"nginx": "1.25.3.1"}),
        ("php-fpm8.3", "PHP 8.3.6 (fpm-fcgi) (built: Apr 15 2024)", {"php": "8.3.6"}),
        ("redis-server", "Redis server v=7.2.4 sha=00000000:0 malloc=jemalloc", {"redis": "7.2.4"}),
        ("redis-server", "Segmentation fault", {}),
        ("something", "PHP 8.3.6", {}),
    ],
)
def test_without_package_data_the_programs_are_asked(
    name: str, says: str, expected: dict[str, str], machine: Path
) -> None:
    install(machine, name, says)
    assert found() == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's programs are asked")
def test_a_running_program_of_a_folder_of_its_own_is_asked_itself(machine: Path) -> None:
    (machine / "status").write_text(STATUS.format(redis="install ok installed"))
    running = install(machine, "nginx", "nginx version: nginx/1.27.3")
    assert found(running)["nginx"] == "1.27.3"
    assert found("/usr/sbin/nginx")["nginx"] == "1.22.1"


@pytest.mark.parametrize("mode", [0o775, 0o777])
def test_a_program_that_others_may_write_is_not_started(mode: int, machine: Path) -> None:
    install(machine, "nginx", "nginx version: nginx/1.27.3", mode)
    assert found() == {}


def test_a_program_outside_the_system_folders_is_not_started(machine: Path, tmp_path: Path) -> None:
    program = tmp_path / "nginx"
    program.write_text("#!/bin/sh\necho nginx version: nginx/1.27.3\n")
    program.chmod(0o755)
    assert found(str(program)) == {}
