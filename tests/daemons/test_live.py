"""`--target host` in machines of their own: running daemons, their sockets and their network namespaces."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from daemon_trees import FPM, FPM_MAIN, PHP, DaemonTree, http, pool
from private_machine import BY_HAND, Installed, installed, run_inside, services

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

SOMAXCONN = "net.core.somaxconn"
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-sys_admin,-sys_ptrace,-dac_read_search"]
FOLDERS = ("/etc/nginx", "/etc/php", "/etc/redis", "/etc/sysctl.d")

Step = tuple[str, Any]


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


def fpmtune(*arguments: str, prefix: tuple[str, ...] = ()) -> Step:
    """A step that runs the program as a person does."""
    return "run", [*BY_HAND, *prefix, sys.executable, "-m", "tuner", *arguments]


def in_own_network(somaxconn: int, service: dict[str, Any]) -> dict[str, Any]:
    """Return the service as it runs with PrivateNetwork=, with a somaxconn of its own."""
    script = f'echo {somaxconn} > /proc/sys/net/core/somaxconn && exec "$@"'
    return {**service, "command": ["unshare", "--net", "sh", "-c", script, "-", *service["command"]]}


class PrivateMachine:
    """A machine with these files in its /etc."""

    def __init__(self, root: Path, programs: Installed, files: dict[str, str]) -> None:
        DaemonTree(files, ()).write(root, programs.php_folder)
        self.root = root
        self.services = list(services(root, programs))
        self.pools = f"/etc/php/{programs.php_folder}/fpm/pool.d"

    def take(self, *steps: Step) -> list[Any]:
        binds = {folder: self.root / folder[1:] for folder in FOLDERS}
        return run_inside(binds, steps)

    def beside(self, *steps: Step, services: list[dict[str, Any]] | None = None) -> Step:
        return "beside", {"services": self.services if services is None else services, "steps": steps}


def findings(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the warnings and errors in the JSON of a check."""
    assert "Traceback" not in answer["output"], answer["output"]
    return [f for f in json.loads(answer["output"])["findings"] if f["severity"] in ("warning", "error")]


POOLS = {
    f"{FPM}/php-fpm.conf": FPM_MAIN,
    f"{FPM}/pool.d/www.conf": pool("www", f"listen = /var/run/php/php{PHP}-fpm.sock")
    + pool("api", "listen = 9000")
    + pool("old", "listen = localhost:9001", "listen.backlog = 100"),
}


def test_php_fpm_that_was_started_before_the_sysctl_was_raised(tmp_path: Path, programs: Installed) -> None:
    machine = PrivateMachine(tmp_path, programs, POOLS)
    reload = ("run", ["sh", "-c", "kill -USR2 $(cat /run/php/fpm.pid) && sleep 1"])
    check, as_json = fpmtune("check", machine.pools), fpmtune("check", "--format", "json", machine.pools)
    off = fpmtune("check", "--target", "none", machine.pools)
    restricted = fpmtune("check", "--format", "json", machine.pools, prefix=tuple(WITHOUT_RIGHTS))
    _, before, after = machine.take(
        ("set", [SOMAXCONN, 128]),
        machine.beside(as_json, ("set", [SOMAXCONN, 4096]), check, as_json, reload, as_json, off, restricted),
        machine.beside(check, as_json),
    )
    at_start, _, text, found, _, after_reload, without_target, without_rights = before
    assert findings(at_start) == []
    assert text["status"] == 1
    assert "warning[QUE007] running-listener-differs" in text["output"]
    assert "drain and restart php-fpm" in text["output"]
    assert "target host: this machine (kernel " in text["output"]
    sockets = {f["entity"]: f["message"] for f in findings(found) if f["rule"] == "QUE007"}
    assert {entity: message.split(":")[0] for entity, message in sockets.items()} == {
        "pool:www": "the queue of unix",
        "pool:api": "the queue of [",
    }
    assert all("is still 128, listening again makes it 4096" in message for message in sockets.values())
    assert findings(after_reload) == findings(found)
    assert findings(without_rights) == findings(found)
    assert "QUE007" not in without_target["output"]
    assert (after[0]["status"], findings(after[1])) == (0, [])


SERVERS = {
    "etc/nginx/nginx.conf": http(
        "listen 8001 backlog=300; listen [::]:8001; server_name a;",
        "listen 8002 reuseport backlog=200; server_name b;",
        "listen unix:/run/nginx.sock; server_name c;",
        main="worker_processes 2;",
    ),
    "etc/redis/redis.conf": "bind 127.0.0.1 ::1\nunixsocket /run/redis/redis.sock\ntcp-backlog 400\n",
}


