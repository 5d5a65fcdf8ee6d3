"""The daemons' own tests of their configuration, before and after it is written."""

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from typing import Literal, NamedTuple

from tuner.formats.document import Kind
from tuner.source.text import decode

_LAST_CHARACTERS = 4000
_INHERITED = ("LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET", "NGINX", "FPM_SOCKETS")
"""By these a program would take itself for a started daemon, or take over another one's sockets."""
_TIMES_AND_PLACES = re.compile(
    r"\[\d\d-\w{3}-\d{4} [\d:.]+\] |\d{4}/\d\d/\d\d [\d:]+ |\b\d+#\d+: "
    r"|(?<=:)\d+\b|(?<=\bline )\d+|(?<=\()\d+(?=\))"
)


class DaemonTest(NamedTuple):
    """A command that ends with status 0 if the program would take the files, and its patience in seconds."""

    command: tuple[str, ...]
    timeout_s: float = 30.0


class Outcome(NamedTuple):
    """What came of a test; `message` is what the program said, or why there is no answer.

    `missing`: the program could not be started, so that nothing was tested.
    """

    test: DaemonTest
    verdict: Literal["passed", "failed", "missing"]
    message: str


def own_test(kind: Kind, program: str, file: str) -> DaemonTest | None:
    """Return the test that the program offers for its main file (of sysctl: the file itself).

    `nginx -t` opens logs and binds sockets, `php-fpm -t` opens logs, `sysctl --dry-run` (procps since 4.0)
    looks up the keys and no values. None for redis, which only a start would test.
    """
    match kind:
        case "nginx":
            return DaemonTest((program, "-t", "-c", file))
        case "php-fpm":
            return DaemonTest((program, "-t", "-y", file))
        case "sysctl":
            return DaemonTest((program, "--dry-run", "-p", file))
        case "redis":
            return None


def run_tests(tests: Sequence[DaemonTest]) -> tuple[Outcome, ...]:
    """Run the tests one after the other, without a shell; none of them is left running."""
    return tuple(_run(test) for test in tests)


def blamed(before: Sequence[Outcome], after: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes of `after` that the change between is to blame for.

    A test that failed before and fails with the same message, apart from times, processes and lines, tells
    of something else. So does one whose program was missing before and is missing still.
    """
    return [
        new
        for old, new in zip(before, after, strict=True)
        if new.verdict != "passed" and (old.verdict, _said(old)) != (new.verdict, _said(new))
    ]


def _said(outcome: Outcome) -> str:
    return _TIMES_AND_PLACES.sub("", outcome.message)


def _run(test: DaemonTest) -> Outcome:
    environment = {name: value for name, value in os.environ.items() if name not in _INHERITED}
    try:
        process = subprocess.Popen(
            test.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=environment | {"LC_ALL": "C"},
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return Outcome(test, "missing", f"{test.command[0]} cannot be started: {_reason(error)}")
    with process:
        try:
            said, _ = process.communicate(timeout=test.timeout_s)
        except subprocess.TimeoutExpired:
            return Outcome(test, "failed", f"no answer within {test.timeout_s:g} s")
        finally:
            _end(process)
    message = decode(said).strip()[-_LAST_CHARACTERS:]
    if process.returncode == 0:
        return Outcome(test, "passed", message)
    return Outcome(test, "failed", message or f"exit status {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a test that is still running, with all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _reason(error: Exception) -> str:
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
