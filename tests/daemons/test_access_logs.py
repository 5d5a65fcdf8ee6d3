"""What real nginx and php-fpm write into their logs, in many formats at once, and what is read from it."""

import base64
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tuner.formats.nginx import parse
from tuner.load.arrivals import Requests
from tuner.load.fpm_log.access_format import ADVICE as FPM_ADVICE
from tuner.load.fpm_log.executions import ExecutionReader
from tuner.load.log_lines import read_batches
from tuner.load.nginx_log.configured import format_of
from tuner.load.nginx_log.requests import RequestReader
from tuner.source.text import Text

pytestmark = pytest.mark.daemons

TIMING = "$msec $request_time $status $upstream_status"
TIMES = "$upstream_connect_time $upstream_header_time $upstream_response_time $upstream_addr"
FORMATS = {
    "advised": f"""'$remote_addr - $remote_user [$time_local] "$request" $body_bytes_sent "$http_user_agent" '
        '{TIMING} {TIMES}'""",
    "words": """'"$http_user_agent" "$request_uri" t=$msec rt="$request_time" s=$status '
        'urt="$upstream_response_time" up="$upstream_addr"'""",
    "first": """'$msec $request_time $status $upstream_response_time $upstream_addr '
        '$http_user_agent $request'""",
    "open": f"""escape=none '$remote_user "$http_user_agent" {TIMING} {TIMES}'""",
    "json": """escape=json '{"ua":"$http_user_agent","t":$msec,"rt":"$request_time","user":"$remote_user",'
        '"s":$status,"urt":"$upstream_response_time","up":"$upstream_addr"}'""",
    "tabs": """'ua:$http_user_agent\\ttime:$msec\\trt:$request_time\\tstatus:$status\\t'
        'urt:$upstream_response_time\\tup:$upstream_addr'""",
}
NGINX = """\
daemon off;
{user}
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{}}
http {{
    client_body_temp_path {root}; proxy_temp_path {root}; fastcgi_temp_path {root};
    uwsgi_temp_path {root}; scgi_temp_path {root};
{formats}
    upstream tried {{ server unix:{root}/none.sock; server unix:{root}/php.sock backup; }}
    server {{
        listen unix:{root}/nginx.sock;
{logs}
        root {root};
        fastcgi_param SCRIPT_FILENAME {root}/index.php;
        fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param REQUEST_URI $request_uri;
        fastcgi_param SCRIPT_NAME /index.php;
        location /php {{ fastcgi_pass unix:{root}/php.sock; }}
        location /tried {{ fastcgi_pass tried; }}
        location /down {{ fastcgi_pass unix:{root}/none.sock; }}
        location /late {{ fastcgi_pass unix:{root}/php.sock; fastcgi_read_timeout 100ms; }}
        location /moved {{ return 301 /; }}
    }}
}}
"""
POOL = """\
[global]
error_log = {root}/fpm.log
daemonize = no
[www]
{user}
listen = {root}/php.sock
pm = static
pm.max_children = 2
access.log = {root}/fpm.access.log
{access_format}
"""
SCRIPT = "<?php usleep(200000); echo 'done';"
BAIT = '1700000000.000 9.999 200 "0.1, 0.2" : {"t":1.5} \\" \\x22 - -'
PATHS = {"/php?a=b": 200, "/tried": 200, "/down": 502, "/late": 504, "/moved": 301}
SLEEP_S = 0.2


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.02)


def ask(server: Path, path: str) -> int:
    credentials = base64.b64encode(b'x 1.5 [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200:y').decode()
    request = f"GET {path} HTTP/1.0\r\nUser-Agent: {BAIT}\r\nAuthorization: Basic {credentials}\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(server))
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return int(answer.split(b" ")[1])


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("logs")
    nginx, php_fpm = shutil.which("nginx"), shutil.which("php-fpm8.2")
    if nginx is None or php_fpm is None:
        pytest.skip("needs nginx and php-fpm8.2")
    is_root = os.geteuid() == 0
    formats = "".join(f"    log_format {name} {text};\n" for name, text in FORMATS.items())
    written = "".join(f"        access_log {root}/{name}.log {name};\n" for name in FORMATS)
    conf, pool = root / "nginx.conf", root / "fpm.conf"
    user = "user root;" if is_root else ""
    conf.write_text(NGINX.format(root=root, formats=formats, logs=written, user=user))
    user = "user = root" if is_root else ""
    pool.write_text(POOL.format(root=root, access_format=FPM_ADVICE, user=user))
    (root / "index.php").write_text(SCRIPT)
    commands = [
        [nginx, "-c", str(conf), "-e", str(root / "error.log")],
        [php_fpm, "-n", "-y", str(pool), "-F", *(["-R"] if is_root else [])],
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = [subprocess.Popen(command, **quiet) for command in commands]  # type: ignore[call-overload]
    try:
        wait_for(root / "nginx.sock")
        wait_for(root / "php.sock")
        assert {path: ask(root / "nginx.sock", path) for path in PATHS} == PATHS
        time.sleep(2 * SLEEP_S)
    finally:
        for process in running:
            process.terminate()
            process.wait(10)
    yield root


def requests_of(root: Path, name: str) -> tuple[Requests, RequestReader]:
    conf = root / "nginx.conf"
    document = parse(Text(str(conf), conf.read_bytes()))
    log = str(root / f"{name}.log")
    reader = RequestReader(format_of(log, [document]))
    (found,) = reader.requests(read_batches([log]))
    return found, reader


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_tells_the_same(logs: Path, name: str) -> None:
    found, reader = requests_of(logs, name)
    tally = reader.tally
    assert (tally.broken, tally.without_upstream, tally.retried, tally.backwards) == (0, 1, 1, 0)
    assert found.statuses == [200, 200, 502, 504]
    assert reader.upstreams == {f"unix:{logs}/php.sock": 3, f"unix:{logs}/none.sock": 1}
    served, tried, down, late = (upstream_ms / 1000 for upstream_ms in found.upstreams_ms)
    assert served == pytest.approx(SLEEP_S, abs=0.1)
    assert tried == pytest.approx(SLEEP_S, abs=0.1)
    assert down == pytest.approx(0.0, abs=0.05)
    assert late == pytest.approx(0.1, abs=0.08)
    expected, _ = requests_of(logs, "advised")
    assert found.arrivals_s == pytest.approx(expected.arrivals_s, abs=1e-6)


def test_php_fpm_tells_how_long_it_worked_also_for_those_who_left(logs: Path) -> None:
    access_format = FPM_ADVICE.partition('"')[2].removesuffix('"')
    reader = ExecutionReader(access_format, pool="www")
    found = list(reader.executions(read_batches([str(logs / "fpm.access.log")])))
    assert (len(found), reader.tally.broken) == (3, 0)
    for execution in found:
        assert SLEEP_S <= execution.service_us / 1e6 < SLEEP_S + 0.2
        assert execution.script == "/index.php"
        assert execution.memory_bytes == 2 << 20
        assert execution.cpu_us is not None
        assert execution.cpu_us < execution.service_us / 2
