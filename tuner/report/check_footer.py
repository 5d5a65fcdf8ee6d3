"""The end of a check's report: what was read, what was not, what stayed undecided, how much was found."""

from collections.abc import Iterator, Sequence

from tuner.formats.document import KINDS
from tuner.judge.finding import SEVERITIES, Judgement, Severity, Undecided
from tuner.report.machine import MachineRead
from tuner.report.terminal import Paint, Style, one_line, printable
from tuner.report.wording import counted, entity_words, evidence_words, first_of
from tuner.stack.files import ReadFile
from tuner.stack.model import Stack
from tuner.stack.pool_load import PoolLoad

SEVERITY_PAINT: dict[Severity, Paint] = {"error": "red", "warning": "yellow", "info": "cyan", "note": "blue"}
LISTED = 5
PLACES_LISTED = 3
PLURALS: dict[Severity, str] = {"error": "errors", "warning": "warnings", "info": "infos", "note": "notes"}


def footer(
    judgement: Judgement,
    files: Sequence[ReadFile],
    stacks: Sequence[Stack],
    style: Style,
    verbose: bool,
    paths: Sequence[str] = (),
    machine: MachineRead | None = None,
) -> Iterator[str]:
    """Yield the footer's lines; `verbose` lists everything in full."""
    limit = 10**9 if verbose else LISTED
    told = _primary_paths(judgement, verbose)
    read = [file for file in files if file.status != "skipped"]
    yield _read_line(read) if read else style.paint(_nothing_line(paths), "yellow")
    if len(stacks) > 1:
        yield f"{len(stacks)} hosts: {first_of([printable(stack.host_name) for stack in stacks], limit)}"
    if machine:
        yield machine.line
    yield from _special_files([file for file in files if not _is_told(file, told)], limit)
    yield from _not_followed(stacks, limit, machine)
    unloaded = [path for stack in stacks for path in stack.not_in_effect]
    without_effect = [printable(path) for path in unloaded if machine is None or machine.is_asked(path)]
    if without_effect:
        yield f"not in effect, so not judged: {first_of(without_effect, limit)}"
    yield from _loads(stacks, limit)
    yield from _undecided(judgement.undecided, limit, style)
    if read or judgement.findings or judgement.crashes:
        yield _findings_line(judgement, style, verbose)


def _read_line(read: Sequence[ReadFile]) -> str:
    kinds = [file.kind for file in read]
    return f"read {counted(len(read), 'file')}: " + ", ".join(
        f"{kinds.count(kind)} {kind}" for kind in KINDS if kind in kinds
    )


def _nothing_line(paths: Sequence[str]) -> str:
    below = f" below {', '.join(map(printable, paths))}" if paths else ""
    return f"nothing was checked: no file of a known kind{below}"


def _primary_paths(judgement: Judgement, verbose: bool) -> set[str]:
    """Return the files that the findings which are shown are about."""
    shown = (finding for finding in judgement.findings if verbose or finding.severity != "note")
    return {finding.locations[0].place.text.path for finding in shown if finding.locations}


def _is_told(file: ReadFile, told: set[str]) -> bool:
    """Say whether a finding tells already that this folder could not be listed."""
    return file.source.is_folder and file.path in told


