"""What the rules say of a measured load, against the runs that were measured and against the simulator."""

import json
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.load.test_measured_load import RUNS, measured
from tests.trees import stack_of
from tuner.judge.load import load_rules
from tuner.judge.run import judge
from tuner.laws.simulator.replay import LATE, REFUSED
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting, Spares
from tuner.load.compact import encode
from tuner.load.histogram import Histogram
from tuner.load.lead_in import with_lead_in
from tuner.load.load_file import Busy, LoadFile, MeasuredPool, buckets_of, load_file_of
from tuner.load.measured import busiest_rate_per_s, put_measured, rounded
from tuner.load.regular import load_of
from tuner.load.replayable import arrivals_of, trace_of
from tuner.load.trace import Trace
from tuner.stack.model import Pool, Stack
from tuner.stack.pool_load import PoolReplay

RULES = load_rules()
QUEUE_RULES = {"backlog-outlives-timeout", "backlog-below-burst", "pool-overloaded"}
POOL = "[www]\nuser = www-data\nlisten = /run/q.sock\nlisten.backlog = {0}\npm = {1}\npm.max_children = {2}\n"
NGINX = (
    "events {{}}\nhttp {{ server {{ listen 80;\n"
    "location / {{ fastcgi_read_timeout {0}; fastcgi_pass unix:/run/q.sock; }} }} }}\n"
)


def loaded(  # one number of the pool each
    root: Path,
    load: LoadFile,
    *,
    backlog: int,
    workers: int = 8,
    timeout: str = "1s",
    more: str = "",
    somaxconn: int = 65535,
) -> Stack:
    manager = "dynamic" if more else "static"
    stack = stack_of(
        root,
        {
            "etc/php/8.2/fpm/pool.d/q.conf": POOL.format(backlog, manager, workers) + more,
            "etc/nginx/nginx.conf": NGINX.format(timeout),
            "etc/sysctl.d/a.conf": f"net.core.somaxconn = {somaxconn}\n",
        },
        "debian-12",
    )
    assert put_measured([stack], load, "load.yaml") == []
    return stack


def found(stack: Stack, among: set[str] = QUEUE_RULES) -> set[str]:
    judgement = judge([stack], RULES)
    assert not judgement.crashes
    assert not [item for item in judgement.undecided if item.name in among]
    return {finding.name for finding in judgement.findings if finding.severity != "note"} & among


def replay_of(stack: Stack) -> PoolReplay:
    (pool,) = stack.pools
    assert pool.replay
    return pool.replay


@cache
def load_from(run: str) -> LoadFile:
    return load_file_of([measured(run)])


@pytest.mark.parametrize(
    ("workers", "backlog", "names"),
    [
        (8, 65535, {"backlog-outlives-timeout", "pool-overloaded"}),
        (8, 511, {"backlog-outlives-timeout", "pool-overloaded"}),
        (8, 160, {"backlog-outlives-timeout", "pool-overloaded"}),
        (8, 112, {"pool-overloaded"}),
        (20, 299, set()),
        (20, 65535, {"backlog-outlives-timeout"}),
    ],
)
def test_the_collapse_from_the_logs_of_the_bad_run(
    tmp_path: Path, workers: int, backlog: int, names: set[str]
) -> None:
    """Measured: 14.5 % of 200 with 65535, 57.7 with 511, 73.7 with 160, 84.7 with 112; 100 with 20, 299."""
    stack = loaded(tmp_path, load_from("unix-collapse-B65535"), backlog=backlog, workers=workers)
    assert found(stack) == names


@pytest.mark.parametrize("run", ["unix-collapse-B65535", "unix-collapse-B112"])
def test_what_is_said_to_be_lost_is_what_was_lost(tmp_path: Path, run: str) -> None:
    told = json.loads((RUNS / run / "run.json").read_text())
    stack = loaded(tmp_path, load_from("unix-collapse-B65535"), backlog=told["listen_backlog"])
    outcome = replay_of(stack)
    assert outcome.requests.data == told["requests"]
    for value, status in ((outcome.refused, "502"), (outcome.late, "504")):
        assert isinstance(value.data, int)
        assert value.data / told["requests"] == pytest.approx(told["measured"][status], abs=0.015)


