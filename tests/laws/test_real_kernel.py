"""The laws of listen queues against the kernel that runs the tests."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tuner.laws.listen_queue import accept_queue_capacity, effective_backlog, somaxconn_default
from tuner.laws.queue_overflow import overflow_behaviour
from tuner.laws.sysctl_number import kernel_integer
from tuner.laws.version import Version

pytestmark = pytest.mark.netns

PROBE = Path(__file__).with_name("real_listeners.py")
INT_MAX = 2**31 - 1
SOMAXCONNS = [0, 1, 16, 128, 511, 4096, 65535, 65536, INT_MAX]
BACKLOGS = [-(2**31), -2, -1, 0, 1, 5, 128, 511, 4096, 65535, 65536, 70000, INT_MAX]
FILL_SOMAXCONN = 9
FILL_BACKLOGS = [0, 1, 5, 511, -1]
WRITTEN = json.loads((Path(__file__).parent.parent / "data" / "laws" / "sysctl_numbers.json").read_text())
TEXTS = [text for text in (*WRITTEN["read"], *WRITTEN["refused"]) if text.isascii()]


@pytest.fixture(scope="module")
def kernel() -> Version:
    return Version.parse(platform.release())


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    questions = {
        "somaxconns": SOMAXCONNS,
        "backlogs": BACKLOGS,
        "fill_somaxconn": FILL_SOMAXCONN,
        "fill_backlogs": FILL_BACKLOGS,
        "texts": TEXTS,
    }
    _skip_without_namespaces()
    command = ["unshare", "-n", sys.executable, str(PROBE)]
    done = subprocess.run(
        command, input=json.dumps(questions), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _skip_without_namespaces() -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("listen queues of Linux need Linux")
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    for program, package in (("unshare", "util-linux"), ("ss", "iproute2")):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} (package {package})")
    tried = subprocess.run(
        ["unshare", "-n", "test", "-w", "/proc/sys/net/core/somaxconn"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(
            f"no network namespace with a writable /proc/sys here: {tried.stderr.strip() or 'read-only'}"
        )


def test_every_family_was_there(answers: dict[str, Any]) -> None:
    if "tcp6" not in answers["families"]:
        pytest.skip("no IPv6 on this kernel: TCP over IPv6 was not checked")
    assert answers["families"] == ["tcp4", "tcp6", "unix"]


def test_send_q_is_the_effective_backlog(answers: dict[str, Any], kernel: Version) -> None:
    rows = answers["limits"]
    assert len(rows) == len(SOMAXCONNS) * len(BACKLOGS) * len(answers["families"]) >= 234
    wrong = [
        row for row in rows if row["send_q"] != effective_backlog(row["backlog"], row["somaxconn"], kernel)
    ]
    assert wrong == []


def test_a_full_queue_holds_one_more(answers: dict[str, Any], kernel: Version) -> None:
    expected = [
        (family, effective_backlog(backlog, FILL_SOMAXCONN, kernel))
        for family in answers["families"]
        for backlog in FILL_BACKLOGS
    ]
    fills = answers["fills"]
    assert [(fill["family"], fill["send_q"]) for fill in fills] == expected
    for fill in fills:
        capacity = accept_queue_capacity(fill["send_q"])
        assert (fill["admitted"], fill["recv_q"]) == (capacity, capacity), fill


def test_what_the_client_of_a_full_queue_sees(answers: dict[str, Any], kernel: Version) -> None:
    for fill in answers["fills"]:
        seen = overflow_behaviour("unix" if fill["family"] == "unix" else "tcp", "non-blocking", kernel)
        assert fill["outcome"] == {"fails at once": "EAGAIN", "SYN ignored": "EINPROGRESS"}[seen.reaction], (
            fill
        )
        assert fill["counters"] == sorted(seen.counters), fill


def test_a_new_namespace_has_the_default(answers: dict[str, Any], kernel: Version) -> None:
    assert answers["somaxconn_default"] == somaxconn_default(kernel)


def test_the_kernel_reads_numbers_as_we_do(answers: dict[str, Any]) -> None:
    assert len(answers["numbers"]) == len(TEXTS)
    wrong = [
        (text[:40], number, kernel_integer(text))
        for text, number in zip(TEXTS, answers["numbers"], strict=True)
        if number != kernel_integer(text)
    ]
    assert wrong == []
