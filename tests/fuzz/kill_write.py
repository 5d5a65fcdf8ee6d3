"""Writers killed at random moments: `python -m tests.fuzz.kill_write --times N [--files N] [--seed S]`.

Each time a process of its own writes a plan of many files (replaced, made, removed, through links), or takes
one back, and gets SIGKILL. Then a second write, or a revert, in turns, must give exactly the new set or the
old one, with nothing left over. Half of the moments are drawn over the whole run, half from the moment when
the first file is about to be replaced. The exit status is 1 if a time fails.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

from tests.change.file_sets import FileSet, file_set
from tests.change.interruptions import standing, take_back, write_again
from tuner.change.journal import journals
from tuner.change.recovery import pending
from tuner.change.revert import revert
from tuner.change.transaction import apply

LARGEST_BYTES = 200_000
MEASURED = 5


class Moment(NamedTuple):
    """When a writer is killed: so many seconds after it began, or after it `writes`."""

    after_s: float
    writes: bool


class Durations(NamedTuple):
    """How long a writer takes as a whole, and from its first replaced file on, in seconds."""

    whole_s: float
    writing_s: float


class Work(NamedTuple):
    """What is killed: a `writer`, on files that were made ready for it."""

    name: str
    prepare: Callable[[FileSet], object]
    writer: Callable[[FileSet], object]
    ways_on: tuple[Callable[[FileSet], None], ...]


def write(files: FileSet) -> None:
    """Write the plan."""
    apply(files.changes, files.journal)


WORKS = (
    Work("write", lambda files: None, write, (write_again, take_back)),
    Work("revert", write, lambda files: revert(files.journal), (take_back,)),
)


def main() -> int:
    """Kill so many writers, print what state each was in, and return the exit status."""
    parser = ArgumentParser(prog="python -m tests.fuzz.kill_write", description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where to write (default: the folder for temporary files)")
    options = parser.parse_args()
    return max(killed(work, options.times, options.files, options.seed, options.folder) for work in WORKS)


def killed(work: Work, times: int, count: int, seed: int, within: str | None = None) -> int:
    """Kill so many writers, print what came of it, and return 1 if a time failed."""
    random = Random(seed)
    seen: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=within) as folder:
        durations = measured(work, Path(folder), count)
        for number in range(times):
            files = file_set(
                Path(folder) / str(number) / "etc", Random(f"{seed}/{number}"), count, LARGEST_BYTES
            )
            work.prepare(files)
            kill(files, work, moment(random, durations))
            seen[came_of_it(files, work.ways_on[number % len(work.ways_on)])] += 1
            shutil.rmtree(files.folder.parent)
    print(
        f"{work.name} of {count} files, {1000 * durations.whole_s:.0f} ms, "
        f"of these {1000 * durations.writing_s:.0f} ms from the first replaced file on; killed {times} times"
    )
    for line, number in sorted(seen.items()):
        print(f"{number:6}  {line}")
    return 1 if any("FAILED" in line for line in seen) else 0


def came_of_it(files: FileSet, then: Callable[[FileSet], None]) -> str:
    """Go on after a kill; return what the killed writer left and what it became."""
    plans = pending(files.journal) if os.path.isdir(files.journal) else ()
    left = f"{plans[0].state if plans else 'no plan open'}, files {standing(files)}"
    way = "a second write" if then is write_again else "a revert"
    try:
        then(files)
    except Exception as error:
        return f"{left}; {way} FAILED: {type(error).__name__}: {error}"
    return f"{left}; after {way} {standing(files)}, nothing left over"


def started(files: FileSet, work: Work) -> int:
    """Start a process that writes; return its number."""
    child = os.fork()
    if child == 0:
        try:
            work.writer(files)
        finally:
            os._exit(0)
    return child


def kill(files: FileSet, work: Work, when: Moment) -> None:
    """Start the writer and kill it at that moment; it may have ended before."""
    sign = sign_of_writing(files)
    child = started(files, work)
    if when.writes:
        wait_for(sign, child)
    until = time.perf_counter() + when.after_s
    while time.perf_counter() < until:
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def sign_of_writing(files: FileSet) -> str:
    """Return the file that is there while the next plan's files are replaced."""
    number = max((journal.number for journal in journals(files.journal)), default=0) + 1
    return os.path.join(files.journal, f"{number:06}", "writing.json")


def wait_for(sign: str, child: int) -> None:
    """Return when the file is there, or the child has ended."""
    while not os.path.exists(sign):
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return


def moment(random: Random, durations: Durations) -> Moment:
    """Draw a moment, now and then one when the writer has just ended."""
    writes = random.random() < 0.5
    length_s = durations.writing_s if writes else durations.whole_s
    return Moment(random.uniform(0, 1.05 * length_s), writes)


def measured(work: Work, folder: Path, count: int) -> Durations:
    """Return how long writers take that nobody kills: the median of some."""
    taken = []
    for number in range(MEASURED):
        files = file_set(folder / f"measured-{number}" / "etc", Random(number), count, LARGEST_BYTES)
        work.prepare(files)
        sign = sign_of_writing(files)
        begun = time.perf_counter()
        child = started(files, work)
        wait_for(sign, child)
        writes = time.perf_counter()
        os.waitpid(child, 0)
        ended = time.perf_counter()
        taken.append(Durations(ended - begun, ended - writes))
    return Durations(median(one.whole_s for one in taken), median(one.writing_s for one in taken))


if __name__ == "__main__":
    sys.exit(main())
