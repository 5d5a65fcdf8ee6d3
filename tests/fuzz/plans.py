"""Plans for hosts of all kinds: `python -m tests.fuzz.plans [--corpus DIR --stacks N] [--generated N]`.

For each host a load is declared at random, the plan is made, written and made again: then there must be
nothing to do. The difference must touch the planned lines only, no finding of an error may be new, and
php-fpm and nginx, where they are installed, must take each file that they took before. DIR holds a folder for
each host. The exit status is 1 where something fails; such hosts are left in the current folder.
"""

import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.conformance import nginx_program, php_fpm_readings
from tests.trees import write_tree
from tests.tune.hosts import NGINX_FILE, host_files
from tuner.formats.candidate import is_candidate
from tuner.formats.document import Document
from tuner.judge.load import load_rules
from tuner.judge.run import judge
from tuner.load.declared import DeclaredLoad, put_on
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.target import Target, parse_target
from tuner.tune.demand import Wishes
from tuner.tune.edits import Patches, patches
from tuner.tune.host import plan_host
from tuner.tune.plan import Plan, Recommendation

SERVICE_TIMES = ("5ms", "50ms", "300ms", "2s", "20s")
TARGETS = ("", "debian-12", "debian-11", "ubuntu-24.04")


class Load(NamedTuple):
    """What is declared of every pool of a host, and the machine that it is for."""

    service_time: str
    target: str
    wishes: Wishes


class Planned(NamedTuple):
    """The plans of all hosts in a folder, the changes they take, and the errors that a check finds."""

    plans: list[Plan]
    patches: Patches
    errors: Counter[tuple[str, str]]
    documents: dict[str, Document]

    @property
    def recommendations(self) -> list[Recommendation]:
        """Return what is to be done and can be written."""
        by_hand = {id(one.recommendation) for one in self.patches.unwritten}
        return [found for plan in self.plans for found in plan.recommendations if id(found) not in by_hand]


def planned(root: Path, load: Load, *, with_errors: bool = True) -> Planned:
    """Read what lies in a folder, and make its plans."""
    tree = collect([str(root)], is_candidate)
    target = parse_target(load.target) if load.target else Target()
    files = read_tree(tree, target=target)
    stacks = build_stacks(tree, group_hosts(tree, files), target)
    put_on(stacks, DeclaredLoad(load.service_time, "100"))
    plans = [plan_host(stack, {}, load.wishes) for stack in stacks]
    documents = {file.document.text.path: file.document for file in files if file.document}
    wanted = [found for plan in plans for found in plan.recommendations]
    findings = judge(stacks, load_rules()).findings if with_errors else []
    errors = Counter((found.rule, found.entity) for found in findings if found.severity == "error")
    return Planned(plans, patches(wanted, documents), errors, documents)


def faults(root: Path, load: Load) -> Iterator[str]:
    """Yield what is wrong with the plan of a folder, which is written into it."""
    before = planned(root, load)
    for file in before.patches.files:
        path = Path(file.document.text.path)
        yield from _faults_of_difference(file.document.text.data, file.data, len(file.changes), path)
        took = verdict(file.document.kind, file.document.text.data)
        if took and verdict(file.document.kind, file.data) is False:
            yield f"{path}: {file.document.kind} took it before, and not after"
        path.write_bytes(file.data)
    after = planned(root, load)
    yield from (
        f"{found.entity}: {found.setting} {found.present.data} -> {found.recommended} again"
        for found in after.recommendations
    )
    yield from (f"a new error: {rule} for {entity}" for rule, entity in after.errors - before.errors)
    keys = Counter(
        (found.entity, found.setting, found.spot, found.present.origin.place)
        for found in before.recommendations
    )
    yield from (f"two values for {key[:2]}" for key, count in keys.items() if count > 1)


def _faults_of_difference(old: bytes, new: bytes, changes: int, path: Path) -> Iterator[str]:
    matcher = SequenceMatcher(a=old.split(b"\n"), b=new.split(b"\n"), autojunk=False)
    touched = sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal")
    if touched > changes:
        yield f"{path}: {touched} lines differ for {changes} changes"


