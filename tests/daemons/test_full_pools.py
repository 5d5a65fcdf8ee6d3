"""What clients see of a pool that is full: of kept connections, or of a queue with no room left.

fpmtune gets the same tree and has to say it beforehand.
"""

from pathlib import Path
from typing import Any

import pytest
from daemon_trees import FPM, FPM_MAIN, DaemonTree, pool
from private_machine import Installed, fpmtune_json, installed, run_inside, services

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

ASK = """
import json, sys, threading, time, urllib.error, urllib.request

def ask(path, answers):
    began = time.monotonic()
    try:
        status = urllib.request.urlopen("http://127.0.0.1" + path, timeout=20).status
    except urllib.error.HTTPError as error:
        status = error.code
    answers.append((status, time.monotonic() - began))

def together(*paths):
    answers = []
    threads = [threading.Thread(target=ask, args=(path, answers)) for path in paths]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers
"""
KEPT_THEN_PLAIN = ASK + 'print(json.dumps([together("/kept", "/kept"), together("/plain")]))\n'
FULL_QUEUES = (
    ASK
    + """
import os, socket
full = [(socket.AF_INET, ("127.0.0.1", 9000)), (socket.AF_UNIX, "/run/full.sock")]
held = []
for family, address in full:
    listener = socket.socket(family)
    listener.bind(address)
    listener.listen(0)
    client = socket.socket(family)
    client.connect(address)
    held += [listener, client]
os.chmod("/run/full.sock", 0o666)
print(json.dumps([together("/tcp"), together("/unix")]))
"""
)
NGINX = """user www-data;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
    fastcgi_read_timeout 1s;
    upstream php {{ server 127.0.0.1:9000; keepalive {keepalive}; }}
    server {{
        listen 80;
        fastcgi_param SCRIPT_FILENAME /etc/nginx/slow.php;
        fastcgi_param REQUEST_METHOD GET;
        location /kept {{ fastcgi_pass php; fastcgi_keep_conn on; }}
        location /plain {{ fastcgi_pass 127.0.0.1:9000; }}
    }}
}}
"""
FULL_NGINX = """user www-data;
worker_processes 1;
events { worker_connections 64; }
http {
    fastcgi_connect_timeout 2s;
    server {
        listen 80;
        location /tcp { fastcgi_pass 127.0.0.1:9000; }
        location /unix { fastcgi_pass unix:/run/full.sock; }
    }
}
"""


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


def answers(root: Path, script: str, programs: Installed) -> Any:  # noqa: ANN401
    binds = {folder: root / folder[1:] for folder in ("/etc/nginx", "/etc/php")}
    (found,) = run_inside(binds, [("ask", {"services": list(services(root, programs)), "script": script})])
    return found


def findings(root: Path, programs: Installed) -> set[str]:
    checked = fpmtune_json("check", "--target", programs.target, root)
    return {finding["rule"] for finding in checked["findings"]}


@pytest.mark.parametrize(("keepalive", "status"), [(1, 200), (2, 504)])
def test_kept_connections_starve_a_pool(
    keepalive: int, status: int, tmp_path: Path, programs: Installed
) -> None:
    tree = DaemonTree(
        somaxconns=(),
        files={
            "etc/nginx/nginx.conf": NGINX.format(keepalive=keepalive),
            "etc/nginx/slow.php": "<?php usleep(300000);",
            f"{FPM}/php-fpm.conf": FPM_MAIN,
            f"{FPM}/pool.d/www.conf": pool("www", "listen = 127.0.0.1:9000", children=2),
        },
    )
    tree.write(tmp_path, programs.php_folder)
    kept, plain = answers(tmp_path, KEPT_THEN_PLAIN, programs)
    assert [code for code, _ in kept] == [200, 200]
    assert [code for code, _ in plain] == [status]
    assert ("PTH005" in findings(tmp_path, programs)) is (status == 504)


def test_a_full_queue_hangs_over_tcp_and_fails_at_once_on_a_unix_socket(
    tmp_path: Path, programs: Installed
) -> None:
    DaemonTree(somaxconns=(), files={"etc/nginx/nginx.conf": FULL_NGINX}).write(tmp_path, programs.php_folder)
    ((tcp, tcp_s),), ((unix, unix_s),) = answers(tmp_path, FULL_QUEUES, programs)
    assert (tcp, unix) == (504, 502)
    assert 1.9 < tcp_s < 4
    assert unix_s < 1
