"""Which sockets the kernel lets nginx open beside each other, asked of nginx itself.

`nginx -t` passes all of these: only the start tells.
"""

from pathlib import Path

import pytest
from daemon_trees import DaemonTree, http
from private_machine import Installed, fpmtune_json, installed, run_inside

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

RUNS_UNTIL_STOPPED = 124
REFUSED = [
    "listen 8080; listen 127.0.0.1:8080 bind;",
    "listen 8080 reuseport; listen 127.0.0.1:8080 backlog=5;",
    "listen 127.0.0.1:8080; listen [::]:8080 ipv6only=off;",
    "listen [::]:8080; listen [::1]:8080 bind;",
]
ACCEPTED = [
    "listen 8080 backlog=7; listen 127.0.0.1:8080; listen [::]:8080;",
    "listen 8080 reuseport; listen 127.0.0.1:8080 reuseport;",
    "listen [::]:8080 ipv6only=off; listen [::1]:8080;",
    "listen [::]:8080 ipv6only=off reuseport; listen 8080 reuseport;",
    "listen 127.0.0.1:8080 bind; listen 127.0.0.2:8080 bind; listen 8081;",
]


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


@pytest.mark.parametrize(
    ("listens", "starts"), [*((text, False) for text in REFUSED), *((text, True) for text in ACCEPTED)]
)
def test_only_the_start_tells(listens: str, starts: bool, tmp_path: Path, programs: Installed) -> None:
    DaemonTree({"etc/nginx/nginx.conf": http(listens)}, somaxconns=()).write(tmp_path, programs.php_folder)
    start = ["timeout", "4" if not starts else "1", "nginx", "-g", "daemon off;"]
    tested, started = run_inside(
        {"/etc/nginx": tmp_path / "etc/nginx"}, [("run", ["nginx", "-t"]), ("run", start)]
    )
    assert tested["status"] == 0
    assert started["status"] == (RUNS_UNTIL_STOPPED if starts else 1), started
    assert ("98: Address already in use" in started["output"]) is not starts
    findings = fpmtune_json("check", "--target", programs.target, tmp_path)["findings"]
    assert ("NGX003" in {finding["rule"] for finding in findings}) is not starts
