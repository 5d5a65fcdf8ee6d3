"""The examples of a rule, played through: what each promises, and what came."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tuner.errors import UsageError
from tuner.formats.candidate import is_candidate
from tuner.judge.finding import Finding, Judgement, Undecided
from tuner.judge.rule import CompiledRule, Example, Expectation, LiveMachine
from tuner.judge.run import judge
from tuner.load.declared import DeclaredLoad, put_on
from tuner.load.measured import put_measured
from tuner.load.regular import load_of
from tuner.source.text import encode
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.live.machine import Machine, Reading, RunningSocket
from tuner.stack.model import Stack
from tuner.stack.target import Target, parse_target


class Mismatch(NamedTuple):
    """An example that did not come out as it says, in words; `where` is its place in the rule's file."""

    where: str
    title: str
    expected: str
    came: str


def mismatches(compiled: CompiledRule, rules: Sequence[CompiledRule]) -> list[Mismatch]:
    """Play every example of a rule of `rules`, and return those that come out otherwise.

    The other rules only count where a good example promises in `also` what they find.
    """
    found = []
    for number, example in enumerate(compiled.rule.examples):
        expected, came = expected_words(example), _came(compiled, example, rules)
        if came:
            where = compiled.where(f"examples.{number}.title").start
            found.append(Mismatch(where, example.title, expected, came))
    return found


def _came(compiled: CompiledRule, example: Example, rules: Sequence[CompiledRule]) -> str:
    with TemporaryDirectory(prefix="fpmtune-example-") as folder:
        root = Path(folder).resolve()
        try:
            write_tree(root, example.files)
        except (OSError, ValueError) as error:
            return f"these files cannot be written: {error}"
        try:
            stacks = stacks_of_example(example, root)
        except UsageError as error:
            return str(error)
        mine = shortfall(compiled, example, judge(stacks, [compiled]), root)
        if mine or example.verdict != "good" or not example.also:
            return mine
        return other_errors(example, judge(stacks, [rule for rule in rules if rule is not compiled]))


def write_tree(root: Path, files: Mapping[str, str]) -> None:
    """Write files below `root`. Raises OSError or ValueError where names or contents cannot be written."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(content))


def stacks_below(root: Path, target: str = "", machine: Machine | None = None) -> list[Stack]:
    """Return the request paths of what lies below `root`; with `machine`, as that one runs.

    Raises UsageError for an unknown target.
    """
    tree = collect([str(root)], is_candidate)
    meant = (parse_target(target) if target else Target())._replace(machine=machine)
    return build_stacks(tree, group_hosts(tree, read_tree(tree, target=meant)), meant)


def stacks_of_example(example: Example, root: Path) -> list[Stack]:
    """Return the request paths of an example whose files lie below `root`, with the load it declares.

    Raises UsageError for an unknown target.
    """
    stacks = stacks_below(root, example.target or "", machine_of(example.live) if example.live else None)
    if example.load is not None:
        traffic = example.load
        put_measured(stacks, load_of(traffic.pool, traffic.steps, traffic.service_ms), "load.yaml")
    if example.service_time is not None:
        put_on(stacks, DeclaredLoad(example.service_time, example.qps))
    return stacks


def machine_of(live: LiveMachine) -> Machine:
    """Return the running machine that an example describes."""

    def read(key: str) -> list[Reading]:
        text = live.sysctl.get(key)
        reason = f"{key} may not be read" if text is None and key in live.sysctl else ""
        return [Reading(None if text is None else str(text), live.where, reason)]

    return Machine(
        read,
        [RunningSocket(s.address, s.send_q, s.recv_q, s.owner, live.where) for s in live.sockets],
        frozenset(s.owner for s in live.sockets),
    )


def shortfall(compiled: CompiledRule, example: Example, judgement: Judgement, root: Path) -> str:
    """Say what came in place of what the example promises; empty where they agree.

    `root` is the folder that holds the example's files.
    """
    mine = [finding for finding in judgement.findings if finding.rule == compiled.rule.id]
    undecided = [item for item in judgement.undecided if item.rule == compiled.rule.id]
    if judgement.crashes:
        return f"the rule failed: {judgement.crashes[0].error}"
    is_promised = _agrees(example, mine, undecided, root)
    return "" if is_promised else _came_words(mine, undecided, root)


def other_errors(example: Example, judgement: Judgement) -> str:
    """Say which rules find errors in an example, where they are not those of its `also`; else empty."""
    found = sorted({finding.rule for finding in judgement.findings if finding.severity == "error"})
    if found == sorted(set(example.also)):
        return ""
    return f"errors by {', '.join(found)}" if found else "no error by any other rule"


def _agrees(example: Example, mine: Sequence[Finding], undecided: Sequence[Undecided], root: Path) -> bool:
    if example.verdict in ("good", "undecided"):
        return not mine and bool(undecided) == (example.verdict == "undecided")
    certainty = "conditional" if example.verdict == "conditional" else "certain"
    if {finding.certainty for finding in mine} != {certainty}:
        return False
    if example.expect is None:
        return True
    return len(mine) == len(example.expect) and all(
        any(_matches(finding, expected, root) for finding in mine) for expected in example.expect
    )


def _matches(finding: Finding, expected: Expectation, root: Path) -> bool:
    path, line, column = _place(finding, root)
    return (
        expected.path in (None, path)
        and expected.line in (None, line)
        and expected.column in (None, column)
        and expected.severity in (None, finding.severity)
        and (expected.message is None or expected.message in finding.message)
    )


def _place(finding: Finding, root: Path) -> tuple[str, int, int]:
    if not finding.locations:
        return "", 0, 0
    location = finding.locations[0].place
    position = location.text.position(location.span.start)
    return str(Path(location.text.path).relative_to(root)), position.line, position.column


def expected_words(example: Example) -> str:
    """Say what an example promises."""
    if example.verdict == "good":
        return f"no finding, and errors by {', '.join(example.also)}" if example.also else "no finding"
    if example.verdict == "undecided":
        return "undecided"
    kind = "a conditional finding" if example.verdict == "conditional" else "a finding"
    return _listed(f"{kind}{_expectation_words(one)}" for one in example.expect or [Expectation()])


def _expectation_words(expected: Expectation) -> str:
    numbers = [str(part) for part in (expected.path, expected.line, expected.column) if part is not None]
    return "".join(
        [
            f" ({expected.severity})" if expected.severity else "",
            f" at {':'.join(numbers)}" if numbers else "",
            f' with "{expected.message}"' if expected.message else "",
        ]
    )


def _came_words(mine: Sequence[Finding], undecided: Sequence[Undecided], root: Path) -> str:
    if not mine and not undecided:
        return "no finding"
    words = [_finding_words(finding, root) for finding in mine]
    return _listed([*words, *(f"undecided, {item.hint or 'a value is unknown'}" for item in undecided)])


def _finding_words(finding: Finding, root: Path) -> str:
    path, line, column = _place(finding, root)
    where = f" at {path}:{line}:{column}" if path else ""
    holds = f" if {finding.condition}" if finding.condition else ""
    return f'{finding.certainty} {finding.severity}{where} with "{finding.message}"{holds}'


def _listed(words: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(words))
