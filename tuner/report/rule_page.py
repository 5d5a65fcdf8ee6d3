"""A rule as something to read: the one source of its page in the terminal, in markdown and as JSON."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tuner.judge.finding import Severity
from tuner.judge.rule import CompiledRule, Example, Expectation, Traffic
from tuner.report.terminal import one_line, printable

RESTART = "restart the program (php-fpm: drain it first, all that wait in its queue get 502)"
"""What `{listener.restart}` says where no listener is at hand."""
RELISTEN = (
    f"{RESTART}: a reload keeps the old queue, but for nginx whose backlog= was changed since it started"
)
"""What `{listener.relisten}` says where no listener is at hand."""
_ADVICE = re.compile(r"\{(?:\w+\.)?listener\.(restart|relisten)\}")
_HOLE = re.compile(r"\{([^{}]*)\}")
_FENCE = re.compile(r"`{3,}")


class ExampleFile(NamedTuple):
    """A file of an example: its lines are printable; `fence` is what encloses them in markdown."""

    path: str
    lines: tuple[str, ...]
    fence: str


class ExamplePart(NamedTuple):
    """An example as it is shown.

    `options` are the command line's that it is checked with, `found` the places (and messages) of what the
    rule finds in it.
    """

    title: str
    verdict: str
    options: str
    files: tuple[ExampleFile, ...]
    found: tuple[str, ...]


class RulePage(NamedTuple):
    """Everything a rule's page says. All texts are printable, prose is one line, holes are `<expression>`.

    `milder` says in which case a finding is milder, and how mild; it is empty where there is no such case.
    `path` is the file of a rule of the user's, else empty.
    """

    id: str
    name: str
    title: str
    severity: Severity
    since: str
    scope: str
    path: str
    message: str
    when: str
    milder: str
    why: str
    fix: str
    requires: str
    references: tuple[str, ...]
    examples: tuple[ExamplePart, ...]

    def examples_of(self, *verdicts: str) -> list[ExamplePart]:
        """Return the examples with one of these verdicts, in the order of the verdicts."""
        return [example for verdict in verdicts for example in self.examples if example.verdict == verdict]


def rule_page(compiled: CompiledRule) -> RulePage:
    """Return the page of a rule."""
    rule = compiled.rule
    return RulePage(
        id=rule.id,
        name=rule.name,
        title=one_line(rule.title),
        severity=rule.severity,
        since=printable(rule.since),
        scope=rule.scope,
        path=printable(compiled.path) if compiled.is_own else "",
        message=_filled(rule.message),
        when=one_line(rule.when),
        milder=f"{rule.mitigated.severity} when {one_line(rule.mitigated.when)}" if rule.mitigated else "",
        why=one_line(rule.why),
        fix=one_line(rule.fix),
        requires=_filled(rule.requires),
        references=tuple(one_line(reference) for reference in rule.references),
        examples=tuple(_example(example) for example in rule.examples),
    )


def rule_pages(rules: Sequence[CompiledRule]) -> list[RulePage]:
    """Return the pages of rules."""
    return [rule_page(compiled) for compiled in rules]


def _filled(text: str) -> str:
    advised = _ADVICE.sub(lambda hole: RESTART if hole[1] == "restart" else RELISTEN, text)
    return one_line(_HOLE.sub(r"<\1>", advised))


def _example(example: Example) -> ExamplePart:
    return ExamplePart(
        title=one_line(example.title),
        verdict=example.verdict,
        options=printable(" ".join(_options(example))),
        files=tuple(_file(path, content) for path, content in example.files.items()),
        found=tuple(_found(expected) for expected in example.expect or ()),
    )


def _options(example: Example) -> Iterator[str]:
    if example.target:
        yield f"--target {example.target}"
    if example.service_time:
        yield f"--service-time {example.service_time}"
    if example.qps:
        yield f"--qps {example.qps}"
    if example.load:
        yield f"--load load.yaml ({_traffic(example.load)})"


def _traffic(load: Traffic) -> str:
    """Say what a load file holds: `pool www: 10 s of 128/s, 10 s of 320/s; 50 ms each`."""
    steps = ", ".join(f"{seconds} s of {count}/s" for seconds, count in load.steps) or "no arrivals"
    total = sum(load.service_ms.values())
    times = ", ".join(
        f"{time_ms} ms" + (f" in {100 * count / total:.3g} %" if len(load.service_ms) > 1 else " each")
        for time_ms, count in load.service_ms.items()
    )
    return f"pool {load.pool}: {steps}; {times or 'no service times'}"


def _file(path: str, content: str) -> ExampleFile:
    lines = tuple(printable(line.expandtabs(4).rstrip("\r")) for line in content.strip("\n").split("\n"))
    longest = max((len(run) for run in _FENCE.findall(content)), default=2)
    return ExampleFile(printable(path), lines, "`" * (longest + 1))


def _found(expected: Expectation) -> str:
    place = ":".join(
        str(part) for part in (expected.path, expected.line, expected.column) if part is not None
    )
    words = f"{place}: {expected.message}" if expected.message and place else place or expected.message or ""
    return one_line(words)
