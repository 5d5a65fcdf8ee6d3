"""php-fpm's files: fpmtune beside `php-fpm -tt`, which refuses a file or prints every setting in force.

A recorded case is a file with the answers of up to eight releases; the subset that comes with the tests has
those of 8.2 alone. `-tt` ran as root.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.conformance.php_fpm_readings import Reading, ask, installed, ours, theirs
from tests.conformance.table import Difference, Row

SUBSET = Path(__file__).parents[1] / "data" / "php_fpm" / "php82.jsonl"
RELEASES = {
    "7.0": "7.0.33",
    "7.4": "7.4.33",
    "8.1": "8.1.2",
    "8.2": "8.2.35",
    "8.3": "8.3.6",
    "8.4": "8.4.24",
    "8.5": "8.5.4",
    "8.6": "8.6.0",
}
SAME = "as 8.2"
NEVER_PRINTED = "apparmor_hat"
PRINTED_ALWAYS = frozenset({"pid", "daemonize", "rlimit_core"})
MACHINE_WORDS = {
    "No such file or directory": "a folder of the machine's is missing",
    "s a directory (21)": "a folder of the machine's lies where the file says",
    "Not a directory": "a file of the machine's lies where the file says",
    "does not exist or is not a directory": "a folder of the machine's is missing",
    "Unable to globalize": "a folder of the machine's is missing",
    "cannot get uid": "a user of the machine's is missing",
    "cannot get gid": "a group of the machine's is missing",
}
"""Why a program refuses a file that says nothing wrong."""
PLACEHOLDER = re.compile(rb"\{\{|\{%|<%|= *(?:\$\w+|@\w+@|__\w+__)")
TOLD_LINE = re.compile(r"\[([^\[\]:]+):(\d+)\]")
WITHOUT_ACL = "7.0.33"
"""Its build has no listen.acl_users."""


class Case(NamedTuple):
    """One main file with those it includes, how php-fpm was called, and what each release said."""

    name: str
    files: Mapping[str, bytes]
    arguments: str
    environment: Mapping[str, str]
    answers: Mapping[str, Reading]

    @property
    def main(self) -> str:
        """The name of the file that php-fpm was given."""
        return f"{self.name}.conf"


def compare(cases: Path | None, live: bool) -> list[Row]:
    """Return a row for each release that was recorded, and one for the php-fpm that is installed."""
    found = list(_of_folder(cases / "php-fpm") if cases else of_subset())
    rows = []
    for release in RELEASES.values():
        asked = [case for case in found if release in case.answers]
        if asked:
            rows.append(_row(release, "recorded", asked, [case.answers[release] for case in asked]))
    program = installed() if live else None
    if program:
        answers = [ask(program, case.files, case.main, case.arguments, case.environment) for case in found]
        rows.append(_row(program.release, "live", found, answers))
    return rows


def of_subset() -> Iterator[Case]:
    """Yield the cases that come with the tests; their answers hold only what the file sets."""
    for line in SUBSET.read_text().splitlines():
        case = json.loads(line)
        sections = {
            _text(section): {
                _text(key): [_text(text) for name, text in pairs if name == key] for key, _ in pairs
            }
            for section, pairs in case.get("shown", {}).items()
        }
        answer = Reading("shown" in case, sections, case.get("refused", ""))
        files = {f"{case['name']}.conf": case["conf"].encode("latin-1")}
        yield Case(case["name"], files, "", {}, {RELEASES["8.2"]: answer})


def _text(latin: str) -> str:
    """Return what php-fpm printed, recorded a character a byte."""
    return latin.encode("latin-1").decode("utf-8", "surrogateescape")


def _of_folder(folder: Path) -> Iterator[Case]:
    with gzip.open(folder / "expected.jsonl.gz", "rt") as lines:
        for recorded in map(json.loads, lines):
            results = recorded["results"]
            answers = {
                RELEASES[version]: theirs(**(results["8.2"] if result == SAME else result))
                for version, result in results.items()
            }
            files = dict(_files(folder, recorded["name"]))
            yield Case(recorded["name"], files, recorded["args"], recorded["env"], answers)


def _files(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the file of a case and every other file that its text may lead to."""
    pending, seen = [folder / f"{name}.conf"], set[Path]()
    while pending:
        path = pending.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        data = path.read_bytes()
        yield path.relative_to(folder).as_posix(), data
        for beside in folder.iterdir():
            if beside != path and beside.suffix in (".d", ".conf") and beside.name.encode() in data:
                pending += [beside, *sorted(beside.rglob("*"))] if beside.is_dir() else [beside]


