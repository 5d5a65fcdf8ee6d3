"""What fpmtune says that sysctl programs do with a tree, and what the installed programs do."""

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tuner.formats.candidate import is_candidate
from tuner.formats.document import Document
from tuner.source.tree import collect, read
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.sysctl.effective import Applied, apply
from tuner.stack.sysctl.keys import known_key
from tuner.stack.sysctl.order import SysctlFile, boot_files, load_sets, system_files
from tuner.stack.sysctl.writes import Write, as_read, boot_writes, busybox_writes, system_writes
from tuner.stack.target import Target
from tuner.stack.value import Origin, Value

MACHINE = Path(__file__).with_name("sysctl_machine.py")
NAMESPACES = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child")
SYSTEMD_SYSCTL = "/lib/systemd/systemd-sysctl"
COMMANDS = {
    "systemd": [SYSTEMD_SYSCTL],
    "procps": ["sysctl", "--system"],
    "busybox": ["busybox", "sysctl", "-p"],
}


class Tree(NamedTuple):
    """Files by their path on the machine, and symbolic links with what they lead to."""

    files: Mapping[str, bytes]
    links: Mapping[str, str] = {}

    def write(self, root: Path) -> None:
        for name, data in self.files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        for name, target in self.links.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).symlink_to(target)


class Reading(NamedTuple):
    """The keys that a program changed, each with its text, and whether it found nothing to complain about."""

    changed: Mapping[str, str]
    is_clean: bool


def ours(root: Path, program: str, base: Mapping[str, str], target: Target, single: str = "") -> Reading:
    """Return what fpmtune says that the program does; `single` is the one file given to `-p`."""
    before = {key: _value(key, text) for key, text in base.items()}
    files = _files_of(root)
    if single:
        files = [file for file in files if file.document and file.document.text.path == str(root / single)]
    writes, is_clean = _writes(program, files, target)
    applied = apply(writes, before, target)
    after = {key: _text(value) for key, value in applied.values.items() if key in base}
    changed = {key: text for key, text in after.items() if text != base[key]}
    return Reading(changed, is_clean and not _complaints(program, applied, writes, bool(single)))


def _writes(program: str, files: list[SysctlFile], target: Target) -> tuple[list[Write], bool]:
    if program == "systemd":
        loaded = boot_files(files, target)
        documents = [as_read(file.document, "systemd") for file in loaded if file.document]
        return boot_writes(loaded), not any(map(_has_no_assignment, documents))
    if program == "procps":
        return system_writes(system_files(files)), True
    return busybox_writes(system_files(files)), True


def _has_no_assignment(document: Document) -> bool:
    return any("its unit fails" in problem.message for problem in document.problems)


def _complaints(program: str, applied: Applied, writes: Sequence[Write], is_single: bool) -> list[Write]:
    """Return the writes for which the program ends with status 1.

    systemd-sysctl forgives what does not exist, a congestion control too; `sysctl -p` minds unknown keys.
    """
    if program == "systemd":
        return [w for w in applied.refused if not w.is_optional and not _is_words(w.key)]
    unknown = [w for w in writes if known_key(w.key) is None] if program == "procps" and is_single else []
    return [*applied.refused, *unknown]


def _is_words(key: str) -> bool:
    known = known_key(key)
    return known is not None and known.kind == "words"


def _files_of(root: Path) -> list[SysctlFile]:
    """Return the sysctl files below `root`, also those that are passed over as binary for a NUL byte."""
    tree = collect([str(root)], is_candidate)
    for real, source in tree.files.items():
        if source.failure:
            tree.files[real] = read(source.path, real, accepts_nul=True)
    hosts = group_hosts(tree, read_tree(tree))
    return [file for host in hosts for files in load_sets(host) for file in files]


def _value(key: str, text: str) -> Value:
    return Value("sysctl.value", text, Origin("live", "the kernel"), label=key)


def _text(value: Value) -> str:
    return " ".join(str(value.data).split()) if value.is_known else value.origin.words


class Machine:
    """The installed programs in namespaces of their own, one tree after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.base: dict[str, str] = json.loads(self._line())

    def read(self, tree: Tree, programs: Iterable[list[str]]) -> list[Reading]:
        order = {
            "files": {name: base64.b64encode(data).decode() for name, data in tree.files.items()},
            "links": dict(tree.links),
            "programs": list(programs),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answers: list[dict[str, Any]] = json.loads(self._line())
        return [Reading(answer["changed"], answer["status"] == 0) for answer in answers]

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def machine(keys: Iterable[str]) -> Iterator[Machine]:
    """Start a machine that watches `keys`; it ends with the block."""
    command = [*NAMESPACES, sys.executable, str(MACHINE), ",".join(keys)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Machine(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(10)


def why_not_live() -> str:
    """Return why the programs cannot be asked here, or an empty text."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        return "namespaces need root on Linux"
    tried = subprocess.run(
        [*NAMESPACES, "sh", "-c", "mount -t tmpfs none /run && test -w /proc/sys/net/core/somaxconn"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if tried.returncode == 0 else f"no namespaces with a writable /proc/sys: {tried.stderr.strip()}"


def installed() -> dict[str, str]:
    """Return the version of each program that is installed, by program."""
    found = {}
    for program, ask in (
        ("systemd", [SYSTEMD_SYSCTL, "--version"]),
        ("procps", ["sysctl", "--version"]),
        ("busybox", ["busybox"]),
    ):
        if shutil.which(ask[0]):
            said = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
            found[program] = next(word for word in said.split() if word.strip("v")[:1].isdigit()).strip("v,")
    return found
