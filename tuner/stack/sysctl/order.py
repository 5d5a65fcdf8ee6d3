"""In which order sysctl files are applied: by systemd-sysctl at boot, and by `sysctl --system`."""

import fnmatch
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tuner.formats.document import Directive, Document
from tuner.source.regex import regex
from tuner.source.text import Text, encode
from tuner.stack.hosts import GLOB, HostFiles
from tuner.stack.target import Target

STANDARD_FOLDER = regex(r"/(etc|run|usr/local/lib|usr/lib|lib)/sysctl\.d/")
STANDARD = regex(STANDARD_FOLDER.pattern + r"([^/]+\.conf)\Z")
UBUNTUS_OWN = frozenset(
    f"10-{name}.conf"
    for name in (
        *("bufferbloat", "console-messages", "ipv6-privacy", "kernel-hardening", "magic-sysrq", "map-count"),
        *("network-security", "ptrace", "zeropage"),
    )
)
"""What Ubuntu's procps puts into /etc/sysctl.d itself."""
RANKS = {"etc": 0, "run": 1, "usr/local/lib": 2, "usr/lib": 3, "lib": 4}
SYSCTL_D = regex(r"(.*/)sysctl\.d/([^/]+\.conf)\Z")
_ESCAPED = regex(r"\\(.)")
BOOT_NAME_OF_SYSCTL_CONF = "99-sysctl.conf"
MACHINES_OWN = ""
"""The group of the folders that the machine's programs read."""


class SysctlFile(NamedTuple):
    """One file with its rank: lower `directory` wins among equal names; `is_main` is sysctl.conf.

    `document` is None for a link to /dev/null, which only masks files of the same name. `is_machines_own`
    says that it lies where the machine's programs look.
    """

    document: Document | None
    name: str
    directory: int
    is_main: bool = False
    is_machines_own: bool = False

    @property
    def is_vendors(self) -> bool:
        """Whether packages own it, so that overriding it from /etc is what it is there for."""
        return self.directory >= RANKS["usr/lib"] or self.name in UBUNTUS_OWN


class Assignment(NamedTuple):
    """One `key = value` in the order of loading."""

    source: SysctlFile
    text: Text
    directive: Directive

    @property
    def is_known_to_procps(self) -> bool:
        """Whether `sysctl` finds the key: a blank behind the leading `-` counts as a part of it."""
        dash = self.directive.key
        return dash is None or dash.span.end == self.directive.name.span.start


def load_sets(host: HostFiles) -> list[list[SysctlFile]]:
    """Return the sysctl files in groups that are each loaded in one known order.

    The machine's own folders, with what links in them lead to, are one group, each other folder that holds a
    `sysctl.d` or a `sysctl.conf` one more, and a file of another name stands alone: no rule ranks it against
    the rest. A file of a `sysctl.d` of the machine that does not end in `.conf` is left out.
    """
    groups: dict[str, list[SysctlFile]] = {}
    ranked = {host.by_path[link].path for link in host.links if STANDARD.match(link)}
    for path, file in host.by_path.items():
        if file.kind == "sysctl" and file.document and not _is_passed_over(path):
            group, placed = _place(path, file.document)
            group = MACHINES_OWN if host.is_sysctl_stated else group
            if group == MACHINES_OWN or not (path in host.links or file.path in ranked):
                groups.setdefault(group, []).append(placed)
    for path in host.masks:
        if STANDARD.match(path) and MACHINES_OWN in groups:
            groups[MACHINES_OWN].append(_place(path, None)[1])
    return list(groups.values())


def passed_over(host: HostFiles) -> list[str]:
    """Return the sysctl files that lie where sysctl looks, under a name that it does not read."""
    return [
        file.path for path, file in host.by_path.items() if file.kind == "sysctl" and _is_passed_over(path)
    ]


def _is_passed_over(path: str) -> bool:
    """Say whether it lies in one of the machine's own folders under a name that no program reads."""
    return STANDARD_FOLDER.match(path) is not None and STANDARD.match(path) is None