def _row(release: str, source: str, cases: list[Case], answers: list[Reading]) -> Row:
    differences: list[Difference] = []
    verdicts = values = equal = 0
    for case, answer in zip(cases, answers, strict=True):
        is_equal, found = differences_of(case, release, answer)
        verdicts += is_equal
        values, equal = values + len(found) * is_equal, equal + sum(pair is None for pair in found)
        differences += filter(None, found)
    return Row("php-fpm", release, source, len(cases), verdicts, values, equal, tuple(differences))


def differences_of(case: Case, release: str, answer: Reading) -> tuple[bool, list[Difference | None]]:
    """Return whether the verdicts are equal, and for each setting None or the difference.

    Where the verdicts differ that is the only difference.
    """
    with TemporaryDirectory() as folder:
        mine = ours(Path(folder), case.files, case.main, release, may_be_root="-R" in case.arguments)
    if mine.is_accepted != answer.is_accepted:
        said = (mine.words or "accepted", answer.words or "accepted")
        return False, [Difference(case.name, "verdict", *said, _why_verdict(case, release, mine, answer))]
    return True, list(_values(case, mine, answer)) if mine.is_accepted else []


def _why_verdict(case: Case, release: str, mine: Reading, answer: Reading) -> str:
    if not mine.is_accepted:
        return ""
    for words, reason in MACHINE_WORDS.items():
        if words in answer.words:
            return reason
    told = _lines_told(case, answer)
    if any(b"${" in line for line in told):
        return "an environment variable or ini setting decides"
    if any(PLACEHOLDER.search(line) for line in told):
        return "fpmtune takes the line for a template's and says so instead of an error"
    if "No pool defined" in answer.words and b"include" in case.files[case.main]:
        return "the include leads to a folder outside the files"
    if release == WITHOUT_ACL and "listen.acl" in answer.words:
        return "this build has no access control lists"
    return ""


def _lines_told(case: Case, answer: Reading) -> list[bytes]:
    """Return the line that php-fpm complains of, or all of them where it names none."""
    found = TOLD_LINE.search(answer.words)
    name, number = (found[1].rpartition("/")[2], int(found[2])) if found else ("", 0)
    files = {path.rpartition("/")[2]: data.split(b"\n") for path, data in case.files.items()}
    lines = files.get(name, [])
    if 0 < number <= len(lines):
        return [lines[number - 1]]
    return [line for each in files.values() for line in each]


def _values(case: Case, mine: Reading, answer: Reading) -> Iterator[Difference | None]:
    """Yield None for each equal setting and the difference for any other, or for a section of one alone."""
    for section, printed in answer.sections.items():
        if section not in mine.sections:
            yield Difference(case.name, f"[{section}]", "not there", "there", _why_section(case))
            continue
        for key, texts in printed.items():
            text = " ".join(reversed(texts)) if key.endswith("[]") else texts[-1]
            own = mine.sections[section].get(key, ["(nothing)"])[0]
            reason = _why_value(own, text, mine.open_settings.get((section, key), ""))
            yield None if own == text else Difference(case.name, f"[{section}] {key}", own, text, reason)
    for section, settings in mine.sections.items() if _is_whole(answer) else ():
        if section not in answer.sections:
            yield Difference(case.name, f"[{section}]", "there", "not there", _why_section(case))
            continue
        for key in settings.keys() - answer.sections[section].keys():
            if settings[key][0] != "undefined" and key != NEVER_PRINTED:
                yield Difference(case.name, f"[{section}] {key}", settings[key][0], "(not printed)")


def _is_whole(answer: Reading) -> bool:
    """Say whether an answer has the defaults, too."""
    return set(answer.sections.get("global", {})) >= PRINTED_ALWAYS


def _why_section(case: Case) -> str:
    """Say why only one of the two knows a section."""
    if "-p " in case.arguments:
        return "php-fpm's prefix was given on its command line"
    is_by_name = any(b"${" in data for data in case.files.values())
    return "an environment variable names the section or the include" if is_by_name else ""


def _why_value(own: str, text: str, open_because: str) -> str:
    if open_because:
        return f"the files leave it open: {open_because}"
    if "\n" in own and own.startswith(text):
        return "-tt prints a line end within a value as it is"
    if len(text) > 900 and own.startswith(text[:900]):
        return "-tt cuts lines at log_limit"
    return ""
