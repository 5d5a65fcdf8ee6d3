"""What php-fpm refuses beside bad grammar, by the release of PHP."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.value import Value

POOL = "user = www-data\nlisten = /run/php/www.sock\npm = static\npm.max_children = 5\n"
PATH = "etc/php-fpm.conf"


def refusals(root: Path, text: str, target: str = "php=8.2.35") -> list[tuple[str, Value]]:
    """Return the directive of everything refused, with the verdict."""
    stack = stack_of(root, {PATH: text}, target)
    values = [(one.value.label, one.is_refused) for one in stack.refused]
    return [*values, *((one.setting, one.is_refused) for one in stack.php_fpm_faults)]


def verdict(root: Path, line: str, target: str = "php=8.2.35", section: str = "www") -> str:
    """Return whether php-fpm takes one more line: `refused`, `taken` or `open`."""
    lines = {"global": "", "www": ""} | {section: f"{line}\n"}
    found = refusals(root, f"[global]\n{lines['global']}[www]\n{POOL}{lines['www']}", target)
    if not found:
        return "taken"
    return "refused" if any(is_refused.data is True for _, is_refused in found) else "open"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pm.max_requests = 0777", "taken"),
        ("pm.max_requests = 0x1ff", "refused"),
        ("pm.max_requests =", "taken"),
        ("rlimit_core = Unlimited", "taken"),
        ("rlimit_core = -1", "refused"),
        ("rlimit_core = much", "refused"),
        ("process.priority = -19", "taken"),
        ("process.priority = -20", "refused"),
        ("process.priority = 20", "taken"),
        ("process.priority = 21", "refused"),
        ("process.priority = 64", "taken"),
        ("process.priority = 30\nprocess.priority = 5", "taken"),
        ("pm.max_spawn_rate = 0", "taken"),
        (
            "pm = dynamic\npm.min_spare_servers = 1\npm.max_spare_servers = 2\npm.max_spawn_rate = 0",
            "refused",
        ),
        ("pm = ondemand\npm.process_idle_timeout = 0", "refused"),
        ("pm = ondemand\npm.process_idle_timeout = 1", "taken"),
        ("pm.status_path = /", "refused"),
        ("pm.status_path = /s", "taken"),
        ("pm.status_path = /\npm.status_listen = 9001", "taken"),
        ("pm.status_path = /a*b", "refused"),
        ("pm.status_listen = /run/php/www.sock", "refused"),
        ("pm.status_listen =", "refused"),
        ('ping.path = "/~p-i_n.g9"', "taken"),
        ("ping.path = ping", "refused"),
        ("ping.path = /", "refused"),
        ("ping.response =", "taken"),
        ("ping.path = /ping\nping.response =", "refused"),
        ('access.format = "%x"', "taken"),
        ('access.log = /l\naccess.format = "%x"', "refused"),
        ("request_slowlog_trace_depth = -1\nslowlog = /s", "refused"),
        ("request_slowlog_timeout = -1\nslowlog = /s\nrequest_terminate_timeout = -2", "refused"),
        ("request_slowlog_timeout = 5", "refused"),
        ("request_slowlog_timeout = ${T}", "taken"),
        ("env[A] =", "refused"),
        ("env[A] = no", "refused"),
        ("php_value[a] =", "taken"),
        ("php_flag[a] = 2", "refused"),
        ("env = A", "refused"),
        ("pm[a] = b", "refused"),
        ("Include = /x", "refused"),
        ("listen.setfib = 1", "refused"),
        ("access.suppress_path[] = /a", "taken"),
        ("access.suppress_path[] = a", "refused"),
        ("access.suppress_path[a] = /a", "refused"),
        ("clear_env = y", "refused"),
    ],
)
def test_a_line_of_a_pool(line: str, expected: str, tmp_path: Path) -> None:
    assert verdict(tmp_path, line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("log_level = WARN", "taken"),
        ("log_level = info", "refused"),
        ("syslog.facility = Local7", "taken"),
        ("syslog.facility = local8", "refused"),
        ("log_limit = 512", "taken"),
        ("log_limit = 511", "refused"),
        ("process.max = 0", "taken"),
        ("process.max = -1", "refused"),
        ("error_log = /var/log/$pool.log", "refused"),
        ("events.mechanism = EPOLL", "taken"),
        ("events.mechanism = kqueue", "refused"),
        ("events.mechanism = select", "taken"),
        ("env[A] = b", "refused"),
        ("user = www-data", "refused"),
    ],
)
def test_a_line_of_the_global_section(line: str, expected: str, tmp_path: Path) -> None:
    assert verdict(tmp_path, line, section="global") == expected


@pytest.mark.parametrize(
    ("line", "target", "expected"),
    [
        ("clear_env = 0", "php=8.2.18", "refused"),
        ("clear_env = 0", "php=8.2.19", "taken"),
        ("clear_env = 0", "php=8.3.6", "refused"),
        ("clear_env = 0", "php=8.3.7", "taken"),
        ("clear_env = 0", "php=8.2", "open"),
        ("clear_env = 0", "php=8.1", "refused"),
        ("clear_env = 0", "php=8.4", "taken"),
        ("clear_env = 0", "", "open"),
        ("clear_env = 0", "debian-12", "taken"),
        ("clear_env = 0", "ubuntu-24.04", "refused"),
        ('php_admin_flag[a] = "no"', "php=8.1", "refused"),
        ("decorate_workers_output = no", "php=7.2", "refused"),
        ("decorate_workers_output = no", "php=7.3", "taken"),
        ("process.dumpable = yes", "php=7.0", "open"),
        ("process.dumpable = yes", "php=7.0.28", "refused"),
        ("process.dumpable = yes", "php=7.0.29", "taken"),
        ("access.suppress_path[] = a", "php=8.1", "refused"),
        ("access.log = /l\naccess.format = %{milli}d", "php=7.4", "refused"),
        ("access.log = /l\naccess.format = %{milli}d", "php=8.0", "taken"),
        (f"listen = /{'a' * 106}", "php=8.3", "taken"),
        (f"listen = /{'a' * 107}", "php=8.3", "refused"),
        (f"listen = /{'a' * 107}", "php=8.2", "taken"),
    ],
)
def test_by_release(line: str, target: str, expected: str, tmp_path: Path) -> None:
    assert verdict(tmp_path, line, target) == expected


def test_select_is_gone_in_8_6(tmp_path: Path) -> None:
    line = "events.mechanism = select"
    assert verdict(tmp_path, line, "php=8.5", "global") == "taken"
    assert verdict(tmp_path, line, "php=8.6", "global") == "refused"


@pytest.mark.parametrize("mechanism", ["poll", "Select"])
def test_ondemand_needs_epoll(mechanism: str, tmp_path: Path) -> None:
    text = f"[global]\nevents.mechanism = {mechanism}\n[www]\n{POOL}pm = ondemand\n"
    assert [label for label, _ in refusals(tmp_path, text)] == ["pm"]
    assert refusals(tmp_path, text.replace(mechanism, "epoll")) == []


@pytest.mark.parametrize("missing", ["listen", "pm"])
def test_a_pool_without_what_every_pool_must_have(missing: str, tmp_path: Path) -> None:
    lines = [line for line in POOL.splitlines() if not line.startswith(f"{missing} =")]
    text = "\n".join(["[global]", "[www]", *lines, ""])
    assert [label for label, _ in refusals(tmp_path, text)] == [missing]


def test_an_include_that_is_not_followed_may_set_the_rest(tmp_path: Path) -> None:
    text = "[global]\n[www]\ninclude = /elsewhere/www.conf\nrequest_slowlog_timeout = 5\n"
    assert refusals(tmp_path, text) == []


def test_words_suggest_the_nearest_name(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {PATH: f"[global]\n[www]\n{POOL}pm.max_request = 5\nzzz = 1\n"}, "php=8.2")
    near, nothing = stack.php_fpm_faults
    assert near.words == "unknown entry 'pm.max_request'; did you mean pm.max_requests?"
    assert nothing.words == "unknown entry 'zzz'"
