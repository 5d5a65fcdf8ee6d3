"""The configuration as Debian's packages ship it: nothing in it is a finding, and its queues are known."""

import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from private_machine import BY_HAND, fpmtune, fpmtune_json, installed, run_inside

pytestmark = pytest.mark.daemons

PACKAGES = ("nginx-common", "redis-server", "procps")
PRINTED_FINDING = re.compile(r"^(error|warning|info|note)\b", re.MULTILINE)
LINKS = {
    "absolute": {
        "etc/nginx/sites-enabled/default": "/etc/nginx/sites-available/default",
        "etc/sysctl.d/99-sysctl.conf": "/etc/sysctl.conf",
    },
    "relative": {
        "etc/nginx/sites-enabled/default": "../sites-available/default",
        "etc/sysctl.d/99-sysctl.conf": "../sysctl.conf",
    },
}
SHOWN_FOLDERS = ("etc/nginx", "etc/php", "etc/redis")


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def php_folder() -> str:
    """Return the version of php-fpm in Debian's paths."""
    found = sorted(Path("/etc/php").glob("*/fpm/php-fpm.conf"))
    if not found:
        pytest.skip("needs Debian's php-fpm")
    return found[-1].parts[3]


def packages() -> tuple[str, ...]:
    return (*PACKAGES, f"php{php_folder()}-fpm")


def conffiles(package: str) -> Iterator[tuple[Path, str]]:
    """Yield the package's configuration files with the md5 of each as shipped."""
    for line in said("dpkg-query", "-W", "-f", "${Conffiles}", package).splitlines():
        if not line.strip() or "obsolete" in line or "remove-on-upgrade" in line:
            continue
        path, md5 = line.split()[:2]
        yield Path(path), md5


def folders(package: str) -> Iterator[Path]:
    listed = map(Path, said("dpkg-query", "-L", package).split("\n"))
    return (path for path in listed if path.parts[1:2] == ("etc",) and path.is_dir())


def copy_of_package(package: str, root: Path) -> None:
    for folder in folders(package):
        (root / folder.relative_to("/")).mkdir(parents=True, exist_ok=True)
    shipped = list(conffiles(package))
    if not shipped:
        pytest.skip(f"needs Debian's {package}")
    for path, md5 in shipped:
        if not path.is_file() or hashlib.md5(path.read_bytes()).hexdigest() != md5:
            pytest.skip(f"{path} is not as {package} ships it")
        copy = root / path.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


