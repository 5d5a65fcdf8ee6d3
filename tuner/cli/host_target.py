"""Whether this machine is the target, and what of it is read along with the given paths."""

import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tuner.errors import UsageError
from tuner.source.regex import regex
from tuner.source.tree import Tree, lies_in, real_path
from tuner.stack.target import Target

HOST = "host"
OWN_FOLDER = regex(r"/(?:etc|usr/local/etc|usr/local/nginx|opt/[^/]+/etc)(?:/|\Z)")
CHECKOUT_MARKS = (".git", ".hg", ".svn")
ETCKEEPERS_MARK = "/etc/.etckeeper"
"""etckeeper makes /etc itself a repository, and it stays the machine's own."""

AUTOMATION = (
    *("CI", "CONTINUOUS_INTEGRATION", "GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI", "TRAVIS"),
    *("JENKINS_URL", "TEAMCITY_VERSION", "TF_BUILD", "BITBUCKET_BUILD_NUMBER", "DRONE", "PRE_COMMIT"),
)
"""Variables that mean: what is checked is not meant for the machine that the check runs on."""

SYSCTL = (
    "/etc/sysctl.conf",
    *(f"/{folder}/sysctl.d" for folder in ("etc", "run", "usr/local/lib", "usr/lib")),
)
NGINX = "/etc/nginx"
POOL_FOLDERS = ("pool.d", "php-fpm.d")
PHP_FPM_MAIN, NGINX_MAIN = "php-fpm.conf", "nginx.conf"


class ThisMachine(NamedTuple):
    """This machine as the target. `along` are the files and folders that are read besides the given ones.

    `asked` are the real paths that the check is about: what was given, and what a given main file stands for.
    `is_own` says that they are the configuration that the machine itself runs with.
    """

    asked: tuple[str, ...]
    along: tuple[str, ...] = ()
    is_own: bool = False

    def with_links(self, tree: Tree) -> "ThisMachine":
        """Return it asked about what the links below the given paths lead to as well: that is in them."""
        ends = {end for link, end in tree.links.items() if self.is_asked(link)}
        asked = (*self.asked, *sorted(end for end in ends if not self.is_asked(end)))
        return self._replace(asked=asked, along=tuple(path for path in self.along if path not in ends))

    def target(self) -> Target:
        """Look at the machine, and return it as the target."""
        from tuner.stack.live.read import host_target

        return host_target(self.asked, has_the_files=self.is_own)

    def forget_unreadable(self, tree: Tree) -> None:
        """Take out of `tree` what was to be read along and cannot be: nobody asked about it."""
        tree.files = {
            path: file for path, file in tree.files.items() if not file.failure or self.is_asked(path)
        }

    def is_asked(self, disk_path: str) -> bool:
        """Say whether the check is about the file at a real path."""
        return any(lies_in(disk_path, asked) for asked in self.asked)


def this_machine(
    options: Namespace, paths: Sequence[str], is_target_stated: bool, environment: Mapping[str, str]
) -> ThisMachine | None:
    """Return this machine where it is the target: asked for by name, or because of the `paths`.

    `is_target_stated` says that the project names its target or its machines. Raises UsageError where
    `--target host` cannot be done.
    """
    is_named = options.target == HOST
    if is_named and not sys.platform.startswith("linux"):
        raise UsageError("--target host: only a Linux machine can be looked at")
    reals = [real_path(path) for path in paths]
    is_own = bool(reals) and all(map(_is_own, reals))
    if not is_named:
        is_stated = is_target_stated or options.target is not None or options.sysctl or options.root
        if is_stated or not is_own or len(paths) < len(options.paths or ["."]) or _is_automation(environment):
            return None
        if not sys.platform.startswith("linux"):
            return None
    if not is_own:
        return ThisMachine(tuple(reals))
    return ThisMachine((*reals, *_stands_for(reals)), tuple(_along(reals)), is_own=True)


def is_machines_own(real: str) -> bool:
    """Say whether this Linux machine itself runs with what lies at a real path, outside of automation."""
    return sys.platform.startswith("linux") and _is_own(real) and not _is_automation(os.environ)


def _is_own(real: str) -> bool:
    return OWN_FOLDER.match(real) is not None and not _is_in_checkout(real)


def _is_in_checkout(real: str) -> bool:
    folder = real
    while folder != "/":
        is_etckeepers = folder == "/etc" and os.path.exists(ETCKEEPERS_MARK)
        if not is_etckeepers and any(os.path.lexists(f"{folder}/{mark}") for mark in CHECKOUT_MARKS):
            return True
        folder = os.path.dirname(folder)
    return any(os.path.lexists(f"/{mark}") for mark in CHECKOUT_MARKS)


def _is_automation(environment: Mapping[str, str]) -> bool:
    return any(environment.get(name) for name in AUTOMATION)


def _stands_for(reals: Sequence[str]) -> list[str]:
    """Return the folders that a given main file includes."""
    found = []
    for real in reals:
        folder, name = os.path.split(real)
        if name == NGINX_MAIN:
            found.append(folder)
        elif name == PHP_FPM_MAIN:
            found += [os.path.join(folder, pools) for pools in POOL_FOLDERS]
    return found


def _along(reals: Sequence[str]) -> list[str]:
    """Return what is read besides: the sysctl files, nginx' and the main file beside a folder of pools."""
    mains = []
    for real in reals:
        folder = real if os.path.isdir(real) else os.path.dirname(real)
        if os.path.basename(folder) in POOL_FOLDERS:
            mains.append(os.path.join(os.path.dirname(folder), PHP_FPM_MAIN))
    listed = (*SYSCTL, NGINX, *mains)
    return [path for path in listed if os.path.exists(path) and not any(lies_in(path, r) for r in reals)]
