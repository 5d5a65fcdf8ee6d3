"""How long each parser takes for a megabyte, from small files to large ones, and what memory it takes.

    python benchmarks/parse_time.py [--sizes 0.1,1,5,20] [--rounds 3]

Every reading is a process of its own. Times are the processor's (user and system), without the start of
Python and of the parser. nginx files are also read by crossplane, in the same run. Memory is the peak of the
process beyond that of one that imports the same and reads nothing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

MEGABYTE = 1_000_000
KINDS = ("php-fpm", "nginx", "redis", "sysctl")
PEER = "crossplane"

SITE = """\
server {{
    listen 443 ssl;
    server_name shop{number}.example www.shop{number}.example;
    root /srv/shop{number}/public;
    # the export takes its time
    access_log /var/log/nginx/shop{number}.log main;
    add_header X-Frame-Options "SAMEORIGIN" always;
    location / {{
        try_files $uri $uri/ /index.php?$args;
    }}
    location ~ \\.php$ {{
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
        fastcgi_pass unix:/run/php/shop{number}.sock;
        fastcgi_read_timeout 60s;
    }}
}}
"""
POOL = """\
; the pool of shop {number}
[shop{number}]
user = www-data
group = www-data
listen = /run/php/$pool.sock
listen.owner = www-data
listen.backlog = 511
pm = dynamic
pm.max_children = 40
pm.start_servers = 8
pm.min_spare_servers = 4
pm.max_spare_servers = 16
request_terminate_timeout = 120s
access.format = "%R - %u %t \\"%m %r%Q%q\\" %s %f %{{milli}}d %{{kilo}}M %C%%"
env[PATH] = /usr/local/bin:/usr/bin:/bin
php_admin_value[error_log] = /var/log/php/shop{number}.log
php_admin_flag[log_errors] = on
"""
REDIS = """\
# instance {number}
port 6379
tcp-backlog 511
timeout 0
save 900 1
maxmemory 2gb
appendfilename "appendonly.aof"
client-output-buffer-limit replica 256mb 64mb 60
rename-command CONFIG ""
"""
SYSCTL = """\
# queues, {number}
net.core.somaxconn = 4096
net.ipv4.tcp_max_syn_backlog = 8192
-net.ipv4.conf.*.rp_filter = 1
vm.swappiness=10
net.ipv4.ip_local_port_range = 1024 65000
"""
PIECES = {"nginx": SITE, "php-fpm": POOL, "redis": REDIS, "sysctl": SYSCTL}

READ = """\
import json, resource, sys, time
kind, path, reads = sys.argv[1], sys.argv[2], sys.argv[3] == "read"
import gc
gc.set_threshold(200_000)
if kind == "crossplane":
    import crossplane
else:
    from tuner.source.text import Text
    from tuner.source.tree import SourceFile
    from tuner.stack.files import read_as
    data = open(path, "rb").read() if reads else b""
    read_as(SourceFile("f", "/f", Text("f", b"")), kind)
started = time.process_time()
if reads and kind == "crossplane":
    kept = crossplane.parse(path, single=True, check_ctx=False, check_args=False)
    assert kept["status"] == "ok"
elif reads:
    kept = read_as(SourceFile("f", "/f", Text("f", data)), kind)
    assert kept.document.directives
taken = time.process_time() - started
print(json.dumps([taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]))
"""


class Reading(NamedTuple):
    """Processor seconds, and bytes of memory beyond those of a process that reads nothing."""

    seconds: float
    memory_bytes: int


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="0.1,1,5,20", help="megabytes, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sizes = [float(size) for size in options.sizes.split(",")]
    print(f"{'parser':<12}{'MB':>6}{'s':>8}{'s/MB':>8}{'memory/file':>13}{'/crossplane':>13}")
    with tempfile.TemporaryDirectory(prefix="fpmtune-parse-") as folder:
        for kind in KINDS:
            _report(kind, sizes, options.rounds, Path(folder))


def _report(kind: str, sizes: Sequence[float], rounds: int, folder: Path) -> None:
    for size in sizes:
        path = folder / f"{kind}.conf"
        path.write_text(_text(kind, int(size * MEGABYTE)))
        own = _read(kind, path, rounds)
        peer = _read(PEER, path, rounds) if kind == "nginx" else None
        _print(kind, size, own, f"{own.seconds / peer.seconds:13.2f}" if peer else "")
        if peer:
            _print(PEER, size, peer)


def _print(name: str, size: float, found: Reading, ratio: str = "") -> None:
    memory = found.memory_bytes / (size * MEGABYTE)
    print(
        f"{name:<12}{size:6g}{found.seconds:8.3f}{found.seconds / size:8.3f}{memory:13.1f}{ratio}", flush=True
    )


def _text(kind: str, size: int) -> str:
    pieces: list[str] = []
    written = 0
    while written < size:
        pieces.append(PIECES[kind].format(number=len(pieces)))
        written += len(pieces[-1])
    return "".join(pieces)


def _read(kind: str, path: Path, rounds: int) -> Reading:
    taken = [_process(kind, path, "read") for _ in range(rounds)]
    idle = _process(kind, path, "import")
    seconds = statistics.median(reading.seconds for reading in taken)
    return Reading(seconds, statistics.median_low(r.memory_bytes for r in taken) - idle.memory_bytes)


def _process(kind: str, path: Path, what: str) -> Reading:
    command = [sys.executable, "-c", READ, kind, str(path), what]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Reading(*json.loads(done.stdout))


if __name__ == "__main__":
    main()
