"""sysctl files, fpmtune beside the programs: `python -m tests.fuzz.sysctl --inputs N --seed S [--live]`.

N trees of random lines. With `--live` procps' sysctl, systemd-sysctl and busybox, as far as they are
installed, load each in namespaces of their own, and what is in the kernel then must be what fpmtune says.
Without it each tree must only be readable. The exit status is 1 where they differ.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.conformance.sysctl import here
from tests.conformance.sysctl_readings import (
    COMMANDS,
    Machine,
    Reading,
    Tree,
    installed,
    machine,
    ours,
    why_not_live,
)

BASE = {
    "net.core.somaxconn": "4096",
    "net.ipv4.tcp_max_syn_backlog": "2048",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_tw_reuse": "2",
    "net.ipv4.tcp_syn_retries": "6",
    "net.ipv4.tcp_notsent_lowat": "4294967295",
    "net.ipv4.ip_local_port_range": "32768 60999",
    "net.ipv4.tcp_rmem": "4096 131072 33554432",
    "net.ipv4.tcp_wmem": "4096 16384 4194304",
    "net.ipv4.conf.lo.rp_filter": "0",
    "net.ipv4.conf.default.rp_filter": "0",
    "net.ipv4.conf.lo.log_martians": "0",
    "net.unix.max_dgram_qlen": "10",
}
"""The keys that are watched, with what stands in them where nobody can be asked."""

GLOBS = (
    *("net.ipv4.conf.*.rp_filter", "net/ipv4/conf/l?/rp_filter", "net.core.somax*", "net.core.[st]omaxconn"),
    *("net.ipv4.tcp_?mem", "net.core.[^a]omaxconn", "net.*.max_dgram_qlen", "net.ipv4.tcp_syn_*"),
)
STRANGERS = ("net.core.nosuch", "kernel.somaxconn", "net.ipv4.tcp_tw_recycle", "NET.core.somaxconn")
NUMBERS = (
    *("0", "1", "2", "3", "7", "127", "128", "255", "256", "1024", "4096", "65535", "65536", "2147483647"),
    *(
        "2147483648",
        "4294967295",
        "4294967296",
        "-1",
        "-2147483648",
        "01000",
        "0x400",
        "0X1f",
        "08",
        "+5",
        "4k",
    ),
    *("1000;", "1000#x", '"7"', "'7'", "1.5", "1_000", "1,2", "", "abc", "00000000000000000012", "--5", "0x"),
)
BEHIND = ("", "", "", " # queue", " 9", "\t9", "  ", " x", "\v", "\f", "\r")
FILES = (
    *(
        "etc/sysctl.d/10-a.conf",
        "etc/sysctl.d/50-b.conf",
        "run/sysctl.d/50-b.conf",
        "usr/lib/sysctl.d/9-c.conf",
    ),
    *(
        "usr/local/lib/sysctl.d/99-z.conf",
        "etc/sysctl.conf",
        "etc/sysctl.d/.hidden.conf",
        "etc/sysctl.d/a.CONF",
    ),
)
BUSYBOX_FILE = "etc/sysctl.d/50-t.conf"
LINKS = (
    {},
    {},
    {},
    {"etc/sysctl.d/99-sysctl.conf": "../sysctl.conf"},
    {"etc/sysctl.d/50-c.conf": "/dev/null"},
)


class Outcome(NamedTuple):
    """How many trees and lines were compared, and what differed."""

    trees: int
    lines: int
    differences: list[str]


def line(random: Random) -> bytes:
    """Return one line: mostly an assignment, sometimes spoilt."""
    kind = random.random()
    if kind < 0.04:
        return random.choice((b"# x", b"  ; y", b"", b"nonsense", b"a", b"= 5", b"\t", b"[x]", b"-"))
    key = random.choice((*BASE, *BASE, *GLOBS, *STRANGERS))
    if kind < 0.1:
        return f"-{key}".encode()
    key = _spelt(key, random)
    if key.replace("/", ".").lstrip(".-").startswith(("net.ipv4.ip_local", "net.ipv4.tcp_rmem")):
        value = random.choice((" ", "\t", "  ", ",")).join(random.choices(NUMBERS, k=random.randint(1, 4)))
    else:
        value = random.choice(NUMBERS)
    blank = random.choice(("", " ", "\t", "  "))
    text = f"{blank}{key}{blank}={blank}{value}{random.choice(BEHIND)}".encode()
    if random.random() < 0.03:
        at = random.randrange(len(text) + 1)
        text = (
            text[:at] + random.choice((b"\\\n", b"\\", b"\r", b"\xc2\xa0", b"\xef\xbb\xbf", b"=")) + text[at:]
        )
    return text


def _spelt(key: str, random: Random) -> str:
    style = random.random()
    if style < 0.25:
        return key.replace(".", "/") if "/" not in key else key
    if style < 0.3:
        return f"-{key}"
    if style < 0.33:
        return f"- {key}"
    if style < 0.36:
        return key.replace(".", random.choice(("..", "//", "./")), 1)
    if style < 0.39:
        return random.choice(("{}.", ".{}", "/{}", "{}/", "/proc/sys/{}")).format(key)
    return key


def trees(count: int, seed: int) -> Iterator[tuple[Tree, int, Random]]:
    """Yield each tree with the number of its lines; every third has the one file that busybox is given."""
    for number in range(count):
        random = Random(f"sysctl/{seed}/{number}")
        names = [BUSYBOX_FILE] if number % 3 == 0 else random.sample(FILES, random.randint(1, 4))
        lines = {name: [line(random) for _ in range(random.randint(0, 5))] for name in names}
        end = random.choice((b"\n", b"\n", b"\r\n"))
        files = {name: end.join(found) + random.choice((end, b"")) for name, found in lines.items()}
        links = {} if number % 3 == 0 else random.choice(LINKS)
        yield Tree(files, links), sum(map(len, lines.values())), random


def compare(count: int, seed: int, asked: Machine | None) -> Outcome:
    """Read so many trees, and where there is a machine compare with the programs that it has."""
    programs = list(installed()) if asked else ["procps", "systemd", "busybox"]
    target, base = here(), asked.base if asked else BASE
    differences: list[str] = []
    total = 0
    for number, (tree, lines, _) in enumerate(trees(count, seed)):
        total += lines
        chosen = [name for name in programs if name != "busybox" or BUSYBOX_FILE in tree.files]
        with TemporaryDirectory() as folder:
            tree.write(Path(folder))
            mine = [ours(Path(folder), name, base, target, _single(name)) for name in chosen]
        theirs = asked.read(tree, [_command(name) for name in chosen]) if asked else mine
        for name, left, right in zip(chosen, mine, theirs, strict=True):
            if left.changed != right.changed:
                differences.append(_told(number, name, tree, left, right))
    return Outcome(count, total, differences)


def _single(program: str) -> str:
    return BUSYBOX_FILE if program == "busybox" else ""


def _command(program: str) -> list[str]:
    single = _single(program)
    return [*COMMANDS[program], *([f"/{single}"] if single else [])]


def _told(number: int, program: str, tree: Tree, left: Reading, right: Reading) -> str:
    return f"tree {number}, {program}: fpmtune {left.changed}, program {right.changed}: {tree}"


def main() -> int:
    """Compare, print the figures and the first differences, and return the exit status."""
    parser = ArgumentParser(prog="python -m tests.fuzz.sysctl", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000, help="how many trees")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", action="store_true", help="ask the programs that are installed")
    options = parser.parse_args()
    if options.live and (reason := why_not_live()):
        parser.error(reason)
    if options.live:
        with machine(BASE) as asked:
            outcome = compare(options.inputs, options.seed, asked)
    else:
        outcome = compare(options.inputs, options.seed, None)
    print(*outcome.differences[:20], sep="\n")
    print(f"{outcome.trees} trees, {outcome.lines} lines, {len(outcome.differences)} differences")
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    sys.exit(main())
