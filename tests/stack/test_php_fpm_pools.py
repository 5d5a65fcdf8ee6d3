"""A pool's settings as php-fpm 7.0 to 8.6 understands them."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.laws.version import Version
from tuner.stack.address import pool_address
from tuner.stack.model import Pool
from tuner.stack.php_fpm.words import PROCESS_MANAGERS
from tuner.stack.target import version_in_path
from tuner.stack.value import Data, Value

LISTEN = "listen = /run/www.sock\n"

FPM = "etc/php/8.2/fpm"


def pool_with(root: Path, settings: str, target: str = "php=8.2", pm: str = "static") -> Pool:
    text = f"[www]\n{LISTEN}pm = {pm}\npm.max_children = 5\n{settings}\n"
    (pool,) = stack_of(root, {"etc/php-fpm.d/www.conf": text}, target).pools
    return pool


def backlog_of(pool: Pool) -> Value:
    assert pool.listener
    return pool.listener.backlog


def options(value: Value) -> list[tuple[Data | None, str]]:
    return [(option.data, str(option.conditions[0])) for option in value.options]


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/etc/php/8.2/fpm/pool.d/www.conf", "8.2"),
        ("/etc/php/5.6/fpm/php-fpm.conf", "5.6"),
        ("/etc/php5/fpm/pool.d/www.conf", "5.6"),
        ("/etc/opt/remi/php81/php-fpm.d/www.conf", "8.1"),
        ("/etc/php82/php-fpm.d/www.conf", "8.2"),
        ("/etc/php8.2-fpm.conf", "8.2"),
        ("/etc/php-8.1/php-fpm.conf", "8.1"),
        ("/usr/local/php-8.1.30/etc/php-fpm.conf", "8.1"),
        ("/etc/php-fpm.d/www.conf", None),
        ("/etc/php7/php-fpm.d/www.conf", None),
        ("/etc/php8/php-fpm.conf", None),
        ("/etc/php/8.10/fpm/x.conf", None),
        ("/etc/phpx8.2/x.conf", None),
        ("/etc/myphp/8.2/x.conf", None),
    ],
)
def test_the_version_that_a_path_tells(path: str, version: str | None) -> None:
    assert version_in_path(path) == (Version.parse(version) if version else None)


def test_a_target_wins_over_the_path(tmp_path: Path) -> None:
    text = f"[www]\n{LISTEN}pm = static\npm.max_children = 5\n"
    (pool,) = stack_of(tmp_path, {"etc/php/8.2/fpm/pool.d/www.conf": text}, "php=8.1").pools
    assert backlog_of(pool).data == 511


@pytest.mark.parametrize(("target", "data"), [("php=5.6", 65535), ("php=8.1", 511), ("php=8.2", -1)])
def test_an_unwritten_backlog_is_the_versions_default(target: str, data: int, tmp_path: Path) -> None:
    backlog = backlog_of(pool_with(tmp_path, "", target))
    assert (backlog.data, backlog.is_written) == (data, False)


def test_an_unwritten_backlog_of_an_unknown_version_has_two_values(tmp_path: Path) -> None:
    backlog = backlog_of(pool_with(tmp_path, "", ""))
    assert options(backlog) == [(511, "php 7.0 up to before 8.2"), (-1, "php >= 8.2")]


ONDEMAND = {
    ("php=5.6", 65534): 65535,
    ("php=5.6", -1): 65535,
    ("php=5.6", 65535): 65535,
    ("php=8.1", 510): 511,
    ("php=8.1", 0): 511,
    ("php=8.1", -1): 511,
    ("php=8.1", 511): 511,
    ("php=8.1", 4096): 4096,
    ("php=8.2", 0): 0,
    ("php=8.2", 10): 10,
    ("php=8.2", -1): -1,
    ("php=8.2", -2): -1,
}


@pytest.mark.parametrize(("target", "asked", "passed"), [(*key, data) for key, data in ONDEMAND.items()])
def test_ondemand_replaces_a_backlog_below_the_default(
    target: str, asked: int, passed: int, tmp_path: Path
) -> None:
    pool = pool_with(tmp_path, f"listen.backlog = {asked}", target, pm="ondemand")
    backlog = backlog_of(pool)
    assert backlog.data == passed
    assert [lost.data for lost in backlog.overrides] == ([] if asked == passed else [asked])
    assert backlog.is_written == (asked == passed)
    assert pool.listener and pool.listener.requested.data == f"listen.backlog = {asked}" + (
        "" if asked == passed else " with pm = ondemand"
    )


@pytest.mark.parametrize("pm", ["static", "dynamic"])
def test_only_ondemand_replaces(pm: str, tmp_path: Path) -> None:
    assert backlog_of(pool_with(tmp_path, "listen.backlog = 10", "php=8.1", pm=pm)).data == 10


def test_ondemand_on_an_unknown_version(tmp_path: Path) -> None:
    backlog = backlog_of(pool_with(tmp_path, "listen.backlog = 10", "", pm="ondemand"))
    assert (options(backlog), backlog.overrides) == (
        [(511, "php 7.0 up to before 8.2"), (10, "php >= 8.2")],
        (),
    )
    large = backlog_of(pool_with(tmp_path / "2", "listen.backlog = 1000", "", pm="ondemand"))
    assert (large.data, large.is_written) == (1000, True)


def test_ondemand_keeps_what_the_replaced_backlog_overrode(tmp_path: Path) -> None:
    backlog = backlog_of(
        pool_with(tmp_path, "listen.backlog = 9\nlisten.backlog = 8", "php=8.1", pm="ondemand")
    )
    assert [lost.data for lost in backlog.overrides] == [8, 9]


@pytest.mark.parametrize("pm", PROCESS_MANAGERS)
def test_a_refused_backlog_is_refused_whatever_the_process_manager(pm: str, tmp_path: Path) -> None:
    pool = pool_with(tmp_path, "listen.backlog = 4k", "debian-12", pm=pm)
    assert pool.listener
    assert (backlog_of(pool).is_refused, pool.listener.refused_backlog.data) == (True, "4k")


@pytest.mark.parametrize(
    ("listen", "address", "family"),
    [
        ("9000", "[::]:9000", "tcp6"),
        ("127.0.0.1:9000", "127.0.0.1:9000", "tcp4"),
        ("LocalHost:9000", "localhost:9000", "tcp4"),
        ("[::1]:9000", "[::1]:9000", "tcp6"),
        ("/var/run//php.sock", "unix:/run/php.sock", "unix"),
        ("/run/php.sock", "unix:/run/php.sock", "unix"),
        ("٣", "unix:٣", "unix"),
    ],
)
def test_the_forms_of_listen(listen: str, address: str, family: str) -> None:
    assert pool_address(listen) == (address, family)


def test_the_pools_name_stands_for_dollar_pool(tmp_path: Path) -> None:
    pool = pool_with(tmp_path, "listen = '/run/$pool/$poolz.sock'")
    assert pool.listen.data == "/run/www/wwwz.sock"
    assert pool.listener and pool.listener.address == "unix:/run/www/wwwz.sock"


@pytest.mark.parametrize(
    ("written", "data"),
    [("4294967300", 4), ("99999999999", 1215752191), ("0777", 777), ('"12"', 12), ("true", 1), ("-", 0)],
)
def test_integers_wrap(written: str, data: int, tmp_path: Path) -> None:
    assert pool_with(tmp_path, f"pm.max_children = {written}").max_children.data == data


@pytest.mark.parametrize("written", ["10k", "0x10", "1e3", "50 # x", "+5"])
def test_what_is_no_integer_is_refused(written: str, tmp_path: Path) -> None:
    value = pool_with(tmp_path, f"pm.max_children = {written}").max_children
    assert (value.state, value.is_refused) == ("unknown", True)


@pytest.mark.parametrize(
    ("written", "state", "data"),
    [
        ("30", "known", 30),
        ("2m", "known", 120),
        ("10ms", "known", 10),
        ("1.5s", "known", 1),
        ("0", "disabled", 0),
        ("0s", "disabled", 0),
        ("0.5m", "disabled", 0),
        ("-1", "known", -1),
        ("10S", "unknown", None),
        ("off", "unknown", None),
    ],
)
def test_request_terminate_timeout(written: str, state: str, data: int | None, tmp_path: Path) -> None:
    value = pool_with(tmp_path, f"request_terminate_timeout = {written}").request_terminate_timeout
    assert (value.state, value.data) == (state, data)


def test_an_unset_terminate_timeout_is_disabled(tmp_path: Path) -> None:
    value = pool_with(tmp_path, "").request_terminate_timeout
    assert (value.state, value.is_written) == ("disabled", False)


@pytest.mark.parametrize(("written", "data"), [("Static", "static"), ("DYNAMIC", "dynamic"), ("fixed", None)])
def test_the_process_manager(written: str, data: str | None, tmp_path: Path) -> None:
    assert pool_with(tmp_path, "", pm=written).pm.data == data


@pytest.mark.parametrize(
    "text", [f"{LISTEN}pm = static\n", f"{LISTEN}pm.max_children = 5\n", "pm.max_children = 5\n"]
)
def test_a_part_of_a_pool_knows_only_what_it_sets(text: str, tmp_path: Path) -> None:
    (pool,) = stack_of(
        tmp_path, {"etc/php-fpm.d/www.conf": f"[www]\n{text}request_slowlog_timeout=1\n"}, "php=8.2"
    ).pools
    unset = (pool.start_servers, pool.request_terminate_timeout, pool.min_spare_servers)
    assert [value.state for value in unset] == ["unknown"] * 3
    assert "only a part of the pool" in pool.start_servers.origin.words
    assert pool.listener is None or backlog_of(pool).state == "unknown"


SPARE = {
    # max_children, start, min_spare, max_spare: what php-fpm says first
    (5, 2, 1, 3): "",
    (5, 0, 1, 3): "",
    (5, 2, 0, 3): "pm.min_spare_servers (0) must be a positive value",
    (5, 2, 1, 0): "pm.max_spare_servers (0) must be a positive value",
    (5, 2, -1, 0): "pm.min_spare_servers (-1) must be a positive value",
    (5, 2, 6, 7): "pm.min_spare_servers (6) is greater than pm.max_children (5)",
    (5, 2, 1, 6): "pm.max_spare_servers (6) is greater than pm.max_children (5)",
    (5, 2, 3, 2): "pm.max_spare_servers (2) is less than pm.min_spare_servers (3)",
    (5, 4, 1, 3): "pm.start_servers (4) is not between pm.min_spare_servers (1) and pm.max_spare_servers (3)",
    (5, 1, 2, 3): "pm.start_servers (1) is not between pm.min_spare_servers (2) and pm.max_spare_servers (3)",
}


@pytest.mark.parametrize(("numbers", "words"), SPARE.items())
def test_the_constraints_of_dynamic(numbers: tuple[int, int, int, int], words: str, tmp_path: Path) -> None:
    labels = ("pm.max_children", "pm.start_servers", "pm.min_spare_servers", "pm.max_spare_servers")
    settings = "".join(f"{label} = {number}\n" for label, number in zip(labels, numbers, strict=True))
    assert pool_with(tmp_path / "dynamic", settings, pm="dynamic").spare_servers_refusal.data == words
    for pm in ("static", "ondemand"):
        assert pool_with(tmp_path / pm, settings, pm=pm).spare_servers_refusal.data == ""


def test_dynamic_without_spare_servers_is_refused(tmp_path: Path) -> None:
    refusal = pool_with(tmp_path, "", pm="dynamic").spare_servers_refusal
    assert refusal.data == "pm.min_spare_servers (0) must be a positive value"


def test_a_value_of_the_environment_is_unknown(tmp_path: Path) -> None:
    value = pool_with(tmp_path, "pm.max_children = ${FPM_CHILDREN}").max_children
    assert (value.state, value.is_refused, value.is_written) == ("unknown", False, True)


def test_a_hole_for_the_address_keeps_the_listener(tmp_path: Path) -> None:
    text = "[www]\nlisten = ${FPM_LISTEN}\nlisten.backlog = 0\npm = static\npm.max_children = 2\n"
    (pool,) = stack_of(tmp_path, {f"{FPM}/pool.d/www.conf": text}).pools
    assert pool.listener and (pool.listener.address, pool.listener.family) == ("${FPM_LISTEN}", "unknown")
    assert pool.listener.backlog.data == 0


def test_settings_without_a_header_are_a_part_of_some_pool(tmp_path: Path) -> None:
    text = "listen.backlog = 0\npm = dynamic\npm.max_children = 5\npm.min_spare_servers = 9\n"
    (pool,) = stack_of(tmp_path, {"www.conf": text}).pools
    assert (pool.name, pool.max_children.data, pool.listen.state) == ("(no header)", 5, "absent")
    assert pool.listener and pool.listener.backlog.data == 0


def test_an_include_that_is_not_followed_may_set_anything_in_its_pool(tmp_path: Path) -> None:
    text = "[www]\nlisten = 9000\npm = static\npm.max_children = 2\ninclude = /opt/x/*.conf\n"
    (pool,) = stack_of(tmp_path, {f"{FPM}/pool.d/www.conf": text}, "php=8.2").pools
    assert [option.data for option in pool.max_children.options] == [2, None]
    assert pool.listener and [option.data for option in pool.listener.backlog.options] == [-1, None]


def test_a_pool_without_children_is_refused_where_all_files_were_read(tmp_path: Path) -> None:
    files = {
        f"{FPM}/php-fpm.conf": f"[global]\ninclude = /{FPM}/pool.d/*.conf\n",
        f"{FPM}/pool.d/www.conf": "[www]\nlisten = 9000\npm = static\n",
    }
    (pool,) = stack_of(tmp_path, files).pools
    assert pool.spare_servers_refusal.data == "pm.max_children (0) must be a positive value"
