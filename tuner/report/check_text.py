"""`fpmtune check` for people: each finding with the lines it is about, then what was read."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from tuner.judge.finding import Finding, Judgement, Location, RuleCrash
from tuner.report.check_footer import SEVERITY_PAINT, footer
from tuner.report.excerpt import Marked, mark
from tuner.report.machine import MachineRead
from tuner.report.terminal import Paint, Style, one_line, printable
from tuner.report.wording import entity_words, evidence_words, first_of, is_in_the_message, is_told_by
from tuner.source.regex import regex
from tuner.stack.files import ReadFile
from tuner.stack.model import Stack

RELATED_LIMIT = 6
RELATED_SHOWN = 5
FOLD_ABOVE = 3
FOLDED_SHOWN = 3
HOSTS_SHOWN = 8
PROSE_WIDTH = 84
WORD = regex(r"[^\s\"'`(),;]+")


def check_text(
    judgement: Judgement,
    files: Sequence[ReadFile],
    stacks: Sequence[Stack],
    style: Style,
    verbose: bool = False,
    paths: Sequence[str] = (),
    summary: bool = True,
    machine: MachineRead | None = None,
) -> str:
    """Return the report, ending in a line end. `verbose` adds notes and lists everything in full.

    Without `summary` it holds the findings only, and nothing at all where there are none.

    `paths` are the paths that were given, for the case that nothing below them was checked; `machine` is what
    was looked at of the machine that is the target.
    """
    shown = [finding for finding in judgement.findings if verbose or finding.severity != "note"]
    parts = [
        "\n".join(_finding_lines(finding, same, style, verbose)) for finding, same in _folded(shown, verbose)
    ]
    parts += [_crash_line(crash, style) for crash in judgement.crashes]
    if summary:
        parts.append("\n".join(footer(judgement, files, stacks, style, verbose, paths, machine)))
    return "\n\n".join(parts) + "\n" if parts else ""


def _folded(findings: Sequence[Finding], verbose: bool) -> Iterator[tuple[Finding, list[Finding]]]:
    """Yield each finding to print with those that say the same of other entities."""
    groups: dict[tuple[object, ...], list[Finding]] = {}
    keys = _fold_keys(findings)
    for key, finding in zip(keys, findings, strict=True):
        groups.setdefault(key, []).append(finding)
    for key, finding in zip(keys, findings, strict=True):
        group = groups[key]
        if verbose or len(group) <= FOLD_ABOVE:
            yield finding, []
        elif group[0] is finding:
            yield finding, group[1:]


def _fold_keys(findings: Sequence[Finding]) -> list[tuple[object, ...]]:
    """Return for each finding what it has in common with those that say the same."""
    messages = Counter((finding.rule, finding.message) for finding in findings)
    keys: list[tuple[object, ...]] = []
    for finding in findings:
        is_shared = messages[finding.rule, finding.message] > 1
        message = finding.message if is_shared else _without_entity(finding)
        keys.append((finding.rule, finding.severity, finding.condition, message))
    return keys


def _without_entity(finding: Finding) -> str:
    """Return the message without the entity's name (`pool:www`, or `www` in it) and without its places."""
    name, message = finding.entity.partition(":")[2], finding.message
    for words in (*(str(location.place) for location in finding.locations), finding.entity):
        message = message.replace(words, "\0") if words else message
    if " " in name:
        return message.replace(name, "\0")
    return WORD.sub(lambda word: "\0" if word[0].rstrip(":.") == name else word[0], message)


def _finding_lines(finding: Finding, same: list[Finding], style: Style, verbose: bool) -> Iterator[str]:
    marks = [(location, mark(location.place)) for location in _shown_locations(finding, verbose)]
    gutter = max((len(str(marked.line)) for _, marked in marks), default=1)
    yield _title_line(finding, style)
    if not marks:
        yield _arrow(gutter, f"{printable(finding.entity)} (set in no file)", style)
    for _, group in groupby(marks, key=lambda pair: pair[0].place.text.path):
        yield from _excerpt_lines(list(group), gutter, SEVERITY_PAINT[finding.severity], style)
    left_out = len(finding.locations) - len(marks)
    if left_out:
        yield _arrow(gutter, f"... and {left_out} more", style)
    for label, lines in _remarks(finding, same):
        yield from _remark_lines(label, lines, gutter, style)


