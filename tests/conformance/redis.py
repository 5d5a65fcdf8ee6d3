"""redis.conf as fpmtune reads it and as Redis and Valkey do: whether they start, the line, every value."""

import gzip
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.conformance.redis_reading import Outcome, outcome_of
from tests.conformance.redis_server import OWN_OPTIONS, Answer, Server, ask, installed_servers
from tests.conformance.table import Difference, Row

OWN_CASES = Path(__file__).parents[1] / "data" / "redis" / "starts.json.gz"
MAIN = "main.conf"
RECORDED_LINE = re.compile(r"at line ([0-9]+)")
OWN_NAMES = frozenset({*OWN_OPTIONS, "port"})
SEND_Q = "Send-Q of "

ARTEFACTS = (
    (
        r"Can't open the log file|No such file or directory$",
        "that folder is not on the machine that was asked",
    ),
    (r"Cannot assign requested address", "that address is not on the machine that was asked"),
    (r"Can't load module", "that module is not on the machine that was asked"),
    (r"ulimit -n", "so few files may be open on the machine that was asked"),
    (r"not in sentinel mode", "it is a file of redis-sentinel; redis-server was asked"),
    (r"wrong number of arguments|Unresolved", "built without TLS"),
)
"""Words of a server that refuses what fpmtune lets pass, and why it is right all the same."""


class Case(NamedTuple):
    """A folder with a main.conf, and what servers said of it, by program and version."""

    name: str
    folder: Path
    answers: Mapping[tuple[str, str], Answer]
    has_few_files: bool = False
    is_own: bool = False


def compare(cases: Path | None, live: bool) -> list[Row]:
    """Compare every case, the tests' own where `cases` is None; with `live` ask the servers on the PATH."""
    with TemporaryDirectory(prefix="fpmtune-redis-") as folder:
        found = list(_recorded(cases / "redis") if cases else own_cases(Path(folder) / "own"))
        programs = dict.fromkeys(key for case in found for key in case.answers)
        rows = [_row(found, *key, "recorded") for key in programs]
        if live:
            rows += [_live(found, server, Path(folder)) for server in installed_servers()]
    return rows


def _recorded(folder: Path) -> Iterator[Case]:
    """Yield the cases of a folder: one folder each, with an expect.json."""
    for path in sorted(p for p in folder.iterdir() if (p / "expect.json").is_file()):
        expected = json.loads((path / "expect.json").read_text(encoding="utf-8"))
        results = expected["results"].items()
        answers = {_key(server): _answer(result) for server, result in results}
        meta = expected.get("meta", {})
        yield Case(path.name, path, answers, "nofile" in meta)


def _key(server: str) -> tuple[str, str]:
    program, _, version = server.partition("-")
    return program, version


def _answer(result: Mapping[str, Any]) -> Answer:
    words = "\n".join(result.get("err") or ())
    line = RECORDED_LINE.search(words)
    values = result.get("config_changed")
    if values is not None and "_reply" in values:
        values = None
    if values is not None:
        values = {**values, **_queues(result.get("ss") or ())}
    return Answer(bool(result["starts"]), int(line[1]) if line else None, words, values)


def _queues(sockets: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return the length of each TCP socket's accept queue as `ss` printed it."""
    return {f"{SEND_Q}{at}": size.partition("=")[2] for kind, size, at in sockets if kind == "tcp"}


def own_cases(folder: Path) -> Iterator[Case]:
    """Write the cases of the tests below `folder`, and yield them with what servers said of them."""
    for name, case in json.loads(gzip.decompress(OWN_CASES.read_bytes())).items():
        for path, text in case["files"].items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode("utf-8", "surrogateescape"))
        answers = {_key(server): Answer(*answer) for server, answer in case["answers"].items()}
        yield Case(name, folder / name, answers, is_own=True)


def _live(cases: Iterable[Case], server: Server, folder: Path) -> Row:
    key = (server.program, server.version)
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    (empty / MAIN).touch()
    defaults = ask(server, empty).values or {}
    asked = [
        case._replace(answers={key: _changed(_asked(case, server), {**defaults, "dir": str(case.folder)})})
        for case in cases
        if not case.has_few_files
    ]
    return _row(asked, *key, "live")


