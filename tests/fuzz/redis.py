"""Random lines of redis.conf: `python -m tests.fuzz.redis --inputs N --seed S [--live]`.

Every input is a file of some lines. With `--live` each server on the PATH reads it as well, up to a last line
that none takes, so that nothing is ever started; compared is the first line that is refused.
"""

import random
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conformance.redis_server import ERROR_LINE, Server, installed_servers
from tuner.formats.redis import parse
from tuner.laws.version import Version
from tuner.source.text import Text
from tuner.source.tree import SourceFile
from tuner.stack.files import ReadFile
from tuner.stack.redis.directives import knowledge_of
from tuner.stack.redis.loading import Settings
from tuner.stack.redis.reading import Refusal, read_settings
from tuner.stack.redis.releases import Release, known_releases
from tuner.stack.redis.taken import BAD_DIRECTIVE

LINES_CAP = 12
TIMEOUT_S = 30
UNTOUCHED = re.compile(r"tls-|dir$|logfile|include|loadmodule|activedefrag|jemalloc|vset-|sentinel|rdma-")
"""Names that touch the machine, or that depend on how a server was built."""

NO_SERVER_TAKES_IT = b'\n"\n'
WORDS = (
    *("yes", "no", "YES", "0", "1", "-1", "5", "10", "64", "65", "0511", "+5", "511.0", "2147483648", "1gb"),
    *("1k", "12MB", "1t", "50%", "101%", "755", "999", "", "normal", "replica", "pubsub", "master", "900"),
    *("KEA", "Kn", "no one", "127.0.0.1", "allkeys-lru", "everysec", "always", "notice", "default", "save"),
    *("nosave", "force", "99.9", "1e2", "0x10", "-0", "99999999999999999999", "a/b", "{title}", "{x}", "#"),
    *(
        "get",
        "flushall",
        "GET",
        "debug",
        "x",
        "on",
        "off",
        "nopass",
        "~*",
        "~a",
        "&*",
        "&a",
        ">p",
        "<p",
        "%R~a",
    ),
    *("alice", "reset", "resetkeys", "resetchannels", "#ab", "(~a)", "(~a", "sync", "json", "relative"),
)
GLUE = (" ", " ", " ", " ", "  ", "\t", "\v", '"', "'", "\\x41", "\\", "")


def inputs(count: int, seed: int) -> Iterator[bytes]:
    """Yield files of some lines each."""
    chance = random.Random(seed)
    names = sorted(
        {n for r in known_releases() for n in (*knowledge_of(r).directives, *knowledge_of(r).ignored)}
    )
    names = [name for name in names if not UNTOUCHED.match(name)]
    names += [
        "save",
        "client-output-buffer-limit",
        "user",
        "rename-command",
        "bogus",
        "notify-keyspace-events",
    ] * 4
    for _ in range(count):
        lines = [_line(chance, names) for _ in range(chance.randint(1, LINES_CAP))]
        yield "\n".join(lines).encode()


def _line(chance: random.Random, names: list[str]) -> str:
    name = chance.choice(names)
    word = chance.choice(("{}", '"{}"', "'{}'")).format
    count = chance.choice((1, 1, 1, 1, 2, 3, 4))
    words = [
        word(chance.choice(WORDS)) if chance.random() < 0.3 else chance.choice(WORDS) for _ in range(count)
    ]
    glue = " " if chance.random() < 0.95 else chance.choice(GLUE)
    return glue.join((name.upper() if chance.random() < 0.05 else name, *words))


def first_refused(data: bytes, release: Release) -> int | None:
    """Return the first line that fpmtune says `release` refuses as it reads the file."""
    text = Text("main.conf", data)
    joins = release.program == "valkey" and release.version >= Version.parse("9.1")
    document = parse(text, joins_quotes=joins)
    file = ReadFile(SourceFile("main.conf", "/main.conf", text), "redis", "checked", "", document)
    settings = Settings(file, found=[(directive, text) for directive in document.directives])
    reading = read_settings(settings, release)
    is_late = release.is_redis_since("8.0")
    spans = [refusal.span for refusal in reading.refusals if not (is_late and _is_queued(refusal))]
    spans += [problem.span for problem in document.problems if problem.severity == "error"]
    return min((text.position(span.start).line for span in spans), default=None)


def _is_queued(refusal: Refusal) -> bool:
    """Say whether Redis 8 keeps a line until the end, in case it is a setting of a module."""
    return refusal.reason == BAD_DIRECTIVE and bool(refusal.directive.args)


def differences(data: bytes, servers: tuple[Server, ...]) -> list[str]:
    """Return how fpmtune and the servers differ about one file."""
    found = []
    for server in servers:
        numbers = Version.parse(server.release)
        release = next(r for r in known_releases() if (r.program, r.version) == (server.program, numbers))
        ours = first_refused(data, release) or data.count(b"\n") + 2
        theirs = _first_error(server, data)
        if ours != theirs:
            found.append(f"{release}: fpmtune line {ours}, server line {theirs}: {data!r}")
    return found


def _first_error(server: Server, data: bytes) -> int | None:
    with TemporaryDirectory(prefix="fpmtune-redis-") as folder:
        (Path(folder) / "main.conf").write_bytes(data + NO_SERVER_TAKES_IT)
        asked = subprocess.run(
            [server.path, "main.conf"], cwd=folder, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    line = ERROR_LINE.search((asked.stdout + asked.stderr).decode("utf-8", "replace"))
    return int(line[1]) if line else None


def main() -> int:
    """Read the inputs, print every difference, and return 1 if there is one."""
    parser = ArgumentParser(prog="python -m tests.fuzz.redis", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--live", action="store_true")
    options = parser.parse_args()
    servers = installed_servers() if options.live else ()
    lines = count = 0
    for data in inputs(options.inputs, options.seed):
        lines += data.count(b"\n") + 1
        for release in known_releases():
            first_refused(data, release)
        for difference in differences(data, servers):
            count += 1
            sys.stdout.write(f"{difference}\n")
    names = ", ".join(f"{server.program} {server.version}" for server in servers) or "no server"
    sys.stdout.write(f"{options.inputs} files, {lines} lines, {names}: {count} differences\n")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
