"""nginx that runs out of connections before its pool's queue is full, and with the plan written does not."""

from collections import Counter
from pathlib import Path

import pytest
from daemon_trees import FPM, FPM_MAIN, DaemonTree, pool
from private_machine import Installed, fpmtune_json, installed, run_inside, services

from tests.tune.hosts import NGINX_FILE, Planned, with_arrivals
from tests.tune.test_measured import COLLAPSE, measured
from tuner.laws.path_limits import requests_held

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

CLIENTS = 100
NGINX = """user www-data;
worker_processes 1;
events { worker_connections 64; }
http {
    server {
        listen 80;
        fastcgi_param SCRIPT_FILENAME /etc/nginx/slow.php;
        fastcgi_param REQUEST_METHOD GET;
        location / { fastcgi_pass unix:/run/php/www.sock; fastcgi_read_timeout 10s; }
    }
}
"""
TOGETHER = f"""
import json, socket, threading

def ask(answers):
    try:
        with socket.create_connection(("127.0.0.1", 80), timeout=20) as client:
            client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            answers.append(client.recv(12)[9:].decode())
    except ConnectionError:
        answers.append("")

answers = []
threads = [threading.Thread(target=ask, args=(answers,)) for _ in range({CLIENTS})]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


def statuses(root: Path, programs: Installed) -> Counter[str]:
    binds = {folder: root / folder[1:] for folder in ("/etc/nginx", "/etc/php")}
    order = {"services": list(services(root, programs)), "script": TOGETHER}
    (answers,) = run_inside(binds, [("ask", order)])
    return Counter(answers)


def test_as_many_connections_as_requests_wait(tmp_path: Path, programs: Installed) -> None:
    files = {
        "etc/nginx/nginx.conf": NGINX,
        "etc/nginx/slow.php": "<?php usleep(200000);",
        f"{FPM}/php-fpm.conf": FPM_MAIN,
        f"{FPM}/pool.d/www.conf": pool(
            "www", "listen = /run/php/www.sock", "listen.owner = www-data", "listen.backlog = 511", children=8
        ),
    }
    DaemonTree(files, ()).write(tmp_path, programs.php_folder)
    before = statuses(tmp_path, programs)
    assert before["200"] + before["500"] + before[""] == CLIENTS
    assert requests_held(64, listeners=1) <= before["200"] < CLIENTS / 2
    together = with_arrivals(measured(COLLAPSE), [0] * CLIENTS)
    host = Planned(tmp_path, {}, target=programs.target, measured=together)
    assert set(host.recommended()) == {"worker_connections", "worker_rlimit_nofile"}
    assert host.bring_in() == [NGINX_FILE]
    assert statuses(tmp_path, programs) == {"200": CLIENTS}
    assert fpmtune_json("check", "--target", programs.target, tmp_path)["summary"]["error"] == 0
