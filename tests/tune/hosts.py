"""Hosts for tests of plans: a pool behind nginx, and a load that was recorded on it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from tuner.formats.document import Document
from tuner.load.compact import encode
from tuner.load.declared import DeclaredLoad, put_on
from tuner.load.histogram import Histogram
from tuner.load.load_file import LoadFile
from tuner.stack.model import Stack

from tests.trees import stack_of

FPM = "etc/php/8.2/fpm"
POOL_FILE = f"{FPM}/pool.d/www.conf"
NGINX_FILE = "etc/nginx/nginx.conf"
SYSCTL_FILE = "etc/sysctl.d/60-web.conf"
SOCKET = "/run/php/www.sock"


def host_files(
    *pool: str, listen: str = SOCKET, workers: int = 8, timeout: str = "1s", somaxconn: int = 4096
) -> dict[str, str]:
    address = f"unix:{listen}" if listen.startswith("/") else listen
    return {
        f"{FPM}/php-fpm.conf": "include = /etc/php/8.2/fpm/pool.d/*.conf\n",
        POOL_FILE: "\n".join(
            ("[www]", "user = www-data", f"listen = {listen}", *pool)
            + (() if any(line.startswith("pm ") for line in pool) else ("pm = static",))
            + (f"pm.max_children = {workers}", "")
        ),
        NGINX_FILE: "events {}\nhttp {\n    upstream php {\n        server " + address + ";\n    }\n"
        "    server {\n        listen 80;\n        location ~ \\.php$ {\n            fastcgi_pass php;\n"
        f"            fastcgi_read_timeout {timeout};\n        }}\n    }}\n}}\n",
        SYSCTL_FILE: f"net.core.somaxconn = {somaxconn}\n",
    }


def declared_host(root: Path, files: Mapping[str, str], service_time: str = "50ms", qps: str = "100") -> Stack:
    stack = stack_of(root, files)
    put_on([stack], DeclaredLoad(service_time, qps))
    return stack
