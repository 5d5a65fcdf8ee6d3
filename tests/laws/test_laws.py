"""Laws that have no other test: exact results, and the simulator."""

from math import exp, inf, pi, sqrt
from random import Random
from statistics import NormalDist

import pytest

from tuner.laws import burst, erlang, process_manager, queueing, staffing, steady_state
from tuner.laws.simulator.replay import OK, REFUSED
from tuner.laws.simulator.run import replay
from tuner.laws.simulator.setting import Setting, Spares
from tuner.laws.somaxconn import lengthened, needed_somaxconn


def poisson(rate: float, number: int, seed: int = 1) -> list[float]:
    random, now, arrivals = Random(seed), 0.0, []
    for _ in range(number):
        now += random.expovariate(rate)
        arrivals.append(now)
    return arrivals


def test_processors_bound_the_capacity() -> None:
    # 16 sleeping workers of 20 ms serve 800/s by themselves; half a core with 5 ms a request feeds 100.
    assert queueing.cpu_capacity_per_s(0.5, 0.005) == 100
    assert min(queueing.capacity_per_s(16, 0.02, 0.0), queueing.cpu_capacity_per_s(0.5, 0.005)) == 100


def test_littles_law_of_the_simulator() -> None:
    arrivals = poisson(64, 20_000)
    found = replay(arrivals, [0.1] * 20_000, Setting(40, 10**6, 9e9, overhead_s=0.0))
    busy = sum(found.latencies_s) / (arrivals[-1] - arrivals[0])
    assert busy == pytest.approx(queueing.offered_erlangs(64, 0.1), rel=0.03)


@pytest.mark.parametrize("backlog", [8, 40, 100])
def test_in_overload_the_backlog_refuses_no_less(backlog: int) -> None:
    """L3: P502 tends to 1 - 1 / rho; measured at rho = 1.5 were 32 to 34 % for every backlog of 8 to 100."""
    assert erlang.refused_share(120, 10, 8, backlog) == pytest.approx(1 - 80 / 120, abs=0.005)


def test_the_choice_of_a_backlog() -> None:
    assert burst.choose_backlog(40, 112) == (112, True)
    assert burst.choose_backlog(112, 112) == (112, True)
    assert burst.choose_backlog(1610, 112) == (112, False)


@pytest.mark.parametrize(("share", "beta"), staffing.BETAS.items())
def test_betas_are_those_of_halfin_and_whitt(share: float, beta: float) -> None:
    waiting = 1 / (1 + sqrt(2 * pi) * beta * NormalDist().cdf(beta) * exp(beta * beta / 2))
    assert waiting == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(("share", "beta"), staffing.BETAS.items())
@pytest.mark.parametrize("busy", [2.0, 8.0, 50.0, 200.0])
def test_a_beta_gives_at_most_one_worker_more_or_less_than_erlang(
    share: float, beta: float, busy: float
) -> None:
    found = queueing.enough_workers(busy, 1.0, beta, overhead_s=0.0)
    assert abs(found - erlang.fewest_workers(busy, share)) <= 1


def test_workers_that_memory_and_processors_bear() -> None:
    mebibyte = 1 << 20
    assert staffing.workers_by_memory(4096 * mebibyte, 1024 * mebibyte, 60 * mebibyte) == 51
    assert staffing.workers_by_memory(mebibyte, 2 * mebibyte, mebibyte) == 0
    # 100 ms of which 20 ms are the processor's: five workers keep a core busy.
    assert staffing.workers_by_cpu(2, 0.1, 0.02, headroom=1.0) == 10
    assert staffing.workers_by_cpu(2, 0.1, 0.02) == 12
    assert staffing.workers_by_cpu(0.1, 0.02, 0.02) == 1


def test_dispersion_of_poisson_arrivals_is_one_and_of_bursts_far_more() -> None:
    assert steady_state.dispersion_of_counts(poisson(50, 50_000), 1.0) == pytest.approx(1, abs=0.1)
    # 50 at once, every second second: counts of 50 and 0.
    bursts = [float(second) for second in range(0, 200, 2) for _ in range(50)] + [200.5]
    assert steady_state.dispersion_of_counts(bursts, 1.0) == pytest.approx(25, rel=0.02)
    with pytest.raises(ValueError, match=r"1 windows of 1\.0 s"):
        steady_state.dispersion_of_counts([0.0, 1.5], 1.0)
    with pytest.raises(ValueError, match="0 windows"):
        steady_state.dispersion_of_counts([], 1.0)


@pytest.mark.parametrize(
    ("rate", "least_spare", "most"), [(40, 1, 9), (75, 1, 9), (150, 4, 40), (450, 20, 60)]
)
def test_the_queue_of_a_pool_that_grows(rate: int, least_spare: int, most: int) -> None:
    """The simulator has the ticks of php-fpm: with that backlog none is refused, with half of it some are."""
    needed = process_manager.ramp_queue(rate, 0.1, least_spare, most, least_spare, 32)
    spares = Spares(least_spare, least_spare, most)
    arrivals = [number / rate for number in range(rate * 15)]

    def refused(backlog: int) -> int:
        setting = Setting(most, backlog, 99.0, overhead_s=0.0, spares=spares)
        return replay(arrivals, [0.1] * len(arrivals), setting).outcomes.count(REFUSED)

    assert refused(int(needed) + 2) == 0
    assert refused(int(needed) // 2) > 0
    # A start with the workers that are needed leaves nobody waiting.
    assert process_manager.ramp_queue(rate, 0.1, most, most, least_spare, 32) == 0


def test_a_pool_that_never_suffices_has_no_end_of_waiting() -> None:
    assert process_manager.ramp_queue(100, 0.1, 1, 9, 1, 32) == inf


def test_the_last_of_a_queue_of_l15_is_answered_in_time() -> None:
    """Deterministic: T >= s + (B + 1) / X; a backlog one longer misses it."""
    timeout_s = queueing.answer_time_s(15, 80, 0.1, cv=0, z=0)
    arrivals, services = [0.0] * 24, [0.1] * 24
    on_time = replay(arrivals, services, Setting(8, 15, timeout_s + 1e-9, overhead_s=0.0))
    assert on_time.outcomes.count(OK) == 24
    tight = replay(arrivals, services, Setting(8, 15, timeout_s - 1e-3, overhead_s=0.0))
    assert tight.outcomes.count(OK) == 16


def test_whom_a_larger_somaxconn_changes() -> None:
    listeners = {"nginx": 511, "www": 65535, "api": 100, "any": -1}
    assert needed_somaxconn(listeners.values()) == 65535
    assert needed_somaxconn([]) == 0
    assert lengthened(listeners, 128, 4096) == {
        "nginx": (128, 511),
        "www": (128, 4096),
        "any": (128, 4096),
    }
    assert lengthened(listeners, 4096, 4096) == {}
    with pytest.raises(ValueError, match="not a C int"):
        needed_somaxconn([2**31])


def test_a_trace_that_shows_the_steady_state() -> None:
    assert steady_state.long_enough_trace_s(80, 0.81) == pytest.approx(125)
    assert steady_state.long_enough_trace_s(80, 1.2) == inf
