"""Every setting of one php-fpm, as `php-fpm -tt` prints it (checked against it in tests/conformance)."""

from pathlib import Path
from typing import Any

import pytest

from tests.trees import write_tree
from tuner.formats.candidate import is_candidate
from tuner.source.tree import collect
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.include import IncludeReport
from tuner.stack.php_fpm.effective import php_fpm_settings
from tuner.stack.php_fpm.loading import load_instances
from tuner.stack.target import parse_target
from tuner.stack.value import Value

POOL = "user = www-data\nlisten = /run/php/www.sock\npm = static\npm.max_children = 5\n"


def groups(
    root: Path, text: str, target: str = "debian-12", *, with_defaults: bool = True
) -> dict[str, dict[str, Value]]:
    write_tree(root, {"etc/php-fpm.conf": text})
    meant = parse_target(target)
    tree = collect([str(root)], is_candidate)
    (host,) = group_hosts(tree, read_tree(tree, target=meant))
    (instance,) = load_instances(host, IncludeReport(), meant)
    found = php_fpm_settings(instance, meant, with_defaults=with_defaults)
    assert all(group.program == "php-fpm" for group in found)
    return {group.section: {value.label: value for value in group.values} for group in found}


def pool(root: Path, lines: str, target: str = "debian-12") -> dict[str, Any]:
    """Return the settings of a pool that have a value."""
    values = groups(root, f"[global]\n[www]\n{POOL}{lines}\n", target)["pool:www"]
    return {label: value.data for label, value in values.items() if value.state != "absent"}


def test_only_what_is_set(tmp_path: Path) -> None:
    text = f"[global]\nlog_level = warn\ndaemonize = no\n[www]\n{POOL}env[A] = $pool\n"
    found = groups(tmp_path, text, with_defaults=False)
    assert {label: value.data for label, value in found["global"].items()} == {
        "log_level": "WARNING",
        "daemonize": "no",
    }
    assert {label: value.data for label, value in found["pool:www"].items()} == {
        "user": "www-data",
        "listen": "/run/php/www.sock",
        "pm": "static",
        "pm.max_children": 5,
        "env[A]": "www",
    }
    assert str(found["global"]["daemonize"].origin).endswith("php-fpm.conf:3")


@pytest.mark.parametrize(
    ("lines", "label", "expected"),
    [
        ("", "listen.backlog", -1),
        ("listen.backlog = 99999999999", "listen.backlog", 1215752191),
        ("request_terminate_timeout = 1m30s", "request_terminate_timeout", 1),
        ("request_terminate_timeout = 2m", "request_terminate_timeout", 120),
        ("pm.max_children = 7\nPM.Max_Children = 8", "pm.max_children", 8),
        ("env[A] = 1\nenv[A] = 2", "env[A]", "1"),
        ("php_admin_flag[a] = on\nphp_admin_value[a] = off", "php_admin_value[a]", "1"),
        ("php_admin_value[error_log] = php.log", "php_admin_value[error_log]", "/usr/php.log"),
        ("php_admin_value[error_log] = syslog", "php_admin_value[error_log]", "syslog"),
        ("chroot = /srv\nphp_value[error_log] = php.log", "php_value[error_log]", "php.log"),
        ("access.suppress_path[] = /a\naccess.suppress_path[] = /b", "access.suppress_path[]", "/a /b"),
        ("prefix = /srv\naccess.log = log/$pool.log", "access.log", "/srv/log/www.log"),
        ("prefix = /srv\nchroot = $prefix/jail", "chroot", "/srv/jail"),
        ("access.log = /l", "access.format", '%R - %u %t "%m %r" %s'),
        ("pm.status_listen = 9001", "pm.status_path", "/"),
        ("ping.path = /ping", "ping.response", "pong"),
        ("ping.path = /ping\nping.response = hi", "ping.response", "hi"),
        ("request_slowlog_trace_depth = 0", "request_slowlog_trace_depth", 20),
        ("pm = ondemand\npm.start_servers = 4", "pm.start_servers", 0),
        ("pm = dynamic\npm.min_spare_servers = 2\npm.max_spare_servers = 5", "pm.start_servers", 3),
        ("clear_env = off", "clear_env", "no"),
        ("rlimit_core = unlimited", "rlimit_core", -1),
    ],
)
def test_a_setting_of_a_pool(lines: str, label: str, expected: object, tmp_path: Path) -> None:
    assert pool(tmp_path, lines)[label] == expected


@pytest.mark.parametrize(
    ("lines", "label"),
    [
        ("", "access.format"),
        ("", "pm.status_path"),
        ("ping.response = hi", "ping.response"),
        ("process.priority = 64", "process.priority"),
        ("", "listen.setfib"),
    ],
)
def test_what_is_not_set(lines: str, label: str, tmp_path: Path) -> None:
    assert label not in pool(tmp_path, lines)


def test_by_release(tmp_path: Path) -> None:
    old, new = pool(tmp_path, "", "php=7.0.33"), pool(tmp_path, "", "php=8.6")
    assert (old["listen.backlog"], new["listen.backlog"]) == (511, -1)
    assert "pm.max_spawn_rate" not in old
    assert new["pm.max_spawn_rate"] == 32
    assert pool(tmp_path, "pm = ondemand\nlisten.backlog = 8", "php=8.1")["listen.backlog"] == 511


def test_what_nothing_fixes_is_unknown(tmp_path: Path) -> None:
    found = groups(tmp_path, f"[global]\n[www]\n{POOL}pm.max_requests = ${{N}}\n", "")
    assert found["pool:www"]["listen.backlog"].options
    assert found["pool:www"]["pm.max_requests"].origin.words == "environment variable N"
    assert found["global"]["error_log"].state == "unknown"


def test_the_global_section(tmp_path: Path) -> None:
    text = (
        f"[global]\nerror_log = log/fpm.log\nsystemd_interval = -1\nsyslog.facility = local0\n[www]\n{POOL}"
    )
    found = groups(tmp_path, text)["global"]
    assert found["error_log"].data == "/var/log/fpm.log"
    assert found["systemd_interval"].data == 10
    assert found["syslog.facility"].data == 128
    assert found["events.mechanism"].data == "epoll"
    assert found["pid"].state == "absent"


def test_the_interval_of_the_watchdog_is_kept_in_milliseconds(tmp_path: Path) -> None:
    """As php-fpm8.2 -tt prints it: 1215752191 s are more milliseconds than a C int holds."""
    text = f"[global]\nsystemd_interval = 1215752191\n[www]\n{POOL}"
    assert groups(tmp_path, text)["global"]["systemd_interval"].data == 276446
