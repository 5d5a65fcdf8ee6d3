"""Configurations of whole machines, for the real daemons and for fpmtune alike.

`@PHP@` stands for the PHP version in Debian's paths.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.trees import write_tree

PHP = "@PHP@"
FPM = f"etc/php/{PHP}/fpm"
FPM_MAIN = f"[global]\npid = /run/php/fpm.pid\nerror_log = /dev/stderr\ninclude=/{FPM}/pool.d/*.conf\n"
FOLDERS = ("etc/nginx", "etc/php", "etc/redis", "etc/sysctl.d")


@dataclass(frozen=True, slots=True)
class DaemonTree:
    """Files and links of one machine, values of somaxconn to try, and addresses with several sockets."""

    files: Mapping[str, str]
    somaxconns: tuple[int, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    sockets: Mapping[str, int] = field(default_factory=dict)

    def write(self, root: Path, php: str) -> None:
        """Write the tree; the folders that are laid over the machine's own are always there."""
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        write_tree(
            root, {name.replace(PHP, php): text.replace(PHP, php) for name, text in self.files.items()}
        )
        for name, target in self.links.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(target)


def pool(name: str, *lines: str, pm: str = "static", children: int = 1) -> str:
    """Return a pool with `lines` added to what every pool needs."""
    needed = (f"[{name}]", "user = www-data", f"pm = {pm}", f"pm.max_children = {children}")
    return "\n".join((*needed, *lines)) + "\n"


def http(*servers: str, main: str = "worker_processes 1;") -> str:
    """Return an nginx.conf with these servers' contents."""
    blocks = "\n".join(f"    server {{ {server} }}" for server in servers)
    return f"user www-data;\n{main}\nevents {{ worker_connections 64; }}\nhttp {{\n{blocks}\n}}\n"