def verdict(kind: str, data: bytes) -> bool | None:
    """Return whether the program takes a file by itself; None where it cannot be asked."""
    php_fpm = php_fpm_readings.installed()
    if kind == "php-fpm" and php_fpm:
        return php_fpm_readings.ask(php_fpm, {"php-fpm.conf": data}, "php-fpm.conf", "", {}).is_accepted
    if kind == "nginx" and nginx_program.PROGRAM:
        with tempfile.TemporaryDirectory() as folder:
            return not nginx_program.asked(data, Path(folder)).words
    return None


def random_load(random: Random) -> Load:
    """Return some load for some machine."""
    wishes = Wishes(
        deadline_s=random.choice((None, None, 1.0, 10.0)),
        clients=random.choice((None, None, 50, 3000)),
        may_lower=random.random() < 0.3,
    )
    return Load(random.choice(SERVICE_TIMES), random.choice(TARGETS), wishes)


def write_generated(root: Path, random: Random) -> None:
    """Write a host with one to four pools of all kinds."""
    for number in range(random.randint(1, 4)):
        listen = random.choice((f"/run/php/{number}.sock", f"127.0.0.1:{9000 + number}", str(9100 + number)))
        lines = random.choice(
            ((), (f"listen.backlog = {random.choice((-1, 0, 16, 511, 65535))}",), ("; listen.backlog = 5",))
        )
        times = random.choice(((), ("request_terminate_timeout = 90s",), ("request_terminate_timeout=2m",)))
        files = host_files(
            *lines,
            *times,
            listen=listen,
            workers=random.choice((1, 8, 64, 900)),
            timeout=random.choice(("1s", "60s", "300", "5m")),
            somaxconn=random.choice((None, 16, 128, 4096, 65535)),
        )
        ending = random.choice(("\n", "\r\n")) if number == 0 else "\n"
        named = {
            path.replace("www.conf", f"p{number}.conf"): _of_pool(text, number).replace("\n", ending)
            for path, text in files.items()
            if path != NGINX_FILE
        }
        main = root / NGINX_FILE
        nginx = _of_pool(files[NGINX_FILE], number)
        if main.exists():
            nginx = main.read_text().rstrip()[:-1] + nginx[nginx.index("    upstream") :]
        write_tree(root, {**named, NGINX_FILE: nginx})


def _of_pool(text: str, number: int) -> str:
    for old, new in (("[www]", "[p{}]"), ("upstream php", "upstream php{}"), ("pass php;", "pass php{};")):
        text = text.replace(old, new.format(number))
    return text.replace("listen 80;", f"listen {80 + number};")


def main() -> int:
    """Make the plans, print how many there were and what failed, and return the exit status."""
    parser = ArgumentParser(prog="python -m tests.fuzz.plans")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--stacks", type=int, default=20)
    parser.add_argument("--generated", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = Random(options.seed)
    drawn = sorted(path for path in options.corpus.iterdir() if path.is_dir()) if options.corpus else []
    random.shuffle(drawn)
    hosts, failed, settings = 0, 0, Counter[str]()
    for source in [*_with_plans(drawn, options.stacks, random), *[None] * options.generated]:
        hosts += 1
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve() / "host"
            _fill(root, source, random)
            load = random_load(random)
            settings.update(found.setting for found in planned(root, load, with_errors=False).recommendations)
            found = list(faults(root, load))
            if found:
                failed += 1
                kept = Path.cwd() / f"plan-{options.seed}-{hosts}"
                shutil.copytree(root, kept, symlinks=True)
                print(
                    f"{source.name if source else 'generated'} ({load}), left in {kept}:", *found, sep="\n  "
                )
    print(f"{hosts} hosts, {failed} failed; planned: {dict(settings.most_common())}")
    return 1 if failed else 0


def _with_plans(drawn: list[Path], wanted: int, random: Random) -> Iterator[Path]:
    """Yield the first of the drawn hosts for which there is something to do."""
    for source in drawn:
        if wanted <= 0:
            return
        if any(planned(source, random_load(random), with_errors=False).recommendations for _ in range(3)):
            wanted -= 1
            yield source


def _fill(root: Path, source: Path | None, random: Random) -> None:
    if source is None:
        root.mkdir()
        write_generated(root, random)
    else:
        shutil.copytree(source, root, symlinks=True)
        for path in (root, *root.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)


if __name__ == "__main__":
    sys.exit(main())
