"""Reads this machine, and makes it the target."""

import os
import socket
from collections.abc import Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from tuner import packaged
from tuner.source.tree import real_path
from tuner.stack.live.machine import THIS_MACHINE, Machine, Reading, RunningSocket
from tuner.stack.live.namespace import Namespace, NotEnteredError
from tuner.stack.live.processes import Daemon, daemons, own_namespace
from tuner.stack.live.sock_diag import Listening, listening
from tuner.stack.live.versions import kernel_versions, program_versions
from tuner.stack.model import Family, Owner
from tuner.stack.target import Target

FAMILIES: dict[Family, socket.AddressFamily] = {
    "tcp4": socket.AF_INET,
    "tcp6": socket.AF_INET6,
    "unix": socket.AF_UNIX,
}
PROC_SYS = "/proc/sys"
OF_NAMESPACE = "net."
SYSTEMDS_SYSCTL = ("/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl")
OS_RELEASE = "/etc/os-release"
RUNNING_MANAGERS = {"systemd": "/run/systemd/system", "openrc": "/run/openrc"}
"""The folder that a service manager has while it runs: sd_booted(3); OpenRC's state."""

VALUE_BYTES = 4096


class _Inhabited(NamedTuple):
    """A network namespace and the daemons in it; none where no daemon runs and the namespace is ours."""

    namespace: Namespace
    daemons: tuple[Daemon, ...] = ()

    @property
    def owners(self) -> frozenset[Owner]:
        return frozenset(daemon.owner for daemon in self.daemons)


def host_target(paths: Sequence[str], *, has_the_files: bool = True) -> Target:
    """Return this machine as the target of the configuration at `paths`; nothing that goes wrong is raised.

    `has_the_files` says that the machine runs with what lies there, rather than will one day. What counts is
    the network namespace of the daemons that see these files: of none, our own.
    """
    places = _places(daemons([real_path(path) for path in paths]))
    found = [daemon for place in places for daemon in place.daemons]
    uname, release_name = os.uname(), _release_name()
    release: dict[str, Any] = packaged.defaults_tables()["targets"].get(release_name, {})
    kernel, patched = kernel_versions(uname.release, uname.version)
    programs = program_versions([daemon.program for daemon in found if daemon.program])
    versions = {**({"kernel": kernel} if kernel else {}), **programs}
    words = ", ".join((f"kernel {uname.release}", *(f"{name} {v}" for name, v in programs.items())))
    return Target(
        name=f"{THIS_MACHINE} ({words})",
        versions=versions,
        patched={"kernel": patched} if patched else {},
        sysctl_conf_at_boot=not any(map(os.path.exists, SYSTEMDS_SYSCTL)),
        php_prefix=release.get("php_prefix"),
        redis_open_files=release.get("redis_open_files"),
        machine=_machine(places, found)._replace(has_the_files=has_the_files),
        release=release_name,
        service_manager=_service_manager(),
    )


def _places(found: Sequence[Daemon]) -> list[_Inhabited]:
    """Return the namespaces of the daemons, ours first; only ours where no daemon was found.

    One whose daemons have ended since they were found is left out.
    """
    ours = own_namespace()
    by_namespace: dict[int, list[Daemon]] = {}
    for daemon in found:
        by_namespace.setdefault(daemon.namespace or ours, []).append(daemon)
    places = [
        _Inhabited(namespace, tuple(members))
        for number, members in sorted(by_namespace.items(), key=lambda item: item[0] != ours)
        if (namespace := Namespace(THIS_MACHINE) if number == ours else _namespace(members)) is not None
    ]
    return places or [_Inhabited(Namespace(THIS_MACHINE))]


def _namespace(members: Sequence[Daemon]) -> Namespace | None:
    name = "the network namespace of " + ", ".join(map(str, members))
    opened = (Namespace.of_process(name, daemon.pid) for daemon in members)
    return next((namespace for namespace in opened if namespace is not None), None)


def _machine(places: Sequence[_Inhabited], found: Sequence[Daemon]) -> Machine:
    @cache
    def read(key: str) -> tuple[Reading, ...]:
        if not key.startswith(OF_NAMESPACE):
            return (_reading(_Inhabited(Namespace(THIS_MACHINE)), key),)
        return tuple(_reading(place, key) for place in places)

    sockets, unseen = [], {}
    for place in places:
        for family, number in FAMILIES.items():
            try:
                listed = place.namespace.run(partial(listening, number))
            except (OSError, NotEnteredError) as error:
                unseen[family] = f"the sockets of {place.namespace.name} cannot be seen: {_why(error)}"
            else:
                sockets += list(_running(place, listed))
    return Machine(
        read=read,
        sockets=sockets,
        running=frozenset(daemon.owner for daemon in found),
        unseen=unseen,
        real_path=real_path,
        processors=os.cpu_count(),
    )


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _running(place: _Inhabited, listed: Sequence[Listening]) -> Iterator[RunningSocket]:
    """Yield the sockets that are a daemon's, or may be one's whose file descriptors cannot be seen."""
    is_open = any(daemon.sockets is None for daemon in place.daemons)
    owner_of = {inode: daemon.owner for daemon in place.daemons for inode in daemon.sockets or ()}
    for socket_ in listed:
        owner = owner_of.get(socket_.inode)
        if owner or is_open:
            yield RunningSocket(socket_.address, socket_.backlog, socket_.queue, owner, place.namespace.name)


def _reading(place: _Inhabited, key: str) -> Reading:
    """Read one key as the daemons of `place` would."""
    where, owners = place.namespace.name, place.owners
    path = _path_of(key)
    if path is None:
        return Reading(None, where, owners=owners)
    try:
        text = place.namespace.run(partial(_read, path))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return Reading(None, where, owners=owners)
    except NotEnteredError as error:
        return Reading(None, where, str(error), owners)
    except OSError as error:
        return Reading(None, where, f"{path} cannot be read: {error.strerror}", owners)
    return Reading(text, where, owners=owners)


def _path_of(key: str) -> str | None:
    """Return the file of a key, in which a dot of an interface's name is written as a slash."""
    parts = [part.replace("/", ".") for part in key.split(".")]
    return None if not all(parts) or ".." in parts else "/".join((PROC_SYS, *parts))


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(VALUE_BYTES)


def _service_manager() -> str:
    """Return what starts the services of this machine, empty if it is none of those known."""
    return next((name for name, folder in RUNNING_MANAGERS.items() if os.path.isdir(folder)), "")


def _release_name() -> str:
    """Return the name and number of this machine's release, empty where it tells none."""
    try:
        with open(OS_RELEASE, encoding="utf-8", errors="replace") as file:
            pairs = (line.strip().partition("=") for line in file)
            told = {name: value.strip("\"'") for name, _, value in pairs}
    except OSError:
        return ""
    return f"{told['ID']}-{told.get('VERSION_ID', '')}" if "ID" in told else ""