def _title_line(finding: Finding, style: Style) -> str:
    kind = style.paint(f"{finding.severity}[{printable(finding.rule)}]", SEVERITY_PAINT[finding.severity])
    holds = f" (if {one_line(finding.condition)})" if finding.condition else ""
    return f"{kind} {printable(finding.name)}: {style.paint(one_line(finding.message), 'bold')}{holds}"


def _shown_locations(finding: Finding, verbose: bool) -> list[Location]:
    """Return the places to show, without notes on what the message tells."""
    told = {value.origin.place for value in finding.evidence if is_told_by(value, finding.message)}
    shown = _nearest_locations(finding, verbose)
    return [location._replace(note="") if location.place in told else location for location in shown]


def _nearest_locations(finding: Finding, verbose: bool) -> list[Location]:
    related = sum(1 for location in finding.locations if location.role == "related")
    if verbose or related <= RELATED_LIMIT:
        return list(finding.locations)
    return list(finding.locations[: len(finding.locations) - related + RELATED_SHOWN])


def _arrow(gutter: int, text: str, style: Style) -> str:
    return f"{' ' * (gutter + 1)}{style.paint('-->', 'blue')} {text}"


def _excerpt_lines(
    marks: list[tuple[Location, Marked]], gutter: int, paint: Paint, style: Style
) -> Iterator[str]:
    """Yield the excerpts of one file under one header."""
    location, first = marks[0]
    bar = style.paint("|", "blue")
    yield _arrow(gutter, f"{printable(location.place.text.path)}:{first.line}:{first.column}", style)
    yield f"{' ' * (gutter + 2)}{bar}"
    printed = None
    for location, marked in marks:
        if printed != (marked.line, marked.excerpt.source):
            number = style.paint(f"{marked.line:>{gutter}}", "blue")
            yield f" {number} {bar} {marked.excerpt.source}".rstrip()
        printed = (marked.line, marked.excerpt.source)
        yield f"{' ' * (gutter + 2)}{bar} {_marker(location, marked, paint, style)}"


def _marker(location: Location, marked: Marked, paint: Paint, style: Style) -> str:
    is_primary = location.role == "primary"
    underline = ("^" if is_primary else "-") * marked.excerpt.length
    words = f"{underline} {one_line(location.note)}".rstrip()
    return " " * marked.excerpt.offset + style.paint(words, paint if is_primary else "blue")


def _remarks(finding: Finding, same: list[Finding]) -> Iterator[tuple[str, list[str]]]:
    shown = (
        value
        for value in finding.evidence
        if not is_in_the_message(value) and not is_told_by(value, finding.message)
    )
    evidence = list(dict.fromkeys(map(evidence_words, shown)))
    if finding.hosts:
        label = "host" if len(finding.hosts) == 1 else "hosts"
        yield label, [first_of([printable(name) for name in finding.hosts], HOSTS_SHOWN)]
    if evidence:
        yield "evidence", evidence
    settled = [value.origin.words for value in finding.evidence if "give --" in value.origin.words]
    if finding.condition and settled:
        yield "to be sure", _prose("; ".join(dict.fromkeys(settled)))
    if finding.fix:
        yield "fix", _prose(finding.fix)
    if finding.requires:
        yield "needs", _prose(finding.requires)
    if same:
        more = len(same) - FOLDED_SHOWN
        listed = [_entity_and_place(other) for other in same[:FOLDED_SHOWN]]
        yield "the same in", [*listed, f"and {more} more"] if more > 0 else listed


def _prose(text: str) -> list[str]:
    wrapped = textwrap.wrap(one_line(text), PROSE_WIDTH, break_long_words=False, break_on_hyphens=False)
    return wrapped or [""]


def _entity_and_place(finding: Finding) -> str:
    if not finding.locations:
        return printable(entity_words(finding.entity, finding.hosts))
    place = str(finding.locations[0].place)
    is_the_file = finding.entity.startswith("file:") and place.startswith(finding.entity[5:] + ":")
    return printable(place if is_the_file else f"{finding.entity} ({place})")


def _remark_lines(label: str, lines: list[str], gutter: int, style: Style) -> Iterator[str]:
    lead = f"{' ' * (gutter + 2)}{style.paint('=', 'blue')} {style.paint(label, 'bold')}: "
    yield lead + lines[0]
    indent = " " * (gutter + 2 + len(f"= {label}: "))
    for line in lines[1:]:
        yield indent + line


def _crash_line(crash: RuleCrash, style: Style) -> str:
    words = f"this rule failed for {printable(crash.entity)} by its own fault: {one_line(crash.error)}"
    return f"{style.paint(f'error[{printable(crash.rule)}]', 'red')} {words}"
