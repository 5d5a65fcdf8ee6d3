"""Inputs that nobody would write: seeds that were changed, and soup of what the formats give a meaning to."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random

from tuner.formats.document import Kind
from tuner.formats.recognise import recognise

ROOT = Path(__file__).resolve().parents[2]
MINIMUM_BYTES = 200
SEED_BYTES = 4096
"""No more of a seed is used: what matters happens in a few lines."""

_COMMON: tuple[bytes, ...] = (
    *(
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b"#",
        b";",
        b'"',
        b"'",
        b"\\",
        b"$",
        b"${",
        b"}",
        b"{",
        b"=",
        b"\0",
        b"\r",
        b"\v",
    ),
    *(b"\xff", b"\xc3\xa9", b"\xef\xbb\xbf", b"{{", b"}}", b"{%", b"%}", b"<%", b"%>", b"-1", b"0", b"65535"),
    b"9" * 40,
)
SOUP: dict[Kind, tuple[bytes, ...]] = {
    "php-fpm": (
        *(
            b"[",
            b"]",
            b"[www]\n",
            b"[global]\n",
            b"listen",
            b"listen.backlog",
            b"pm",
            b"pm.max_children",
            b"env[",
            b"(",
            b")",
        ),
        *(
            b"|",
            b"&",
            b"^",
            b"~",
            b"!",
            b"yes",
            b"off",
            b"null",
            b"E_ALL",
            b"PHP_VERSION",
            b"${HOME}",
            b"${A:-b}",
            b"$pool",
        ),
        *(b"include", b"php_admin_value[", b"10s", b"5m", b" = ", b"; c\n", b"''"),
    ),
    "nginx": (
        *(
            b"server",
            b"http",
            b"location",
            b"if",
            b"(",
            b")",
            b"listen",
            b"80",
            b"include",
            b"fastcgi_pass",
            b"unix:/a",
        ),
        *(
            b"~",
            b"^~",
            b"\\.php$",
            b"upstream",
            b"map",
            b"content_by_lua_block",
            b"--[[",
            b"]]",
            b"[=[",
            b"]=]",
            b"${a}",
            b";\n",
        ),
        *(b" {\n", b"}\n", b"backlog=", b"proxy_pass"),
    ),
    "redis": (
        *(
            b"port",
            b"bind",
            b"127.0.0.1",
            b"include",
            b"save",
            b"\\x41",
            b"\\n",
            b"tcp-backlog",
            b"maxmemory",
            b"1gb",
            b"user",
        ),
        *(b"rename-command", b"client-output-buffer-limit", b"yes", b"unixsocket", b'""', b"replicaof"),
    ),
    "sysctl": (
        *(
            b"net.core.somaxconn",
            b"net/ipv4/tcp_syncookies",
            b"-",
            b"*",
            b"net.ipv4.conf.",
            b"all",
            b"4096",
            b"0x10",
            b"010",
        ),
        *(b" = ", b"kernel.", b"!", b"?", b"[a-z]"),
    ),
}
"""Pieces that mean something to a format; those that all share are added."""


@cache
def seeds(kind: Kind, cases: tuple[Path, ...]) -> list[bytes]:
    """Return files of a kind to start from: the examples', and those below the folders `cases`."""
    folders = (ROOT / "examples", *cases)
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    found = [(str(path), path.read_bytes()[:SEED_BYTES]) for path in files if not path.name.endswith(".gz")]
    return [data for path, data in found if data and recognise(path, data) == kind]


def soup(kind: Kind, random: Random) -> bytes:
    """Return random pieces of at least `MINIMUM_BYTES` in all."""
    pieces = (*_COMMON, *SOUP[kind])
    size, chosen = 0, []
    goal = random.randint(MINIMUM_BYTES, 3 * MINIMUM_BYTES)
    while size < goal:
        piece = random.choice(pieces) if random.random() < 0.9 else random.randbytes(random.randint(1, 8))
        chosen.append(piece)
        size += len(piece)
    return b"".join(chosen)


def mutated(kind: Kind, originals: Sequence[bytes], random: Random) -> bytes:
    """Return one of the originals with up to six changes: cut, doubled, moved in from another, or made up."""
    data = random.choice(originals)
    while len(data) < MINIMUM_BYTES:
        data += random.choice(originals) + b"\n"
    pieces = (*_COMMON, *SOUP[kind])
    for _ in range(random.randint(1, 6)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.randint(0, 30))
        other = random.choice(originals)
        at = random.randrange(len(other) + 1)
        piece = random.choice(
            (b"", data[start:end] * 2, other[at : at + 40], random.choice(pieces), random.randbytes(2))
        )
        data = data[:start] + piece + data[end:]
    return data