@pytest.fixture(scope="module", params=LINKS)
def stock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of untouched files, with the links and the php.ini that the packages make when installed."""
    if shutil.which("dpkg-query") is None:
        pytest.skip("needs Debian")
    root = tmp_path_factory.mktemp("stock")
    for package in packages():
        copy_of_package(package, root)
    for link, target in LINKS[request.param].items():
        if (root / "etc/sysctl.conf").exists() or "sysctl" not in link:
            (root / link).symlink_to(target)
    shutil.copyfile(
        f"/usr/lib/php/{php_folder()}/php.ini-production", root / f"etc/php/{php_folder()}/fpm/php.ini"
    )
    return root


def release() -> str:
    system = platform.freedesktop_os_release()
    if system.get("ID") != "debian":
        pytest.skip("the release's target is Debian's")
    return f"debian-{system['VERSION_ID']}"


def assert_quiet(*arguments: str | Path) -> dict[str, Any]:
    """Check, and return the JSON: no finding above a note in it, and none printed as text."""
    printed = fpmtune("check", *arguments)
    assert (printed.returncode, PRINTED_FINDING.findall(printed.stdout)) == (0, []), printed.stdout
    document = fpmtune_json("check", *arguments)
    assert [f["message"] for f in document["findings"] if f["severity"] != "note"] == []
    return document


def test_nothing_is_found_for_the_release(stock: Path) -> None:
    kinds = {file["kind"] for file in assert_quiet("--target", release(), stock)["files"]}
    assert kinds == {"nginx", "php-fpm", "redis", "sysctl"}


def test_nothing_is_found_without_a_target(stock: Path) -> None:
    assert_quiet(stock)


@pytest.mark.parametrize("folder", SHOWN_FOLDERS)
@pytest.mark.parametrize("target", [True, False])
def test_nothing_is_found_in_a_folder_alone(stock: Path, folder: str, target: bool) -> None:
    document = assert_quiet(*(("--target", release()) if target else ()), stock / folder)
    assert document["files"]


def test_nothing_is_found_in_the_three_folders_together(stock: Path) -> None:
    assert_quiet(*(stock / folder for folder in SHOWN_FOLDERS))


@pytest.mark.parametrize(
    "file", ["etc/nginx/nginx.conf", "etc/nginx/sites-available/default", "etc/redis/redis.conf"]
)
def test_nothing_is_found_in_a_file_alone(stock: Path, file: str) -> None:
    assert assert_quiet(stock / file)["summary"]["files"] == 1


def test_the_queues_of_the_release(stock: Path) -> None:
    shown = fpmtune_json("show", "--target", release(), stock)
    queues = {
        (listener["owner"], listener["address"]): (
            listener["backlog"]["value"],
            listener["effective_backlog"]["value"],
            listener["accept_queue_capacity"]["value"],
        )
        for listener in shown["listeners"]
    }
    assert len(shown["listeners"]) == len(queues)
    assert queues == {
        ("nginx", "0.0.0.0:80"): (511, 511, 512),
        ("nginx", "[::]:80"): (511, 511, 512),
        ("php-fpm", f"unix:/run/php/php{php_folder()}-fpm.sock"): (-1, 4096, 4097),
        ("redis", "127.0.0.1:6379"): (511, 511, 512),
        ("redis", "[::1]:6379"): (511, 511, 512),
    }
    assert (shown["kernel"]["somaxconn"]["value"], shown["paths"]) == (4096, [])


def test_the_queues_without_a_target_depend_on_the_kernel(stock: Path) -> None:
    done = fpmtune("show", stock)
    assert (done.returncode, done.stderr) == (0, "")
    for listener in fpmtune_json("show", stock)["listeners"]:
        options = {option["value"] for option in listener["effective_backlog"]["options"]}
        assert options == {128, 4096 if listener["owner"] == "php-fpm" else 511}, listener["address"]


def test_nothing_is_found_on_the_running_machine(stock: Path) -> None:
    programs = installed()
    folder = f"/etc/php/{php_folder()}/fpm"
    redis = ["redis-server", "/etc/redis/redis.conf", "--daemonize", "no", "--logfile", "", "--dir", "/run"]
    running = [
        {"command": ["nginx", "-g", "daemon off;"], "pid_file": "/run/nginx.pid"},
        {
            "command": [programs.php_fpm, "-F", "-y", f"{folder}/php-fpm.conf"],
            "pid_file": f"/run/php/php{php_folder()}-fpm.pid",
        },
        {"command": [*redis, "--pidfile", "/run/redis/redis.pid"], "pid_file": "/run/redis/redis.pid"},
    ]
    steps = [
        (verb, [*BY_HAND, sys.executable, "-m", "tuner", *arguments])
        for verb, arguments in (
            ("run", ("check", "/etc")),
            ("run", ("check", f"{folder}/pool.d")),
            ("run", ("show", "--format", "json", "/etc")),
        )
    ]
    binds = {f"/{name}": stock / name for name in (*SHOWN_FOLDERS, "etc/sysctl.d")}
    ((whole, pools, shown),) = run_inside(binds, [("beside", {"services": running, "steps": steps})])
    for answer in (whole, pools):
        assert (answer["status"], PRINTED_FINDING.findall(answer["output"])) == (0, []), answer["output"]
        assert "target host: this machine" in answer["output"]
    listeners = json.loads(shown["output"])["listeners"]
    assert {(li["owner"], li["running_backlog"]["value"]) for li in listeners} == {
        ("nginx", 511),
        ("php-fpm", 4096),
        ("redis", 511),
    }
