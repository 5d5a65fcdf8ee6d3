"""What several pools have at one time: their recorded arrivals beside each other, as the clock had them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, chain
from math import ceil

from tuner.laws.burst import most_within
from tuner.laws.simulator.setting import Setting
from tuner.load.load_file import MeasuredPool
from tuner.load.replayable import arrivals_of, starts_of, trace_of
from tuner.tune.demand import Demand
from tuner.tune.prediction import replay_grown

FINEST = 6
"""Decimals of a number of requests, below which it is the error of adding floats."""


def most_within_of_all(demands: Iterable[Demand], seconds: float) -> int:
    """Return how many requests for all the pools together came within so many seconds, at most."""
    windows = [window for demand in demands for window in zip(demand.starts_s, demand.windows_s, strict=True)]
    first_s = min((start_s for start_s, _ in windows), default=0.0)
    moved = ([start_s - first_s + arrival_s for arrival_s in arrivals] for start_s, arrivals in windows)
    return most_within(sorted(chain.from_iterable(moved)), seconds)


class Held:
    """How many `requests` to a pool there are at a time at most, and under which `setting`."""

    def __init__(self, requests: int, record: MeasuredPool, setting: Setting) -> None:
        self.requests, self.record = requests, record
        self.setting = replace(setting, socket="unix", max_conns=None)

    def spans_s(self) -> Iterator[tuple[float, float]]:
        """Yield for each window when it begins and when nobody waits for its last request any more."""
        for start_s, window_s in zip(starts_of(self.record), arrivals_of(self.record), strict=True):
            yield start_s, start_s + window_s[-1] + self.setting.read_timeout_s

    def changes(self) -> list[tuple[float, float]]:
        """Return when requests come and go, and by how many each time.

        They are counted so that at most `requests` are there: those have a margin that no replay has.
        """
        steps = sorted(self._steps())
        most = max(accumulate(step for _, step in steps))
        return [(at_s, step * self.requests / most) for at_s, step in steps]

    def _steps(self) -> Iterator[tuple[float, int]]:
        for number, start_s in enumerate(starts_of(self.record)):
            trace = trace_of(self.record, window=number)
            latencies_s = replay_grown(trace, self.setting).latencies_s
            for arrival_s, latency_s in zip(trace.arrivals_s, latencies_s, strict=True):
                yield start_s + arrival_s, 1
                yield start_s + arrival_s + latency_s, -1


def most_at_once(pools: Sequence[Held]) -> int:
    """Return how many requests there are at a time for all pools, at most.

    What was not recorded at the same time is not added up.
    """
    alone = max((held.requests for held in pools), default=0)
    changes = sorted(chain.from_iterable(held.changes() for held in _beside_others(pools)))
    most = max(accumulate(step for _, step in changes), default=0.0)
    return max(alone, ceil(round(most, FINEST)))


def _beside_others(pools: Sequence[Held]) -> Iterator[Held]:
    """Yield the pools that were recorded while another one was."""
    spans_s = sorted((*span, number) for number, held in enumerate(pools) for span in held.spans_s())
    groups: list[set[int]] = []
    last_s = 0.0
    for start_s, end_s, number in spans_s:
        if not groups or start_s > last_s:
            groups.append(set())
        groups[-1].add(number)
        last_s = max(last_s, end_s)
    for number in sorted(set[int]().union(*(group for group in groups if len(group) > 1))):
        yield pools[number]
