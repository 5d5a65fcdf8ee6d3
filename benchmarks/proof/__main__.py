"""Proves a plan: `python -m benchmarks.proof [--socket unix|tcp]`, as root, with nginx and php-fpm.

Real nginx and php-fpm with a queue that is far too long get a burst of twice their capacity. `fpmtune
measure` reads their logs, `fpmtune tune` makes a plan of it and writes it into the files, and the same
requests are sent once more. The exit status is 1 where the figures are not what they have to be. Nothing
else may run on the machine meanwhile.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.proof.figures import STATUSES, allowed_share, misses, outcome_of, predicted_outcome
from benchmarks.proof.fpmtune import load_file, plan_of, write_plan
from benchmarks.proof.machine import PORT, Machine, Pool, missing, run_inside
from benchmarks.proof.traffic import Answer, Phase, Request, requests_of, send_all

WORKERS, MEAN_SERVICE_S, TIMEOUT_S = 8, 0.05, 1.0
CALM_PER_S, BURST_PER_S = 128.0, 320.0


def main() -> int:
    """Run the proof for each socket family in a machine of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--socket", choices=("unix", "tcp"), action="append")
    parser.add_argument("--pm", choices=("static", "ondemand"), default="static")
    parser.add_argument("--memory", help="what the workers may take; without it none are added")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", type=float, default=30.0, help="seconds after the burst")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    wishes = ["--memory", options.memory] if options.memory else []
    if options.inside:
        pool = Pool(options.socket[0], WORKERS, 65535, 65535, f"{TIMEOUT_S:g}s", options.pm)
        return prove(pool, options.seed, options.calm, wishes)
    lacks = missing()
    if lacks:
        print(f"this machine lacks {', '.join(lacks)}", file=sys.stderr)
        return 2
    arguments = [
        "--seed",
        str(options.seed),
        "--calm",
        str(options.calm),
        "--pm",
        options.pm,
        *wishes,
        "--inside",
    ]
    sockets = options.socket or ["unix", "tcp"]
    return max(run_inside("benchmarks.proof", "--socket", name, *arguments) for name in sockets)


def prove(pool: Pool, seed: int, calm_s: float, wishes: Sequence[str]) -> int:
    """Measure, plan, write, measure again, and print the table; return 1 where it is not as it has to be."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    phases = [Phase(CALM_PER_S, 10), Phase(BURST_PER_S, 10), Phase(CALM_PER_S, calm_s)]
    requests = requests_of(phases, MEAN_SERVICE_S, seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        machine = Machine(root, pool)
        machine.write()
        machine.lay_over()
        before = _measured(machine, requests)
        load = load_file(machine)
        plan = plan_of(machine, load, *wishes)
        print(write_plan(machine, load, *wishes))
        after = _measured(machine, requests)
        again = plan_of(machine, load, *wishes)
    return _judged(pool, requests, (before, after), plan, again)


def _measured(machine: Machine, requests: Sequence[Request]) -> list[Answer]:
    with machine.running():
        return asyncio.run(send_all(requests, PORT))


def _judged(
    pool: Pool,
    requests: Sequence[Request],
    measured: tuple[Sequence[Answer], Sequence[Answer]],
    plan: dict[str, Any],
    again: dict[str, Any],
) -> int:
    before, after = map(outcome_of, measured)
    predicted = predicted_outcome(next(iter(plan["predicted"]["after"].values())))
    print(
        f"{pool.socket}, {pool.manager}: {len(requests)} requests of {MEAN_SERVICE_S * 1000:g} ms, "
        f"{WORKERS} workers"
    )
    print(f"{'':>10} {'before':>9} {'predicted':>10} {'after':>9}")
    for status in STATUSES:
        row = (100 * found.shares[status] for found in (before, predicted, after))
        print(f"{status:>10} " + " ".join(f"{share:>8.1f}%" for share in row))
    dead = (found.dead_time_s for found in (before, predicted, after))
    print(f"{'dead time':>10} " + " ".join(f"{seconds:>7} s" for seconds in dead))
    workers = [one["recommended"] for one in plan["plan"] if one["setting"] == "pm.max_children"]
    allowed = allowed_share(requests, *(workers or [WORKERS]), TIMEOUT_S)
    print(
        f"{(workers or [WORKERS])[0]} workers allow {100 * allowed:.1f} % to be answered in time: "
        f"{100 * after.shares[200] / allowed:.1f} % of these are"
    )
    wrong = list(misses(predicted, after, allowed, len(again["plan"]), is_exact=pool.socket == "unix"))
    print(*[f"wrong: {words}" for words in wrong] or ["as it has to be"], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
