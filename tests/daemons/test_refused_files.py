"""What rules claim of nginx, php-fpm and Redis, asked of the programs themselves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from daemon_trees import FPM, FPM_MAIN, PHP, TREES, DaemonTree, http, pool
from private_machine import Installed, fpmtune_json, installed, run_inside

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

REFUSALS = (
    "backlog-invalid",
    "bind-address-twice",
    "hash-comment",
    "spare-servers-inconsistent",
    "syntax-error",
    "value-refused",
    "include-missing",
)
MAIN, POOL = f"{FPM}/php-fpm.conf", f"{FPM}/pool.d/www.conf"
NGINX, REDIS = "etc/nginx/nginx.conf", "etc/redis/redis.conf"
BACKLOG_RANGE = "argument must be between 0 and 2147483647 inclusive"
IN_USE = "Address already in use"
SPARE = ("pm.start_servers = 1", "pm.min_spare_servers = 1", "pm.max_spare_servers = 2")


@dataclass(frozen=True, slots=True)
class Refused:
    """A file with a fault in `line`, the program's words about it, and the rule that says so."""

    file: str
    content: str
    words: str
    rule: str
    line: int


REFUSED = {
    "nginx -1": Refused(NGINX, http("listen 80 backlog=-1;"), "invalid backlog", "backlog-invalid", 5),
    "nginx 0": Refused(NGINX, http("listen 80 backlog=0;"), "invalid backlog", "backlog-invalid", 5),
    "nginx 1k": Refused(NGINX, http("listen 80 backlog=1k;"), "invalid backlog", "backlog-invalid", 5),
    "redis -1": Refused(REDIS, "port 6379\ntcp-backlog -1\n", BACKLOG_RANGE, "backlog-invalid", 2),
    "redis 2^31": Refused(REDIS, "tcp-backlog 2147483648\n", BACKLOG_RANGE, "backlog-invalid", 1),
    "redis twice": Refused(REDIS, "bind 127.0.0.1 127.0.0.1\nport 6379\n", IN_USE, "bind-address-twice", 1),
    "redis optional": Refused(
        REDIS, "bind 127.0.0.1 -127.0.0.1\nport 6379\n", IN_USE, "bind-address-twice", 1
    ),
    "redis every address": Refused(
        REDIS, "port 6379\nbind 127.0.0.1 -::1 *\n", IN_USE, "bind-address-twice", 2
    ),
    "php-fpm 1k": Refused(
        POOL, pool("www", "listen = 9000", "listen.backlog = 1k"), "not a valid number", "backlog-invalid", 6
    ),
    "php-fpm # text": Refused(
        POOL, "# the shop\n" + pool("www", "listen = 9000"), "value is NULL", "hash-comment", 1
    ),
    "php-fpm # directive": Refused(
        POOL, pool("www", "listen = 9000", "#pm = dynamic"), "unknown entry '#pm'", "hash-comment", 6
    ),
    "php-fpm # behind a number": Refused(
        POOL, pool("www", "listen = 9000", "pm.max_children = 5 # x"), "valid number", "hash-comment", 6
    ),
    "php-fpm spare servers": Refused(
        POOL,
        pool("www", "listen = 9000", *SPARE, pm="dynamic", children=1),
        "cannot be greater than pm.max_children(1)",
        "spare-servers-inconsistent",
        8,
    ),
    "php-fpm time": Refused(
        POOL,
        pool("www", "listen = 9000", "request_terminate_timeout = 60S"),
        "unknown suffix used in time value",
        "value-refused",
        6,
    ),
    "php-fpm overridden": Refused(
        POOL,
        pool("www", "listen = 9000", "pm.max_requests = 1k", "pm.max_requests = 10"),
        "not a valid number",
        "value-refused",
        6,
    ),
    "php-fpm pm": Refused(
        POOL, pool("www", "listen = 9000", pm="foo"), "invalid process manager", "value-refused", 3
    ),
    "nginx time": Refused(
        NGINX, http("listen 80; fastcgi_read_timeout 5x;"), "invalid value", "value-refused", 5
    ),
    "nginx flag": Refused(NGINX, http("fastcgi_keep_conn yes;"), "invalid value", "value-refused", 5),
    "redis maxclients": Refused(
        REDIS, "port 6379\nmaxclients 10k\n", "couldn't be parsed into an integer", "value-refused", 2
    ),
}


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


def findings(root: Path, programs: Installed) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = fpmtune_json("check", "--target", programs.target, root)["findings"]
    return found


def verdict(root: Path, file: str, programs: Installed) -> dict[str, Any]:
    """Return the status and words of the program's own test; Redis has none, so it is started."""
    commands = {
        NGINX: ["nginx", "-t"],
        POOL: [programs.php_fpm, "-t", "-y", f"/{MAIN}".replace(PHP, programs.php_folder)],
        REDIS: ["timeout", "5", "redis-server", f"/{REDIS}", "--dir", "/run/redis"],
    }
    binds = {folder: root / folder[1:] for folder in ("/etc/nginx", "/etc/php", "/etc/redis")}
    answer: dict[str, Any] = run_inside(binds, [("run", commands[file])])[0]
    return answer


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_said_not_to_start_does_not_start(name: str, tmp_path: Path, programs: Installed) -> None:
    refused = REFUSED[name]
    tree = DaemonTree({MAIN: FPM_MAIN, refused.file: refused.content}, somaxconns=())
    tree.write(tmp_path, programs.php_folder)
    answer = verdict(tmp_path, refused.file, programs)
    assert answer["status"] not in (0, 124) and refused.words in answer["output"], answer
    (finding,) = [f for f in findings(tmp_path, programs) if f["severity"] == "error"]
    assert (finding["name"], finding["certainty"]) == (refused.rule, "certain")
    file = str(tmp_path / refused.file.replace(PHP, programs.php_folder))
    assert (file, refused.line) in {(place["path"], place["line"]) for place in finding["locations"]}


@pytest.mark.parametrize("name", TREES)
def test_nothing_that_starts_is_said_not_to_start(name: str, tmp_path: Path, programs: Installed) -> None:
    TREES[name].write(tmp_path, programs.php_folder)
    assert [f["message"] for f in findings(tmp_path, programs) if f["name"] in REFUSALS] == []


def test_a_backlog_does_not_reach_the_other_family(tmp_path: Path, programs: Installed) -> None:
    twins = http("listen 8001 backlog=1024;\n listen [::]:8001;")
    DaemonTree({NGINX: twins}, somaxconns=()).write(tmp_path, programs.php_folder)
    nginx = {"command": ["nginx", "-g", "daemon off;"], "pid_file": "/run/nginx.pid"}
    sockets = run_inside({"/etc/nginx": tmp_path / "etc/nginx"}, [("serve", [nginx])])[0]
    assert {s["address"]: s["send_q"] for s in sockets} == {"0.0.0.0:8001": 1024, "[::]:8001": 511}
    (finding,) = findings(tmp_path, programs)
    assert (finding["name"], finding["severity"]) == ("listen-twin-without-backlog", "warning")
    assert finding["certainty"] == "certain" and "keeps 511" in finding["message"]
    assert finding["locations"][0]["line"] == 6
