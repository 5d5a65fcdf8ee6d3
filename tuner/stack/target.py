"""The machine the files are meant for: which version of each program it runs, as far as somebody said."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from tuner import packaged
from tuner.errors import UsageError
from tuner.laws.listen_queue import OLDEST_KERNEL
from tuner.laws.version import Version
from tuner.source.regex import regex
from tuner.stack.value import Origin

if TYPE_CHECKING:
    from tuner.stack.live.machine import Machine

PHP_VERSION_IN_PATH = regex(r"(?:^|/)(?:php/|php-?)([5-9])(?:\.?([0-9]))?(?=[/.-]|$)")
LAST_PHP_5 = "5.6"
BUILT_ELSEWHERE = ("/opt/", "/usr/local/")
PROGRAMS = ("kernel", "php", "nginx", "redis", "valkey")


UNSTATED: Mapping[str, Version] = MappingProxyType({})


class Target(NamedTuple):
    """Versions by program. A program that is missing here runs an unknown version.

    `patched` holds, where the release's updates say more than its version number, the oldest patch level
    that an updated machine runs. `name` is empty when nobody named a target. `sysctl_conf_at_boot` is None
    where it depends on the release. `redis_open_files` is LimitNOFILE of the release's own redis-server unit,
    `machine` what runs there, None unless a machine was looked at. `release` is the distribution's name and
    number. `service_manager` is what starts the services of a machine that was looked at, empty if it is
    none of those known; None where it follows from the release.
    """

    name: str = ""
    versions: Mapping[str, Version] = UNSTATED
    patched: Mapping[str, Version] = UNSTATED
    sysctl_conf_at_boot: bool | None = None
    php_prefix: str | None = None
    redis_open_files: int | None = None
    machine: Machine | None = None
    release: str = ""
    service_manager: str | None = None

    @property
    def tells_the_kernel(self) -> bool:
        """Whether the kernel's own numbers follow from it: a release was named, or a kernel version given."""
        return "kernel" in self.versions or self.sysctl_conf_at_boot is not None

    @property
    def origin(self) -> Origin:
        """The origin of what follows from the versions."""
        return Origin("live", self.name) if self.machine else Origin("target", f"target {self.name}")

    def version(self, program: str) -> Version | None:
        """Return the version of `program`, or None when it is unknown."""
        return self.versions.get(program)

    def patch_level(self, program: str) -> Version | None:
        """Return the most exact version known of `program`."""
        return self.patched.get(program) or self.versions.get(program)

    def with_version(self, program: str, version: Version) -> Target:
        """Return this target with a version that the files themselves tell; one that was given wins."""
        if program in self.versions:
            return self
        return self._replace(versions={**self.versions, program: version})


def parse_target(text: str) -> Target:
    """Read `debian-12`, `kernel=6.1,php=8.2` or both (`rhel-9,php=8.2`).

    Raises UsageError for a name or program that is not known.
    """
    target = Target(name=text)
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        program, equals, version = part.partition("=")
        target = _with_program(target, program.strip(), version.strip()) if equals else _named(target, part)
    return target


def _named(base: Target, name: str) -> Target:
    table = packaged.defaults_tables()["targets"]
    if name not in table:
        raise UsageError(
            f"unknown target '{name}': expected one of {', '.join(table)}, or kernel=6.1,php=8.2,..."
        )
    if base.sysctl_conf_at_boot is not None:
        raise UsageError(f"--target {base.name}: two releases in one target")
    row = table[name]
    programs = {key: value for key, value in row.items() if key in PROGRAMS}
    versions = {key: Version.parse(value["version"]) for key, value in programs.items()}
    patched = {
        key: Version.parse(value["patched"])
        for key, value in programs.items()
        if "patched" in value and key not in base.versions
    }
    return Target(
        base.name,
        {**versions, **base.versions},
        patched,
        row.get("sysctl_conf_at_boot"),
        row.get("php_prefix"),
        row.get("redis_open_files"),
        release=name,
    )


def _with_program(base: Target, program: str, version: str) -> Target:
    if program not in PROGRAMS:
        raise UsageError(f"unknown program '{program}' in --target: expected one of {', '.join(PROGRAMS)}")
    try:
        parsed = Version.parse(version)
    except ValueError as error:
        raise UsageError(f"--target {program}={version}: {error}") from None
    if program == "kernel" and parsed < OLDEST_KERNEL:
        raise UsageError(f"--target kernel={version}: nothing is known of kernels before {OLDEST_KERNEL}")
    patched = {key: value for key, value in base.patched.items() if key != program}
    return base._replace(versions={**base.versions, program: parsed}, patched=patched)


def version_in_path(path: str) -> Version | None:
    """Return the PHP version that a file's path tells (`/etc/php/8.2/fpm`, `/etc/php5`), or None."""
    found = PHP_VERSION_IN_PATH.search(path)
    if not found:
        return None
    major, minor = found.groups()
    if minor is None:
        return Version.parse(LAST_PHP_5) if major == "5" else None
    return Version.parse(f"{major}.{minor}")


def target_at(path: str, target: Target) -> Target:
    """Return `target` for the php-fpm of a file: its path tells the PHP version, unless one was given.

    The release's own php-fpm has its files in `/etc`: what was compiled into one of `/opt` is not known.
    """
    if path.startswith(BUILT_ELSEWHERE):
        target = target._replace(php_prefix=None)
    version = version_in_path(path)
    return target.with_version("php", version) if version else target
