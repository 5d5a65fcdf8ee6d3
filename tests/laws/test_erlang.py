"""Erlang's formulas against printed tables, against each other, and against the simulator."""

from random import Random

import pytest

from tuner.laws.burst import largest_excess, needed_backlog, workers_for_burst
from tuner.laws.collapse import dead_time_s, is_permanent, onset_s
from tuner.laws.erlang import blocking, fewest_workers, refused_share, state_shares, waiting
from tuner.laws.path_limits import (
    Timeouts,
    closed_response_time_s,
    largest_closed_queue,
    largest_useful_backlog,
    max_conns_for,
    timeouts_out_of_order,
)
from tuner.laws.queueing import enough_workers, largest_backlog
from tuner.laws.simulator.replay import OK, REFUSED
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting
from tuner.laws.steady_state import mean_wait_s, p99_wait_s, relaxation_time_s, share_of_full_tries


def poisson(rate: float, mean_s: float, number: int, seed: int = 1) -> tuple[list[float], list[float]]:
    random, now, arrivals = Random(seed), 0.0, []
    for _ in range(number):
        now += random.expovariate(rate)
        arrivals.append(now)
    return arrivals, [random.expovariate(1 / mean_s) for _ in range(number)]


# Erlang B: the published tables' offered load for a grade of service.
@pytest.mark.parametrize(
    ("workers", "offered", "lost"),
    [
        (1, 0.0101, 0.01),
        (5, 1.361, 0.01),
        (10, 4.461, 0.01),
        (10, 5.084, 0.02),
        (20, 12.03, 0.01),
        (100, 84.06, 0.01),
    ],
)
def test_erlang_b_of_the_tables(workers: int, offered: float, lost: float) -> None:
    assert blocking(offered, workers) == pytest.approx(lost, rel=0.005)


def test_erlang_c_of_one_worker_is_its_utilisation() -> None:
    assert waiting(0.7, 1) == pytest.approx(0.7)
    assert waiting(2.0, 2) == 1.0
    # Two workers: rho^2 * 2 / (1 + rho), worked out by hand for rho = 1/2.
    assert waiting(1.0, 2) == pytest.approx(1 / 3)


@pytest.mark.parametrize("offered", [0.5, 2, 8, 30, 200])
def test_square_root_staffing_is_at_most_one_away(offered: float) -> None:
    exact = fewest_workers(offered, 0.10)
    assert waiting(offered, exact) <= 0.10 < (waiting(offered, exact - 1) if exact > 1 else 1)
    assert abs(enough_workers(offered, 1.0, overhead_s=0.0) - exact) <= 1


def test_states_of_a_queue_add_up() -> None:
    shares = state_shares(120, 10, 8, 56)
    assert len(shares) == 8 + 56 + 2
    assert sum(shares) == pytest.approx(1)
    # What is served is what is not refused: X = lambda (1 - P502), with all workers busy in overload.
    assert 120 * (1 - shares[-1]) == pytest.approx(80, rel=1e-6)


@pytest.mark.parametrize(("rate", "backlog"), [(72, 4), (90, 16), (120, 8)])
def test_refusals_of_the_simulator(rate: float, backlog: int) -> None:
    arrivals, services = poisson(rate, 0.1, 200_000)
    found = replay(arrivals, services, Setting(8, backlog, 9e9, overhead_s=0.0))
    assert found.outcomes.count(REFUSED) / len(arrivals) == pytest.approx(
        refused_share(rate, 10, 8, backlog), abs=0.006
    )


def test_mean_wait_of_the_simulator() -> None:
    arrivals, services = poisson(64, 0.1, 200_000)
    found = replay(arrivals, services, Setting(8, 10**6, 9e9, overhead_s=0.0))
    wait = sum(found.latencies_s) / len(arrivals) - 0.1
    expected = mean_wait_s(64, 0.1, 8, 1.0)
    assert wait == pytest.approx(expected, rel=0.08)
    assert mean_wait_s(81, 0.1, 8, 1.0) == float("inf")
    waits = sorted(took - service for took, service in zip(found.latencies_s, services, strict=True))
    p99 = waits[int(0.99 * len(waits))]
    assert p99_wait_s(expected, waiting(6.4, 8)) == pytest.approx(p99, rel=0.12)
    assert p99_wait_s(1.0, 0.01) == 0.0


def test_the_excess_of_a_burst() -> None:
    calm = [float(second) for second in range(10)]
    assert largest_excess(calm, 2.0) == 1
    assert largest_excess([*calm, *[10.0] * 50, 11.0], 2.0) == 50
    # 100 requests a second against 60 for two seconds: 40 a second are left over.
    busy = [step / 100 for step in range(200)]
    assert largest_excess(busy, 60.0) == pytest.approx(81, abs=1)


