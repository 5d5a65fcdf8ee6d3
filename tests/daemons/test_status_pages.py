"""`fpmtune measure` of a real php-fpm: idle, loaded and saturated, over a unix socket and over TCP.

What it finds is compared with what was sent.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from daemon_trees import FPM, FPM_MAIN, DaemonTree, pool
from private_machine import BY_HAND, Installed, installed, run_inside, services

from tuner.load.load_file import LoadFile, MeasuredPool, QueueSeen, StatusSeen

pytestmark = [pytest.mark.daemons, pytest.mark.netns]

WORKERS, BACKLOG = 4, 20
SERVICE_S = 0.1
LOADED_S, WATCHED_S, EVERY_S = 3.0, 6.0, 0.2
POLLS = 31
SCRIPT = "/etc/php/s.php"
OWN = ("pm.status_path = /status", f"listen.backlog = {BACKLOG}")
UNIX, TCP = "unix:/run/php/unix.sock", "127.0.0.1:9000"
UNIX_PAGE, TCP_PAGE = "unix:/run/php/unix-status.sock", "127.0.0.1:9100"
POOLS = (
    pool(
        "unix",
        "listen = /run/php/$pool.sock",
        *OWN,
        "pm.status_listen = /run/php/unix-status.sock",
        children=4,
    )
    + pool("tcp", f"listen = {TCP}", *OWN, f"pm.status_listen = {TCP_PAGE}", children=4)
    + pool("six", "listen = [::1]:9001", *OWN, children=3)
    + pool("mute", "listen = 127.0.0.1:9002")
    + pool("shut", "listen = 127.0.0.1:9003", "listen.allowed_clients = 10.0.0.1", *OWN)
    + pool("root", "listen = /run/php/root.sock", "listen.mode = 0600", *OWN)
)
FILES = {
    f"{FPM}/php-fpm.conf": FPM_MAIN,
    f"{FPM}/pool.d/all.conf": POOLS,
    "etc/php/s.php": "<?php usleep((int) (1e6 * $_SERVER['QUERY_STRING']));",
}
LOAD = Path(__file__).with_name("fpm_load.py")
SHOW = (
    "import sys; from tuner.load.read_load import read_load; print(read_load(sys.argv[1]).model_dump_json())"
)


class Seen(NamedTuple):
    """What was sent, and what fpmtune said of it."""

    sent: int
    outcomes: dict[str, int]
    text: str
    pool: MeasuredPool

    @property
    def status(self) -> StatusSeen:
        assert self.pool.status is not None
        return self.pool.status

    @property
    def queue(self) -> QueueSeen:
        assert self.pool.queue is not None
        return self.pool.queue


@pytest.fixture(scope="module")
def programs() -> Installed:
    return installed()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, programs: Installed) -> Path:
    folder = tmp_path_factory.mktemp("machine")
    DaemonTree(FILES, ()).write(folder, programs.php_folder)
    (folder / "etc/php/s.php").chmod(0o644)
    for path in (folder, folder / "etc", folder / "etc/php"):
        path.chmod(0o755)
    return folder


def python(*command: str) -> tuple[str, list[str]]:
    return "run", [*BY_HAND, sys.executable, *command]


def take(root: Path, programs: Installed, *steps: tuple[str, Any]) -> list[Any]:
    order = ("beside", {"services": list(services(root, programs)), "steps": steps})
    (answers,) = run_inside({"/etc/php": root / "etc/php"}, [order])
    found: list[Any] = answers
    return found


def loaded(root: Path, programs: Installed, where: str, rate: float, *arguments: str) -> Seen:
    given = ("--interval", f"{EVERY_S}s", "--duration", f"{WATCHED_S}s", "-o", "/run/load.yaml", *arguments)
    send = python(str(LOAD), where, f"{rate}", f"{SERVICE_S}", f"{LOADED_S}", SCRIPT, "--", *given)
    said, shown = take(root, programs, send, python("-c", SHOW, "/run/load.yaml"))
    assert said["status"] == 0, said["output"]
    found = json.loads(said["output"])
    assert (found["status"], found["errors"]) == (0, ""), found
    (measured,) = LoadFile.model_validate_json(shown["output"]).pools
    return Seen(found["sent"], found["outcomes"], found["output"], measured)


@pytest.mark.parametrize(
    ("where", "arguments", "name"),
    [
        (UNIX, ("--status", UNIX), "unix"),
        (UNIX, ("--status", UNIX_PAGE, "--queue", UNIX), "unix"),
        (TCP, ("--status", TCP), "tcp"),
        (TCP, ("--status", TCP_PAGE, "--queue", TCP), "tcp"),
    ],
)
def test_a_pool_that_keeps_up(
    where: str, arguments: Sequence[str], name: str, root: Path, programs: Installed
) -> None:
    """Sixty requests of 0.1 s in six seconds: one worker is busy on average."""
    seen = loaded(root, programs, where, 20.0, *arguments)
    assert seen.outcomes == {"200": 60}
    assert (seen.pool.name, seen.pool.upstreams) == (name, [where])
    # To the last one, with none of our own.
    assert (seen.status.taken, seen.status.arrived) == (60, 60)
    polls = seen.status.polls
    assert polls.asked == POLLS
    assert (polls.no_answer, polls.no_connection, polls.full, polls.lost) == (0, 0, 0, 0)
    assert set(seen.status.workers.counts) == {WORKERS}
    assert seen.status.busy is not None
    assert 0.5 < seen.status.busy.histogram().mean < 1.8
    assert seen.queue.effective_backlogs == [BACKLOG]
    assert seen.queue.full == 0
    assert seen.queue.waiting.histogram().mean < 1
    assert seen.pool.workers is not None
    assert 100_000 < seen.pool.workers.private_bytes.histogram().mean < 50_000_000
    assert seen.pool.workers.private_bytes.total < seen.pool.workers.pss_bytes.total
    if seen.pool.service:
        assert SERVICE_S * 0.98 < seen.pool.service.service_us.histogram().mean / 1e6 < SERVICE_S * 1.2


@pytest.mark.parametrize("where", [UNIX, TCP])
def test_a_saturated_pool_seen_from_its_status_listen(where: str, root: Path, programs: Installed) -> None:
    """Half as many again as four workers can do: the queue fills, and the page answers all the time."""
    page = UNIX_PAGE if where == UNIX else TCP_PAGE
    seen = loaded(root, programs, where, 60.0, "--status", page, "--queue", where)
    polls = seen.status.polls
    assert (polls.asked, polls.waited, polls.skipped) == (POLLS, 0, 0)
    assert polls.no_answer + polls.no_connection + polls.full + polls.lost == 0
    assert (seen.status.most_active, seen.status.busy and seen.status.busy.largest) == (WORKERS, WORKERS)
    assert seen.queue.waiting.largest in (BACKLOG + 1, BACKLOG + 2)
    assert seen.queue.full > 0
    assert any(words.startswith("refused arrivals: ") for words in seen.pool.unknown)
    # Each was served or is known to be refused, but for those that TCP sent once more on its own.
    if where == UNIX:
        assert seen.status.taken == seen.outcomes["200"] == seen.sent - seen.outcomes["full"]
        assert seen.outcomes["full"] > 0
        assert seen.status.per_second is not None
        assert seen.status.busy_worker_ms is not None
        mean_s = seen.status.busy_worker_ms / 1000 / seen.status.taken
        assert SERVICE_S * 0.7 < mean_s < SERVICE_S * 1.5


@pytest.mark.parametrize("where", [UNIX, TCP])
def test_a_saturated_pool_seen_from_its_own_socket(where: str, root: Path, programs: Installed) -> None:
    """The question waits like any request, and is given up in the end; nothing hangs."""
    seen = loaded(root, programs, where, 60.0, "--status", where, "--answer-timeout", "300ms")
    polls = seen.status.polls
    assert polls.waited + polls.no_answer + polls.no_connection + polls.full > 5
    assert polls.no_answer > 0
    (words,) = [words for words in seen.pool.unknown if words.startswith("the status of the saturated pool")]
    assert "set pm.status_listen" in words
    assert seen.queue.full > 0
    if where == UNIX:
        assert seen.status.taken == seen.outcomes["200"]


def test_an_idle_pool(root: Path, programs: Installed) -> None:
    arguments = ["--status", "[::1]:9001", "--duration", "1s", "--interval", "100ms", "-o", "/run/load.yaml"]
    said, shown = take(
        root,
        programs,
        python("-m", "tuner", "measure", *arguments),
        python("-c", SHOW, "/run/load.yaml"),
    )
    assert said["status"] == 0, said["output"]
    (found,) = LoadFile.model_validate_json(shown["output"]).pools
    assert found.name == "six"
    assert found.status is not None
    assert (found.status.taken, found.status.arrived, found.status.polls.asked) == (0, 0, 11)
    assert found.status.busy is not None
    assert set(found.status.busy.counts) == {0}
    assert any(words.startswith("service times: too few requests") for words in found.unknown)


def test_what_to_set_where_there_is_no_page(root: Path, programs: Installed) -> None:
    def ask(where: str, *prefix: str) -> tuple[str, list[str]]:
        arguments = ["measure", "--status", where, "--duration", "30s"]
        return "run", [*BY_HAND, *prefix, sys.executable, "-m", "tuner", *arguments]

    without_rights = ("setpriv", "--reuid=nobody", "--clear-groups")
    mute, shut, mode, path = take(
        root,
        programs,
        ask("127.0.0.1:9002"),
        ask("127.0.0.1:9003"),
        ask("unix:/run/php/root.sock", *without_rights),
        ask(f"{UNIX}?/none"),
    )
    assert [answer["status"] for answer in (mute, shut, mode, path)] == [2, 2, 2, 2]
    assert "no status page at /status: set pm.status_path = /status in the pool" in mute["output"]
    assert "listen.allowed_clients" in shut["output"]
    assert "permission denied: run as root" in mode["output"]
    assert "no status page at /none" in path["output"]


def test_the_pools_of_this_machine(root: Path, programs: Installed) -> None:
    """With its own configuration as PATH: each pool by its status_listen, or else by its queue alone."""
    folder = f"/etc/php/{programs.php_folder}/fpm"
    arguments = [folder, "--duration", "1s", "--interval", "200ms", "-o", "/run/load.yaml"]
    said, shown = take(
        root,
        programs,
        python("-m", "tuner", "measure", *arguments),
        python("-c", SHOW, "/run/load.yaml"),
    )
    assert said["status"] == 0, said["output"]
    found = {pool.name: pool for pool in LoadFile.model_validate_json(shown["output"]).pools}
    assert set(found) == {"unix", "tcp", "six", "mute", "shut", "root"}
    asked = {name: one.status.pages[0] for name, one in found.items() if one.status}
    assert asked == {
        "unix": f"{UNIX_PAGE}?/status",
        "tcp": f"{TCP_PAGE}?/status",
        "six": "[::1]:9001?/status",
        "root": "unix:/run/php/root.sock?/status",
    }
    assert all(pool.queue for pool in found.values())
    assert any("set pm.status_path" in words for words in found["mute"].unknown)
    assert any("listen.allowed_clients" in words for words in found["shut"].unknown)


def test_a_pool_in_a_network_of_its_own(root: Path, programs: Installed) -> None:
    """PrivateNetwork=: its loopback is another one, and its sockets are seen from there only."""
    (service,) = services(root, programs)
    up = 'ip link set lo up && exec "$@"'
    apart = {**service, "command": ["unshare", "--net", "sh", "-c", up, "-", *service["command"]]}
    arguments = ["--duration", "1s", "--interval", "100ms", "-o", "/run/load.yaml"]
    steps = []
    for given in (["--status", TCP], ["--status", UNIX]):
        steps.append(python("-m", "tuner", "measure", *given, *arguments))
        steps.append(python("-c", SHOW, "/run/load.yaml"))
    ((*answers,),) = run_inside(
        {"/etc/php": root / "etc/php"}, [("beside", {"services": [apart], "steps": steps})]
    )
    for said, shown in (answers[:2], answers[2:]):
        assert said["status"] == 0, said["output"]
        (found,) = LoadFile.model_validate_json(shown["output"]).pools
        assert found.status is not None
        assert found.queue is not None
        assert (found.status.polls.lost, found.queue.method) == (0, "sock_diag")
        assert found.queue.effective_backlogs == [BACKLOG]
