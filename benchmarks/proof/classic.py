"""The classic experiment: `python -m benchmarks.proof.classic [--socket unix|tcp]`, as root, with `ab`.

ApacheBench asks 10,000 times, 300 at a time, for a slow page while net.core.somaxconn is 128. What nginx
answers is counted from its logs by status, and by the error of connect(2) or of the read timeout. Then
`fpmtune tune --clients 300` writes its plan, and it is done again.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.proof.fpmtune import load_file, write_plan
from benchmarks.proof.machine import PORT, Machine, Pool, missing, run_inside

REQUESTS, CLIENTS, SERVICE_US = 10_000, 300, 100_000
ERROR = re.compile(r"\(([0-9]+): ([^)]*)\) while (connecting to|reading)")


def main() -> int:
    """Run the experiment for each socket family in a machine of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--socket", choices=("unix", "tcp"), action="append")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        experiment(options.socket[0])
        return 0
    lacks = missing("ab")
    if lacks:
        print(f"this machine lacks {', '.join(lacks)}", file=sys.stderr)
        return 2
    sockets = options.socket or ["unix", "tcp"]
    return max(run_inside("benchmarks.proof.classic", "--socket", name, "--inside") for name in sockets)


def experiment(socket: str) -> None:
    """Count before, write the plan, count after."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        machine = Machine(root, Pool("tcp" if socket == "tcp" else "unix", 50, 65535, 128, "10s"))
        machine.write()
        machine.lay_over()
        print(f"{socket}: {REQUESTS} requests, {CLIENTS} at a time, somaxconn 128")
        print("before:", counted(machine))
        print(write_plan(machine, load_file(machine), "--clients", str(CLIENTS)))
        print("after: ", counted(machine))


def counted(machine: Machine) -> str:
    """Run ApacheBench, and return the answers by status and by what went wrong."""
    (machine.root / "nginx.error.log").unlink(missing_ok=True)
    url = f"http://127.0.0.1:{PORT}/work.php?us={SERVICE_US}"
    with machine.running():
        bench = ["ab", "-q", "-r", "-s", "120", "-n", str(REQUESTS), "-c", str(CLIENTS), url]
        subprocess.run(bench, check=True, stdout=subprocess.DEVNULL)
    statuses = Counter(line.split()[2] for line in machine.nginx_log.read_text().splitlines())
    errors = Counter(
        " ".join(found.groups()) for found in ERROR.finditer((machine.root / "nginx.error.log").read_text())
    )
    words = [f"{status}: {count}" for status, count in sorted(statuses.items())]
    words += [f"{count} x ({error})" for error, count in errors.most_common()]
    return ", ".join(words)


if __name__ == "__main__":
    sys.exit(main())
