"""Every listening socket of real nginx, php-fpm and Redis against what `fpmtune show` says of their files."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from daemon_trees import TREES, DaemonTree
from private_machine import Installed, fpmtune_json, installed, run_inside, services

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

SOMAXCONN = "net.core.somaxconn"


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


def real_sockets(root: Path, tree: DaemonTree, programs: Installed) -> list[list[dict[str, Any]]]:
    """Return the listening sockets of the tree's daemons, once for each value of somaxconn."""
    binds = {folder: root / folder[1:] for folder in ("/etc/nginx", "/etc/php", "/etc/redis")}
    started = list(services(root, programs))
    steps = [step for n in tree.somaxconns for step in (("set", [SOMAXCONN, n]), ("serve", started))]
    return run_inside(binds, steps)[1::2]


def shown_listeners(root: Path, somaxconn: int, programs: Installed) -> list[dict[str, Any]]:
    (root / "etc/sysctl.d/60-queues.conf").write_text(f"{SOMAXCONN} = {somaxconn}\n")
    shown: list[dict[str, Any]] = fpmtune_json("show", "--target", programs.target, root)["listeners"]
    return shown


def expected_sockets(shown: list[dict[str, Any]], several: Mapping[str, int]) -> Counter[tuple[str, int]]:
    found: Counter[tuple[str, int]] = Counter()
    for listener in shown:
        address = listener["address"]
        found[address, listener["effective_backlog"]["value"]] += several.get(address, 1)
    return found


def compare(tree: DaemonTree, root: Path, programs: Installed) -> None:
    tree.write(root, programs.php_folder)
    for somaxconn, sockets in zip(tree.somaxconns, real_sockets(root, tree, programs), strict=True):
        shown = expected_sockets(shown_listeners(root, somaxconn, programs), tree.sockets)
        real = Counter((socket["address"], socket["send_q"]) for socket in sockets)
        assert real and real == shown, f"somaxconn {somaxconn}"


@pytest.mark.parametrize("name", TREES)
def test_every_socket_has_the_backlog_that_is_shown(name: str, tmp_path: Path, programs: Installed) -> None:
    compare(TREES[name], tmp_path, programs)
