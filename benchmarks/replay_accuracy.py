"""How near the simulator comes to runs that were measured with real nginx and php-fpm.

    python benchmarks/replay_accuracy.py DIR [--seed N]

DIR holds a folder a run: run.json (the setting and the measured shares) and arrivals.csv.gz (when each
request came and how long PHP worked on it), from which the first table is made. The second one takes only
what a user has: from nginx.access.log.gz and fpm.access.log.gz of one run, all runs of the same arrivals are
predicted. Errors are percentage points; in the second table the largest of the three shares'.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

from tuner.laws.simulator.prediction import Prediction, predict
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.traffic import Traffic
from tuner.load.measure import PoolLogs, measure_pool
from tuner.load.nginx_log.log_format import LogFormat
from tuner.load.replayable import traffic_of
from tuner.load.trace import read_trace

STATUSES = ("200", "502", "504")
LOG_FORMAT = LogFormat(
    "$msec $request_time $status $upstream_status uct=$upstream_connect_time uht=$upstream_header_time "
    "urt=$upstream_response_time $request_uri",
    "default",
)
ACCESS_FORMAT = "%{%s}t %{microseconds}d %s %{QUERY_STRING}e"
ROUNDING = 0.0005
"""Of the printed ends of a range."""


class Run(NamedTuple):
    """One measured run."""

    folder: Path
    told: dict[str, Any]

    @property
    def name(self) -> str:
        """What the run is called."""
        return self.folder.name

    @property
    def traffic_name(self) -> str:
        """What runs of the same requests have in common."""
        return json.dumps([self.told["arrivals"], self.told["service"], self.told["service_mean_s"]])

    @property
    def setting(self) -> Setting:
        """What the run was measured with."""
        return Setting(
            workers=self.told["max_children"],
            backlog=min(self.told["listen_backlog"], self.told["somaxconn"]),
            read_timeout_s=self.told["fastcgi_read_timeout_s"],
            socket=self.told["socket"],
            connect_timeout_s=self.told["fastcgi_connect_timeout_s"],
        )

    def has(self, *names: str) -> bool:
        """Say whether the run's folder holds these files."""
        return all((self.folder / name).is_file() for name in names)


class Compared(NamedTuple):
    """A prediction beside what was measured."""

    run: Run
    source: str
    prediction: Prediction

    @property
    def errors(self) -> dict[str, float]:
        """By how many points each share is predicted too high."""
        return {
            status: 100 * (self.prediction.summary.shares[status] - self.run.told["measured"][status])
            for status in STATUSES
        }

    @property
    def worst(self) -> float:
        """The largest error of a share, in points."""
        return max(map(abs, self.errors.values()))

    @property
    def width(self) -> float | None:
        """How wide the range of the share of 200 is, in points."""
        ranges = self.prediction.ranges
        return 100 * (ranges["200"].high - ranges["200"].low) if ranges else None

    @property
    def is_inside(self) -> bool:
        """Whether each measured share lies in its range."""
        ranges, measured = self.prediction.ranges, self.run.told["measured"]
        return ranges is not None and all(
            ranges[status].low - ROUNDING <= measured[status] <= ranges[status].high + ROUNDING
            for status in STATUSES
        )

    def latency_error_ms(self, name: str) -> float:
        """By how many milliseconds p50 or p99 is predicted too high."""
        found = getattr(self.prediction.summary, name)
        return 1000 * ((found or 0.0) - self.run.told["measured"][name])


