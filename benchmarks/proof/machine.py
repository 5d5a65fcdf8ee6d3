"""A machine in namespaces of its own: nginx and PHP-FPM over a small tree of configuration files."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

Socket = Literal["unix", "tcp"]

PORT = 8080
NAMESPACES = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
START_PATIENCE_S = 10.0
ACCESS_FORMAT = "%{%s}t %{microseconds}d %M %C %s %{QUERY_STRING}e"
SCRIPT = "<?php\nusleep((int) ($_GET['us'] ?? 0));\necho \"done\\n\";\n"


class Pool(NamedTuple):
    """The configuration that the proof starts with."""

    socket: Socket
    workers: int
    backlog: int
    somaxconn: int
    read_timeout: str
    manager: str = "static"


class Machine:
    """The files under `root`, which is what fpmtune is given, and the daemons over them."""

    def __init__(self, root: Path, pool: Pool) -> None:
        self.root = root
        self.pool = pool
        self.nginx_conf = root / "etc/nginx/nginx.conf"
        self.pool_conf = root / f"etc/php/{php_version()}/fpm/pool.d/www.conf"
        self.fpm_conf = self.pool_conf.parent.parent / "php-fpm.conf"
        self.on_machine = f"/etc/php/{php_version()}/fpm"
        self.sysctl_conf = root / "etc/sysctl.d/60-web.conf"
        self.nginx_log = root / "nginx.access.log"
        self.fpm_log = root / "fpm.access.log"

    def write(self) -> None:
        """Write every file."""
        run = self.root / "run"
        run.mkdir(mode=0o777)
        for path, text in self._files().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def lay_over(self) -> None:
        """Put the tree's files where the daemons look for theirs."""
        for folder in ("etc/nginx", "etc/php"):
            subprocess.run(["mount", "--bind", self.root / folder, f"/{folder}"], check=True)

    def _files(self) -> dict[Path, str]:
        address = f"unix:{self.root}/run/www.sock" if self.pool.socket == "unix" else "127.0.0.1:9000"
        listen = address.removeprefix("unix:")
        return {
            self.root / "www/work.php": SCRIPT,
            self.sysctl_conf: f"net.core.somaxconn = {self.pool.somaxconn}\n",
            self.fpm_conf: f"[global]\npid = {self.root}/run/fpm.pid\nerror_log = {self.root}/fpm.error.log\n"
            f"daemonize = no\ninclude = {self.on_machine}/pool.d/*.conf\n",
            self.pool_conf: f"[www]\nuser = nobody\ngroup = nogroup\n"
            f"listen = {listen}\nlisten.owner = nobody\n"
            f"listen.backlog = {self.pool.backlog}\n"
            f"pm = {self.pool.manager}\npm.max_children = {self.pool.workers}\n"
            f"access.log = {self.fpm_log}\naccess.format = '{ACCESS_FORMAT}'\n",
            self.nginx_conf: NGINX.format(
                root=self.root, port=PORT, address=address, read_timeout=self.pool.read_timeout
            ),
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Put the sysctl file in force, start php-fpm and nginx with empty logs, and stop them at the end."""
        for log in (self.nginx_log, self.fpm_log):
            log.unlink(missing_ok=True)
        subprocess.run(["sysctl", "-q", "-p", self.sysctl_conf], check=True)
        fpm = [php_fpm(), "-F", "-y", str(self.fpm_conf)]
        with (
            _daemon(fpm, self.root / "run/fpm.pid"),
            _daemon(["nginx", "-c", str(self.nginx_conf)], self.root / "run/nginx.pid"),
        ):
            yield


NGINX = """\
user nobody nogroup;
worker_processes 2;
worker_rlimit_nofile 65535;
daemon off;
pid {root}/run/nginx.pid;
error_log {root}/nginx.error.log;
events {{
    worker_connections 16384;
}}
http {{
    log_format timed '$msec $request_time $status $upstream_status uct=$upstream_connect_time '
                     'uht=$upstream_header_time urt=$upstream_response_time $request_uri';
    access_log {root}/nginx.access.log timed;
    client_body_temp_path {root}/run/body;
    fastcgi_temp_path {root}/run/fastcgi;
    proxy_temp_path {root}/run/proxy;
    uwsgi_temp_path {root}/run/uwsgi;
    scgi_temp_path {root}/run/scgi;
    upstream php {{
        server {address};
    }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {root}/www;
        location ~ \\.php$ {{
            fastcgi_pass php;
            fastcgi_read_timeout {read_timeout};
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param QUERY_STRING $query_string;
        }}
    }}
}}
"""


def php_fpm() -> str:
    """Return the path of Debian's newest php-fpm."""
    return str(max(Path("/usr/sbin").glob("php-fpm[0-9]*"), key=_version))


def _version(program: Path) -> tuple[int, ...]:
    return tuple(map(int, program.name.removeprefix("php-fpm").split(".")))


def php_version() -> str:
    """Return its version as Debian's folders have it."""
    return Path(php_fpm()).name.removeprefix("php-fpm")


def missing(*programs: str) -> list[str]:
    """Return what the proof needs and this machine lacks."""
    lacks = [name for name in ("unshare", "ip", "sysctl", "nginx", *programs) if shutil.which(name) is None]
    if not list(Path("/usr/sbin").glob("php-fpm[0-9]*")):
        lacks.append("Debian's php-fpm")
    return lacks if os.geteuid() == 0 else [*lacks, "root, for network namespaces"]


def run_inside(module: str, *arguments: str) -> int:
    """Run a module of ours in namespaces of its own, and return its exit status."""
    command = [*NAMESPACES, sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=False).returncode


@contextmanager
def _daemon(command: list[str], pid_file: Path) -> Iterator[None]:
    pid_file.unlink(missing_ok=True)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + START_PATIENCE_S
        while not (pid_file.exists() and pid_file.stat().st_size):
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise SystemExit(f"{' '.join(command)} did not start (status {process.returncode})")
            time.sleep(0.01)
        yield
    finally:
        process.terminate()
        process.wait(START_PATIENCE_S)
