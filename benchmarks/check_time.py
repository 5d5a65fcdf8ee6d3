"""Whole-process time of `fpmtune check` from an installed wheel, beside gixy-ng and a one-model process.

    python benchmarks/check_time.py            builds the wheel and two environments in a temporary folder
    python benchmarks/check_time.py --keep DIR  keeps them in DIR, so that the next run starts at once

The two programs get environments of their own: gixy-ng's parser installs itself over the crossplane package.
Every round runs each command once, so that what else the machine does hits all of them alike. Beside the time
on the clock stands the processor's, of user and system together: it hardly depends on what else runs.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "examples" / "shop"
ROUNDS = 15
FILES = 200
POOLS = 20
ONE_MODEL = "from pydantic import BaseModel\nclass Model(BaseModel):\n    number: int\nModel(number=1)"
ALLOWED_STATUS = (0, 1)

NGINX_CONF = """\
user www-data;
events { worker_connections 1024; }
http {
    include mime.types;
    fastcgi_read_timeout 60s;
    include sites-enabled/*.conf;
}
"""
SITE = """\
# shop{number}: WooCommerce, see the runbook before you touch the timeouts
server {{
    listen 80;
    listen [::]:80;
    server_name shop{number}.example www.shop{number}.example;
    return 301 https://shop{number}.example$request_uri;
}}

server {{
    listen 443 ssl http2;
    listen [::]:443 ssl http2;
    server_name shop{number}.example;
    root /srv/shop{number}/public;
    index index.php;

    ssl_certificate /etc/letsencrypt/live/shop{number}.example/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/shop{number}.example/privkey.pem;
    include snippets/ssl.conf;
    include snippets/headers.conf;
    include snippets/static.conf;

    access_log /var/log/nginx/shop{number}.access.log;
    error_log /var/log/nginx/shop{number}.error.log warn;
    client_max_body_size 64m;

    location = /favicon.ico {{ log_not_found off; access_log off; }}
    location = /robots.txt {{ allow all; log_not_found off; access_log off; }}

    location / {{
        try_files $uri $uri/ /index.php?$args;
    }}

    location ~ \\.php$ {{
        try_files $uri =404;
        include fastcgi_params;
        fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
        fastcgi_param HTTPS on;
        fastcgi_intercept_errors on;
        fastcgi_buffers 16 16k;
        fastcgi_buffer_size 32k;
        fastcgi_pass unix:/run/php/shop{pool}.sock;
        fastcgi_read_timeout {timeout}s;
    }}

    location ~* /(?:uploads|files)/.*\\.php$ {{ deny all; }}
}}
"""
SNIPPETS = {
    "ssl.conf": """\
ssl_protocols TLSv1.2 TLSv1.3;
ssl_prefer_server_ciphers off;
ssl_session_timeout 1d;
ssl_session_cache shared:SSL:10m;
ssl_session_tickets off;
ssl_stapling on;
ssl_stapling_verify on;
""",
    "headers.conf": """\
add_header X-Frame-Options "SAMEORIGIN" always;
add_header X-Content-Type-Options "nosniff" always;
add_header Referrer-Policy "strict-origin-when-cross-origin" always;
add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;
""",
    "static.conf": """\
location ~* \\.(?:css|js|map|svg|svgz|ttf|ttc|otf|eot|woff2?)$ { expires 365d; access_log off; }
location ~* \\.(?:jpe?g|png|gif|ico|webp|avif|mp4|webm)$ { expires 30d; access_log off; }
location ~* \\.(?:bak|conf|dist|fla|in[ci]|log|psd|sh|sql|sw[op])$ { deny all; }
location ~ /\\.(?!well-known) { deny all; }
gzip on;
gzip_comp_level 5;
gzip_min_length 256;
gzip_types text/plain text/css application/json application/javascript image/svg+xml;
""",
}
"""What sites of one machine share: both programs read it where it is included."""
POOL = """\
[shop{number}]
user = shop{number}
group = shop{number}
listen = /run/php/shop{number}.sock
listen.owner = www-data
listen.backlog = 511
pm = dynamic
pm.max_children = 20
pm.start_servers = 4
pm.min_spare_servers = 2
pm.max_spare_servers = 8
request_terminate_timeout = {timeout}s
php_admin_value[memory_limit] = 256M
"""


def write_tree(folder: Path) -> None:
    """Write a hosting machine of 200 files: 171 sites with shared snippets, 20 pools, sysctl, Redis."""
    etc = folder / "etc"
    files = {
        "nginx/nginx.conf": NGINX_CONF,
        "nginx/mime.types": "types { text/html html; }\n",
        "nginx/fastcgi_params": "fastcgi_param QUERY_STRING $query_string;\n",
        "php/8.2/fpm/php-fpm.conf": "[global]\ninclude=/etc/php/8.2/fpm/pool.d/*.conf\n",
        "redis/redis.conf": "bind 127.0.0.1\nport 6379\ntcp-backlog 511\n",
        "sysctl.d/60-web.conf": "net.core.somaxconn = 4096\n",
    }
    files |= {f"nginx/snippets/{name}": text for name, text in SNIPPETS.items()}
    for number in range(POOLS):
        files[f"php/8.2/fpm/pool.d/shop{number}.conf"] = POOL.format(number=number, timeout=30 + number % 20)
    for number in range(FILES - len(files)):
        site = SITE.format(number=number, pool=number % POOLS, timeout=60 + number)
        files[f"nginx/sites-enabled/shop{number}.conf"] = site
    for name, text in files.items():
        path = etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert len(files) == FILES


def environment(folder: Path, *packages: str) -> Path:
    """Return the programs' folder of a virtual environment that has these packages."""
    if not (folder / "bin" / "pip").exists():
        venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "pip", "install", "-q", *packages], check=True, stdout=sys.stderr)
    return folder / "bin"


def wheel(folder: Path) -> str:
    """Build the wheel of this checkout and return its path."""
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return str(max(folder.glob("fpmtune-*.whl"), key=os.path.getmtime))


class Cost(NamedTuple):
    """What a process takes: seconds on the clock, and of the processor."""

    clock_s: float
    cpu_s: float


def cost(command: Sequence[str], environ: Mapping[str, str]) -> Cost:
    """Run a command, its output thrown away, and return what it took. Ends the program if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    clock_s = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in ALLOWED_STATUS:
        sys.exit(f"{' '.join(command)}: exit status {process.returncode}")
    return Cost(clock_s, usage.ru_utime + usage.ru_stime)


def medians(commands: Mapping[str, Sequence[str]]) -> dict[str, Cost]:
    """Return the median cost of each command over all rounds; the first, cold round does not count."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(ROUNDS + 1):
        for name, command in commands.items():
            found = cost(command, environ)
            if number:
                costs[name].append(found)
    return {
        name: Cost(statistics.median(c.clock_s for c in found), statistics.median(c.cpu_s for c in found))
        for name, found in costs.items()
    }


def measure(work: Path) -> None:
    """Build everything in `work`, time it and print the table."""
    own = environment(work / "fpmtune", "--force-reinstall", "--no-deps", wheel(work))
    environment(work / "fpmtune", "pydantic", "crossplane", "ruamel.yaml", "jinja2")
    peer = environment(work / "gixy", "gixy-ng")
    tree = work / "tree"
    write_tree(tree)
    found = medians(
        {
            "one model": [str(own / "python"), "-c", ONE_MODEL],
            "gixy shop": [str(peer / "gixy"), str(SHOP / "etc/nginx/nginx.conf")],
            "shop": [str(own / "fpmtune"), "check", str(SHOP)],
            "gixy tree": [str(peer / "gixy"), str(tree / "etc/nginx/nginx.conf")],
            "tree": [str(own / "fpmtune"), "check", "--target", "debian-12", str(tree)],
        }
    )
    rows = [
        ("a process that defines one pydantic model", "one model", None),
        ("gixy-ng, nginx files of examples/shop", "gixy shop", None),
        ("fpmtune check examples/shop (beside one model)", "shop", "one model"),
        ("fpmtune check examples/shop (beside gixy-ng)", "shop", "gixy shop"),
        (f"gixy-ng, nginx part of {FILES} files", "gixy tree", None),
        (f"fpmtune check, {FILES} files (beside gixy-ng)", "tree", "gixy tree"),
    ]
    print(f"median of {ROUNDS} rounds, Python {sys.version.split()[0]}, {os.cpu_count()} CPUs\n")
    print("| process | time | ratio | processor time | ratio |\n|---|---|---|---|---|")
    for words, name, base in rows:
        pairs = zip(found[name], found[base] if base else (), strict=False)
        clock, cpu = [f"{mine / other:.2f}" for mine, other in pairs] or ["", ""]
        clock_ms, cpu_ms = (f"{seconds * 1000:.0f} ms" for seconds in found[name])
        print(f"| {words} | {clock_ms} | {clock} | {cpu_ms} | {cpu} |")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep wheel, environments and tree there")
    keep = parser.parse_args().keep
    if keep:
        keep.mkdir(parents=True, exist_ok=True)
        measure(keep.resolve())
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder))


if __name__ == "__main__":
    main()
