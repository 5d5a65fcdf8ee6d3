from pathlib import Path

import pytest

from tests.trees import write_tree
from tuner.stack.survey import Suggestion, survey

POOL = "[www]\nlisten = /run/php/www.sock\npm = static\npm.max_children = 5\n"
SITE = "server { listen 80; }\n"


def test_hosts_are_folders_that_hold_etc(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "hosts/web1/etc/nginx/nginx.conf": "events {}\n",
            "hosts/web2/etc/sysctl.conf": "vm.swappiness=1\n",
            "vendor/x/etc/sysctl.conf": "vm.swappiness=1\n",
            "hosts/web1/opt/plesk/php/8.2/etc/php-fpm.d/www.conf": POOL,
            "docs/etc/readme.txt": "",
        },
    )
    assert survey(str(tmp_path)).hosts == ("hosts/web1", "hosts/web2")
    assert survey(str(tmp_path / "hosts/web1")).hosts == ()


def test_roots_are_folders_whose_place_is_known(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "docker/nginx/nginx.conf.j2": "events {}\nhttp { server { listen {{ port }}; } }\n",
            "docker/nginx/conf.d/a.conf": SITE,
            "web/sites-enabled/shop": SITE,
            "sites-enabled/shop": SITE,
            "nginx.conf": "events {}\n",
            "infra/sysctl.d/a.conf": "vm.swappiness=1\n",
            "php/php-fpm.d/www.conf": POOL,
            "host/etc/nginx/nginx.conf": "events {}\n",
        },
    )
    assert survey(str(tmp_path)).roots == (
        ("docker/nginx", "/etc/nginx"),
        ("infra/sysctl.d", "/etc/sysctl.d"),
        ("php/php-fpm.d", "/etc/php-fpm.d"),
        ("web", "/etc/nginx"),
    )


@pytest.mark.parametrize(
    ("image", "target"),
    [
        ("debian:12", "debian-12"),
        ("debian:bookworm-slim", "debian-12"),
        ("docker.io/library/ubuntu:jammy", "ubuntu-22.04"),
        ("alpine:3.20", "alpine"),
        ("rockylinux:9.4", "rhel-9"),
        ("registry.access.redhat.com/ubi9:9.4", "rhel-9"),
        ("php:8.3-fpm-alpine", "php=8.3"),
        ("nginx:1.27.1", "nginx=1.27"),
        ("redis:7.2", "redis=7.2"),
    ],
)
def test_images_tell_a_target(tmp_path: Path, image: str, target: str) -> None:
    write_tree(tmp_path, {"docker/Dockerfile": f"# base\nFROM --platform=linux/amd64 {image} AS base\n"})
    assert survey(str(tmp_path)).targets == (Suggestion(target, f"docker/Dockerfile:2: {image}"),)


@pytest.mark.parametrize(
    "image", ["debian:7", "debian", "php:latest", "php", "node:20.1", "$BASE", "ubuntu:24.10"]
)
def test_images_that_tell_none(tmp_path: Path, image: str) -> None:
    write_tree(tmp_path, {"Dockerfile": f"FROM {image}\n"})
    assert survey(str(tmp_path)).targets == ()


def test_programs_of_a_compose_file_are_one_target(tmp_path: Path) -> None:
    compose = 'services:\n  a:\n    image: "php:8.2-fpm"\n  b:\n    image: nginx:1.25\n'
    write_tree(tmp_path, {"docker-compose.yml": compose})
    reason = "docker-compose.yml:3: php:8.2-fpm, docker-compose.yml:5: nginx:1.25"
    assert survey(str(tmp_path)).targets == (Suggestion("php=8.2,nginx=1.25", reason),)


def test_programs_of_two_versions_are_two_targets(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a/Dockerfile": "FROM php:8.2-fpm\n", "b/Dockerfile": "FROM php:8.3-fpm\n"})
    assert [suggestion.text for suggestion in survey(str(tmp_path)).targets] == ["php=8.2", "php=8.3"]


def test_os_release_tells_the_release(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "web/etc/os-release": 'PRETTY_NAME="Rocky Linux 9"\nID="rocky"\nVERSION_ID="9.4"\n',
            "Dockerfile": "FROM debian:13\n",
        },
    )
    assert [suggestion.text for suggestion in survey(str(tmp_path)).targets] == ["debian-13", "rhel-9"]


def test_path_of_php_tells_the_releases_that_ship_it(tmp_path: Path) -> None:
    write_tree(tmp_path, {"etc/php/8.2/fpm/pool.d/www.conf": POOL, "opt/php/8.4/www.conf": POOL})
    path = "etc/php/8.2/fpm/pool.d/www.conf"
    assert survey(str(tmp_path)).targets == (
        Suggestion("debian-12", f"{path}: PHP 8.2 is that of debian-12"),
    )


def test_nothing_to_see(tmp_path: Path) -> None:
    seen = survey(str(tmp_path))
    assert (seen.hosts, seen.roots, seen.targets) == ((), (), ())
