"""What a host's service manager calls the programs that run there, as far as release and paths tell."""

from collections.abc import Collection, Iterable, Sequence
from re import Pattern
from typing import Literal, NamedTuple

from tuner.source.regex import regex
from tuner.stack.target import Target

Manager = Literal["systemd", "openrc", ""]

DEBIAN, RHEL, ALPINE = "debian", "rhel", "alpine"
FAMILIES = {
    **dict.fromkeys((DEBIAN, "ubuntu"), DEBIAN),
    **dict.fromkeys((RHEL, "centos", "fedora", "rocky", "almalinux", "ol"), RHEL),
    ALPINE: ALPINE,
}
"""The releases, by the first word of their names, whose packages call their services alike."""

MANAGERS: dict[str, Manager] = {DEBIAN: "systemd", RHEL: "systemd", ALPINE: "openrc"}
NGINX, NGINX_FOLDER = "nginx", "/etc/nginx/"


class _Layout(NamedTuple):
    """Where the package of a family has its files, and what its service is called."""

    family: str
    path: Pattern[str]
    service: str


PHP_FPM = (
    _Layout(DEBIAN, regex(r"/etc/php/([0-9]+\.[0-9]+)/fpm/"), "php{}-fpm"),
    _Layout(RHEL, regex(r"/etc/opt/remi/php([0-9]+)/php-fpm\."), "php{}-php-fpm"),
    _Layout(RHEL, regex(r"/etc/(php-fpm)\.(?:d/|conf\Z)"), "{}"),
    _Layout(ALPINE, regex(r"/etc/php([0-9]+)/php-fpm\."), "php-fpm{}"),
)
REDIS = (
    _Layout(DEBIAN, regex(r"/etc/redis/(redis)\.conf\Z"), "{}-server"),
    _Layout(DEBIAN, regex(r"/etc/redis/redis-([A-Za-z0-9_-]+)\.conf\Z"), "redis-server@{}"),
    _Layout(DEBIAN, regex(r"/etc/valkey/(valkey)\.conf\Z"), "{}-server"),
    _Layout(RHEL, regex(r"/etc/(?:redis/)?(redis)\.conf\Z"), "{}"),
    _Layout(RHEL, regex(r"/etc/valkey/(valkey)\.conf\Z"), "{}"),
    _Layout(ALPINE, regex(r"/etc/(?:redis/)?(redis)\.conf\Z"), "{}"),
)
"""Debian's packages, redis-server@.service among them; those of RHEL and Alpine."""


class Services(NamedTuple):
    """The services of one host. Without a `family` no name is known."""

    family: str
    manager: Manager

    def php_fpm(self, main_file: str) -> str:
        """Return what the php-fpm with this file, its main one or a pool's, is called; empty if not known."""
        return _named(PHP_FPM, self.family, main_file)

    def redis(self, main_file: str) -> str:
        """Return what the Redis that is started with this file is called; empty if that is not known."""
        return _named(REDIS, self.family, main_file)

    def nginx(self, files: Iterable[str]) -> str:
        """Return what the nginx of these files is called; empty if that is not known."""
        is_packages = self.family and any(path.startswith(NGINX_FOLDER) for path in files)
        return NGINX if is_packages else ""


UNKNOWN_SERVICES = Services("", "")


def services_of(target: Target, php_fpm_files: Collection[str], *, is_image: bool) -> Services:
    """Return the services of a host. All paths are those that the host knows.

    The target's release decides, else the layout of its php-fpm. Nothing is known of an image, in which no
    service manager runs, unless a running machine was looked at.
    """
    looked_at = target.service_manager
    if looked_at == "" or (is_image and looked_at is None):
        return UNKNOWN_SERVICES
    told = FAMILIES.get(target.release.partition("-")[0])
    found = {layout.family for path in php_fpm_files for layout in PHP_FPM if layout.path.match(path)}
    family = told or (found.pop() if len(found) == 1 and not target.release else "")
    if looked_at is not None and MANAGERS.get(family) != looked_at:
        return UNKNOWN_SERVICES
    return Services(family, MANAGERS[family]) if family else UNKNOWN_SERVICES


def _named(layouts: Sequence[_Layout], family: str, path: str) -> str:
    matches = ((layout, layout.path.match(path)) for layout in layouts if layout.family == family)
    return next((layout.service.format(match[1]) for layout, match in matches if match), "")
