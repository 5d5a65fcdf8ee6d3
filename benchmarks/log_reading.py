"""Speed and memory of reading an access log, beside `wc -l` and, where it is installed, goaccess.

    python benchmarks/log_reading.py [--megabytes 500] [--rounds 3] [--format advised|words|json]

The log is generated into a temporary folder: combined, with the timing at the end (`advised`), with names
before the values (`words`), or as JSON. Each program runs as a whole, from its start to its report, in turns.
The processor's time counts, of user and system and all threads together, the least of the rounds: it depends
least on what else the machine does. fpmtune takes one core, so that this is also how long it takes. goaccess
does more than count (it keeps every URL and agent); it is what people read such logs with.
"""

import argparse
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MEGABYTE = 1_000_000
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
    '"$http_referer" "$http_user_agent" '
)
FORMATS = {
    "advised": COMBINED + "$msec $request_time $status $upstream_status $upstream_connect_time "
    "$upstream_header_time $upstream_response_time $upstream_addr",
    "words": COMBINED + 't=$msec rt=$request_time s=$status uct="$upstream_connect_time" '
    'urt="$upstream_response_time" up="$upstream_addr"',
    "json": '{"t":$msec,"rt":$request_time,"status":$status,"uri":"$request_uri","ua":"$http_user_agent",'
    '"urt":"$upstream_response_time","up":"$upstream_addr"}',
}
GOACCESS_FORMAT = '%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %^'
PEER = "goaccess"
STATIC_SHARE, RETRIED_SHARE = 0.1, 0.01


class Measured(NamedTuple):
    """One program's run: seconds of the processor, and its largest resident memory."""

    processor_s: float
    memory_bytes: int


def main() -> None:
    """Generate a log, read it with each program, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--format", choices=FORMATS, default="advised")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "access.log"
        lines = generate(log, FORMATS[options.format], options.megabytes * MEGABYTE)
        megabytes = log.stat().st_size / MEGABYTE
        print(f"{lines} lines, {megabytes:.0f} MB, format {options.format}")
        runs = [
            (name, measured(command))
            for _ in range(options.rounds)
            for name, command in commands(log, options.format)
        ]
    least_s = {name: min(run.processor_s for other, run in runs if other == name) for name in dict(runs)}
    print(f"{'program':<10} {'lines/s':>12} {'MB/s':>8} {'CPU s':>7} {'peak MB':>8}")
    for name, seconds in least_s.items():
        peak = max(run.memory_bytes for other, run in runs if other == name) / MEGABYTE
        print(f"{name:<10} {lines / seconds:>12.0f} {megabytes / seconds:>8.1f} {seconds:>7.2f} {peak:>8.1f}")
    if PEER in least_s:
        print(
            f"fpmtune reads {least_s[PEER] / least_s['fpmtune']:.1f} times as many lines a second as {PEER}"
        )


def generate(path: Path, log_format: str, size_bytes: int) -> int:
    """Write a log of this size and return its number of lines."""
    lines = written = 0
    with path.open("w", encoding="ascii") as file:
        for line in _lines(log_format):
            written += file.write(line)
            lines += 1
            if written >= size_bytes:
                break
    return lines


def _lines(log_format: str) -> Iterator[str]:
    """Yield lines of 200 requests a second: a tenth static, a hundredth tried twice."""
    drawn = random.Random(1)
    now_s = 1_795_226_344.0
    names = sorted({*_names(log_format)}, key=len, reverse=True)
    while True:
        now_s += drawn.expovariate(200)
        took_s = drawn.expovariate(10)
        values = _values(now_s, took_s, drawn)
        line = log_format
        for name in names:
            line = line.replace(f"${name}", values[name])
        yield line + "\n"


def _names(log_format: str) -> list[str]:
    return re.findall(r"\$(\w+)", log_format)


def _values(now_s: float, took_s: float, drawn: random.Random) -> dict[str, str]:
    kind = drawn.random()
    moment = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now_s))
    uri = f"/catalogue/page-{drawn.randrange(5000)}.php?sort=price&page={drawn.randrange(50)}"
    one = {"time": f"{took_s:.3f}", "addr": "unix:/run/php/www.sock", "status": "200", "connect": "0.000"}
    if kind < STATIC_SHARE:
        one = dict.fromkeys(one, "-")
    elif kind < STATIC_SHARE + RETRIED_SHARE:
        one = {name: f"{value}, {value}" for name, value in one.items()}
    return {
        "remote_addr": f"192.0.2.{drawn.randrange(256)}",
        "remote_user": "-",
        "time_local": moment,
        "request": f"GET {uri} HTTP/1.1",
        "request_uri": uri,
        "status": "200",
        "body_bytes_sent": str(drawn.randrange(100_000)),
        "http_referer": "https://shop.example/",
        "http_user_agent": AGENT,
        "msec": f"{now_s:.3f}",
        "request_time": f"{took_s:.3f}",
        "upstream_status": one["status"],
        "upstream_connect_time": one["connect"],
        "upstream_header_time": one["time"],
        "upstream_response_time": one["time"],
        "upstream_addr": one["addr"],
    }


def commands(log: Path, name: str) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield each program's name and command line."""
    yield "wc -l", ["wc", "-l", str(log)]
    given = ["--log-format", FORMATS[name], "--escape", "json" if name == "json" else "default"]
    program = [sys.executable, "-m", "tuner", "measure", "--nginx-log", str(log), *given]
    yield "fpmtune", [*program, "-o", os.devnull]
    if shutil.which(PEER) and name != "json":
        given = ["--log-format", GOACCESS_FORMAT, "--date-format", "%d/%b/%Y", "--time-format", "%H:%M:%S"]
        report = log.with_suffix(".json")
        yield PEER, [PEER, str(log), *given, "--no-global-config", "-o", str(report)]


def measured(command: Sequence[str]) -> Measured:
    """Run a command in a child of a child, so that only its own memory counts. Raises if it fails."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _run_and_report(command, writer)
    os.close(writer)
    with os.fdopen(reader) as report:
        words = report.read().split()
    os.waitpid(child, 0)
    if len(words) != 2:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Measured(float(words[0]), int(words[1]))


def _run_and_report(command: Sequence[str], writer: int) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.stderr.buffer.write(done.stderr[-2000:])
    else:
        os.write(writer, f"{used.ru_utime + used.ru_stime} {used.ru_maxrss * 1024}".encode())
    os._exit(0)


if __name__ == "__main__":
    main()
