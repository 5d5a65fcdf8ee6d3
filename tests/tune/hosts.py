"""Hosts for tests of plans: a pool behind nginx, its plan, and the tree with the plan in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from tests.fuzz.loads import measured_pool
from tests.trees import write_tree
from tuner.formats.candidate import is_candidate
from tuner.formats.document import Document
from tuner.load.compact import encode
from tuner.load.declared import DeclaredLoad, put_on
from tuner.load.load_file import MeasuredPool, load_file_of
from tuner.load.measured import put_measured
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.target import Target, parse_target
from tuner.tune.demand import Wishes, records_of
from tuner.tune.edits import Patches, patches
from tuner.tune.host import plan_host
from tuner.tune.plan import Plan

FPM = "etc/php/8.2/fpm"
POOL_FILE = f"{FPM}/pool.d/www.conf"
NGINX_FILE = "etc/nginx/nginx.conf"
SYSCTL_FILE = "etc/sysctl.d/60-web.conf"
SOCKET = "/run/php/www.sock"


def host_files(
    *pool: str, listen: str = SOCKET, workers: int = 8, timeout: str = "1s", somaxconn: int | None = 4096
) -> dict[str, str]:
    address = f"unix:{listen}" if listen.startswith("/") else listen
    manager = () if any(line.startswith("pm =") for line in pool) else ("pm = static",)
    lines = (
        "[www]",
        "user = www-data",
        f"listen = {listen}",
        *pool,
        *manager,
        f"pm.max_children = {workers}",
    )
    files = {
        f"{FPM}/php-fpm.conf": f"include = /{FPM}/pool.d/*.conf\n",
        POOL_FILE: "\n".join((*lines, "")),
        NGINX_FILE: "events {}\nhttp {\n    upstream php {\n        server " + address + ";\n    }\n"
        "    server {\n        listen 80;\n        location ~ \\.php$ {\n            fastcgi_pass php;\n"
        f"            fastcgi_read_timeout {timeout};\n        }}\n    }}\n}}\n",
    }
    return files if somaxconn is None else {**files, SYSCTL_FILE: f"net.core.somaxconn = {somaxconn}\n"}


class Planned:
    """A host of files below `root`, planned for a declared load, or for what was measured of its pool."""

    def __init__(
        self,
        root: Path,
        files: Mapping[str, str],
        service_time: str = "50ms",
        target: str = "",
        wishes: Wishes | None = None,
        measured: MeasuredPool | None = None,
        qps: str = "100",
        beside: Sequence[MeasuredPool] = (),
    ) -> None:
        self.load = load_file_of([measured, *beside]) if measured else None
        write_tree(root, files)
        self.root, self.qps = root, qps
        self.service_time, self.target, self.wishes = service_time, target, wishes or Wishes()
        self.read()

    def read(self) -> None:
        """Read the files that are there now, and make the plan for them."""
        tree = collect([str(self.root)], is_candidate)
        meant = parse_target(self.target) if self.target else Target()
        files = read_tree(tree, target=meant)
        (self.stack,) = build_stacks(tree, group_hosts(tree, files), meant)
        if self.load:
            put_measured([self.stack], self.load, "load.yaml")
        else:
            put_on([self.stack], DeclaredLoad(self.service_time, self.qps))
        self.documents: dict[str, Document] = {
            file.document.text.path: file.document for file in files if file.document
        }
        self.plan: Plan = plan_host(self.stack, records_of([self.stack], self.load), self.wishes)

    @property
    def patches(self) -> Patches:
        return patches(self.plan.recommendations, self.documents)

    def bring_in(self) -> list[str]:
        """Write the plan into the files, read them again, and return the files that changed."""
        found = self.patches
        assert not found.unwritten
        for file in found.files:
            Path(file.document.text.path).write_bytes(file.data)
        self.read()
        return [str(Path(file.document.text.path).relative_to(self.root)) for file in found.files]

    def recommended(self) -> dict[str, object]:
        """Return the recommended value of each setting."""
        return {found.setting: found.recommended for found in self.plan.recommendations}


def quiet(name: str = "www") -> MeasuredPool:
    """Return what is measured of a pool to which 20 requests of 50 ms come a second."""
    random = Random(3)
    return measured_pool(name, list(range(0, 60_000, 50)), [random.expovariate(20) for _ in range(400)])


def with_arrivals(run: MeasuredPool, offsets_ms: Sequence[int]) -> MeasuredPool:
    """Return the run with these arrivals instead of its own, in order and from 0."""
    assert run.arrivals
    window = run.arrivals.windows[0].model_copy(
        update={
            "requests": len(offsets_ms),
            "length_s": offsets_ms[-1] // 1000 + 1,
            "offsets_ms": encode(offsets_ms),
        }
    )
    return run.model_copy(update={"arrivals": run.arrivals.model_copy(update={"windows": [window]})})