@pytest.mark.parametrize("seed", range(5))
def test_the_needed_backlog_loses_nothing(seed: int) -> None:
    arrivals, services = poisson(70, 0.1, 20_000, seed)
    start = arrivals[-1]
    arrivals += [start + step / 240 for step in range(1, 480)]
    services += services[:479]
    backlog = needed_backlog(largest_excess(arrivals, 80.0), 8)
    found = replay(arrivals, services, Setting(8, backlog, 9e9, overhead_s=0.0))
    assert found.outcomes.count(REFUSED) == 0
    assert found.longest_queue > backlog / 2


def test_workers_that_ride_a_burst() -> None:
    # 320/s for 10 s, 50 ms, all answered within 1 s: 14.8 workers by the law.
    workers = workers_for_burst(320, 10, 0.05, 1.0, 0.15)
    assert workers == 15
    arrivals = [step / 320 for step in range(3200)]
    good = replay(arrivals, [0.05] * 3200, Setting(workers, 9999, 1.0, overhead_s=0.0))
    assert good.outcomes.count(OK) == 3200
    bad = replay(arrivals, [0.05] * 3200, Setting(workers - 1, 9999, 1.0, overhead_s=0.0))
    assert bad.outcomes.count(OK) < 3200


def test_collapse_of_the_measured_run() -> None:
    # X = 159/s, T = 1 s, s = 50 ms; 10 s at 320/s leave 1610 in the queue; then 128/s: 47 s.
    assert dead_time_s(65535, 159, 1.0, 0.05, 128, queued=1610) == pytest.approx(47, abs=0.2)
    assert onset_s(120, 79.6, 1.0, 0.1) == pytest.approx(1.8, abs=0.05)
    best = largest_backlog(159, 1.0, 0.15)
    assert dead_time_s(best, 159, 1.0, 0.05, 128) == 0
    assert dead_time_s(65535, 159, 1.0, 0.05, 159) == float("inf")
    assert onset_s(100, 159, 1.0, 0.05) == float("inf")
    assert (is_permanent(128, 159, 1), is_permanent(128, 159, 0)) == (True, False)


def test_relaxation_and_tries() -> None:
    assert relaxation_time_s(80, 0.81) == pytest.approx(1.25)
    assert relaxation_time_s(80, 1.0) == float("inf")
    full = share_of_full_tries(120, 80, 4)
    assert 120 * (1 - full**4) == pytest.approx(80)
    assert share_of_full_tries(70, 80, 4) == 0.0


def test_limits_of_the_path() -> None:
    assert largest_closed_queue(64, 8) == 56
    assert closed_response_time_s(64, 80, 0.5) == pytest.approx(0.3)
    assert largest_useful_backlog(65535, 2 * 768, 1024, is_tcp=True) == 512
    assert largest_useful_backlog(65535, 10**6, None, is_tcp=True) == 28_232
    assert largest_useful_backlog(65535, 10**6, None, is_tcp=False, memory_bytes=16 * 2**20) == 1024
    assert max_conns_for(8, 40) == 49


def test_order_of_timeouts() -> None:
    assert timeouts_out_of_order(Timeouts(5, 40, 60, 2, 75)) == []
    assert timeouts_out_of_order(Timeouts(5, None, 60, None, None)) == []
    assert timeouts_out_of_order(Timeouts(50, 40, 30, 30, 20)) == [
        "the slowest request should be below request_terminate_timeout",
        "request_terminate_timeout should be below fastcgi_read_timeout",
        "fastcgi_read_timeout should be below the balancer's timeout",
        "fastcgi_connect_timeout should be below fastcgi_read_timeout",
    ]


def test_laws_refuse_what_is_outside_their_domain() -> None:
    for wrong in (
        lambda: blocking(-1, 1),
        lambda: waiting(1, 0),
        lambda: fewest_workers(1, 0),
        lambda: state_shares(0, 1, 1, 1),
        lambda: state_shares(1, 1, 1, -1),
        lambda: largest_excess([1.0], 0),
        lambda: workers_for_burst(1, 1, 1, 1, 1),
        lambda: onset_s(1, 0, 1, 1),
        lambda: mean_wait_s(1, 0, 1, 1),
        lambda: p99_wait_s(1, 2),
        lambda: share_of_full_tries(1, 1, 0),
    ):
        with pytest.raises(ValueError, match=r"."):
            wrong()