def test_a_burst_of_the_measured_run_that_the_queue_turned_away(tmp_path: Path) -> None:
    """Measured with a backlog of 8: 22.1 % of 502, of 2810; with 160: 0.9 % and 2.1 % of 504."""
    load = load_from("unix-burst-B8")
    short = loaded(tmp_path / "8", load, backlog=8, timeout="2s")
    assert found(short) == {"backlog-below-burst"}
    assert replay_of(short).refused.data == pytest.approx(621, abs=0.04 * 2810)
    long = replay_of(loaded(tmp_path / "160", load, backlog=160, timeout="2s"))
    assert long.refused.data == pytest.approx(0.009 * 2810, abs=0.04 * 2810)
    assert long.late.data == pytest.approx(0.021 * 2810, abs=0.04 * 2810)


def some_load(rates: list[int], mean_ms: int, seed: int) -> LoadFile:
    """Random arrivals of so many a second, second by second, and exponential service times."""
    random = Random(seed)
    (pool,) = load_of("www", [(1, rate) for rate in rates], {mean_ms: 1}).pools
    times = Histogram()
    for _ in range(5000):
        times.add(int(random.expovariate(1 / mean_ms) * 1000))
    assert pool.arrivals and pool.service
    offsets_ms = sorted(
        1000 * second + random.randrange(1000) for second, rate in enumerate(rates) for _ in range(rate)
    )
    (window,) = pool.arrivals.windows
    arrivals = pool.arrivals.model_copy(
        update={"windows": [window.model_copy(update={"offsets_ms": encode(offsets_ms)})]}
    )
    service = pool.service.model_copy(update={"service_us": buckets_of(times)})
    return load_file_of([pool.model_copy(update={"arrivals": arrivals, "service": service})])


