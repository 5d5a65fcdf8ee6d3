"""The daemons' own tests: what they say is trusted, and a machine that was broken before is not our doing."""

import os
import shutil
import time
from pathlib import Path

import pytest

from tuner.change.daemon_test import DaemonTest, Outcome, blamed, own_test, run_tests
from tuner.change.transaction import FileChange, apply
from tuner.errors import ChangeError

TEST = DaemonTest(("nginx", "-t"))


def shell(text: str, timeout_s: float = 30) -> Outcome:
    (outcome,) = run_tests([DaemonTest(("sh", "-c", text), timeout_s)])
    return outcome


def test_verdicts() -> None:
    assert shell("echo fine >&2")[1:] == ("passed", "fine")
    assert shell("echo a; echo b >&2; exit 3")[1:] == ("failed", "a\nb")
    assert shell("exit 3")[1:] == ("failed", "exit status 3")
    assert shell("kill -9 $$")[1:] == ("failed", "exit status -9")
    assert shell("printf '\\377'")[1:] == ("passed", "\udcff")
    assert len(shell("yes | head -c 100000; exit 1").message) == 4000
    (missing,) = run_tests([DaemonTest(("/nowhere/nginx", "-t"))])
    assert missing[1:] == ("missing", "/nowhere/nginx cannot be started: No such file or directory")


def test_one_that_does_not_end_is_ended_with_all_it_started(tmp_path: Path) -> None:
    started = time.monotonic()
    outcome = shell(f"sleep 60 & echo $! >{tmp_path}/pid; wait", timeout_s=0.5)
    assert outcome[1:] == ("failed", "no answer within 0.5 s")
    assert time.monotonic() - started < 20
    assert is_gone(int((tmp_path / "pid").read_text()))


def is_gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def test_nothing_of_a_running_daemon_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NGINX", "FPM_SOCKETS", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID"):
        monkeypatch.setenv(name, "3;")
    monkeypatch.setenv("LISTEN_ADDRESS", "127.0.0.1:9000")
    said = shell("env; pwd; cat").message.splitlines()
    assert not {line for line in said if line.endswith("=3;")}
    assert {"LISTEN_ADDRESS=127.0.0.1:9000", "LC_ALL=C", "/"} <= set(said)


SAME = [
    (
        "nginx: [emerg] 2026/11/21 13:05:01 12#12: unknown directive \"x\" in /etc/nginx/nginx.conf:12",
        "nginx: [emerg] 2026/11/21 13:05:09 345#345: unknown directive \"x\" in /etc/nginx/nginx.conf:14",
    ),
    (
        "[21-Nov-2026 13:05:01] ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:3] unknown entry 'x'",
        "[21-Nov-2026 13:05:02] ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:5] unknown entry 'x'",
    ),
    (
        "Unable to include /etc/php/8.2/fpm/pool.d/a.conf from /etc/php/8.2/fpm/php-fpm.conf at line 7",
        "Unable to include /etc/php/8.2/fpm/pool.d/a.conf from /etc/php/8.2/fpm/php-fpm.conf at line 9",
    ),
    (
        "sysctl: /etc/sysctl.d/60-a.conf(4): invalid syntax, continuing...",
        "sysctl: /etc/sysctl.d/60-a.conf(5): invalid syntax, continuing...",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), SAME)
def test_the_same_failure_at_another_time_and_line(before: str, after: str) -> None:
    assert blamed([Outcome(TEST, "failed", before)], [Outcome(TEST, "failed", after)]) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("passed", ""), ("failed", "x")),
        (("failed", 'unknown directive "x"'), ("failed", 'unknown directive "y"')),
        (("failed", "pm.max_children 8 is"), ("failed", "pm.max_children 9 is")),
        (("missing", "x"), ("failed", "x")),
        (("passed", ""), ("missing", "x")),
    ],
)
def test_a_new_failure(before: tuple[str, str], after: tuple[str, str]) -> None:
    new = Outcome(TEST, *after)  # type: ignore[arg-type]
    assert blamed([Outcome(TEST, *before)], [new]) == [new]  # type: ignore[arg-type]


@pytest.mark.parametrize("before", [("failed", "x"), ("missing", "x"), ("passed", "")])
def test_one_that_passes_now_blames_nothing(before: tuple[str, str]) -> None:
    assert blamed([Outcome(TEST, *before)], [Outcome(TEST, "passed", "")]) == []  # type: ignore[arg-type]


def test_a_machine_that_was_broken_before_is_written_to(tmp_path: Path) -> None:
    file = tmp_path / "etc/a"
    file.parent.mkdir()
    file.write_bytes(b"old")
    test = DaemonTest(("sh", "-c", "echo never; exit 1"))
    done = apply([FileChange(str(file), b"old", b"new")], str(tmp_path / "state"), [test])
    assert [outcome.verdict for outcome in (*done.before, *done.after)] == ["failed", "failed"]
    assert file.read_bytes() == b"new"
    test = DaemonTest(("cat", str(file), "/none"))
    with pytest.raises(ChangeError, match=r"cat .*: newer"):
        apply([FileChange(str(file), b"new", b"newer")], str(tmp_path / "state"), [test])
    assert file.read_bytes() == b"new"


def test_redis_has_none() -> None:
    assert own_test("redis", "redis-server", "/etc/redis/redis.conf") is None


GOOD_AND_BAD = {
    "nginx": (
        b"pid %s/nginx.pid;\nerror_log %s/error.log;\nevents {}\n",
        b"pid %s/nginx.pid;\nerror_log %s/error.log;\nevents {}\nworker_connections 5;\n",
        '"worker_connections" directive is not allowed here',
    ),
    "php-fpm": (
        b"[global]\npid = %s/pid\nerror_log = %s/log\n[www]\nlisten = /x.sock\nuser = nobody\npm = static\n"
        b"pm.max_children = 2\n",
        b"[global]\npid = %s/pid\nerror_log = %s/log\n[www]\nlisten = /x.sock\nuser = nobody\npm = static\n"
        b"pm.max_children = 0\n",
        "must be a positive value",
    ),
    "sysctl": (
        b"net.ipv4.ip_forward = 1\n# %s %s\n",
        b"net.ipv4.no_such = 1\n# %s %s\n",
        "cannot stat /proc/sys/net/ipv4/no_such",
    ),
}  # fmt: skip
PROGRAMS = {"nginx": ("nginx",), "php-fpm": ("php-fpm8.2", "php-fpm8.4", "php-fpm"), "sysctl": ("sysctl",)}


@pytest.mark.daemons
@pytest.mark.parametrize("kind", ["nginx", "php-fpm", "sysctl"])
def test_the_real_programs(kind: str, tmp_path: Path) -> None:
    searched = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    program = next((path for name in PROGRAMS[kind] if (path := shutil.which(name, path=searched))), None)
    if program is None:
        pytest.skip(f"{kind} is not installed")
    good, bad, said = GOOD_AND_BAD[kind]
    good, bad = (data.replace(b"%s", os.fsencode(tmp_path)) for data in (good, bad))
    file = tmp_path / "etc/main.conf"
    file.parent.mkdir()
    file.write_bytes(good)
    test = own_test(kind, program, str(file))  # type: ignore[arg-type]
    assert test is not None
    with pytest.raises(ChangeError, match=said):
        apply([FileChange(str(file), good, bad)], str(tmp_path / "state"), [test])
    assert file.read_bytes() == good
    done = apply([FileChange(str(file), good, good + b"\n")], str(tmp_path / "state"), [test])
    assert [outcome.verdict for outcome in (*done.before, *done.after)] == ["passed", "passed"]
