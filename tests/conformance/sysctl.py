"""sysctl files: fpmtune beside procps' `sysctl`, systemd-sysctl and busybox.

A recorded case is a folder with a tree of files; `expect.json` beside them has what was in the kernel before
(`base`) and, for each program, its exit status and the keys that it changed.
"""

import json
import platform
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.conformance.sysctl_readings import COMMANDS, Reading, Tree, installed, machine, ours, why_not_live
from tests.conformance.table import Difference, Row
from tuner.laws.version import Version
from tuner.stack.target import Target, parse_target

SUBSET = Path(__file__).parents[1] / "data" / "sysctl" / "conformance.json"
RECORDED = {
    "procps-system": ("procps", "4.0.2"),
    "procps4.0.4-system": ("procps", "4.0.4"),
    "procps-p": ("procps", "4.0.2"),
    "procps4.0.4-p": ("procps", "4.0.4"),
    "systemd": ("systemd", "252"),
    "systemd257": ("systemd", "257"),
    "busybox-p": ("busybox", "1.35"),
    "busybox1.37-p": ("busybox", "1.37"),
}
RECORDED_ON = "debian-13"
"""No /etc/sysctl.conf at boot but by a link: what the programs themselves do."""
THE_FILE = "etc/sysctl.d/50-t.conf"
BESIDE_THE_TREE = ("expect.json", "meta.json")


class Case(NamedTuple):
    """A tree, what the kernel had before, and for each program its exit status and the keys it changed.

    `single` is the file that was given to `-p`; None for the file of the case, empty for none by name.
    """

    name: str
    tree: Tree
    base: Mapping[str, str]
    results: Mapping[str, tuple[int, Mapping[str, str]]]
    single: str | None = None

    def file_of(self, label: str) -> str:
        """Return the one file that the program was given, or an empty text where it looks for all."""
        if not label.endswith("-p"):
            return ""
        return THE_FILE if self.single is None else self.single.lstrip("/") or "etc/sysctl.conf"


def compare(cases: Path | None, live: bool) -> list[Row]:
    """Return a row for each program in each version that was recorded, and for each that is installed."""
    found = list(_of_folder(cases / "sysctl") if cases else _of_subset())
    rows = [row for asked in sorted(set(RECORDED.values())) if (row := _recorded(asked, found)).cases]
    return [*rows, *(_live(found) if live and not why_not_live() else [])]


def _of_subset() -> Iterator[Case]:
    recorded: dict[str, Any] = json.loads(SUBSET.read_text())
    for name, case in recorded["cases"].items():
        files = {path: text.encode("utf-8", "surrogateescape") for path, text in case["files"].items()}
        tree = Tree(files, case.get("links", {}))
        results = {label: (result[0], result[1]) for label, result in case["results"].items()}
        yield Case(name, tree, recorded["base"], results, case.get("single"))


def _of_folder(folder: Path) -> Iterator[Case]:
    listed = folder.parent / "links.json"
    links: Mapping[str, str] = json.loads(listed.read_text()) if listed.is_file() else {}
    for place in sorted(folder.iterdir()) if folder.is_dir() else []:
        files = {
            path.relative_to(place).as_posix(): path.read_bytes()
            for path in sorted(place.rglob("*"))
            if path.is_file() and path.name not in BESIDE_THE_TREE
        }
        start = f"sysctl/{place.name}/"
        own = {name.removeprefix(start): to for name, to in links.items() if name.startswith(start)}
        expected = json.loads((place / "expect.json").read_text())
        results = {label: (found["rc"], found["changed"]) for label, found in expected["results"].items()}
        yield Case(place.name, Tree(files, own), expected["base"], results, expected["meta"].get("file"))


def _recorded(asked: tuple[str, str], cases: list[Case]) -> Row:
    program, version = asked
    pairs = [
        (case, _ours(case, label, program), _theirs(case, label))
        for case in cases
        for label, name in RECORDED.items()
        if name == asked and label in case.results
    ]
    return _row(program, version, "recorded", pairs)


def _theirs(case: Case, label: str) -> Reading:
    status, changed = case.results[label]
    return Reading({key: " ".join(text.split()) for key, text in changed.items()}, status == 0)


def _ours(case: Case, label: str, program: str) -> Reading:
    target = parse_target(f"{RECORDED_ON},kernel=6.18")
    single = case.file_of(label)
    if single and single not in case.tree.files:
        return Reading({}, program == "busybox")
    with TemporaryDirectory() as folder:
        case.tree.write(Path(folder))
        return ours(Path(folder), program, case.base, target, single)


def _live(cases: list[Case]) -> Iterator[Row]:
    keys = sorted({key for case in cases for key in case.base})
    target = here()
    with machine(keys) as asked:
        for program, version in installed().items():
            pairs = []
            for case in cases:
                single = THE_FILE if program == "busybox" else ""
                if single and set(case.tree.files) != {THE_FILE}:
                    continue
                command = [*COMMANDS[program], *([f"/{single}"] if single else [])]
                (theirs,) = asked.read(case.tree, [command])
                with TemporaryDirectory() as folder:
                    case.tree.write(Path(folder))
                    pairs.append((case, ours(Path(folder), program, asked.base, target, single), theirs))
            yield _row(program, version, "live", pairs)


def here() -> Target:
    """Return this machine's kernel as a target whose boot passes over sysctl.conf but for a link."""
    kernel = ".".join(map(str, Version.parse(platform.release()).numbers))
    return parse_target(f"{RECORDED_ON},kernel={kernel}")


def _row(program: str, version: str, source: str, pairs: list[tuple[Case, Reading, Reading]]) -> Row:
    differences: list[Difference] = []
    values = equal = verdicts = 0
    for case, mine, theirs in pairs:
        verdicts += mine.is_clean == theirs.is_clean
        if mine.is_clean != theirs.is_clean:
            differences.append(Difference(case.name, "status", _status(mine), _status(theirs)))
        for key in sorted({*mine.changed, *theirs.changed}):
            is_equal = mine.changed.get(key) == theirs.changed.get(key)
            values, equal = values + 1, equal + is_equal
            if not is_equal:
                texts = (mine.changed.get(key, "unchanged"), theirs.changed.get(key, "unchanged"))
                differences.append(Difference(case.name, key, *texts))
    return Row(f"sysctl {program}", version, source, len(pairs), verdicts, values, equal, tuple(differences))


def _status(reading: Reading) -> str:
    return "clean" if reading.is_clean else "complains"
