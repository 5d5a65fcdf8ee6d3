"""What services are called: by the release, else by the paths of its packages, and never invented."""

from pathlib import Path

import pytest

from tests.trees import write_tree
from tuner.formats.candidate import is_candidate
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.model import Stack
from tuner.stack.services import UNKNOWN_SERVICES, Services, services_of
from tuner.stack.target import Target, parse_target

POOL = "[www]\nuser = www-data\nlisten = /run/php/www.sock\npm = static\npm.max_children = 5\n"
DEBIANS = "/etc/php/8.2/fpm/php-fpm.conf"
RHELS, ALPINES = "/etc/php-fpm.conf", "/etc/php83/php-fpm.conf"


def stack_of(root: Path, files: dict[str, str], target: Target | None = None) -> Stack:
    write_tree(root, files)
    tree = collect([str(root)], is_candidate)
    meant = target or Target()
    (stack,) = build_stacks(tree, group_hosts(tree, read_tree(tree, target=meant)), meant)
    return stack


@pytest.mark.parametrize(
    ("path", "manager", "service"),
    [
        (DEBIANS, "systemd", "php8.2-fpm"),
        ("/etc/php/7.4/fpm/pool.d/www.conf", "systemd", "php7.4-fpm"),
        (RHELS, "systemd", "php-fpm"),
        ("/etc/php-fpm.d/www.conf", "systemd", "php-fpm"),
        ("/etc/opt/remi/php82/php-fpm.conf", "systemd", "php82-php-fpm"),
        (ALPINES, "openrc", "php-fpm83"),
        ("/usr/local/etc/php-fpm.conf", "", ""),
        ("/etc/php-fpm.config", "", ""),
        ("/srv/etc/php/8.2/fpm/php-fpm.conf", "", ""),
    ],
)
def test_the_path_tells_the_service(path: str, manager: str, service: str) -> None:
    services = services_of(Target(), [path], is_image=False)
    assert (services.manager, services.php_fpm(path)) == (manager, service)


@pytest.mark.parametrize(
    ("target", "path", "service"),
    [
        (parse_target("debian-12"), DEBIANS, "php8.2-fpm"),
        (parse_target("ubuntu-24.04,php=8.2"), DEBIANS, "php8.2-fpm"),
        (parse_target("rhel-9"), DEBIANS, ""),
        (parse_target("debian-12"), RHELS, ""),
        (parse_target("kernel=6.1"), RHELS, "php-fpm"),
        (Target(release="rocky-9.4"), RHELS, "php-fpm"),
        (Target(release="arch-"), RHELS, ""),
    ],
)
def test_the_release_decides_before_the_path(target: Target, path: str, service: str) -> None:
    assert services_of(target, [path], is_image=False).php_fpm(path) == service


def test_an_image_has_no_service_but_a_running_machine_may_look_like_one() -> None:
    debian = parse_target("debian-12")
    assert services_of(debian, [DEBIANS], is_image=True) == UNKNOWN_SERVICES
    running = debian._replace(service_manager="systemd")
    assert services_of(running, [DEBIANS], is_image=True) == Services("debian", "systemd")


@pytest.mark.parametrize("manager", ["", "openrc"])
def test_without_its_release_s_manager_nothing_is_known(manager: str) -> None:
    target = parse_target("debian-12")._replace(service_manager=manager)
    assert services_of(target, [DEBIANS], is_image=False) == UNKNOWN_SERVICES


def test_packages_of_two_families_tell_none() -> None:
    assert services_of(Target(), [DEBIANS, RHELS], is_image=False) == UNKNOWN_SERVICES


@pytest.mark.parametrize(
    ("family", "path", "service"),
    [
        ("debian", "/etc/redis/redis.conf", "redis-server"),
        ("debian", "/etc/redis/redis-cache.conf", "redis-server@cache"),
        ("debian", "/etc/valkey/valkey.conf", "valkey-server"),
        ("debian", "/etc/redis.conf", ""),
        ("rhel", "/etc/redis.conf", "redis"),
        ("rhel", "/etc/redis/redis.conf", "redis"),
        ("rhel", "/etc/valkey/valkey.conf", "valkey"),
        ("alpine", "/etc/redis.conf", "redis"),
        ("", "/etc/redis.conf", ""),
    ],
)
def test_redis_by_family(family: str, path: str, service: str) -> None:
    assert Services(family, "systemd").redis(path) == service


def test_nginx_of_a_package_only() -> None:
    assert Services("debian", "systemd").nginx(["/etc/nginx/nginx.conf"]) == "nginx"
    assert Services("debian", "systemd").nginx(["/opt/nginx/nginx.conf"]) == ""
    assert UNKNOWN_SERVICES.nginx(["/etc/nginx/nginx.conf"]) == ""


def test_a_stack_names_its_services(tmp_path: Path) -> None:
    files = {
        "etc/php/8.1/fpm/php-fpm.conf": "include = /etc/php/8.1/fpm/pool.d/*.conf\n",
        "etc/php/8.1/fpm/pool.d/www.conf": POOL,
        "etc/php/8.2/fpm/pool.d/www.conf": POOL,
        "etc/nginx/nginx.conf": "events {}\n",
        "etc/redis/redis.conf": "maxclients 100\n",
    }
    stack = stack_of(tmp_path, files)
    assert sorted(pool.service for pool in stack.pools) == ["php8.1-fpm", "php8.2-fpm"]
    assert (stack.service_manager, stack.nginx_service) == ("systemd", "nginx")
    assert [redis.service for redis in stack.redis] == ["redis-server"]


def test_a_stack_of_an_image_names_none(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"Dockerfile": "FROM debian:12\n", "etc/php/8.2/fpm/pool.d/www.conf": POOL})
    assert (stack.pools[0].service, stack.service_manager) == ("", "")