def _asked(case: Case, server: Server) -> Answer:
    with TemporaryDirectory(prefix="fpmtune-redis-") as folder:
        copy = Path(folder) / "c"
        shutil.copytree(case.folder, copy)
        answer = ask(server, copy)
        if answer.values is None:
            return answer
        place = answer.values.get("dir", "").replace(str(copy.resolve()), str(case.folder))
        return answer._replace(values={**answer.values, "dir": place})


def _changed(answer: Answer, defaults: Mapping[str, str]) -> Answer:
    """Return `answer` with those values that differ from the server's own defaults."""
    if answer.values is None:
        return answer
    changed = {
        name: value
        for name, value in answer.values.items()
        if name not in OWN_NAMES and value != defaults.get(name)
    }
    return answer._replace(values=changed)


def _row(cases: Iterable[Case], program: str, version: str, source: str) -> Row:
    listed = [case for case in cases if (program, version) in case.answers]
    release = ".".join(version.split(".")[:2])
    verdicts = compared = equal = 0
    differences: list[Difference] = []
    for case in listed:
        answer = case.answers[program, version]
        is_all = case.name == "000-empty" and source == "recorded"
        ours = _outcome(case.folder, program, release, is_all)
        found = _verdict(case, ours, answer)
        verdicts += not found
        if not found and answer.starts and answer.values is not None:
            names, found = _values(case, ours, answer.values, source, is_all=is_all)
            compared, equal = compared + len(names), equal + len(names) - len(found)
        differences += found
    return Row(program, version, source, len(listed), verdicts, compared, equal, tuple(differences))


@cache
def _outcome(folder: Path, program: str, release: str, with_defaults: bool) -> Outcome:
    return outcome_of(folder, program, release, with_defaults=with_defaults)


def _verdict(case: Case, ours: Outcome, theirs: Answer) -> list[Difference]:
    if ours.starts != theirs.starts:
        reason = next((why for words, why in ARTEFACTS if re.search(words, theirs.words, re.MULTILINE)), "")
        if reason == "built without TLS" and not _mentions_tls(case):
            reason = ""
        said = "starts" if theirs.starts else theirs.words.strip().rpartition("\n")[2]
        is_ours = ours.starts and not theirs.starts
        return [Difference(case.name, "start", _lines(ours), said, reason if is_ours else "")]
    if theirs.error_line and theirs.error_line not in ours.error_lines:
        return [Difference(case.name, "line", _lines(ours), f"line {theirs.error_line}")]
    return []


def _mentions_tls(case: Case) -> bool:
    return b"tls-" in (case.folder / MAIN).read_bytes()


def _lines(ours: Outcome) -> str:
    return "starts" if ours.starts else f"refuses lines {sorted(ours.error_lines)}"


def _values(
    case: Case, ours: Outcome, theirs: Mapping[str, str], source: str, *, is_all: bool
) -> tuple[set[str], list[Difference]]:
    queues = {f"{SEND_Q}{at}": str(size) for at, size in ours.listeners.items()}
    has_queues = any(name.startswith(SEND_Q) for name in theirs)
    our_values = {**ours.settings, **(queues if has_queues else {})}
    names = {*our_values, *theirs} - (OWN_NAMES if source == "live" or case.is_own else {"unixsocket"})
    differences = []
    for name in sorted(names):
        our, their = our_values.get(name, "(default)"), theirs.get(name, "(default)")
        if our != their:
            reason = _value_artefact(case, name, our, their, is_all=is_all)
            differences.append(Difference(case.name, name, our, their, reason))
    return names, differences


def _value_artefact(case: Case, name: str, ours: str, theirs: str, *, is_all: bool) -> str:
    """Say why fpmtune is right with another value, empty if it is not."""
    if name == "maxclients" and case.has_few_files:
        return "lowered to what the machine that was asked lets it open"
    if name == "dir" and (is_all or PurePath(theirs).name == PurePath(ours).name):
        return "the case lay in another folder"
    if is_all and name.startswith("tls-"):
        return "built without TLS"
    if is_all and name in ("pidfile", "watchdog-period"):
        return "no line of a file sets it" if name == "watchdog-period" else "the record left it out"
    if name == "activedefrag" and (ours, theirs) == ("yes", "no"):
        return "built without the allocator for it"
    return ""
