"""What may be wrong with a plan: in the bytes it changes, in what it leaves behind, and in what it says."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.loads import Load
from tuner.formats.candidate import is_candidate
from tuner.formats.document import Document
from tuner.judge.finding import Judgement
from tuner.judge.load import load_rules
from tuner.judge.rule import CompiledRule
from tuner.judge.run import judge
from tuner.source.edit import Edit
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.model import Stack
from tuner.stack.target import Target, parse_target
from tuner.tune.demand import records_of
from tuner.tune.edits import FilePatch, Patches, patches
from tuner.tune.host import plan_host
from tuner.tune.plan import Plan, PoolPlan, Prediction, Recommendation

GRAVE = ("error", "warning")
WORSE = 0.002
"""By so much a plan's share of answers may be below the present one: chance in what is replayed."""


class Tree(NamedTuple):
    """What is read of a folder: its hosts and their files, by the path that users see."""

    stacks: list[Stack]
    documents: dict[str, Document]


class Planned(NamedTuple):
    """The plans of all hosts in a folder, and the changes that they take."""

    tree: Tree
    plans: list[Plan]
    patches: Patches

    @property
    def written(self) -> list[Recommendation]:
        """What is to be done and can be written."""
        by_hand = {id(one.recommendation) for one in self.patches.unwritten}
        return [found for plan in self.plans for found in plan.recommendations if id(found) not in by_hand]


def read(root: Path, target: str) -> Tree:
    """Read what lies in a folder, for some machine."""
    tree = collect([str(root)], is_candidate)
    meant = parse_target(target) if target else Target()
    files = read_tree(tree, target=meant)
    stacks = build_stacks(tree, group_hosts(tree, files), meant)
    return Tree(stacks, {file.document.text.path: file.document for file in files if file.document})


def planned(root: Path, load: Load) -> Planned:
    """Read what lies in a folder, and make its plans for a load."""
    tree = read(root, load.target)
    load.put_on(tree.stacks)
    records = records_of(tree.stacks, load.measured)
    plans = [plan_host(stack, records, load.wishes) for stack in tree.stacks]
    wanted = [found for plan in plans for found in plan.recommendations]
    return Planned(tree, plans, patches(wanted, tree.documents))


@cache
def _rules() -> list[CompiledRule]:
    return load_rules()


def judged(stacks: Sequence[Stack]) -> Judgement:
    """Return what all rules say of hosts, with the load that is on them."""
    return judge(stacks, _rules())


def faults_of_bytes(found: Planned) -> Iterator[str]:
    """Yield what a plan changes beside the words that it names and the settings that it adds."""
    keys = Counter(
        (one.entity, one.setting, one.spot, one.present.origin.place, one.subject) for one in found.written
    )
    yield from (f"two values for {key[:2]}" for key, count in keys.items() if count > 1)
    for file in found.patches.files:
        edits = sorted({change.edit for change in file.changes})
        path = file.document.text.path
        yield from (f"{path}: nobody planned {edit}" for edit in edits if not _is_planned(found, file, edit))
        at, new_at, old = 0, 0, file.document.text.data
        for edit in (*edits, Edit(edits[-1].span._replace(start=len(old), end=len(old)), b"")):
            same = old[at : edit.span.start]
            if file.data[new_at : new_at + len(same) + len(edit.text)] != same + edit.text:
                yield f"{path}: more differs than {edits}"
                break
            at, new_at = edit.span.end, new_at + len(same) + len(edit.text)
        if len(file.data) != new_at:
            yield f"{path}: {len(file.data) - new_at} bytes more than were planned"


def _is_planned(found: Planned, file: FilePatch, edit: Edit) -> bool:
    """Say whether the edit replaces the word of a recommendation, or adds its setting and nothing else."""
    path = file.document.text.path
    for one in found.written:
        place = one.present.origin.place
        if place is not None and place.text.path == path and place.span == edit.span:
            return True
        is_here = place is None and one.spot is not None and one.spot.place.text.path == path
        added = edit.text.decode("ascii", "replace").strip().rstrip(";")
        words = added.replace("=", " ").split()
        is_it = words[:1] == [one.setting] and "\n" not in added and ";" not in added
        if is_here and is_it and edit.span.start == edit.span.end:
            return True
    return False


def faults_after(before: Planned, after: Planned) -> Iterator[str]:
    """Yield what is left to do after a plan, and what a check finds that it did not find before."""
    for one in after.written:
        yield f"{one.entity}: {one.setting} {one.present.data} -> {one.recommended} again"
    by_hand = {_named(one.recommendation) for one in before.patches.unwritten}
    for left in after.patches.unwritten:
        if _named(left.recommendation) not in by_hand:
            yield f"{_named(left.recommendation)} by hand, only afterwards: {left.reason}"
    was, now = judged(before.tree.stacks), judged(after.tree.stacks)
    yield from (f"rule {crash.rule} failed: {crash}" for crash in (*was.crashes, *now.crashes))
    known = Counter(_kinds(was))
    for finding in now.findings:
        key = (finding.rule, finding.entity, *finding.hosts)
        if finding.severity in GRAVE and not known[key]:
            yield f"a new {finding.severity}: {finding.rule} for {finding.entity}: {finding.message}"


def _kinds(found: Judgement) -> Iterator[tuple[str, ...]]:
    for finding in found.findings:
        if finding.severity in GRAVE:
            yield finding.rule, finding.entity, *finding.hosts


def _named(found: Recommendation) -> str:
    return f"{found.entity}: {found.setting} -> {found.recommended}"


def faults_of_predictions(before: Planned, after: Planned) -> Iterator[str]:
    """Yield predictions that are no shares, that get worse, or that the changed files do not keep."""
    is_all_written = not before.patches.unwritten
    for plan, then in zip(before.plans, after.plans, strict=True):
        for pool, same in zip(plan.pools, then.pools, strict=True):
            yield from (f"{pool.name}: {words}" for words in _of_pool(pool))
            if is_all_written and pool.after and not same.before:
                yield f"{pool.name}: nothing is predicted of the changed files"
            if is_all_written and pool.after and same.before and not _is_near(pool.after, same.before):
                shares = pool.after.share_of_ok, same.before.share_of_ok
                yield f"{pool.name}: promised {shares[0]:.4f}, then {shares[1]:.4f}"


def _of_pool(pool: PoolPlan) -> Iterator[str]:
    others = [one.prediction for one in pool.alternatives]
    for found in filter(None, (pool.before, pool.after, *others)):
        shares = found.summary.shares
        if abs(sum(shares.values()) - 1) > 1e-6 or not all(
            -1e-9 <= one <= 1 + 1e-9 for one in shares.values()
        ):
            yield f"these are no shares: {shares}"
    if pool.before and pool.after and pool.after.share_of_ok < pool.before.share_of_ok - WORSE:
        yield f"the plan makes it worse: {pool.before.share_of_ok:.4f} -> {pool.after.share_of_ok:.4f}"


def _is_near(one: Prediction, other: Prediction) -> bool:
    return abs(one.share_of_ok - other.share_of_ok) <= WORSE
