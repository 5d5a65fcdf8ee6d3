"""What a tree says of itself before anyone has written settings for it: hosts, folders, the machine meant.

Everything is a suggestion with the place that it rests on, never a setting.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tuner import packaged
from tuner.formats.candidate import is_candidate
from tuner.formats.recognise import HEAD_BYTES
from tuner.formats.templates import made_path
from tuner.source.tree import DEFAULT_EXCLUDES, SourceFile, Tree, collect
from tuner.stack.files import ReadFile, read_tree
from tuner.stack.grouping import machine_root, machine_roots
from tuner.stack.target import version_in_path

_CONTAINER_FILE = re.compile(r"(?:^|/)(?:[^/]*(?:Dockerfile|Containerfile)[^/]*|[^/]*compose[^/]*\.ya?ml)$")
_OS_RELEASE = re.compile(r"(?:^|/)(?:etc|usr/lib)/os-release$")
_IMAGE = re.compile(
    r"^[ \t]*(?:FROM[ \t]+(?:--\S+[ \t]+)?|-?[ \t]*image:[ \t]*[\"']?)(?P<image>[\w./-]+(?::[\w.-]+)?)",
    re.MULTILINE,
)
_OS_ID = re.compile(r"^ID=[\"']?(\w+)", re.MULTILINE)
_OS_VERSION = re.compile(r"^VERSION_ID=[\"']?([\d.]+)", re.MULTILINE)
_TAG_VERSION = re.compile(r"\d+\.\d+")

_CODE_NAMES = {"bullseye": "11", "bookworm": "12", "trixie": "13", "jammy": "22.04", "noble": "24.04"}
_RELEASES = {
    "debian": "debian",
    "ubuntu": "ubuntu",
    "rhel": "rhel",
    "rocky": "rhel",
    "rockylinux": "rhel",
    "almalinux": "rhel",
    "centos": "rhel",
    "ubi8": "rhel-8",
    "ubi9": "rhel-9",
}
_PROGRAMS = ("php", "nginx", "redis")
_NGINX_PARTS = frozenset({"conf.d", "sites-available", "sites-enabled", "snippets"})


class Suggestion(NamedTuple):
    """Something to say in the settings, and what it rests on, in words."""

    text: str
    reason: str


class Survey(NamedTuple):
    """What was seen below a folder; every path is relative to it.

    `hosts` are folders that hold `etc/`. `roots` are pairs of a folder and the path it likely has on its
    host. `targets` are what `--target` takes, the best founded first.
    """

    hosts: tuple[str, ...]
    roots: tuple[tuple[str, str], ...]
    targets: tuple[Suggestion, ...]


def survey(folder: str) -> Survey:
    """Look through `folder` without following anything out of it."""
    tree = collect([folder], lambda path: is_candidate(path) or _is_clue(path), DEFAULT_EXCLUDES)
    base = tree.roots[0]
    files = [file for file in read_tree(tree) if file.document is not None and not file.source.is_given]
    hosts = machine_roots([file.source.disk_path for file in files])
    inside = [
        posixpath.relpath(root, base) for root in sorted(hosts) if root.startswith(base.rstrip("/") + "/")
    ]
    loose = [file for file in files if machine_root(file.source.disk_path) is None]
    return Survey(
        tuple(inside),
        tuple(dict(_roots(base, loose)).items()),
        tuple(_targets(base, tree, files)),
    )


def _is_clue(path: str) -> bool:
    return bool(_CONTAINER_FILE.search(path) or _OS_RELEASE.search(path))


def _roots(base: str, files: Iterable[ReadFile]) -> Iterator[tuple[str, str]]:
    """Yield folders whose place on the host their name and contents tell."""
    for file in files:
        relative = posixpath.relpath(made_path(file.source.disk_path), base)
        folder, name = posixpath.split(relative)
        parent, last = posixpath.split(folder)
        if not folder:
            continue
        if file.kind == "nginx" and name == "nginx.conf":
            yield folder, "/etc/nginx"
        elif file.kind == "nginx" and last in _NGINX_PARTS and parent:
            yield parent, "/etc/nginx"
        elif file.kind == "sysctl" and last == "sysctl.d":
            yield folder, "/etc/sysctl.d"
        elif file.kind == "php-fpm" and last == "php-fpm.d":
            yield folder, "/etc/php-fpm.d"


def _targets(base: str, tree: Tree, files: Sequence[ReadFile]) -> Iterator[Suggestion]:
    """Yield releases that files name, then versions of programs, then what a PHP version suggests."""
    found: list[Suggestion] = []
    for source in tree.files.values():
        found += _clues(source, posixpath.relpath(source.disk_path, base))
    known = packaged.defaults_tables()["targets"]
    distinct = list({suggestion.text: suggestion for suggestion in reversed(found)}.values())[::-1]
    yield from (s for s in distinct if s.text in known)
    yield from _together([s for s in distinct if "=" in s.text])
    yield from _releases_with_php(base, files)


def _clues(source: SourceFile, relative: str) -> Iterator[Suggestion]:
    if source.text is None or not _is_clue(relative):
        return
    text = source.text.data[:HEAD_BYTES].decode("utf-8", "replace")
    if _OS_RELEASE.search(relative):
        name, version = _OS_ID.search(text), _OS_VERSION.search(text)
        if name and version:
            yield Suggestion(_release(name[1], version[1]), relative)
        return
    for image in _IMAGE.finditer(text):
        line = text.count("\n", 0, image.start("image")) + 1
        for target in _targets_of_image(image["image"]):
            yield Suggestion(target, f"{relative}:{line}: {image['image']}")


def _targets_of_image(image: str) -> Iterator[str]:
    name, _, tag = image.rpartition("/")[2].partition(":")
    version = _TAG_VERSION.match(tag)
    if name in _PROGRAMS:
        if version:
            yield f"{name}={version[0]}"
    elif name == "alpine":
        yield name
    elif name in _RELEASES:
        yield _release(name, tag)


def _release(name: str, version: str) -> str:
    """Return the name of a target; whether it is known is another question."""
    family = _RELEASES.get(name, name)
    word = version.partition("-")[0]
    number = _CODE_NAMES.get(word, word)
    if family == "rhel":
        number = number.partition(".")[0]
    return family if name in ("ubi8", "ubi9", "alpine") else f"{family}-{number}"


def _together(programs: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """Yield the versions of programs as one target, or each apart where two disagree on a program."""
    names = [suggestion.text.partition("=")[0] for suggestion in programs]
    if len(set(names)) < len(names):
        yield from programs
    elif programs:
        yield Suggestion(
            ",".join(suggestion.text for suggestion in programs),
            ", ".join(suggestion.reason for suggestion in programs),
        )


def _releases_with_php(base: str, files: Iterable[ReadFile]) -> Iterator[Suggestion]:
    """Yield the releases whose own PHP is the one that paths like /etc/php/8.2 name."""
    tables = packaged.defaults_tables()["targets"]
    seen: dict[str, str] = {}
    for file in files:
        relative = posixpath.relpath(file.source.disk_path, base)
        version = version_in_path("/" + relative) if "etc/php/" in relative else None
        if version:
            seen.setdefault(str(version), relative)
    for version_text, path in seen.items():
        for name, row in tables.items():
            if row.get("php", {}).get("version") == version_text:
                yield Suggestion(name, f"{path}: PHP {version_text} is that of {name}")
