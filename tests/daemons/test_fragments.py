"""The fragments of a plan, given to the programs that they are for."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemon_trees import FPM, FPM_MAIN, DaemonTree, pool
from private_machine import Installed, installed, run_inside

from tests.cli.program import fpmtune
from tests.trees import write_tree
from tests.tune.test_measured import COLLAPSE, measured
from tuner.load.load_file import load_file_of, write_load
from tuner.tune.fragments import Renderer, Stamp

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

SYSTEMD_SYSCTL = "/lib/systemd/systemd-sysctl"
SOMAXCONN = "net.core.somaxconn"
NGINX = """\
user www-data;
worker_processes 1;
events { worker_connections 64; }
http {
    upstream php { server 127.0.0.1:9000; }
    server {
        listen 8080;
        location ~ \\.php$ {
            fastcgi_pass php;
            fastcgi_read_timeout 1s;
        }
    }
}
"""
FILES = {
    "etc/nginx/nginx.conf": NGINX,
    f"{FPM}/php-fpm.conf": FPM_MAIN,
    f"{FPM}/pool.d/www.conf": pool("www", "listen = 127.0.0.1:9000", "listen.backlog = 65535", children=8),
    "etc/redis/redis.conf": "port 6379\nmaxclients 20\n",
    "etc/sysctl.d/60-web.conf": f"{SOMAXCONN} = 7000\n",
}


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, programs: Installed) -> Iterator[Path]:
    """A machine whose pool collapsed, with the fragments of its plan in a folder of their own."""
    root = tmp_path_factory.mktemp("machine")
    DaemonTree(FILES, ()).write(root, programs.php_folder)
    load = root / "load.yaml"
    load.write_text(write_load(load_file_of([measured(COLLAPSE)])))
    journal = ("--journal", root / ".journal")
    made = fpmtune("tune", root, "--target", "none", "--load", load, "--out", root / "out", *journal)
    assert made.status == 0, made.err
    yield root


def binds(root: Path) -> dict[str, Path]:
    return {f"/etc/{name}": root / f"etc/{name}" for name in ("nginx", "php", "redis", "sysctl.d")}


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")


def said(root: Path, *command: str) -> dict[str, Any]:
    """Run one command on the machine, and return its status and output."""
    (answer,) = run_inside(binds(root), [("run", list(command))])
    found: dict[str, Any] = answer
    return found


def fragment(root: Path, name: str) -> str:
    return (root / "out" / name).read_text()


@pytest.mark.parametrize("command", [[SYSTEMD_SYSCTL], ["sysctl", "-p"]])
def test_both_programs_that_read_sysctl_files_set_what_it_says(
    machine: Path, command: list[str], programs: Installed
) -> None:
    file = str(machine / "out/sysctl.d/zz-fpmtune.conf")
    *_, done, after = run_inside(
        {}, [("set", [SOMAXCONN, 99]), ("run", [*command, file]), ("read", [SOMAXCONN])]
    )
    assert done["status"] == 0, done["output"]
    assert after == {SOMAXCONN: 7000}


def test_the_sysctl_fragment_wins_over_the_file_that_is_there(machine: Path, programs: Installed) -> None:
    folder = machine / "etc/sysctl.d"
    added = folder / "zz-fpmtune.conf"
    added.write_text(fragment(machine, "sysctl.d/zz-fpmtune.conf").replace("7000", "7001"))
    try:
        *_, after = run_inside(binds(machine), [("run", ["sysctl", "--system"]), ("read", [SOMAXCONN])])
    finally:
        added.unlink()
    assert after == {SOMAXCONN: 7001}


@pytest.mark.parametrize("name", ["?><?php exit(3); ?>.conf", "a\x1b]0;x\x07.conf", "a'b$(id)`id`.conf"])
def test_a_hostile_file_name_ends_no_comment(tmp_path: Path, name: str) -> None:
    needs("php")
    stamp = Stamp([name], f"fpmtune tune {name}")
    shed = tmp_path / "shed.php"
    shed.write_text(Renderer(stamp).made("x", "shed.php", shed_after_s=1).text)
    done = subprocess.run(["php", str(shed)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_php_fpm_takes_the_override_of_the_pool(machine: Path, programs: Installed) -> None:
    folder = machine / f"etc/php/{programs.php_folder}/fpm/pool.d"
    override = folder / "zz-fpmtune-www.conf"
    override.write_text(fragment(machine, "php-fpm/zz-fpmtune-www.conf"))
    try:
        main = f"/etc/php/{programs.php_folder}/fpm/php-fpm.conf"
        tested = said(machine, programs.php_fpm, "-tt", "-y", main)
    finally:
        override.unlink()
    assert tested["status"] == 0, tested["output"]
    (written,) = re.findall(
        r"^listen.backlog = ([0-9]+)$", fragment(machine, "php-fpm/zz-fpmtune-www.conf"), re.M
    )
    assert f"listen.backlog = {written}" in tested["output"]


def test_nginx_takes_every_snippet_where_it_belongs(machine: Path, programs: Installed) -> None:
    snippets = sorted((machine / "out/nginx").iterdir())
    assert {path.name for path in snippets} == {
        "fpmtune-log.conf",
        "fpmtune-shed-www.conf",
        "fpmtune-timeouts-www.conf",
        "fpmtune-upstream-www.conf",
    }
    conf = machine / "etc/nginx/with-snippets.conf"
    in_http = "".join(f"include {path};\n" for path in snippets[:1] + snippets[3:])
    in_location = "".join(f"include {path};\n" for path in snippets[1:3])
    text = NGINX.replace("http {\n", f"http {{\n{in_http}").replace(
        "fastcgi_pass php", "fastcgi_pass php_www"
    )
    conf.write_text(text.replace("fastcgi_read", f"{in_location}fastcgi_read"))
    tested = said(machine, "nginx", "-t", "-c", "/etc/nginx/with-snippets.conf")
    assert tested["status"] == 0, tested["output"]


def test_redis_starts_with_the_include(machine: Path, programs: Installed) -> None:
    conf = machine / "etc/redis/redis.conf"
    conf.write_text(FILES["etc/redis/redis.conf"] + f"include {machine}/out/redis/fpmtune-redis.conf\n")
    service = {
        "command": [
            "redis-server",
            "/etc/redis/redis.conf",
            "--pidfile",
            "/run/redis/r.pid",
            "--dir",
            "/run",
        ],
        "pid_file": "/run/redis/r.pid",
    }
    steps = [("run", ["redis-cli", "config", "get", "maxclients"])]
    ((answer,),) = run_inside(binds(machine), [("beside", {"services": [service], "steps": steps})])
    assert answer["output"].split() == ["maxclients", "40"]


def test_systemd_takes_the_drop_in(machine: Path, tmp_path: Path) -> None:
    needs("systemd-analyze")
    many = {"etc/php/8.2/fpm/pool.d/a.conf": pool("a", "listen = /run/a", children=70_000)}
    write_tree(tmp_path / "host", {**many, "etc/redis/redis-server.conf": "maxclients 20\n"})
    made = fpmtune(
        *("tune", tmp_path / "host", "--target", "debian-12", "--journal", tmp_path / "journal"),
        *("--out", tmp_path / "units"),
    )
    assert "redis:redis-server.conf can serve all workers only with 70064 open files" in made.out
    unit = tmp_path / "units/systemd/redis-server.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    drop_in = unit.with_name("redis-server.service.d") / "fpmtune.conf"
    assert "\nLimitNOFILE=70064\n" in drop_in.read_text()
    done = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("waited_s", "status"), [(0.2, 200), (30.0, 503)])
def test_what_waited_too_long_is_shed(
    machine: Path, programs: Installed, waited_s: float, status: int
) -> None:
    needs("php")
    script = (
        f"$_SERVER['FPMTUNE_SINCE'] = microtime(true) - {waited_s};"
        f"register_shutdown_function(fn() => print(http_response_code() ?: 200));"
        f"require '{machine}/out/php/fpmtune-shed-www.php';"
    )
    done = subprocess.run(["php", "-r", script], capture_output=True, text=True, check=True)
    assert done.stdout == str(status)


def test_the_fragments_pass_a_check(machine: Path) -> None:
    checked = fpmtune("check", "--target", "none", "--format", "json", machine / "out")
    assert (checked.status, checked.report["findings"]) == (0, [])