TREES = {
    "as Debian lays it out": DaemonTree(
        somaxconns=(128, 4096, 65535),
        files={
            "etc/nginx/nginx.conf": (
                "user www-data;\nworker_processes 1;\nevents { worker_connections 64; }\n"
                "http {\n    include conf.d/*.conf;\n    include /etc/nginx/sites-enabled/*;\n}\n"
            ),
            "etc/nginx/sites-available/default": "server {\n    listen 80 default_server;\n"
            "    listen [::]:80 default_server;\n    server_name _;\n    include snippets/site.conf;\n}\n",
            "etc/nginx/sites-available/switched-off": "server { listen 81 backlog=81; }\n",
            "etc/nginx/snippets/site.conf": "listen 82 backlog=82;\n",
            "etc/nginx/conf.d/status.conf": "server { listen 127.0.0.1:8080; }\n",
            f"{FPM}/php-fpm.conf": FPM_MAIN,
            f"{FPM}/pool.d/www.conf": pool(
                "www",
                f"listen = /run/php/php{PHP}-fpm.sock",
                "pm.start_servers = 1",
                "pm.min_spare_servers = 1",
                "pm.max_spare_servers = 2",
                pm="dynamic",
                children=2,
            ),
            f"{FPM}/pool.d/old.conf.dpkg-old": pool("old", "listen = 9999"),
            "etc/redis/redis.conf": "bind 127.0.0.1 -::1\nport 6379\n",
        },
        links={"etc/nginx/sites-enabled/default": "/etc/nginx/sites-available/default"},
    ),
    "every form of nginx's listen": DaemonTree(
        somaxconns=(300, 4096),
        files={
            "etc/nginx/nginx.conf": http(
                "server_name no-listen;",
                "listen 127.0.0.1; listen *:8001 backlog=8; server_name a;",
                "listen 8001; listen 127.0.0.1:8001; listen 127.0.0.2:8001; server_name b;",
                "listen 127.0.0.1:8002 backlog=1; listen 127.0.0.2:8002; server_name c;",
                "listen 127.0.0.2:8002 default_server rcvbuf=8k; server_name d;",
                "listen 0.0.0.0:8003 so_keepalive=on; listen [::]:8003 backlog=4096; server_name e;",
                "listen [::]:8004 ipv6only=off backlog=299; server_name f;",
                "listen [::1]:8005; listen [::]:8005; listen [::1]:8006 backlog=65535; server_name g;",
                "listen 8007 deferred backlog=301; listen localhost:8007; server_name h;",
                'listen "8008" "backlog=77"; listen 8009 backlog=0078 http2; server_name i;',
                "listen unix:/run/one.sock; listen unix:/run/two.sock backlog=2; server_name j;",
                "listen unix:/run/two.sock; listen 8010 fastopen=16; listen 8011 bind; server_name k;",
                "listen 8012 backlog=10 backlog=20; server_name l;",
            ),
        },
    ),
    "a socket a worker": DaemonTree(
        somaxconns=(128, 70000),
        files={
            "etc/nginx/nginx.conf": http(
                "listen 8001 reuseport backlog=65536; server_name a;",
                "listen 8001; listen [::]:8001 reuseport; server_name b;",
                "listen 127.0.0.1:8001 reuseport backlog=127; server_name c;",
                "listen 8002; server_name d;",
                main="worker_processes 3;",
            ),
        },
        sockets={"0.0.0.0:8001": 3, "[::]:8001": 3, "127.0.0.1:8001": 3},
    ),
    "every form of php-fpm's listen": DaemonTree(
        somaxconns=(0, 128, 4096),
        files={
            f"{FPM}/php-fpm.conf": FPM_MAIN,
            f"{FPM}/pool.d/a.conf": pool("absent", "listen = 9000")
            + pool("minus", "listen = 127.0.0.1:9001", "listen.backlog = -1")
            + pool("zero", "listen = [::1]:9002", "listen.backlog = 0")
            + pool("one", "listen = /run/php/$pool.sock", "listen.backlog = 1"),
            f"{FPM}/pool.d/b.conf": pool("stock", "listen = 0.0.0.0:9003", "listen.backlog = 511")
            + pool("huge", 'listen = "/run/php/$pool-x.sock"', "listen.backlog = 65535")
            + pool("demand", "listen = [::]:9004", "listen.backlog = 5", pm="ondemand")
            + pool("below", "listen = 9005", "listen.backlog = -7", pm="ondemand")
            + pool("octal", "listen = 9006 ; a comment", 'Listen.Backlog = "0777"')
            + pool("wraps", "listen = 9007", "listen.backlog = 4294967301")
            + pool("twice", "listen = 9", "listen.backlog = 9", "listen = 9008", "listen.backlog = 10"),
            f"{FPM}/pool.d/c.conf": "[ABSENT]\nlisten.backlog = 127\n",
        },
    ),
    "every form of Redis' sockets": DaemonTree(
        somaxconns=(99, 4096, 70000),
        files={
            "etc/redis/redis.conf": "port 6379\nprotected-mode yes\n",
            "etc/redis/a.conf": "port 6380\nbind 127.0.0.1 ::1\ntcp-backlog 100\n"
            "unixsocket /run/redis/a.sock\nunixsocketperm 770\n",
            "etc/redis/b.conf": "include /etc/redis/common.inc\nport 6381\n"
            "bind 127.0.0.1\nbind 127.0.0.2 -::1\n",
            "etc/redis/common.inc": 'tcp-backlog 65535\nTCP-BACKLOG 7\nunixsocket "/run/redis/b.sock"\n',
            "etc/redis/c.conf": "port 0\ntcp-backlog 0\nunixsocket /run/redis/c.sock\n",
            "etc/redis/d.conf": "bind *\nport 6382\ntcp-backlog 65535\n",
        },
    ),
    "numbers that a C int does not hold": DaemonTree(
        somaxconns=(1, 1000),
        files={
            "etc/nginx/nginx.conf": http(
                "listen 8001 backlog=4294967297; server_name a;",
                "listen 8002 backlog=2147483648; server_name b;",
                "listen 8003 backlog=2147483647; server_name c;",
            ),
            f"{FPM}/php-fpm.conf": FPM_MAIN,
            f"{FPM}/pool.d/www.conf": pool("a", "listen = 9001", "listen.backlog = 2147483648")
            + pool("b", "listen = 9002", "listen.backlog = -2147483648")
            + pool("c", "listen = 9003", "listen.backlog ="),
            "etc/redis/redis.conf": "bind 127.0.0.1\ntcp-backlog 2147483647\n",
        },
    ),
    "ranges of ports": DaemonTree(
        somaxconns=(128,),
        files={"etc/nginx/nginx.conf": http("listen 8001-8003 backlog=10; listen [::1]:8005-8006;")},
    ),
    "IPv6 addresses in several spellings": DaemonTree(
        somaxconns=(128,),
        files={
            "etc/nginx/nginx.conf": http(
                "listen [::0]:8001; server_name a;",
                "listen [0:0::1]:8001; listen [0::1]:8002; server_name b;",
            ),
            f"{FPM}/php-fpm.conf": FPM_MAIN,
            f"{FPM}/pool.d/a.conf": pool("a", "listen = [::0]:9000"),
            "etc/redis/redis.conf": "bind 0.0.0.0 ::0\n",
        },
    ),
    "ports with a leading zero": DaemonTree(
        somaxconns=(128,),
        files={
            "etc/nginx/nginx.conf": http(
                "listen 08001; server_name a;", "listen 127.0.0.1:8001; server_name b;"
            ),
            f"{FPM}/php-fpm.conf": FPM_MAIN,
            f"{FPM}/pool.d/a.conf": pool("a", "listen = 09000"),
        },
    ),
    "the http block in an included file": DaemonTree(
        somaxconns=(128,),
        files={
            "etc/nginx/nginx.conf": "user www-data;\nevents {}\ninclude web.conf;\n",
            "etc/nginx/web.conf": "http { server { listen 8001 backlog=4; } }\n",
        },
    ),
    "the bus port of a Redis cluster": DaemonTree(
        somaxconns=(128,),
        files={
            "etc/redis/a.conf": "bind 127.0.0.1\nport 7001\ncluster-enabled yes\n"
            "cluster-config-file a.nodes\ntcp-backlog 33\n",
            "etc/redis/b.conf": "bind 127.0.0.1\nport 7002\ncluster-enabled yes\n"
            "cluster-config-file b.nodes\ncluster-port 7777\n",
        },
    ),
}