@settings(max_examples=25, deadline=None)
@given(
    rates=st.lists(st.integers(1, 300), min_size=12, max_size=30),
    mean_ms=st.integers(5, 100),
    workers=st.integers(1, 12),
    backlog=st.integers(0, 400),
    seed=st.integers(0, 1000),
)
def test_every_claim_holds_in_the_simulator(
    tmp_path_factory: pytest.TempPathFactory,
    rates: list[int],
    mean_ms: int,
    workers: int,
    backlog: int,
    seed: int,
) -> None:
    load = some_load(rates, mean_ms, seed)
    stack = loaded(tmp_path_factory.mktemp("tree"), load, backlog=backlog, workers=workers)
    names = found(stack)
    trace = trace_of(load.pools[0])

    def lost(length: int) -> tuple[int, int]:
        ended = replay(*trace[:2], Setting(workers, length, 1.0)).outcomes
        return ended.count(REFUSED), ended.count(LATE)

    refused, late = lost(backlog)
    (pool,) = stack.pools
    assert pool.queue and pool.load and pool.replay
    assert (pool.replay.refused.data, pool.replay.late.data) == (refused, late)
    largest, needed = pool.queue.largest_backlog.data, pool.replay.needed_backlog.data
    assert isinstance(largest, int) and isinstance(needed, int)
    if "pool-overloaded" in names:
        # A longer one has no margin, but may be lucky.
        assert all(sum(lost(length)) > 0 for length in (0, largest // 2, largest))
    if refused:
        assert names & {"backlog-below-burst", "pool-overloaded"}
    else:
        assert "backlog-below-burst" not in names
    # The margin of the law is two standard deviations: hardly anything is left to turn away.
    assert lost(needed)[0] <= 0.05 * len(trace.arrivals_s)
    assert ("backlog-outlives-timeout" in names) == (backlog > largest)


DYNAMIC = "pm.start_servers = {0}\npm.min_spare_servers = {1}\npm.max_spare_servers = {2}\n"


@pytest.mark.parametrize(
    ("numbers", "measured_share", "is_slow"), [((2, 1, 2), 0.201, True), ((8, 8, 16), 0.005, False)]
)
def test_a_step_that_a_dynamic_pool_follows_or_not(
    tmp_path: Path, numbers: tuple[int, int, int], measured_share: float, is_slow: bool
) -> None:
    """Measured with php-fpm 8.2: 30 s of 150/s at 0.1 s, at most 40 children, B = 64: so many got 502."""
    load = some_load([1] * 20 + [150] * 30, 100, 3)
    stack = loaded(tmp_path, load, backlog=64, workers=40, timeout="60s", more=DYNAMIC.format(*numbers))
    lost = replay_of(stack).lost_to_ramp.data
    assert isinstance(lost, int)
    assert lost / (30 * 150) == pytest.approx(measured_share, abs=0.03)
    assert (found(stack, {"dynamic-ramp-slow"}) == {"dynamic-ramp-slow"}) == (is_slow or lost > 0)


def test_a_steady_rate_is_no_step_though_the_log_begins_with_it(tmp_path: Path) -> None:
    load = some_load([150] * 40, 100, 3)
    more = DYNAMIC.format(2, 1, 2)
    stack = loaded(tmp_path, load, backlog=64, workers=40, timeout="60s", more=more)
    assert replay_of(stack).lost_to_ramp.data == 0
    trace = trace_of(load.pools[0])
    cold = replay(*trace[:2], Setting(40, 64, 60.0, spares=Spares(2, 1, 2)))
    assert cold.outcomes.count(REFUSED) > 500


def test_the_lead_in_is_in_order_and_ends_before_the_trace() -> None:
    trace = Trace([number / 50 for number in range(600)], [0.1] * 600)
    led_in, added = with_lead_in(trace, 0.1, 2, 40)
    assert led_in.arrivals_s == sorted(led_in.arrivals_s)
    assert len(led_in.arrivals_s) == len(led_in.services_s) == added + 600
    assert led_in.arrivals_s[added - 1] < led_in.arrivals_s[added] == 2 * (5 - 2) + 10


def test_the_window_that_asks_most_is_replayed(tmp_path: Path) -> None:
    """The busier one is steady; the other one is short and comes at once."""
    (pool,) = load_of("www", [(60, 100)], {50: 1}).pools
    (burst,) = load_of("www", [(1, 400), (20, 5)], {50: 1}).pools
    assert pool.arrivals and burst.arrivals
    windows: list[Busy] = [*pool.arrivals.windows, *burst.arrivals.windows]
    both = pool.model_copy(update={"arrivals": pool.arrivals.model_copy(update={"windows": windows})})
    stack = loaded(tmp_path, load_file_of([both]), backlog=64)
    assert replay_of(stack).requests.data == 500
    assert "21 s from 2026-05-28 20:26:40 UTC" in replay_of(stack).requests.origin.words


def pool_with(update: dict[str, object]) -> MeasuredPool:
    (pool,) = load_of("www", [(20, 10)], {50: 1}).pools
    return pool.model_copy(update=update)


@pytest.mark.parametrize(
    ("pool", "reason", "undecided"),
    [
        (
            pool_with({"arrivals": None}),
            "load.yaml: pool www: arrivals: none were measured",
            {"backlog-below-burst", "pool-overloaded"},
        ),
        (
            pool_with({"service": None, "unknown": ["service times: give the PHP-FPM access log"]}),
            "load.yaml: pool www: service times: give the PHP-FPM access log",
            {*QUEUE_RULES, "timeout-below-service-time", "somaxconn-unclamps-oversized"},
        ),
        (
            load_of("www", [(20, 10)], {0: 1}).pools[0],
            "load.yaml: pool www: service times: every one is 0",
            {*QUEUE_RULES, "timeout-below-service-time", "somaxconn-unclamps-oversized"},
        ),
    ],
)
def test_what_was_not_measured_leaves_a_rule_undecided_and_says_what_is_missing(
    tmp_path: Path, pool: MeasuredPool, reason: str, undecided: set[str]
) -> None:
    judgement = judge([loaded(tmp_path, load_file_of([pool]), backlog=64)], RULES)
    by_load = {item.name for item in judgement.undecided if reason in item.hint}
    assert by_load == undecided
    assert not {finding.name for finding in judgement.findings} & undecided


def test_the_busiest_ten_seconds() -> None:
    (pool,) = load_of("www", [(30, 10), (5, 100), (30, 10)], {50: 1}).pools
    assert pool.arrivals
    assert busiest_rate_per_s(pool.arrivals, arrivals_of(pool)) == pytest.approx(55, abs=0.2)
    (short,) = load_of("www", [(4, 10)], {50: 1}).pools
    assert short.arrivals
    assert busiest_rate_per_s(short.arrivals, arrivals_of(short)) == 10


@pytest.mark.parametrize(
    ("number", "digits", "same"), [(0.0500735, 4, 0.05007), (1520.4, 3, 1520), (0.0, 3, 0)]
)
def test_digits(number: float, digits: int, same: float) -> None:
    assert rounded(number, digits) == same


def test_values_name_the_file_and_the_pool(tmp_path: Path) -> None:
    stack = loaded(tmp_path, load_from("unix-collapse-B65535"), backlog=112)
    pool: Pool = stack.pools[0]
    assert pool.load
    for value in (pool.load.service_time, pool.load.service_time_p99, pool.load.arrival_rate):
        assert value.origin.kind == "measured"
        assert value.origin.words.startswith("load.yaml: pool www, ")
        assert (value.is_observed, value.is_written) == (True, False)
    assert pool.load.service_time.data == pytest.approx(0.0501, abs=0.0002)
    assert pool.load.arrival_rate.data == pytest.approx(320, abs=10)
