"""What fpmtune and what php-fpm make of one php-fpm file, in the same form: the text of `php-fpm -tt`."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tuner.formats.candidate import is_candidate
from tuner.judge.finding import Finding
from tuner.judge.load import load_rules
from tuner.judge.rule import CompiledRule
from tuner.judge.run import judge
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.include import IncludeReport
from tuner.stack.php_fpm.effective import php_fpm_settings
from tuner.stack.php_fpm.loading import load_instances
from tuner.stack.target import Target, parse_target
from tuner.stack.value import Value

HERE = b"@CASES@"
SETTING = re.compile(r"NOTICE:?\]? \t(.*?) = (.*)")
HEADER = re.compile(r"NOTICE:?\]? \[(.*)\]$")
COMPLAINT = re.compile(r"(?:ERROR|ALERT):?\]? (.*)|PHP: +(syntax error.*)")
BYPRODUCTS = ("FPM initialization failed", "failed to post process", "failed to load configuration file")
PLAIN_SECONDS = "pm.process_idle_timeout"
REFUSALS = (
    *("syntax-error", "include-loop", "value-refused", "hash-comment", "spare-servers-inconsistent"),
    *("backlog-invalid", "unknown-entry", "required-directive-missing", "slowlog-settings-contradict"),
    "listen-address-shared",
)
SHARED, SAME_LISTEN = "listen-address-shared", "has the same listen"
AS_ROOT = "php-fpm starts as root"
BEFORE_7_3 = "General"
"""How -tt called the global section."""
MAIN = "php-fpm.conf"
MAIN_HEADER = b"\n[global]\n"
Sections = Mapping[str, Mapping[str, list[str]]]


class Reading(NamedTuple):
    """Whether a file is accepted, every setting as `-tt` prints it, and the words of a refusal.

    `open_settings` tells why fpmtune does not know a setting.
    """

    is_accepted: bool
    sections: Sections
    words: str = ""
    open_settings: Mapping[tuple[str, str], str] = {}


class Program(NamedTuple):
    """A php-fpm that is installed."""

    path: str
    release: str


def theirs(status: int, output: str) -> Reading:
    """Return what a run of `php-fpm -tt` says."""
    sections: dict[str, dict[str, list[str]]] = {}
    current: dict[str, list[str]] = {}
    words = ""
    for line in output.split("\n"):
        if header := HEADER.search(line):
            current = sections.setdefault(header[1] if sections and header[1] != BEFORE_7_3 else "global", {})
        elif setting := SETTING.search(line):
            current.setdefault(setting[1], []).append(setting[2])
        elif (found := COMPLAINT.search(line)) and not words:
            words = found[1] or found[2]
            words = "" if words.startswith(BYPRODUCTS) else words
    return Reading(status == 0, sections, words or ("" if status == 0 else "refused"))


@cache
def installed() -> Program | None:
    """Return the php-fpm of this machine, None where there is none or it would not run as root."""
    path = shutil.which("php-fpm8.2") or shutil.which("php-fpm")
    if path is None or os.geteuid() != 0:
        return None
    said = subprocess.run([path, "-v"], capture_output=True, text=True, check=True, timeout=20).stdout
    return Program(path, said.split()[1])


def ask(
    program: Program, files: Mapping[str, bytes], main: str, arguments: str, environment: Mapping[str, str]
) -> Reading:
    """Return what the installed php-fpm says of a file."""
    with TemporaryDirectory() as folder:
        write(Path(folder), files)
        here = HERE.decode()
        given = [word.replace(here, folder) for word in arguments.split()]
        env = {**os.environ, **{name: text.replace(here, folder) for name, text in environment.items()}}
        done = subprocess.run(
            [program.path, "-tt", "-y", f"{folder}/{main}", *given],
            capture_output=True,
            env=env,
            timeout=20,
            check=False,
        )
        said = (done.stderr + done.stdout).decode("utf-8", "surrogateescape").replace(folder, here)
        return theirs(done.returncode, said)


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files of a case, with the folder's own path where they name it."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data.replace(HERE, str(folder).encode()))


def ours(
    folder: Path, files: Mapping[str, bytes], main: str, release: str, *, may_be_root: bool = False
) -> Reading:
    """Return what fpmtune says of a file under a release of PHP.

    php-fpm is told which file it starts from. fpmtune knows such a one by its name and its global section:
    one at the end changes nothing else.
    """
    start = files[main]
    is_included = any(main.encode() in data for data in files.values())
    kept = {name: data for name, data in files.items() if name != main or is_included}
    main = MAIN
    write(folder, {**kept, main: start if b"\0" in start else start + MAIN_HEADER})
    target = parse_target(f"debian-12,php={release}")
    tree = collect([str(folder / main), str(folder)], is_candidate, accepts_nul=True)
    stacks = build_stacks(tree, group_hosts(tree, read_tree(tree, "php-fpm", target)), target)
    findings = judge(stacks, _rules(), REFUSALS).findings
    refusals = [finding for finding in findings if _refuses(finding, may_be_root=may_be_root)]
    if refusals:
        return Reading(False, {}, refusals[0].message)
    return _settings(folder, main, target)


@cache
def _rules() -> list[CompiledRule]:
    return load_rules()


def _refuses(finding: Finding, *, may_be_root: bool) -> bool:
    if finding.condition:
        return AS_ROOT in finding.condition and not may_be_root
    is_other_clash = finding.name == SHARED and SAME_LISTEN not in finding.message
    return finding.severity == "error" and not is_other_clash


def _settings(folder: Path, main: str, target: Target) -> Reading:
    tree = collect([str(folder / main), str(folder)], is_candidate, accepts_nul=True)
    sections: dict[str, dict[str, list[str]]] = {}
    open_settings: dict[tuple[str, str], str] = {}
    for host in group_hosts(tree, read_tree(tree, "php-fpm", target)):
        for instance in load_instances(host, IncludeReport(), target):
            if not instance.path.endswith(f"/{main}"):
                continue
            for group in php_fpm_settings(instance, target, with_defaults=True):
                name = group.section.removeprefix("pool:")
                settings = sections.setdefault(name, {})
                for value in group.values:
                    settings[value.label] = [printed(value).replace(str(folder), HERE.decode())]
                    if value.state == "unknown":
                        open_settings[name, value.label] = value.origin.words
    return Reading(True, sections, "", open_settings)


def printed(value: Value) -> str:
    """Return a setting as `-tt` prints it."""
    if value.state == "absent":
        return "unknown value" if value.label == "log_level" else "undefined"
    if value.state == "unknown":
        return "(unknown)"
    return f"{value.data}s" if value.unit == "s" and value.label != PLAIN_SECONDS else str(value.data)
