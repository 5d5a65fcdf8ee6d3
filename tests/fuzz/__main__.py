"""Every parser, on anything: `python -m tests.fuzz --inputs N [--trees N] [--seed S] [--cases DIR]`.

Half of the inputs are files of the examples, and of each DIR, with changes, half are soup. A parser must
answer each without an exception, within `LIMIT_S`, with every place inside the file. `--trees` are examples
with changed files that go the whole way of a check. The exit status is 1 where something fails; what failed
is left in the current folder.
"""

import sys
import time
from argparse import ArgumentParser
from multiprocessing import Pool
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

from tests.fuzz.inputs import mutated, seeds, soup
from tests.fuzz.invariants import check
from tests.fuzz.trees import changed_tree, check_tree
from tuner.formats.document import KINDS, Kind
from tuner.source.text import Text
from tuner.source.tree import SourceFile
from tuner.stack.files import read_as
from tuner.stack.target import Target, parse_target

LIMIT_S = 1.0
BATCH = 2000
TARGETS = ("", "php=7.0", "php=8.2", "php=8.3", "php=8.6")


class Batch(NamedTuple):
    """Inputs that are made and read in one go."""

    kind: Kind
    number: int
    seed: int
    size: int
    cases: tuple[Path, ...]


class Outcome(NamedTuple):
    """What a batch came to: the sizes of its inputs, the slowest answer, and what failed with its input."""

    sizes: list[int]
    slowest_s: float
    failures: list[tuple[str, bytes]]


def run(batch: Batch) -> Outcome:
    """Make the inputs of a batch and read each, as a file and as a template."""
    random = Random(f"{batch.seed}/{batch.kind}/{batch.number}")
    originals = seeds(batch.kind, batch.cases)
    sizes: list[int] = []
    failures: list[tuple[str, bytes]] = []
    slowest_s = 0.0
    for index in range(batch.size):
        data = mutated(batch.kind, originals, random) if index % 2 else soup(batch.kind, random)
        name = "f.conf.j2" if index % 8 > 5 else "f.conf"
        target = parse_target(text) if (text := random.choice(TARGETS)) else Target()
        sizes.append(len(data))
        started = time.perf_counter()
        failure = answer(batch.kind, name, data, target)
        taken_s = time.perf_counter() - started
        slowest_s = max(slowest_s, taken_s)
        if failure or taken_s > LIMIT_S:
            failures.append((failure or f"took {taken_s:.1f} s", data))
    return Outcome(sizes, slowest_s, failures)


def answer(kind: Kind, name: str, data: bytes, target: Target) -> str:
    """Read one input; return what is wrong with the answer, or nothing."""
    source = SourceFile(name, f"/{name}", Text(name, data), is_given=True)
    try:
        file = read_as(source, kind, target)
        assert file.document is not None
        check(file.document)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def main() -> int:
    """Read so many inputs on all processors, print what came of it, and return the exit status."""
    parser = ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trees", type=int, default=0, help="changed trees that are checked whole")
    parser.add_argument("--cases", type=Path, action="append", help="more files to start from (repeatable)")
    options = parser.parse_args()
    each = -(-options.inputs // len(KINDS))
    batches = [
        Batch(kind, number, options.seed, min(BATCH, each - number * BATCH), tuple(options.cases or ()))
        for kind in KINDS
        for number in range(-(-each // BATCH))
    ]
    with Pool() as pool:
        outcomes = pool.map(run, batches, chunksize=1)
        broken = [found for found in pool.map(run_tree, range(options.trees), chunksize=20) if found]
    print(*broken[:20], sep="\n", end="")
    print(f"{options.trees} trees, {len(broken)} failures")
    return max(report(batches, outcomes), 1 if broken else 0)


def run_tree(number: int) -> str:
    """Check one changed tree; return what failed, or nothing."""
    changed, target = changed_tree(Random(f"tree/{number}"))
    try:
        check_tree(changed, target)
    except Exception as error:
        kept = Path(f"fuzz-tree-{number}")
        for name, data in changed.items():
            (kept / name).parent.mkdir(parents=True, exist_ok=True)
            (kept / name).write_bytes(data)
        return f"{kept}: {type(error).__name__}: {error}\n"
    return ""


def report(batches: list[Batch], outcomes: list[Outcome]) -> int:
    """Print the figures, keep what failed as files, and return the exit status."""
    failures = [
        (batch.kind, *failure)
        for batch, outcome in zip(batches, outcomes, strict=True)
        for failure in outcome.failures
    ]
    for number, (kind, what, data) in enumerate(failures[:20], 1):
        kept = Path(f"fuzz-{kind}-{number}.bin")
        kept.write_bytes(data)
        print(f"{kind}: {what} ({kept})")
    sizes = [size for outcome in outcomes for size in outcome.sizes]
    slowest_ms = 1000 * max(outcome.slowest_s for outcome in outcomes)
    print(
        f"{len(sizes)} inputs, half of them changed files; median {median(sizes):.0f} bytes; "
        f"slowest answer {slowest_ms:.0f} ms; {len(failures)} failures"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