def _place(path: str, document: Document | None) -> tuple[str, SysctlFile]:
    if found := STANDARD.match(path):
        rank = RANKS[found.group(1)]
        return MACHINES_OWN, SysctlFile(document, found.group(2), rank, is_machines_own=True)
    if path == "/etc/sysctl.conf":
        return MACHINES_OWN, SysctlFile(document, "sysctl.conf", 0, is_main=True, is_machines_own=True)
    if found := SYSCTL_D.match(path):
        return found.group(1), SysctlFile(document, found.group(2), 0)
    if path.endswith("/sysctl.conf"):
        return path.removesuffix("sysctl.conf"), SysctlFile(document, "sysctl.conf", 0, is_main=True)
    return path, SysctlFile(document, path.rsplit("/", 1)[-1], 0)


def boot_files(files: Iterable[SysctlFile], target: Target) -> list[SysctlFile]:
    """Return what systemd-sysctl reads, in order: by name, equal names from the first folder only.

    It reads sysctl.conf through a link alone: that of the tree, else `99-sysctl.conf`, which Debian 13 no
    longer ships.
    """
    chosen: dict[str, SysctlFile] = {}
    listed = sorted(files, key=lambda f: (f.directory, f.is_main))
    for file in listed:
        if file.is_main:
            is_linked = any(other.document is file.document for other in listed if other is not file)
            if not is_linked and target.sysctl_conf_at_boot is not False:
                chosen.setdefault(BOOT_NAME_OF_SYSCTL_CONF, file)
        elif not file.name.startswith("."):
            chosen.setdefault(file.name, file)
    return [chosen[name] for name in sorted(chosen, key=encode)]


def system_files(files: Iterable[SysctlFile]) -> list[SysctlFile]:
    """Return what `sysctl --system` of procps 4 reads, in order: sysctl.conf is always last."""
    chosen: dict[str, SysctlFile] = {}
    main = [file for file in files if file.is_main]
    for file in sorted((f for f in files if not f.is_main), key=lambda f: f.directory):
        chosen.setdefault(file.name, file)
    return [*(chosen[name] for name in sorted(chosen, key=encode)), *main]


class Assignments:
    """The assignments of files that are read in this order, by key."""

    def __init__(self, files: Iterable[SysctlFile]) -> None:
        self._named: dict[str, list[Assignment]] = {}
        self._globs: list[Assignment] = []
        for source in files:
            if source.document:
                for directive in source.document.directives:
                    self._add(Assignment(source, source.document.text, directive))

    def _add(self, assignment: Assignment) -> None:
        name = assignment.directive.name.text
        self._named.setdefault(name, []).append(assignment)
        if GLOB.search(name):
            self._globs.append(assignment)

    def of(self, key: str) -> list[Assignment]:
        """Return every assignment of `key`, in order; globs count only where no file names the key itself.

        `-key` without a value names it, too: it takes the key out of the globs.
        """
        found = self._named.get(key) or [a for a in self._globs if matches(a.directive.name.text, key)]
        return [a for a in found if a.directive.args]


def matches(pattern: str, key: str) -> bool:
    """Say whether `pattern` matches `key` part by part, as glob(3) does in /proc/sys.

    A backslash before a separator counts for nothing.
    """
    parts, names = pattern.replace("\\.", ".").split("."), key.split(".")
    return len(parts) == len(names) and all(map(_matches_part, names, parts))


def _matches_part(name: str, pattern: str) -> bool:
    """Match one part: a backslash takes the next character as it is, and `[^a]` is `[!a]`."""
    literal = _ESCAPED.sub(r"[\1]", pattern).replace("[^", "[!")
    return fnmatch.fnmatchcase(name, literal)


def keys_of(files: Sequence[SysctlFile]) -> list[str]:
    """Return every key that the files name, in the order of the files."""
    return list(
        dict.fromkeys(
            directive.name.text
            for source in files
            if source.document
            for directive in source.document.directives
            if directive.args and not GLOB.search(directive.name.text)
        )
    )
