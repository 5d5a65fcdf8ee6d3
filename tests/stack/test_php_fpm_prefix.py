"""A relative `listen`: php-fpm puts the pool's prefix before it, else its own."""

from pathlib import Path

import pytest

from tests.trees import stack_of
from tuner.stack.model import Pool

NEEDED = "pm = static\npm.max_children = 4\n"
POOL_D = "etc/php/8.2/fpm/pool.d"
DEBIAN = "debian-12"


def pool_of(
    root: Path, lines: str, target: str = "", path: str = f"{POOL_D}/a.conf", needed: str = NEEDED
) -> Pool:
    (pool,) = stack_of(root, {path: f"[a.com]\n{needed}{lines}\n"}, target).pools
    return pool


@pytest.mark.parametrize(
    ("lines", "with_debian", "without_target"),
    [
        ("prefix = /srv/$pool\nlisten = php.sock", "/srv/a.com/php.sock", "/srv/a.com/php.sock"),
        ("prefix = /srv/\nlisten = $pool/php.sock", "/srv/a.com/php.sock", "/srv/a.com/php.sock"),
        ("prefix = /a\nlisten = php.sock\nprefix = /b", "/b/php.sock", "/b/php.sock"),
        ("PREFIX = /a\nlisten = php.sock", "/a/php.sock", "/a/php.sock"),
        ("prefix = /srv\nlisten = 127.0.0.1", "/srv/127.0.0.1", "/srv/127.0.0.1"),
        ("prefix = /srv\nlisten = 9000x", "/srv/9000x", "/srv/9000x"),
        ("prefix = /srv\nlisten = /run/a.sock", "/run/a.sock", "/run/a.sock"),
        ("prefix = /srv\nlisten = 9000", "9000", "9000"),
        ("prefix = /srv\nlisten = 127.0.0.1:9000", "127.0.0.1:9000", "127.0.0.1:9000"),
        ("prefix = /srv\nlisten = unix:x", "unix:x", "unix:x"),
        ("prefix =\nlisten = run/a.sock", "/run/a.sock", "/run/a.sock"),
        ('prefix = ""\nlisten = run/a.sock', "/run/a.sock", "/run/a.sock"),
        ("prefix = /srv\nprefix =\nlisten = run/a.sock", "/run/a.sock", "/run/a.sock"),
        ("listen = run/a.sock", "/usr/run/a.sock", "run/a.sock"),
        ("prefix = lib/php\nlisten = a.sock", "/usr/lib/php/a.sock", "a.sock"),
        ("prefix = /srv\nlisten =", "", ""),
    ],
)
def test_the_address_that_php_fpm_listens_on(
    lines: str, with_debian: str, without_target: str, tmp_path: Path
) -> None:
    found = [pool_of(tmp_path, lines, target).listen.data or "" for target in (DEBIAN, "")]
    assert found == [with_debian, without_target]


def test_the_address_keeps_the_place_of_listen(tmp_path: Path) -> None:
    listen = pool_of(tmp_path, "prefix = /srv/$pool\nlisten = php.sock").listen
    assert listen.origin.place
    assert listen.origin.place.source == "php.sock"
    assert str(listen.origin).endswith("a.conf:5")


@pytest.mark.parametrize(
    ("path", "listen"),
    [
        ("etc/php/8.2/fpm/pool.d/a.conf", "/usr/run/a.sock"),
        ("opt/plesk/etc/php-fpm.d/a.conf", "run/a.sock"),
        ("usr/local/etc/php-fpm.d/a.conf", "run/a.sock"),
    ],
)
def test_the_releases_prefix_is_that_of_its_own_php_fpm(path: str, listen: str, tmp_path: Path) -> None:
    assert pool_of(tmp_path, "listen = run/a.sock", DEBIAN, path).listen.data == listen


@pytest.mark.parametrize(
    ("lines", "needed"),
    [
        ("prefix = {{ prefix }}\nlisten = a.sock", NEEDED),
        ("listen = a.sock\ninclude = /elsewhere/*.conf", NEEDED),
        ("listen = a.sock", ""),
    ],
)
def test_under_an_unknown_prefix_the_path_stays_relative(lines: str, needed: str, tmp_path: Path) -> None:
    path = f"{POOL_D}/a.conf.j2" if "{{" in lines else f"{POOL_D}/a.conf"
    pool = pool_of(tmp_path, lines, DEBIAN, path, needed)
    assert pool.listen.data == "a.sock"


def test_a_hole_for_the_address_stays_unknown(tmp_path: Path) -> None:
    lines = "prefix = /srv\nlisten = {{ socket }}"
    assert pool_of(tmp_path, lines, DEBIAN, f"{POOL_D}/a.conf.j2").listen.state == "unknown"


def test_a_site_reaches_the_pool_below_its_prefix(tmp_path: Path) -> None:
    pool = f"[a.com]\n{NEEDED}prefix = /var/www/vhosts/system/$pool\nlisten = php-fpm.sock\n"
    socket = "unix:/var/www/vhosts/system/{}/php-fpm.sock"
    sites = "".join(
        f"server {{ listen 80; location ~ {name} {{ fastcgi_pass {socket.format(name)}; }} }}\n"
        for name in ("a.com", "b.com")
    )
    stack = stack_of(tmp_path, {f"{POOL_D}/a.conf": pool, "etc/nginx/conf.d/sites.conf": sites})
    assert [path.pool.name if path.pool else None for path in stack.paths] == ["a.com", None]
    assert stack.pools[0].listener
    assert stack.pools[0].listener.address == "unix:/var/www/vhosts/system/a.com/php-fpm.sock"
