"""What may be wrong with a plan: in the bytes it changes, in what it leaves behind, and in what it says."""

from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.loads import Load
from tuner.cli import loading
from tuner.cli.loading import Loaded
from tuner.cli.sysctl_home import homes_of
from tuner.cli.tune import add_arguments
from tuner.cli.tune_writing import new_files
from tuner.judge.finding import Finding, Judgement
from tuner.judge.load import load_rules
from tuner.judge.rule import CompiledRule
from tuner.judge.run import judge
from tuner.load.pool_setting import SOMAXCONN
from tuner.source.edit import Edit
from tuner.stack.model import Stack
from tuner.tune.demand import records_of
from tuner.tune.edits import FilePatch, Patches, patches
from tuner.tune.host import plan_host
from tuner.tune.kernel import BACKLOGS
from tuner.tune.plan import Plan, PoolPlan, Prediction, Recommendation

GRAVE = ("error", "warning")
WORSE = 0.002
"""By so much a plan's share of answers may be below the present one: chance in what is replayed."""


class Planned(NamedTuple):
    """The plans of all hosts in a folder, the changes that they take, and the files that they make."""

    stacks: list[Stack]
    plans: list[Plan]
    patches: Patches
    new: dict[str, bytes]

    @property
    def written(self) -> list[Recommendation]:
        """What is to be done and can be written."""
        by_hand = {id(one.recommendation) for one in self.patches.unwritten}
        return [found for plan in self.plans for found in plan.recommendations if id(found) not in by_hand]


def read(root: Path, target: str) -> tuple[Namespace, Loaded]:
    """Read what lies in a folder, for some machine, as the command line does."""
    parser = ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args([str(root), "--target", target or "none"])
    return options, loading.load(options)


def planned(root: Path, load: Load) -> Planned:
    """Read what lies in a folder, and make its plans for a load."""
    options, loaded = read(root, load.target)
    load.put_on(loaded.stacks)
    records = records_of(loaded.stacks, load.measured)
    plans = [plan_host(stack, records, load.wishes) for stack in loaded.stacks]
    wanted = [found for plan in plans for found in plan.recommendations]
    documents = {file.document.text.path: file.document for file in loaded.files if file.document}
    found = patches(wanted, documents, homes_of(options, loaded, plans))
    made = [data for _, data in new_files(loaded, found)]
    new = {
        str(Path(one.disk_path).relative_to(root)): data for one, data in zip(found.new, made, strict=True)
    }
    return Planned(loaded.stacks, plans, found, new)


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
        place = None if one.is_shared else one.present.origin.place
        if place is not None and place.text.path == path and place.span == edit.span:
            return True
        is_here = one.program == "kernel" or (one.spot is not None and one.spot.place.text.path == path)
        added = edit.text.decode("ascii", "replace").strip().rstrip(";")
        words = added.replace("=", " ").split()
        is_it = words[:1] == [one.setting] and "\n" not in added and ";" not in added
        if place is None and is_here and is_it and edit.span.start == edit.span.end:
            return True
    return False


def faults_after(before: Planned, after: Planned) -> Iterator[str]:
    """Yield what is left to do after a plan, and what a check finds that it did not find before.

    What was to be written by hand is not: a queue that should have been kept short is longer now.
    """
    by_hand = {_key(one.recommendation) for one in before.patches.unwritten}
    for one in after.written:
        if _key(one) not in by_hand:
            yield f"{one.entity}: {one.setting} {one.present.data} -> {one.recommended} again"
    for left in after.patches.unwritten:
        if _key(left.recommendation) not in by_hand:
            yield f"{_named(left.recommendation)} by hand, only afterwards: {left.reason}"
    was, now = judged(before.stacks), judged(after.stacks)
    yield from (f"rule {crash.rule} failed: {crash}" for crash in (*was.crashes, *now.crashes))
    known = Counter(_kinds(was))
    for finding in now.findings:
        key = (finding.rule, finding.entity, *finding.hosts)
        if finding.severity in GRAVE and not known[key] and not _is_meant(finding, before):
            yield f"a new {finding.severity}: {finding.rule} for {finding.entity}: {finding.message}"


def _is_meant(finding: Finding, before: Planned) -> bool:
    """Say whether a plan leaves a finding behind on purpose.

    QUE004: a somaxconn that no queue needs any more is lowered with --lower only. QUE001: what is to be
    written by hand is still missing. QUE008: of what the bursts need the last is answered too late. QUE008
    and FPM012: so few clients ask that they never fill the queue that the record would. PTH002 is about the
    least patient location; the plan follows the most patient one, and says so; and about a queue that nothing
    written keeps short (pm = ondemand before PHP 8.2), which a note names.
    """
    if finding.rule == "QUE004":
        return any(one.setting in BACKLOGS for one in before.written)
    if finding.rule == "QUE001":
        return any(one.recommendation.setting == SOMAXCONN for one in before.patches.unwritten)
    if finding.rule == "PTH002" and any("also lengthens the queue" in one for one in _host_notes(before)):
        return True
    if finding.rule in ("QUE008", "FPM012") and any("a number of clients" in one for one in _notes(before)):
        return True
    if finding.rule == "QUE008":
        return any(pool.bounds and pool.bounds.is_empty for plan in before.plans for pool in plan.pools)
    return finding.rule == "PTH002" and any("the longest counts" in note for note in _notes(before))


def _host_notes(before: Planned) -> Iterator[str]:
    return (note for plan in before.plans for note in plan.notes)


def _notes(before: Planned) -> Iterator[str]:
    return (note for plan in before.plans for pool in plan.pools for note in pool.notes)


def _kinds(found: Judgement) -> Iterator[tuple[str, ...]]:
    for finding in found.findings:
        if finding.severity in GRAVE:
            yield finding.rule, finding.entity, *finding.hosts


def _key(found: Recommendation) -> tuple[str, str]:
    return found.entity, found.setting


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
    if pool.before and pool.after and _gets_worse(pool.before, pool.after):
        yield f"the plan makes it worse: {pool.before.share_of_ok:.4f} -> {pool.after.share_of_ok:.4f}"


def _gets_worse(before: Prediction, after: Prediction) -> bool:
    """Say whether fewer are answered in time.

    Those that hung on a full TCP queue, and were answered in the end, do not count where a connect timeout or
    max_conns is new: that nobody hangs is what they are for.
    """
    is_shorter = after.setting.connect_timeout_s < before.setting.connect_timeout_s
    is_bounded = after.setting.max_conns is not None and before.setting.max_conns is None
    if before.setting.socket == "tcp" and (is_shorter or is_bounded) and _overflows(before):
        return False
    return after.share_of_ok < before.share_of_ok - WORSE


def _overflows(found: Prediction) -> bool:
    return found.summary.longest_queue > found.setting.backlog


def _is_near(one: Prediction, other: Prediction) -> bool:
    """Say whether two predictions are the same; a full TCP queue is a matter of chance."""
    chance = 10 * WORSE if _overflows(one) or _overflows(other) else WORSE
    return abs(one.share_of_ok - other.share_of_ok) <= chance
