"""Times of php-fpm's files: what php-fpm reads, what a person reads."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.line_entities import Duration
from tuner.stack.php_fpm.durations import meant_s
from tuner.stack.value import Value

MAIN = "etc/php/8.2/fpm/php-fpm.conf"
POOL = "[www]\nlisten = /run/www.sock\npm = static\npm.max_children = 5\n"


def durations(root: Path, text: str) -> dict[str, Duration]:
    return {duration.entity: duration for duration in stack_of(root, {MAIN: text}).durations}


def shown(value: Value) -> tuple[str, object]:
    return value.state, value.data


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("30", 30),
        ("2m", 120),
        ("007s", 7),
        ("1 s", 1),
        ("10ms", 0.01),
        ("1m30s", 90),
        ("1.5s", 1.5),
        ("0.5m", 30),
        (".5h", 1800),
        ("1h 30m", 5400),
        ("abcs", None),
        ("s", None),
        ("1_000", None),
        ("5,5s", None),
    ],
)
def test_what_a_person_reads(text: str, meant: float | None) -> None:
    assert meant_s(text) == (None if meant is None else pytest.approx(meant))


@pytest.mark.parametrize(
    ("text", "seconds", "meant"),
    [
        ("10ms", ("known", 10), ("known", 0.01)),
        ("0.5m", ("disabled", 0), ("known", 30)),
        ("0", ("disabled", 0), ("disabled", 0)),
        ("abcs", ("disabled", 0), ("absent", None)),
        ("30000d", ("known", -1702967296), ("known", -1702967296)),
    ],
)
def test_both_readings(
    text: str, seconds: tuple[str, object], meant: tuple[str, object], tmp_path: Path
) -> None:
    found = durations(tmp_path, f"{POOL}request_terminate_timeout = {text}\n")
    (duration,) = found.values()
    assert (duration.entity, duration.written) == ("pool:www request_terminate_timeout", text)
    assert (shown(duration.seconds), shown(duration.meant)) == (seconds, meant)


def test_the_last_one_counts_and_an_idle_timeout_of_zero_is_not_off(tmp_path: Path) -> None:
    text = f"{POOL}request_slowlog_timeout = 1\nREQUEST_SLOWLOG_TIMEOUT = 2m\npm.process_idle_timeout = 0\n"
    found = durations(tmp_path, text)
    assert {name: shown(duration.seconds) for name, duration in found.items()} == {
        "pool:www request_slowlog_timeout": ("known", 120),
        "pool:www pm.process_idle_timeout": ("known", 0),
    }


def test_times_of_the_master_stand_in_the_global_section_or_before_any(tmp_path: Path) -> None:
    text = f"systemd_interval = 5\n{POOL}[global]\nprocess_control_timeout = 1m30s\n"
    found = durations(tmp_path, text)
    assert {name: duration.seconds.data for name, duration in found.items()} == {
        "php-fpm systemd_interval": 5,
        "php-fpm process_control_timeout": 1,
    }


def test_a_refused_time_is_no_duration_and_a_hole_is_an_unknown_one(tmp_path: Path) -> None:
    text = f"{POOL}request_slowlog_timeout = 10S\nrequest_terminate_timeout = ${{LIMIT}}\n"
    (duration,) = durations(tmp_path, text).values()
    assert (duration.seconds.state, duration.meant.state) == ("unknown", "unknown")
