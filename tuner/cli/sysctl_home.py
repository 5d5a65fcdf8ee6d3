"""Which file takes a sysctl of the plan that no file of the host has yet."""

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence

from tuner.cli.loading import Loaded
from tuner.load.pool_setting import SOMAXCONN
from tuner.source.tree import lies_in, real_path
from tuner.stack.hosts import HostFiles
from tuner.stack.model import Stack
from tuner.stack.target import Target
from tuner.tune.fragments import SYSCTL_FILE
from tuner.tune.kernel import justified_somaxconn
from tuner.tune.new_file import Home
from tuner.tune.plan import Plan

FOLDER, MAIN = "/etc/sysctl.d", "/etc/sysctl.conf"


def homes_of(options: Namespace, loaded: Loaded, plans: Sequence[Plan]) -> Mapping[int, Home]:
    """Return the home of each recommended sysctl that stands nowhere, by the recommendation's identity."""
    given = [real_path(path) for path in options.paths or ["."]]
    homes = {}
    for host, stack, plan in zip(loaded.hosts, loaded.stacks, plans, strict=True):
        for found in plan.recommendations:
            if found.program == "kernel":
                is_somaxconn = found.setting == SOMAXCONN
                value = justified_somaxconn(stack, plan) if is_somaxconn else int(found.recommended)
                homes[id(found)] = _home(host, stack, host.target or loaded.target, given, value)
    return homes


def _home(host: HostFiles, stack: Stack, target: Target, given: Sequence[str], value: int) -> Home:
    """Return fpmtune's own file in sysctl.d; sysctl.conf of a host that has no such folder.

    Nothing is written outside the given paths, nor for a container, whose own sysctls the host's files are
    not.
    """
    if any(pool.is_in_container.data for pool in stack.pools):
        return Home("", value, refusal="a container takes it from outside: sysctls of compose")
    place = next((path for path in host.given_paths(FOLDER) if _is_own_folder(path, given)), None)
    if place is None or host.is_sysctl_stated:
        is_read = target.sysctl_conf_at_boot is not False
        return _sysctl_conf(host, given, value, is_read_at_boot=is_read)
    known = host.by_path.get(f"{FOLDER}/{SYSCTL_FILE}")
    path = os.path.join(place, SYSCTL_FILE)
    if known is not None and known.document is not None:
        return Home(known.path, value, known.document)
    shown = _shown(host, path)
    if os.path.lexists(path):
        return Home(shown, value, refusal=f"{shown} is there and cannot be read")
    return Home(shown, value, disk_path=path)


def _sysctl_conf(host: HostFiles, given: Sequence[str], value: int, *, is_read_at_boot: bool) -> Home:
    main = host.by_path.get(MAIN)
    is_given = main is not None and any(lies_in(main.source.disk_path, path) for path in given)
    if main is None or main.document is None or not is_given or not is_read_at_boot:
        words = "no file of those given has it, and there is no /etc/sysctl.d among them"
        return Home("", value, refusal=words)
    return Home(main.path, value, main.document)


def _is_own_folder(path: str, given: Sequence[str]) -> bool:
    return os.path.isdir(path) and any(lies_in(real_path(path), folder) for folder in given)


def _shown(host: HostFiles, path: str) -> str:
    """Return the path that users see: it begins as that of another file of the host does."""
    for file in host.files:
        disk, shown = file.source.disk_path.split("/"), file.path.split("/")
        while disk and shown and disk[-1] == shown[-1]:
            disk.pop()
            shown.pop()
        if lies_in(path, "/".join(disk) or "/"):
            return "/".join((*shown, *path.split("/")[len(disk) :]))
    return path