def main() -> None:
    """Compare, and print both tables with what they come to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1, help="of the service times drawn from logs (1)")
    options = parser.parse_args()
    runs = [
        Run(path.parent, json.loads(path.read_text())) for path in sorted(options.folder.glob("*/run.json"))
    ]
    if not runs:
        sys.exit(f"{options.folder}: no */run.json")
    print_arrivals([from_arrivals(run) for run in runs if run.has("arrivals.csv.gz")])
    print_logs(list(from_logs(runs, options.seed)))


def from_arrivals(run: Run) -> Compared:
    """Predict a run from its own arrivals and service times."""
    trace = read_trace(str(run.folder / "arrivals.csv.gz"))
    return Compared(run, "", predict(Traffic(trace.arrivals_s, [trace.services_s]), run.setting))


def from_logs(runs: Sequence[Run], seed: int) -> Iterator[Compared]:
    """Predict each run from the logs of every run with the same requests, its own among them."""
    for source in runs:
        if not source.has("nginx.access.log.gz", "fpm.access.log.gz"):
            continue
        logs = PoolLogs(
            "www",
            nginx_logs=[str(source.folder / "nginx.access.log.gz")],
            log_format=LOG_FORMAT,
            fpm_logs=[str(source.folder / "fpm.access.log.gz")],
            access_format=ACCESS_FORMAT,
        )
        traffic = traffic_of(measure_pool(logs), seed=seed)
        for run in runs:
            if run.traffic_name == source.traffic_name:
                yield Compared(run, source.name, predict(traffic, run.setting))


def print_arrivals(found: Sequence[Compared]) -> None:
    """Print a line for each run that is predicted from its true arrivals."""
    print("From true arrivals and service times")
    print(f"{'run':<22} {'200':>6} {'502':>6} {'504':>6}  {'errors':>17}  p50 ms  p99 ms  range of 200")
    for one in found:
        shares = " ".join(f"{100 * one.run.told['measured'][status]:6.1f}" for status in STATUSES)
        errors = " ".join(f"{one.errors[status]:+5.1f}" for status in STATUSES)
        times = "  ".join(f"{one.latency_error_ms(name):+6.0f}" for name in ("p50_s", "p99_s"))
        print(f"{one.run.name:<22} {shares}  {errors}  {times}  {_range_words(one)}")
    exact = [one for one in found if one.prediction.ranges is None]
    errors = [abs(error) for one in exact for error in one.errors.values()]
    print(f"model exact: {len(exact)} runs")
    print(f"  error of a share {mean(errors):.2f} points on average, {max(errors):.2f} at most")
    for name in ("p50_s", "p99_s"):
        times_ms = [abs(one.latency_error_ms(name)) for one in exact]
        print(f"  {name[:3]} error {mean(times_ms):.1f} ms on average, {max(times_ms):.0f} ms at most")
    _print_ranges([one for one in found if one.prediction.ranges], "TCP in overflow")


def print_logs(found: Sequence[Compared]) -> None:
    """Print a line for each prediction from the logs of another run, or of the same one."""
    print("\nFrom the logs of one run alone")
    print(f"{'logs of':<22} {'run':<22} {'200':>6} {'predicted':>9}  error  range of 200")
    for one in found:
        measured, predicted = one.run.told["measured"]["200"], one.prediction.summary.shares["200"]
        shares = f"{100 * measured:6.1f} {100 * predicted:9.1f}"
        print(f"{one.source:<22} {one.run.name:<22} {shares}  {one.worst:5.1f}  {_range_words(one)}")
    for words, wanted in (("unix", "unix"), ("TCP", "tcp")):
        some = [one for one in found if one.run.told["socket"] == wanted]
        if some:
            worst = max(some, key=lambda one: one.worst)
            print(f"{words}: {len(some)} predictions")
            print(
                f"  error {mean(one.worst for one in some):.2f} points on average, {worst.worst:.2f} at most"
            )
            print(f"  ({worst.source} -> {worst.run.name})")
            _print_ranges(some, words)


def _range_words(one: Compared) -> str:
    if one.prediction.ranges is None:
        return "-"
    low, high = one.prediction.ranges["200"]
    return f"{100 * low:.1f} to {100 * high:.1f}{'' if one.is_inside else ', a share lies outside its range'}"


def _print_ranges(found: Sequence[Compared], words: str) -> None:
    inside = sum(one.is_inside for one in found)
    widest = max((one.width or 0.0 for one in found), default=0.0)
    print(
        f"  {words}: {inside} of {len(found)} inside their ranges; that of 200 is {widest:.1f} points at most"
    )


if __name__ == "__main__":
    main()
