"""`fpmtune values`: every setting in force under the program's own name, and who set it."""

from pathlib import Path
from typing import Any

import pytest
from program import CHECKOUT, POOL, fpmtune

from tests.trees import write_tree

SHOP = "examples/shop"


def values(*arguments: str, cwd: Path = CHECKOUT) -> dict[str, Any]:
    ran = fpmtune("values", *arguments, "--format", "json", cwd=cwd)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.isascii()
    return ran.report


def plain(settings: dict[str, Any]) -> dict[str, object]:
    return {label: value["value"] for label, value in settings.items()}


def test_the_shop_program_by_program() -> None:
    report = values(SHOP)
    assert report["schema_version"] == 1
    shop = report["php-fpm"]["pools"]["shop"]
    assert plain(shop) == {
        "user": "www-data",
        "group": "www-data",
        "listen": "/var/run/php/shop.sock",
        "listen.backlog": 65535,
        "listen.owner": "www-data",
        "listen.group": "www-data",
        "pm": "static",
        "pm.max_children": 24,
        "request_terminate_timeout": 120,
    }
    assert shop["request_terminate_timeout"]["unit"] == "s"
    origin = shop["listen.backlog"]["origin"]
    assert (origin["kind"], origin["line"], origin["column"]) == ("file", 9, 18)
    (redis,) = report["redis"].values()
    assert plain(redis)["maxmemory"] == 2 * 2**30
    assert plain(report["sysctl"]["boot"]) == plain(report["sysctl"]["system"])
    assert plain(report["sysctl"]["boot"])["net.core.somaxconn"] == 1024
    (nginx,) = report["nginx"].values()
    export = nginx["http/server[1] shop.example/location = /export.php"]
    assert plain(export)["fastcgi_read_timeout"] == 90
    assert [lost["value"] for lost in export["fastcgi_read_timeout"]["overrides"]] == [60]


def test_defaults_only_when_asked_for() -> None:
    with_defaults = values(SHOP, "--defaults")
    pool, everywhere = with_defaults["php-fpm"]["pools"]["shop"], with_defaults["php-fpm"]["global"]
    assert pool["clear_env"]["origin"]["kind"] == "default"
    assert (pool["clear_env"]["value"], everywhere["process_control_timeout"]["value"]) == ("yes", 0)
    (redis,) = with_defaults["redis"].values()
    assert plain(redis)["save"] == "3600 1 300 100 60 10000"
    assert plain(with_defaults["sysctl"]["boot"])["net.ipv4.tcp_syncookies"] == 1


def test_busybox_reads_other_files_in_another_order(tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/sysctl.d/a.conf": "net.core.somaxconn = 128\nnet.*.tcp_syncookies = 0\n"})
    linux, busybox = values(cwd=tmp_path), values("--dialect", "busybox", cwd=tmp_path)
    assert set(linux["sysctl"]) == {"boot", "system"}
    assert set(busybox["sysctl"]) == {"busybox"}
    assert plain(linux["sysctl"]["boot"]) == {"net.core.somaxconn": 128, "net.ipv4.tcp_syncookies": 0}
    assert plain(busybox["sysctl"]["busybox"]) == {"net.core.somaxconn": 128}


def test_two_php_fpm_with_a_pool_of_the_same_name(tmp_path: Path) -> None:
    main = "[global]\nlog_level = {level}\ninclude = /etc/php/{php}/fpm/pool.d/*.conf\n"
    for php, level in (("7.4", "notice"), ("8.2", "error")):
        write_tree(
            tmp_path / f"etc/php/{php}/fpm",
            {"php-fpm.conf": main.format(php=php, level=level), "pool.d/www.conf": POOL},
        )
    found = values(cwd=tmp_path)["php-fpm"]
    assert found["global"] is None
    old, new = "etc/php/7.4/fpm/php-fpm.conf", "etc/php/8.2/fpm/php-fpm.conf"
    assert plain(found["instances"][new]["global"]) == {"log_level": "ERROR"}
    assert set(found["pools"]) == {"www", f"www@{new}"}
    assert plain(found["instances"][old]["pools"]["www"])["pm.max_children"] == 5


def test_hosts_apart(tmp_path: Path) -> None:
    for host in ("a", "b"):
        write_tree(tmp_path / host, {"etc/php/8.2/fpm/pool.d/www.conf": POOL})
    report = values(cwd=tmp_path)
    assert report["php-fpm"] is None
    assert [set(host["php-fpm"]["pools"]) for host in report["hosts"]] == [{"www"}, {"www"}]


def test_text_names_who_set_what(tmp_path: Path) -> None:
    write_tree(tmp_path, {"redis.conf": "port 6380\nport 6381\nmaxmemory 1gb\n", "notes.md": "x\n"})
    ran = fpmtune("values", cwd=tmp_path)
    assert ran.status == 0
    assert ran.out.startswith("redis redis.conf\n")
    assert "  port       6381" in ran.out
    assert "redis.conf:2" in ran.out
    assert "overrides 6380 at redis.conf:1" in ran.out
    assert "1073741824 bytes" in ran.out


@pytest.mark.parametrize(("path", "status"), [("nothing", 2), (".", 3)])
def test_nothing_to_say(tmp_path: Path, path: str, status: int) -> None:
    assert fpmtune("values", path, cwd=tmp_path).status == status
