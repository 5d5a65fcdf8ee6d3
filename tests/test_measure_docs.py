"""docs/measure.md says what `check --load` does: its console block is run on the logs of the page."""

import re
import shlex
import shutil
from pathlib import Path

from tests.cli.program import fpmtune
from tests.trees import write_tree

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "measure.md").read_text(encoding="utf-8")
RUN = ROOT / "tests/data/replay/unix-collapse-B65535"
CONSOLE = re.compile(r"^```console\n\$ fpmtune (check .*)\n((?:.*\n)*?)```$", re.MULTILINE)
LOG_FORMAT = (
    "$msec $request_time $status $upstream_status uct=$upstream_connect_time uht=$upstream_header_time "
    "urt=$upstream_response_time $request_uri"
)
FILES = {
    "etc/php/8.2/fpm/pool.d/www.conf": (
        "[www]\nuser = www-data\nlisten = /run/php/www.sock\nlisten.backlog = 65535\n"
        "pm = static\npm.max_children = 8\n"
    ),
    "etc/nginx/nginx.conf": (
        "events {}\nhttp { server { listen 80; location / {\n"
        "fastcgi_pass unix:/run/php/www.sock; fastcgi_read_timeout 1s; } } }\n"
    ),
    "etc/sysctl.d/60-web.conf": "net.core.somaxconn = 65535\n",
}


def test_checking_against_the_load(tmp_path: Path) -> None:
    write_tree(tmp_path, FILES)
    for name in ("nginx.access.log.gz", "fpm.access.log.gz"):
        shutil.copy(RUN / name, tmp_path)
    nginx = ("--nginx-log", "nginx.access.log.gz", "--log-format", LOG_FORMAT)
    php = ("--fpm-log", "fpm.access.log.gz", "--access-format", "%{%s}t %{micro}d %s %{QUERY_STRING}e")
    assert fpmtune("measure", *nginx, *php, "-o", "load.yaml", cwd=tmp_path).status == 0
    ((command, shown),) = CONSOLE.findall(PAGE)
    ran = fpmtune(*shlex.split(command), cwd=tmp_path)
    assert (ran.status, ran.err) == (1, "")
    at = 0
    for piece in f"\n{shown}".split("\n...\n"):
        found = ran.out.find(piece.strip("\n"), at)
        assert found >= 0, f"{piece}\n--- is not in\n{ran.out}"
        at = found


def test_the_table_names_rules_with_their_pages() -> None:
    for name, page in re.findall(r"^\| \[`([\w-]+)`\]\((rules/\w+\.md)\)", PAGE, re.MULTILINE):
        assert (ROOT / "docs" / page).read_text(encoding="utf-8").split("\n")[0].endswith(f" {name}")
