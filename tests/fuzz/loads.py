"""Random loads for a host's plan: declared, or measured with bursts, and what the user says beside."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from typing import NamedTuple

from tuner.laws.queueing import OVERHEAD_S
from tuner.load.compact import encode
from tuner.load.declared import DeclaredLoad, put_on
from tuner.load.histogram import Histogram
from tuner.load.load_file import (
    Arrived,
    Buckets,
    Busy,
    LoadFile,
    MeasuredPool,
    Served,
    Source,
    buckets_of,
    load_file_of,
    write_load,
)
from tuner.load.measured import put_measured
from tuner.stack.model import Pool, Stack
from tuner.tune.demand import Wishes

TARGETS = ("", "", "debian-12", "debian-11", "ubuntu-24.04", "kernel=4.19,php=7.4", "kernel=6.12,php=8.5")
MEAN_TIMES_S = (0.005, 0.05, 0.05, 0.3, 2.0, 20.0)
MOST_REQUESTS = 1500
SAMPLES = 400
MIB = 1 << 20
START_S = 1_700_000_000
RATE = "100"


class Load(NamedTuple):
    """What comes to the pools of a host, the machine that it is, and what its user wishes.

    Each pool has the declared service time, unless pools were `measured`.
    """

    service_time: str
    target: str
    wishes: Wishes
    measured: LoadFile | None = None

    def put_on(self, stacks: list[Stack]) -> None:
        """Give the pools their load."""
        if self.measured is None:
            put_on(stacks, DeclaredLoad(self.service_time, RATE))
        else:
            put_measured(stacks, self.measured, "load.yaml")

    def options(self, folder: Path) -> list[str]:
        """Return the same as options of a command line; a load file is written into `folder`."""
        wishes = self.wishes
        options = ["--target", self.target or "none", *["--lower"] * wishes.may_lower]
        for name, value in (("clients", wishes.clients), ("memory", wishes.memory_bytes)):
            options += [f"--{name}", str(value)] if value is not None else []
        options += ["--deadline", f"{wishes.deadline_s}s"] if wishes.deadline_s is not None else []
        if self.measured is None:
            return [*options, "--service-time", self.service_time, "--qps", RATE]
        (folder / "load.yaml").write_text(write_load(self.measured))
        return [*options, "--load", str(folder / "load.yaml")]


def random_target(random: Random) -> str:
    """Return some machine."""
    return random.choice(TARGETS)


def random_load(random: Random, target: str, pools: Iterable[Pool]) -> Load:
    """Return some load for a host that has these pools."""
    wishes = Wishes(
        deadline_s=random.choice((None, None, None, 1.0, 10.0)),
        memory_bytes=random.choice((None, None, 64 * MIB, 4096 * MIB)),
        clients=random.choice((None, None, None, None, 50, 3000)),
        may_lower=random.random() < 0.3,
    )
    declared = random.choice(("5ms", "50ms", "300ms", "2s", "20s"))
    named = {pool.name: pool for pool in pools if random.random() < 0.9}
    if not named or random.random() < 0.3:
        return Load(declared, target, wishes)
    measured = load_file_of([_measured(random, pool) for pool in named.values()])
    return Load(declared, target, wishes, measured)


def _measured(random: Random, pool: Pool) -> MeasuredPool:
    mean_s = random.choice(MEAN_TIMES_S)
    workers = int(pool.max_children.data or 1) if pool.max_children.is_known else 1
    offsets_ms = _arrivals_ms(random, workers / (mean_s + OVERHEAD_S))
    memory_bytes = [int(random.uniform(20, 60) * MIB) for _ in range(SAMPLES)]
    return measured_pool(
        pool.name,
        offsets_ms,
        _service_times_s(random, mean_s),
        memory_bytes if random.random() < 0.6 else [],
    )


def measured_pool(
    name: str, offsets_ms: list[int], service_times_s: Iterable[float], memory_bytes: Sequence[int] = ()
) -> MeasuredPool:
    """Return what is measured of a pool whose requests arrive at these offsets, the first of them 0."""
    source = Source(
        kind="nginx log", paths=["access.log"], format="", lines=len(offsets_ms), used=len(offsets_ms)
    )
    service_us = _counted(max(1, int(1_000_000 * service_time_s)) for service_time_s in service_times_s)
    return MeasuredPool(
        name=name,
        hosts=1,
        sources=[source],
        arrivals=_arrived(offsets_ms),
        service=Served(method="php-fpm log", service_us=service_us, scripts=[]),
        memory_bytes=_counted(memory_bytes) if memory_bytes else None,
        unknown=[],
    )


def _arrivals_ms(random: Random, capacity_per_s: float) -> list[int]:
    """Return arrivals below what is served, a burst of up to three times as much or all at once, and calm."""
    calm, burst = random.choice((0.3, 0.8, 1.1)), random.choice((0.5, 2.0, 3.0, 1e6))
    at_ms, found = 0.0, [0]
    for factor, share in ((calm, 0.3), (burst, random.choice((0.05, 0.4))), (calm, 0.3)):
        for _ in range(int(share * MOST_REQUESTS)):
            at_ms += random.expovariate(factor * capacity_per_s / 1000)
            found.append(int(at_ms))
    return found


def _arrived(offsets_ms: list[int]) -> Arrived:
    length_s, requests = offsets_ms[-1] // 1000 + 1, len(offsets_ms)
    each = [0] * length_s
    for offset_ms in offsets_ms:
        each[offset_ms // 1000] += 1
    window = Busy(
        start_s=START_S,
        length_s=length_s,
        requests=requests,
        statuses={200: requests},
        most_at_once=None,
        offsets_ms=encode(offsets_ms),
    )
    return Arrived(
        start_s=START_S,
        end_s=START_S + length_s,
        observed_s=length_s,
        requests=requests,
        resolution_s=0.001,
        statuses={200: requests},
        per_second=_counted(each),
        windows=[window],
    )


def _service_times_s(random: Random, mean_s: float) -> list[float]:
    draw = random.choice(
        (
            lambda: random.expovariate(1 / mean_s),
            lambda: mean_s,
            lambda: random.lognormvariate(0, 1.2) * mean_s / 2,
        )
    )
    return [draw() for _ in range(SAMPLES)]


def _counted(numbers: Iterable[int]) -> Buckets:
    found = Histogram()
    for number in numbers:
        found.add(number)
    return buckets_of(found)
