"""Who can connect to a pool, and what its files look like."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.model import Pool

FOLDER = "etc/php/8.2/fpm/pool.d"


def pool_with(root: Path, settings: str, path: str = f"{FOLDER}/www.conf", **files: str) -> Pool:
    text = f"[www]\npm = static\npm.max_children = 5\n{settings}\n"
    (pool,) = stack_of(root, {path: text, **files}, "php=8.2").pools
    return pool


@pytest.mark.parametrize(
    ("listen", "reach"),
    [
        ("9000", "every address"),
        ("0.0.0.0:9000", "every address"),
        ("[::]:9000", "every address"),
        ("[::ffff:0.0.0.0]:9000", "every address"),
        ("127.0.0.1:9000", "this machine"),
        ("[::1]:9000", "this machine"),
        ("[::ffff:127.0.0.1]:9000", "this machine"),
        ("localhost:9000", "this machine"),
        ("/run/php/www.sock", "this machine"),
        ("0.0.0.1:9000", "nobody"),
        ("10.1.2.3:9000", "a private address"),
        ("172.16.0.1:9000", "a private address"),
        ("172.32.0.1:9000", "a public address"),
        ("192.168.0.1:9000", "a private address"),
        ("192.167.0.1:9000", "a public address"),
        ("100.64.0.1:9000", "a private address"),
        ("169.254.1.1:9000", "a private address"),
        ("8.8.8.8:9000", "a public address"),
        ("[fd00::1]:9000", "a private address"),
        ("[fe80::1]:9000", "a private address"),
        ("[2001:db8::1]:9000", "a public address"),
        ("app:9000", "a name"),
    ],
)
def test_who_can_connect(listen: str, reach: str, tmp_path: Path) -> None:
    assert pool_with(tmp_path, f"listen = {listen}").reach.data == reach


@pytest.mark.parametrize(
    ("mode", "is_writable"),
    [
        ("0660", False),
        ("0666", True),
        ("777", True),
        ("0662", True),
        ("0664", False),
        ("rw", False),
        ("999", False),
        ("6689", True),
        ("08", False),
        ("", False),
    ],
)
def test_modes_are_read_as_strtoul_does(mode: str, is_writable: bool, tmp_path: Path) -> None:
    assert pool_with(tmp_path, f"listen = /a\nlisten.mode = {mode}").others_may_write.data == is_writable


def test_without_a_mode_others_may_not_write(tmp_path: Path) -> None:
    assert pool_with(tmp_path, "listen = /a").others_may_write.data is False


@pytest.mark.parametrize(
    ("clients", "void"),
    [
        ("127.0.0.1", ""),
        ("127.0.0.1,::1,10.0.0.2", ""),
        ("127.0.0.1, 10.0.0.2", '" 10.0.0.2"'),
        ("any", '"any"'),
        ("10.0.0.0/8,app", '"10.0.0.0/8", "app"'),
        ("127.0.0.1,", '""'),
        ("", ""),
    ],
)
def test_entries_that_php_fpm_cannot_read(clients: str, void: str, tmp_path: Path) -> None:
    found = pool_with(tmp_path, f"listen = 9000\nlisten.allowed_clients = {clients}")
    assert (found.allowed_clients.data, found.void_clients.data) == (clients, void)


def test_a_part_of_a_pool_does_not_know_its_list_of_clients(tmp_path: Path) -> None:
    (pool,) = stack_of(tmp_path, {f"{FOLDER}/zz.conf": "[www]\nlisten = 9000\n"}).pools
    assert (pool.allowed_clients.state, pool.listen_mode.state) == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("path", "settings", "is_image"),
    [
        (f"{FOLDER}/www.conf", "", False),
        ("docker/php/www.conf", "", True),
        ("build/.docker/php-fpm.d/www.conf", "", True),
        ("php-fpm.d/zz-docker.conf", "", True),
        ("deploy/k8s/php-fpm.d/www.conf", "", True),
        ("deploy/helmet/php-fpm.d/www.conf", "", False),
        (f"{FOLDER}/www.conf", "access.log = /proc/self/fd/2", True),
        (f"{FOLDER}/www.conf", "slowlog = /dev/stderr", True),
        (f"{FOLDER}/www.conf", "access.log = /var/log/access.log", False),
        (f"{FOLDER}/www.conf", "[global]\nerror_log = /dev/stdout", True),
    ],
)
def test_signs_of_a_container(
    path: str, settings: str, is_image: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert pool_with(Path(), f"listen = 9000\n{settings}", path).is_in_container.data is is_image


@pytest.mark.parametrize(
    ("recipe", "is_image"),
    [
        ("php/Dockerfile", True),
        ("Dockerfile.prod", True),
        ("prod.Dockerfile", True),
        ("Containerfile", True),
        ("docker-compose.yml", True),
        ("compose.prod.yaml", True),
        ("other/Dockerfile", False),
        ("php/docker.md", False),
    ],
)
def test_the_recipe_of_an_image_beside_or_above_it(
    recipe: str, is_image: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pool = pool_with(Path(), "listen = 9000", "php/php-fpm.d/www.conf", **{recipe: "FROM php:8.2-fpm\n"})
    assert pool.is_in_container.data is is_image


@pytest.mark.parametrize(
    ("backlog", "pm", "arrives"),
    [
        ("4294967297", "static", "a C int keeps 1 of it"),
        ('"4294967297"', "static", "a C int keeps 1 of it"),
        ("4294967297", "ondemand", "a C int keeps 1 of it"),
        ("2147483648", "static", "a C int keeps -2147483648 of it, which means as much as the kernel allows"),
        ("-2147483649", "static", "a C int keeps 2147483647 of it"),
        (
            "99999999999999999999",
            "static",
            "a C int keeps -1 of it, which means as much as the kernel allows",
        ),
        ("2147483647", "static", ""),
        ("-1", "static", ""),
        ("0777", "static", ""),
        ("1k", "static", ""),
        ("${BACKLOG}", "static", ""),
    ],
)
def test_what_arrives_of_a_backlog(backlog: str, pm: str, arrives: str, tmp_path: Path) -> None:
    text = f"[www]\nlisten = /a\npm = {pm}\npm.max_children = 5\nlisten.backlog = {backlog}\n"
    (pool,) = stack_of(tmp_path, {f"{FOLDER}/www.conf": text}, "php=8.2").pools
    assert pool.listener and pool.listener.backlog_overflow.data == arrives


@pytest.mark.parametrize(
    ("kernel", "backlog", "somaxconn", "arrives"),
    [
        ("3.10", 65536, 65536, "kernel 3.10 keeps the lowest 16 bits of 65536, that is 0"),
        ("3.10", -1, 65540, "kernel 3.10 keeps the lowest 16 bits of 65540, that is 4"),
        ("3.10", 65536, 65535, ""),
        ("4.1", 65536, 65536, ""),
    ],
)
def test_old_kernels_keep_16_bits(
    kernel: str, backlog: int, somaxconn: int, arrives: str, tmp_path: Path
) -> None:
    files = {
        f"{FOLDER}/www.conf": "[www]\nlisten = /a\npm = static\npm.max_children = 5\n"
        f"listen.backlog = {backlog}\n",
        "etc/sysctl.d/1.conf": f"net.core.somaxconn = {somaxconn}\n",
    }
    (pool,) = stack_of(tmp_path, files, f"kernel={kernel},php=5.6").pools
    assert pool.listener and pool.listener.backlog_overflow.data == arrives