def test_nginx_and_redis_that_were_started_before_the_sysctl_was_raised(
    tmp_path: Path, programs: Installed
) -> None:
    machine = PrivateMachine(tmp_path, programs, SERVERS)
    show = fpmtune("show", "--format", "json", "/etc/nginx", "/etc/redis")
    check = fpmtune("check", "--format", "json", "/etc/nginx", "/etc/redis")
    _, before, after = machine.take(
        ("set", [SOMAXCONN, 128]),
        machine.beside(("set", [SOMAXCONN, 4096]), check, show),
        machine.beside(check, show),
    )
    differing = [f["message"].split(" is still")[0] for f in findings(before[1]) if f["rule"] == "QUE007"]
    assert sorted(differing) == [
        *("the queue of " + address for address in ("0.0.0.0:8001", "0.0.0.0:8002", "127.0.0.1:6379")),
        *("the queue of " + address for address in ("[::1]:6379", "[::]:8001")),
        *("the queue of " + address for address in ("unix:/run/nginx.sock", "unix:/run/redis/redis.sock")),
    ]
    assert [f for f in findings(after[0]) if f["rule"] == "QUE007"] == []
    for answer, queue in ((before[2], {128}), (after[1], {200, 300, 400, 511})):
        listeners = json.loads(answer["output"])["listeners"]
        assert {listener["running_backlog"]["value"] for listener in listeners} == queue
        assert {listener["running_queue"]["value"] for listener in listeners} == {0}


def test_a_daemon_in_another_network_namespace(tmp_path: Path, programs: Installed) -> None:
    machine = PrivateMachine(tmp_path, programs, POOLS)
    (php_fpm,) = machine.services
    (tmp_path / "etc/sysctl.d/60-web.conf").write_text("net.core.somaxconn = 4096\n")
    folder = machine.pools.removesuffix("/pool.d")
    _, (shown, checked, without_rights) = machine.take(
        ("set", [SOMAXCONN, 4096]),
        machine.beside(
            fpmtune("show", "--format", "json", folder),
            fpmtune("check", "--format", "json", folder),
            fpmtune("check", folder, prefix=tuple(WITHOUT_RIGHTS)),
            services=[in_own_network(77, php_fpm)],
        ),
    )
    document = json.loads(shown["output"])
    assert document["kernel"]["somaxconn"]["value"] == 77
    origin = document["kernel"]["somaxconn"]["origin"]
    assert origin["kind"] == "live"
    assert "the network namespace of php-fpm" in origin["text"]
    assert [listener["running_backlog"]["value"] for listener in document["listeners"]] == [77, 77, 77]
    (not_in_force,) = [f for f in findings(checked) if f["rule"] == "SYS014"]
    assert "= 4096 is not in force: the network namespace of php-fpm" in not_in_force["message"]
    assert not_in_force["locations"][0]["path"] == "/etc/sysctl.d/60-web.conf"
    assert "which only root can look into" in without_rights["output"]
    assert "running-listener-differs" not in without_rights["output"].partition("undecided")[0]


def test_daemons_in_different_network_namespaces(tmp_path: Path, programs: Installed) -> None:
    machine = PrivateMachine(tmp_path, programs, {**POOLS, **SERVERS})
    own = [in_own_network(77, s) if "fpm" in s["command"][0] else s for s in machine.services]
    show, check = (fpmtune(verb, "--format", "json", "/etc/php", "/etc/nginx") for verb in ("show", "check"))
    _, (shown, checked) = machine.take(("set", [SOMAXCONN, 4096]), machine.beside(show, check, services=own))
    document = json.loads(shown["output"])
    somaxconn = document["kernel"]["somaxconn"]
    assert somaxconn["value"] is None
    assert {option["value"] for option in somaxconn["options"]} == {77, 4096}
    effective = {li["address"]: li["effective_backlog"]["value"] for li in document["listeners"]}
    assert (effective["[::]:9000"], effective["0.0.0.0:8001"]) == (77, 300)
    assert [f for f in findings(checked) if f["rule"] == "QUE007"] == []


def test_a_daemon_with_files_of_its_own_says_nothing_of_ours(tmp_path: Path, programs: Installed) -> None:
    machine = PrivateMachine(tmp_path, programs, POOLS)
    (php_fpm,) = machine.services
    script = 'cp -r /etc/php /run/its-own && mount --bind /run/its-own /etc/php && exec "$@"'
    contained = {**php_fpm, "command": ["unshare", "--mount", "sh", "-c", script, "-", *php_fpm["command"]]}
    check = fpmtune("check", "--format", "json", machine.pools)
    show = fpmtune("show", "--format", "json", machine.pools)
    _, (_, shown, checked) = machine.take(
        ("set", [SOMAXCONN, 128]),
        machine.beside(("set", [SOMAXCONN, 4096]), show, check, services=[contained]),
    )
    assert {li["running_backlog"]["value"] for li in json.loads(shown["output"])["listeners"]} == {None}
    assert findings(checked) == []
