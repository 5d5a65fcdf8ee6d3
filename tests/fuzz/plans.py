"""Plans for hosts of all kinds: `python -m tests.fuzz.plans [--corpus DIR --stacks N] [--generated N]`.

For each host a load is drawn, the plan is made, written and made again: then there must be nothing to do. It
changes the words that it names and nothing else, a check finds nothing new that is grave, no prediction gets
worse, and the daemons that are installed take what they took before. A few are written by the command line as
well, and put back, and their fragments checked. DIR holds a folder for each host. The exit status is 1
where something fails; such hosts are left in the current folder, `--only N` repeats one.
"""

import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.fuzz import plan_commands, verdicts
from tests.fuzz.hosts import write_generated
from tests.fuzz.loads import Load, random_load, random_target
from tests.fuzz.plan_faults import (
    faults_after,
    faults_of_bytes,
    faults_of_predictions,
    planned,
    read,
)

SAMPLE = 10
"""One host of so many is written by the command line, too."""


class Outcome(NamedTuple):
    """What was made of one host: the changed files, the settings that were planned, and what is wrong."""

    files: int
    settings: Counter[str]
    faults: list[str]


def outcome_of(root: Path, load: Load, *, with_commands: bool = False) -> Outcome:
    """Write the plan of the hosts in a folder, and return what is wrong with it."""
    files = files_of(root)
    before = planned(root, load)
    faults = list(faults_of_bytes(before))
    changed = {str(Path(file.document.text.path).relative_to(root)): file for file in before.patches.files}
    kinds: dict[str, str] = {name: file.document.kind for name, file in changed.items()}
    new = {**files, **{name: file.data for name, file in changed.items()}, **before.new}
    if with_commands:
        faults += plan_commands.faults(root, new, load)
    took, takes = verdicts.verdicts(files, kinds), verdicts.verdicts(new, kinds) if kinds else {}
    faults += [
        f"{asked}: taken before, and not after" for asked, taken in takes.items() if took[asked] > taken
    ]
    for name in (*changed, *before.new):
        (root / name).write_bytes(new[name])
    after = planned(root, load)
    faults += [*faults_after(before, after), *faults_of_predictions(before, after)]
    return Outcome(len(changed), Counter(one.setting for one in before.written), faults)


def files_of(root: Path) -> dict[str, bytes]:
    """Return the regular files of a folder, by the path there."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def generated(root: Path, random: Random) -> Load:
    """Write a host into a folder, and return some load for it."""
    root.mkdir()
    write_generated(root, random)
    return _load_for(root, random)


def _load_for(root: Path, random: Random) -> Load:
    target = random_target(random)
    _, loaded = read(root, target)
    return random_load(random, target, [pool for stack in loaded.stacks for pool in stack.pools])


def _copied(source: Path, root: Path) -> None:
    shutil.copytree(source, root, symlinks=True)
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


def _of_corpus(root: Path, source: Path, random: Random) -> Load | None:
    """Copy a host, and return a load with which there is something to do; None if none is found."""
    _copied(source, root)
    for _ in range(3):
        load = _load_for(root, random)
        if planned(root, load).written:
            return load
    return None


def main() -> int:
    """Make the plans, print how many there were and what failed, and return the exit status."""
    options = _options()
    hosts, failed, files, settings = 0, 0, 0, Counter[str]()
    for name, root, load in _hosts(options):
        hosts += 1
        kept = Path.cwd() / f"plan-{options.seed}-{name}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(root, kept, symlinks=True)
        found = outcome_of(root, load, with_commands=hosts % SAMPLE == 1 or options.only is not None)
        files, settings = files + found.files, settings + found.settings
        if found.faults:
            failed += 1
            print(f"{name} ({_shown(load)}), left in {kept}:", *found.faults, sep="\n  ", flush=True)
        else:
            shutil.rmtree(kept)
    asked = ", ".join(f"{count} of {program}" for program, count in verdicts.asked.most_common())
    print(f"{settings.total()} settings: {dict(settings.most_common())}")
    print(f"{hosts} hosts, {files} files changed, verdicts: {asked or 'none'}; {failed} failed")
    return 1 if failed else 0


def _options() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.fuzz.plans")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--stacks", type=int, default=20)
    parser.add_argument("--generated", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of the only generated host")
    return parser.parse_args()


def _shown(load: Load) -> str:
    measured = f"{len(load.measured.pools)} measured" if load.measured else load.service_time
    return f"{measured}, target {load.target or 'unknown'}, {load.wishes}"


def _hosts(options: Namespace) -> Iterator[tuple[str, Path, Load]]:
    """Yield hosts in folders that are gone afterwards, and the load of each."""
    drawn = sorted(path for path in options.corpus.iterdir() if path.is_dir()) if options.corpus else []
    Random(options.seed).shuffle(drawn)
    wanted = options.stacks if options.only is None else 0
    for source in drawn:
        if not wanted:
            break
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve() / "host"
            load = _of_corpus(root, source, Random(f"{options.seed} {source.name}"))
            if load:
                wanted -= 1
                yield source.name, root, load
    for number in [options.only] if options.only is not None else range(options.generated):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve() / "host"
            yield str(number), root, generated(root, Random(f"{options.seed} {number}"))


if __name__ == "__main__":
    sys.exit(main())
