"""nginx files with changes, beside nginx: `python -m tests.fuzz.nginx --inputs N --seed S`.

Each input is a working file with words, marks and lines taken out, put in, or doubled. nginx names its first
complaint only; where that is one that fpmtune knows, fpmtune must have an error in the same directive, and
where nginx has none, fpmtune may have none either.
"""

import re
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.conformance.nginx_program import Answer, asked, version
from tuner.formats.document import Document
from tuner.formats.nginx import parse
from tuner.source.text import Text
from tuner.source.tree import collect
from tuner.stack.build import build_stacks
from tuner.stack.file_problems import PLACEHOLDER
from tuner.stack.files import read_tree
from tuner.stack.grouping import group_hosts
from tuner.stack.line_entities import DirectiveFault
from tuner.stack.nginx.faults import FAULTS
from tuner.stack.target import parse_target
from tuner.stack.value import Place, Value

SEED = b"""\
worker_processes 2;
events { worker_connections 64; }
http {
    access_log off;
    log_format short '$status "$request"';
    client_max_body_size 8m;
    fastcgi_buffers 8 16k;
    map $uri $kept { default 0; ~^/a "x;y"; }
    limit_req_zone $uri zone=one:1m rate=5r/s;
    upstream php { server 127.0.0.1:9000 max_fails=2; server unix:/run/a.sock; keepalive 4; }
    server {
        listen 127.0.0.1:18080 default_server;
        server_name a.example "b.example";
        root /srv; # the shop
        error_page 500 502 /50x.html;
        location ~ \\.php$ {
            limit_req zone=one burst=5;
            fastcgi_pass php;
            fastcgi_read_timeout 1m30s;
            fastcgi_param A "b\\"c";
            if ($arg_x = 'y') { return 403; }
        }
        location = /x { return 200 "a{b}c"; }
    }
    server { listen 127.0.0.1:18081; location / { try_files $uri =404; } }
}
"""
PIECES = (
    *(b";", b"{", b"}", b'"', b"'", b"#", b"\\", b" ", b"\n", b"${", b"$", b"on", b"8x", b"\t", b"\r\n"),
    *(b"listen 127.0.0.1:18080;", b"root /a;", b"sendfile on;", b"sendfile maybe;", b"location / {}"),
    *(b"server {", b"keepalive_timeout 65 60;", b"index a b;", b"user;", b"fastcgi_buffers 0 4k;"),
    *(b"proxy_pass http://127.0.0.1/a;", b"fastcgi_buffer_size 64k;", b"location /x/y {}", b"return abc;"),
    *(b"if ($arg_y != 1) {", b"alias /b;", b"(", b")", b"=", b"!~", b"$arg_z", b"log_format short x;"),
)
PIECE = re.compile(rb"\s+|[;{}]|[^\s;{}]+")
KNOWN = re.compile(
    r"invalid condition|in condition|invalid variable name|closing bracket|empty replacement|"
    r"invalid return code|"
    r"invalid location modifier|is outside location|cannot be inside|on the server level only|"
    r"directive was specified earlier|cannot have URI part|duplicate \"log_format\"|is already bound to key|"
    r"already declared for|busy_buffers_size|at least 2 |no servers are inside|no \"events\" section|"
    r"directive is not allowed here|invalid number of arguments in|directive is duplicate|has no opening|"
    r"is not terminated by|directive invalid value|duplicate listen options|a duplicate |duplicate location|"
    r"duplicate upstream|unknown log format|zero size shared memory zone|no port in upstream|"
    r'unexpected "."|unexpected end of file|too long parameter'
)
WITHOUT_LINE = re.compile(r"busy_buffers_size|at least 2 ")
"""Complaints for which nginx names the end of the http block."""
VARIABLE = b"$"
"""A value that holds one may be filled in before nginx reads it, so fpmtune does not judge it."""


