"""php-fpm's files changed at random, for fpmtune and php-fpm: `python -m tests.fuzz.php_fpm --inputs N`.

The files are recorded ones of the tests, a few of their lines cut, doubled, exchanged or made up. With
`--live` the php-fpm that is installed says, as root, whether it takes each and what it makes of it; without,
fpmtune must only answer. The exit status is 1 where a difference is not explained; such files are left in the
current folder.
"""

import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from random import Random

from tests.conformance.php_fpm import RELEASES, Case, differences_of, of_subset
from tests.conformance.php_fpm_readings import Program, Reading, ask, installed
from tests.conformance.table import Difference
from tuner.stack.php_fpm.directives import rows

VALUES: tuple[bytes, ...] = (
    *(b"", b"0", b"1", b"-1", b"64", b"512", b"0777", b"99999999999", b"1k", b"+5", b"- 1", b"yes", b"Off"),
    *(b"'yes'", b'"no"', b"null", b"y", b"10s", b"1m30s", b"5S", b"2d", b"dynamic", b"STATIC", b"ondemand"),
    *(
        b"unlimited",
        b"notice",
        b"Warn",
        b"info",
        b"local3",
        b"/a",
        b"/a/b.c",
        b"a b",
        b"a=b",
        b"(1|2)",
        b"~3",
    ),
    *(b"!0", b"E_ALL & ~E_NOTICE", b"$pool", b"'$pool'", b"it's", b'"%m %r"', b"%{mili}d", b"%x", b"epoll"),
    *(b"127.0.0.1:9000", b"9001", b"/run/x.sock", b"www-data", b'"a\\"b"', b"x ; y", b"x # y", b"''", b"[a]"),
)
LINES: tuple[bytes, ...] = (
    *(b"[www]", b"[WWW]", b"[b]", b"[global]", b" [x]", b"\t[y]", b"# x", b"; x", b"garbage", b"a: b", b"[]"),
    *(b"env[A] = 1", b"env[] = 1", b"php_admin_value[a] = on", b"php_flag[b] = 2", b"php_admin_flag[c] = on"),
    *(b"access.suppress_path[] = /a", b"access.suppress_path[] = a", b"Env[A] = b", b"env[A ] = b"),
)
NOISE: tuple[bytes, ...] = (
    b"=",
    b" ",
    b"\t",
    b'"',
    b"'",
    b"[",
    b"]",
    b";",
    b"\r",
    b"$",
    b"\\",
    b"|",
    b"\xff",
)
PLAIN = b"[www]\nuser = www-data\nlisten = 127.0.0.1:9000\npm = static\npm.max_children = 2\n"
QUIET = b"error_log = /dev/null\n"


def changed(originals: list[bytes], random: Random) -> bytes:
    """Return one of the originals with one to three lines or characters changed."""
    lines = random.choice((*originals, PLAIN, PLAIN)).split(b"\n")
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(lines))
        match random.randrange(6):
            case 0:
                lines[at : at + 1] = []
            case 1:
                lines.insert(at, random.choice(lines or [b""]))
            case 2:
                lines.insert(at, random.choice(LINES))
            case 3 | 4:
                name = random.choice((*rows("pool"), *rows("pool"), *rows("global"))).encode()
                lines.insert(at + 1, name + b" = " + random.choice(VALUES))
            case _:
                line, place = lines[at], random.randrange(len(lines[at]) + 1)
                lines[at] = line[:place] + random.choice(NOISE) + line[place + random.randint(0, 1) :]
        lines = lines or [b""]
    return b"[global]\n" + QUIET + b"\n".join(lines)


def unexplained(data: bytes, program: Program | None) -> list[Difference]:
    """Return how fpmtune's answer differs from that of php-fpm without a reason that is known."""
    case = Case("f", {"f.conf": data}, "", {}, {})
    if program is None:
        differences_of(case, RELEASES["8.2"], Reading(True, {}))
        return []
    answer = ask(program, case.files, case.main, "", {})
    found = differences_of(case, program.release, answer)[1]
    return [difference for difference in found if difference and not difference.artefact]


def run(inputs: int, seed: int, program: Program | None) -> list[tuple[bytes, list[Difference]]]:
    """Return every made input for which the two differ without a known reason."""
    random = Random(f"php-fpm/{seed}")
    originals = [data for case in of_subset() for data in case.files.values() if b"include" not in data]
    made = (changed(originals, random) for _ in range(inputs))
    return [(data, found) for data in made if (found := unexplained(data, program))]


def main() -> int:
    """Make the inputs, print what differs, keep it as files, and return the exit status."""
    parser = ArgumentParser(prog="python -m tests.fuzz.php_fpm", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", action="store_true", help="ask the php-fpm that is installed")
    options = parser.parse_args()
    program = installed() if options.live else None
    if options.live and program is None:
        print("no php-fpm that runs as root here")
        return 2
    found = run(options.inputs, options.seed, program)
    for number, (data, differences) in enumerate(found[:20]):
        Path(f"fuzz-php-fpm-{options.seed}-{number}.conf").write_bytes(data)
        print(number, differences[0])
    kinds = Counter(differences[0].what for _, differences in found)
    print(f"{options.inputs} inputs, {len(found)} differ without explanation {dict(kinds)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
