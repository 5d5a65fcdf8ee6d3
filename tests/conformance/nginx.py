"""nginx's words: fpmtune beside nginx 1.31.4, recorded, and whole files beside the nginx that is installed.

A recorded case is an input with the words of every directive as nginx read them (`events`, in base64), and
its first complaint: of a refused one the line is compared. Live, changed files are tested by `nginx -t`.
"""

import base64
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.conformance.nginx_program import version
from tests.conformance.table import Difference, Row
from tests.fuzz.nginx import compare as compare_changed
from tuner.formats.document import Directive, Document
from tuner.formats.nginx import parse
from tuner.source.text import Text, encode

SUBSET = Path(__file__).parents[1] / "data" / "nginx" / "words.jsonl.gz"
RECORDED = "1.31.4"
COMPLAINT_LINE = re.compile(r" in FILE:(\d+)\Z")
LIVE_INPUTS = 300
LIVE_SEED = 1

Case = dict[str, Any]


def compare(cases: Path | None, live: bool) -> list[Row]:
    """Return a row for the recorded words, and one for the nginx that is installed if it is asked."""
    found = list(_of_folder(cases / "nginx") if cases else _of_subset())
    rows = [_recorded(found)] if found else []
    return [*rows, _live()] if live and version() else rows


def _of_subset() -> Iterator[Case]:
    yield from map(json.loads, gzip.decompress(SUBSET.read_bytes()).splitlines())


def _of_folder(folder: Path) -> Iterator[Case]:
    listed = folder / "words.jsonl"
    yield from map(json.loads, listed.read_text().splitlines() if listed.is_file() else [])
    for path in sorted((folder / "ugly").glob("*.words.json")):
        data = path.with_name(path.name.removesuffix(".words.json") + ".conf").read_bytes()
        yield {**json.loads(path.read_text()), "input": base64.b64encode(data).decode(), "name": path.stem}


def _recorded(cases: list[Case]) -> Row:
    differences: list[Difference] = []
    words = equal_words = 0
    for number, case in enumerate(cases):
        name = str(case.get("name", number))
        document = parse(Text(name, base64.b64decode(case["input"])))
        is_refused = any(problem.severity == "error" for problem in document.problems)
        if is_refused != (case["error"] is not None):
            told = document.problems[0].message if is_refused else "accepted"
            differences.append(Difference(name, "verdict", told, case["error"] or "accepted"))
        if case["error"] is not None:
            words += 1
            equal_words += (is_equal := not (told := _other_line(document, case["error"])))
            if is_refused and not is_equal:
                differences.append(Difference(name, "line", told, case["error"]))
            continue
        ours, theirs = (
            list(_words(document.directives)),
            [event[2] for event in case["events"] if len(event) > 1],
        )
        words += len(theirs)
        equal_words += sum(mine == other for mine, other in zip(ours, theirs, strict=False))
        if ours != theirs:
            differences.append(Difference(name, "words", str(ours)[:200], str(theirs)[:200]))
    verdicts = sum(difference.what == "verdict" for difference in differences)
    numbers = (len(cases), len(cases) - verdicts, words, equal_words)
    return Row("nginx", RECORDED, "recorded", *numbers, tuple(differences))


def _other_line(document: Document, complaint: str) -> str:
    """Return where fpmtune sees the first error if that is not the line of nginx's complaint, or nothing."""
    found = COMPLAINT_LINE.search(complaint)
    problem = next((problem for problem in document.problems if problem.severity == "error"), None)
    if found is None or problem is None:
        return "no line"
    first, last = (document.text.position(at).line for at in (problem.span.start, problem.span.end))
    return "" if first <= int(found[1]) <= last else f"lines {first} to {last}"


def _words(directives: tuple[Directive, ...]) -> Iterator[list[str]]:
    for directive in directives:
        yield [base64.b64encode(encode(word.text)).decode() for word in (directive.name, *directive.args)]
        yield from _words(directive.children or ())


def _live() -> Row:
    with TemporaryDirectory(prefix="fpmtune-conformance-") as folder:
        _, found = compare_changed(LIVE_INPUTS, LIVE_SEED, Path(folder))
    differences = tuple(Difference(data.decode("utf-8", "replace"), told, "", "") for told, data in found)
    return Row("nginx", version(), "live", LIVE_INPUTS, LIVE_INPUTS - len(found), 0, 0, differences)
