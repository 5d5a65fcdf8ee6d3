"""Which versions this machine runs: the kernel by its own word, programs by package data or their `-v`."""

import os
import re
import stat
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from tuner.laws.listen_queue import OLDEST_KERNEL
from tuner.laws.version import Version
from tuner.source.tree import real_path

DPKG_STATUS = "/var/lib/dpkg/status"
STANZA = re.compile(rb"^Package: (nginx(?:-[a-z]+)?|php[0-9.]*-fpm|redis-server)\n((?:.+\n)*)", re.MULTILINE)
INSTALLED = re.compile(rb"^Status: \S+ \S+ installed$", re.MULTILINE)
PACKAGE_VERSION = re.compile(rb"^Version: (?:[0-9]+:)?([0-9.]+)", re.MULTILINE)
PROGRAM_FOLDERS = ("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/local/nginx/sbin")
NAMES = {
    "nginx": re.compile(r"nginx\Z"),
    "php": re.compile(r"php-fpm[0-9.]*\Z"),
    "redis": re.compile(r"redis-server\Z"),
}
SAID = {
    "nginx": re.compile(r"^nginx version: \S*?/([0-9.]+)", re.MULTILINE),
    "php": re.compile(r"^PHP ([0-9.]+)", re.MULTILINE),
    "redis": re.compile(r"^Redis server v=([0-9.]+)", re.MULTILINE),
}
OPTION = {"nginx": "-v", "php": "-v", "redis": "--version"}
DISTRIBUTIONS_OWN = re.compile(r"(?:Debian|Ubuntu) ([0-9]+\.[0-9]+\.[0-9]+)")
HIDDEN_PATCH_LEVEL = re.compile(r"([0-9]+\.[0-9]+)\.0-")
PATIENCE_S = 3
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def kernel_versions(release: str, version: str) -> tuple[Version | None, Version | None]:
    """Return the kernel's version, and its patch level where that is known, from what uname(2) says.

    Distributions call every 6.1.x `6.1.0-32`; Debian tells the number behind it in `version` (`Debian
    6.1.129-1`). None for a release that is no version, or older than anything known.
    """
    try:
        kernel = Version.parse(release)
    except ValueError:
        return None, None
    if kernel < OLDEST_KERNEL:
        return None, None
    hidden = HIDDEN_PATCH_LEVEL.match(release)
    if hidden is None:
        return kernel, kernel
    told = DISTRIBUTIONS_OWN.search(version)
    return Version.parse(hidden[1]), Version.parse(told[1]) if told else None


def program_versions(running: Iterable[str] = ()) -> dict[str, Version]:
    """Return the version of nginx, php and redis as far as one is installed; none of several PHPs.

    `running` are the executables of daemons: of a program that no package installed, or that runs from a
    folder of its own, that executable tells.
    """
    packaged = _dpkg_versions()
    found = {}
    for program, name in NAMES.items():
        own = [path for path in dict.fromkeys(running) if name.match(os.path.basename(path))]
        versions = _versions(program, packaged.get(program, ()), own)
        if len({version.numbers[:2] for version in versions}) == 1:
            found[program] = max(versions)
    return found


def _versions(program: str, packaged: Sequence[Version], running: Sequence[str]) -> list[Version]:
    local = [path for path in running if not path.startswith(("/usr/sbin/", "/usr/bin/", "/sbin/"))]
    if local or not packaged:
        asked = (_said(program, path) for path in (local or _executables(program)))
        return [version for version in asked if version]
    return list(packaged)


def _dpkg_versions() -> Mapping[str, Sequence[Version]]:
    try:
        with open(DPKG_STATUS, "rb") as file:
            data = file.read()
    except OSError:
        return {}
    found: dict[str, list[Version]] = {}
    for name, body in STANZA.findall(data):
        version = PACKAGE_VERSION.search(body)
        if INSTALLED.search(body) and version:
            program = re.split(r"[0-9-]", name.decode())[0]
            if (parsed := _parsed(version[1].decode())) and _has_program(program, name.decode()):
                found.setdefault(program, []).append(parsed)
    return found


def _has_program(program: str, package: str) -> bool:
    """Say whether the package's version is the program's: nginx-common's is, that of a module is not."""
    return program != "nginx" or package in ("nginx", "nginx-common")


def _parsed(text: str) -> Version | None:
    try:
        return Version.parse(text.rstrip("."))
    except ValueError:
        return None


def _executables(program: str) -> list[str]:
    found = []
    for folder in PROGRAM_FOLDERS:
        try:
            found += [os.path.join(folder, n) for n in os.listdir(folder) if NAMES[program].match(n)]
        except OSError:
            continue
    return found


def _said(program: str, path: str) -> Version | None:
    """Return what the program says of itself; None for one outside the system's folders, or not root's."""
    real = real_path(path)
    if os.path.dirname(real) not in PROGRAM_FOLDERS or not _is_roots(real):
        return None
    try:
        done = subprocess.run(
            [real, OPTION[program]],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
            stdin=subprocess.DEVNULL,
            env=ENVIRONMENT,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = SAID[program].search(done.stdout + done.stderr)
    return _parsed(match[1]) if match else None


def _is_roots(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False
    return status.st_uid == 0 and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