def _special_files(files: Sequence[ReadFile], limit: int) -> Iterator[str]:
    """Yield the templates, partial and skipped files, one line a reason."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for file in files:
        if file.status != "checked":
            reason = file.reason.removeprefix(f"{file.status}: ")
            grouped.setdefault((file.status, reason), []).append(printable(file.path))
    for (status, reason), paths in grouped.items():
        words = f" ({one_line(reason)})" if reason else ""
        yield f"{status}{words}: {first_of(paths, limit)}"


def _loads(stacks: Sequence[Stack], limit: int) -> Iterator[str]:
    """Yield the loads that the pools were judged by, each once."""
    loads = [pool.load for stack in stacks for pool in stack.pools if pool.load]
    lines = list(dict.fromkeys(_load_line(load) for load in loads if load.kind != "none"))
    yield from lines[:limit]
    if len(lines) > limit:
        yield f"load: {len(lines) - limit} more (-v lists them)"


def _load_line(load: PoolLoad) -> str:
    if load.kind == "declared":
        return f"load: {evidence_words(load.service_time)}, {evidence_words(load.service_time_p95)}"
    if load.arrival_rate.origin.words == load.service_time.origin.words:
        return f"load: {evidence_words(load.service_time)}"
    return f"load: {evidence_words(load.service_time)}, {evidence_words(load.arrival_rate)}"


def _not_followed(stacks: Sequence[Stack], limit: int, machine: MachineRead | None) -> Iterator[str]:
    """Yield what lies outside the given paths, with the places that lead there."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for stack in stacks:
        for item in stack.not_followed:
            if machine and item.place and not machine.is_asked(item.place.text.path):
                continue
            places = grouped.setdefault((item.target, item.reason), [])
            if item.place:
                places.append(printable(str(item.place)))
    if grouped:
        yield "not followed:"
    for (target, reason), places in list(grouped.items())[:limit]:
        where = f" ({first_of(places, PLACES_LISTED)})" if places else ""
        yield f"  {printable(target)}{where}: {one_line(reason)}"
    if len(grouped) > limit:
        yield f"  and {len(grouped) - limit} more (-v lists them)"


def _undecided(undecided: Sequence[Undecided], limit: int, style: Style) -> Iterator[str]:
    lines = [_undecided_line(*group, limit) for group in _by_what_decides(undecided)]
    if not lines:
        return
    total = style.paint(f"{len(undecided)} undecided:", "yellow")
    if len(lines) == 1:
        yield f"{total} {lines[0]}"
        return
    yield total
    for line in lines[:limit]:
        yield f"  {line}"
    if len(lines) > limit:
        yield f"  and {len(lines) - limit} more (-v lists them)"


Group = tuple[list[str], tuple[str, ...], list[str], str]


def _by_what_decides(undecided: Sequence[Undecided]) -> Iterator[Group]:
    """Yield rule names, missing values, entities and hint; what the same thing decides stands together."""
    by_rule: dict[tuple[tuple[str, ...], str], dict[str, list[str]]] = {}
    for item in undecided:
        rules = by_rule.setdefault((item.missing, item.hint), {})
        rules.setdefault(item.name, []).append(entity_words(item.entity, item.hosts))
    for (missing, hint), rules in by_rule.items():
        by_entities: dict[tuple[str, ...], list[str]] = {}
        for name, entities in rules.items():
            by_entities.setdefault(tuple(dict.fromkeys(entities)), []).append(name)
        for distinct, names in by_entities.items():
            yield names, missing, list(distinct), hint


def _undecided_line(
    names: list[str], missing: tuple[str, ...], entities: list[str], hint: str, limit: int
) -> str:
    rules = first_of([printable(name) for name in names], limit)
    values = first_of([printable(value) for value in missing], limit)
    where = first_of([printable(entity) for entity in entities], limit)
    line = f"{rules} {'needs' if len(names) == 1 else 'need'} {values} for {where}"
    return f"{line}: {one_line(hint)}" if hint else line


def _findings_line(judgement: Judgement, style: Style, verbose: bool) -> str:
    counts = [_count(judgement, severity, verbose) for severity in SEVERITIES if judgement.count(severity)]
    failed = len({crash.rule for crash in judgement.crashes})
    paint: Paint = next((SEVERITY_PAINT[level] for level in SEVERITIES if judgement.count(level)), "green")
    words = [*(counts or ["no findings"]), *([f"{counted(failed, 'rule')} failed"] if failed else [])]
    return style.paint(", ".join(words), SEVERITY_PAINT["error"] if failed else paint)


def _count(judgement: Judgement, severity: Severity, verbose: bool) -> str:
    hidden = " (-v shows them)" if severity == "note" and not verbose else ""
    return counted(judgement.count(severity), severity, PLURALS[severity]) + hidden
