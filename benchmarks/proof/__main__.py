"""Proves a plan: `python -m benchmarks.proof [--socket unix|tcp]`, as root, with nginx and php-fpm.

Real nginx and php-fpm with a queue that is far too long get a burst of twice their capacity. `fpmtune
measure` reads their logs, `fpmtune tune` makes a plan of it and writes it into the files, and the same
requests are sent once more.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.proof.fpmtune import load_file, plan_of, write_plan
from benchmarks.proof.machine import PORT, Machine, Pool, missing, run_inside
from benchmarks.proof.traffic import Answer, Phase, Request, requests_of, send_all
from tuner.laws.simulator.replay import OK
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting

WORKERS, MEAN_SERVICE_S, TIMEOUT_S = 8, 0.05, 1.0
CALM_PER_S, BURST_PER_S = 128.0, 320.0
STATUSES = (200, 502, 504)


def main() -> int:
    """Run the proof for each socket family in a machine of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--socket", choices=("unix", "tcp"), action="append")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", type=float, default=30.0, help="seconds after the burst")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        return prove(options.socket[0], options.seed, options.calm)
    lacks = missing()
    if lacks:
        print(f"this machine lacks {', '.join(lacks)}", file=sys.stderr)
        return 2
    arguments = ["--seed", str(options.seed), "--calm", str(options.calm), "--inside"]
    sockets = options.socket or ["unix", "tcp"]
    return max(run_inside("benchmarks.proof", "--socket", name, *arguments) for name in sockets)


def prove(socket: Any, seed: int, calm_s: float) -> int:  # noqa: ANN401
    """Measure, plan, write, measure again, and print the table."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    phases = [Phase(CALM_PER_S, 10), Phase(BURST_PER_S, 10), Phase(CALM_PER_S, calm_s)]
    requests = requests_of(phases, MEAN_SERVICE_S, seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        machine = Machine(root, Pool(socket, WORKERS, 65535, 65535, f"{TIMEOUT_S:g}s"))
        machine.write()
        machine.lay_over()
        before = _measured(machine, requests)
        load = load_file(machine)
        plan = plan_of(machine, load)
        print(write_plan(machine, load))
        after = _measured(machine, requests)
        again = plan_of(machine, load)
    _print(socket, requests, before, plan, after, again)
    return 0


def _measured(machine: Machine, requests: Sequence[Request]) -> list[Answer]:
    with machine.running():
        return asyncio.run(send_all(requests, PORT))


def shares(answers: Sequence[Answer]) -> dict[int, float]:
    """Return which part of the answers had each status."""
    counted = Counter(answer.status for answer in answers)
    return {status: counted[status] / len(answers) for status in sorted({*STATUSES, *counted})}


def dead_time_s(answers: Sequence[Answer]) -> int:
    """Return the longest run of seconds in which requests were sent and none had a 200."""
    alive: dict[int, bool] = {}
    for answer in sorted(answers):
        alive[int(answer.at_s)] = alive.get(int(answer.at_s), False) or answer.status == 200
    longest = run = 0
    for is_alive in alive.values():
        run = 0 if is_alive else run + 1
        longest = max(longest, run)
    return longest


def allowed_share(requests: Sequence[Request]) -> float:
    """Return which part of the requests these workers could answer in time, with the best backlog."""
    arrivals_s = [request.at_s for request in requests]
    services_s = [request.service_s for request in requests]
    settings = (Setting(WORKERS, backlog, TIMEOUT_S) for backlog in range(0, 200, 4))
    replays = (replay(arrivals_s, services_s, setting) for setting in settings)
    return max(found.outcomes.count(OK) for found in replays) / len(requests)


def _print(
    socket: str,
    requests: Sequence[Request],
    before: Sequence[Answer],
    plan: dict[str, Any],
    after: Sequence[Answer],
    again: dict[str, Any],
) -> None:
    predicted = next(iter(plan["predicted"]["after"].values()))
    measured = (shares(before), shares(after))
    print(f"{socket}: {len(requests)} requests, {WORKERS} workers, {MEAN_SERVICE_S * 1000:g} ms each")
    print(f"{'':>10} {'before':>9} {'predicted':>10} {'after':>9}")
    for status in STATUSES:
        foretold = 100 * predicted["shares"].get(str(status), 0.0)
        first, second = (100 * found.get(status, 0.0) for found in measured)
        print(f"{status:>10} {first:>8.1f}% {foretold:>9.1f}% {second:>8.1f}%")
    dead = [dead_time_s(answers) for answers in (before, after)]
    print(f"{'dead time':>10} {dead[0]:>8} s {predicted['dead_time_s']:>8} s {dead[1]:>8} s")
    allowed = allowed_share(requests)
    print(
        f"the capacity allows {100 * allowed:.1f} % to be answered in time: "
        f"{100 * measured[1][200] / allowed:.1f} % of these are"
    )
    print(f"the plan again: {len(again['plan'])} recommendations")


if __name__ == "__main__":
    sys.exit(main())