def changed(random: Random) -> bytes:
    """Return the working file with one to three changes."""
    pieces = PIECE.findall(SEED)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(pieces))
        match random.randrange(4):
            case 0:
                del pieces[at]
            case 1:
                pieces.insert(at, random.choice(PIECES))
            case 2:
                pieces.insert(at, pieces[random.randrange(len(pieces))])
            case _:
                other = random.randrange(len(pieces))
                pieces[at], pieces[other] = pieces[other], pieces[at]
    return b"".join(pieces)


def errors(data: bytes, folder: Path, release: str) -> list[tuple[int, int, str]]:
    """Return fpmtune's errors: the first and the last line of the directive around each, and the words."""
    path = folder / "nginx.conf"
    path.write_bytes(data)
    tree = collect([str(path)], lambda _: True)
    target = parse_target(f"nginx={release}")
    (stack,) = build_stacks(tree, group_hosts(tree, read_tree(tree, "nginx", target)), target)
    document = parse(Text(str(path), data))
    found = [(p.place, p.text.data) for p in stack.problems if p.severity == "error"]
    found += [(place, fault.words) for fault in stack.directive_faults if (place := _place(fault))]
    found += [(place, r.setting) for r in stack.refused if (place := r.value.origin.place)]
    return [(*_lines(document, place.span.start), str(words)) for place, words in found]


def _place(fault: DirectiveFault) -> Place | None:
    values: list[Value] = [getattr(fault, name) for name in FAULTS]
    return next((value.origin.place for value in values if value.is_known and value.origin.place), None)


def _lines(document: Document, start: int) -> tuple[int, int]:
    """Return the lines of the words of the innermost directive at `start`, or the line of `start` itself."""
    text = document.text
    around = [d for d in document.walk() if d.span.start <= start < d.span.end]
    own = text.position(start).line
    if not around:
        return own, own
    inner = min(around, key=lambda d: d.span.end - d.span.start)
    last = inner.span.end if inner.children is None else (inner.args or (inner.name,))[-1].span.end
    return min(own, text.position(inner.span.start).line), max(own, text.position(last).line + 1)


def unjudged(data: bytes, answer: Answer) -> str:
    """Return why the two are not compared, or nothing."""
    if PLACEHOLDER.search(data.decode("utf-8", "replace")):
        return "skipped: looks like a template"
    if answer.words and not KNOWN.search(answer.words):
        return "skipped: refused for what fpmtune does not judge"
    if "invalid value" in answer.words and VARIABLE in data.split(b"\n")[(answer.line or 1) - 1]:
        return "skipped: a variable in a value"
    return ""


def difference(answer: Answer, ours: list[tuple[int, int, str]]) -> str:
    """Return how the two differ, or nothing."""
    if not answer.words:
        return f"nginx takes it, fpmtune: {ours[0][2]}" if ours else ""
    if not ours:
        return f"nginx: {answer.words} in line {answer.line}, fpmtune takes it"
    line = answer.line
    is_there = (
        line is None
        or WITHOUT_LINE.search(answer.words)
        or any(first <= line <= last for first, last, _ in ours)
    )
    return "" if is_there else f"nginx: {answer.words} in line {line}, fpmtune: {ours}"


def compare(inputs: int, seed: int, folder: Path) -> tuple[Counter[str], list[tuple[str, bytes]]]:
    """Return how many inputs nginx took and refused, and how many were skipped why; and the differences."""
    random, release = Random(seed), version()
    counts: Counter[str] = Counter()
    differences: list[tuple[str, bytes]] = []
    for _ in range(inputs):
        data = changed(random)
        answer = asked(data, folder)
        reason = unjudged(data, answer)
        counts[reason or ("refused" if answer.words else "taken")] += 1
        told = "" if reason else difference(answer, errors(data, folder, release))
        if told:
            differences.append((told, data))
    return counts, differences


def main() -> int:
    """Compare so many inputs, print what came of it, and return the exit status."""
    parser = ArgumentParser(prog="python -m tests.fuzz.nginx", description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="fpmtune-fuzz-") as folder:
        counts, differences = compare(options.inputs, options.seed, Path(folder))
    for told, data in differences[:20]:
        print(told, data.decode("utf-8", "replace"), sep="\n", end="\n\n")
    print(f"nginx {version()}: {dict(counts)}, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
