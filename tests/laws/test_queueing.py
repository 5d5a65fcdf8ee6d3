import csv
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tuner.laws.queueing import (
    answer_time_s,
    capacity_per_s,
    drain_time_s,
    enough_workers,
    largest_backlog,
    longest_mean_service_time_s,
    utilisation,
)

MEASURED = Path(__file__).parent.parent / "data" / "laws" / "overload_shares.csv"
LAWS = {"exponential": (1.0, 3.0), "deterministic": (0.0, 1.0)}
"""The cv of the service time, and its 95th percentile over its mean."""

workers = st.integers(1, 2000)
backlogs = st.integers(1, 65535)
means_s = st.floats(0.001, 20)
timeouts_s = st.floats(0.1, 600)
cvs = st.floats(0, 4)
shares_of_a_step = st.floats(0, 1)


def series() -> list[tuple[str, list[dict[str, str]]]]:
    with MEASURED.open(newline="") as file:
        grouped = groupby(csv.DictReader(file), key=lambda row: row["series"])
        return [(name, list(rows)) for name, rows in grouped]


def bounds(row: dict[str, str]) -> tuple[float, int]:
    """The capacity and B* of a measured run."""
    cv, p95_per_mean = LAWS[row["law"]]
    service_s = float(row["service_s"])
    capacity = capacity_per_s(int(row["workers"]), service_s)
    return capacity, largest_backlog(capacity, float(row["timeout_s"]), p95_per_mean * service_s, cv)


@pytest.mark.parametrize(("name", "rows"), series())
def test_measured_in_overload(name: str, rows: list[dict[str, str]]) -> None:
    """Up to B* a longer queue costs nothing; one that outlives the timeout costs most answers."""
    capacity, bound = bounds(rows[0])
    shares = {int(row["backlog"]): float(row["share_200"]) for row in rows}
    best = max(shares.values())
    within = [share for backlog, share in shares.items() if backlog <= bound]
    timeout_s = float(rows[0]["timeout_s"])
    beyond = [share for backlog, share in shares.items() if drain_time_s(backlog, capacity) > timeout_s]
    assert within and min(within) > best - 0.02, (name, bound)
    assert beyond and max(beyond) < 0.6 * best, name


def test_the_cliff_lies_between_the_law_and_the_drain_bound() -> None:
    rows = dict(series())["c4-T2-deterministic"]
    capacity, bound = bounds(rows[0])
    assert bound == 153
    still_in_time = max(int(row["backlog"]) for row in rows if float(row["share_200"]) > 0.7)
    too_late = min(int(row["backlog"]) for row in rows if float(row["share_200"]) < 0.4)
    assert still_in_time <= bound < 2 * capacity - 1 < too_late
    assert drain_time_s(bound, capacity) < 2 < drain_time_s(too_late, capacity)


def test_capacity_as_measured() -> None:
    """With 4 workers and 50 ms: 476 requests in 6 s. With 8 and 50 ms: 159/s."""
    assert capacity_per_s(4, 0.05) == pytest.approx(476 / 6, rel=0.01)
    assert capacity_per_s(8, 0.05) == pytest.approx(159, rel=0.01)
    assert capacity_per_s(4, 0.05, overhead_s=0) == 80


@pytest.mark.parametrize(
    ("capacity", "timeout_s", "p95_s", "cv", "expected"),
    [
        (78, 1, 0.15, 1, 50),
        (159, 1, 0.15, 1, 112),
        (20 / 0.0507, 1, 0.151, 1, 299),
        (80, 1, 0.3, 1, 41),
        (8 / 0.25, 1, 0.75, 1, 3),
        (79, 2, 0.05, 0, 153),
        (80, 1.0, 0.1, 0, 71),
        (10, 4, 1, 1, 19),
    ],
)
def test_largest_backlog(capacity: float, timeout_s: float, p95_s: float, cv: float, expected: int) -> None:
    assert largest_backlog(capacity, timeout_s, p95_s, cv) == expected


@pytest.mark.parametrize(("timeout_s", "p95_s"), [(0, 0), (1, 1), (1, 3), (0.301, 0.3)])
def test_no_queue_where_the_service_time_takes_up_the_timeout(timeout_s: float, p95_s: float) -> None:
    assert largest_backlog(80, timeout_s, p95_s) == 0


def test_a_whole_number_of_departures_is_not_lost_to_rounding() -> None:
    """Without spread and percentile, n is the capacity times the timeout."""
    for departures in range(2, 2000):
        assert largest_backlog(departures, 1, 0, cv=0) == departures - 1


def test_answer_and_drain_time() -> None:
    assert drain_time_s(4096, 100) == 40.97
    assert answer_time_s(99, 50, 0.3) == pytest.approx((100 + 2 * 10) / 50 + 0.3)
    assert answer_time_s(99, 50, 0.1, cv=0) == pytest.approx(2.1)


def test_longest_mean_service_time() -> None:
    assert longest_mean_service_time_s(4096, 5, 60) == pytest.approx(0.0703, abs=0.0001)
    assert longest_mean_service_time_s(99, 10, 15.006) == pytest.approx(1)
    assert longest_mean_service_time_s(65535, 1, 1) == 0


def share_that_waits(workers: int, busy: float) -> float:
    """Erlang's C formula, by the recursion of his B formula."""
    blocked = 1.0
    for number in range(1, workers + 1):
        blocked = busy * blocked / (number + busy * blocked)
    return blocked / (1 - busy / workers * (1 - blocked))


@pytest.mark.parametrize("busy", [0.3, 1.0, 2.0, 5.5, 8.0, 16.16, 40.0, 100.0, 199.5])
def test_enough_workers_is_the_least_number_by_erlang_give_or_take_one(busy: float) -> None:
    least = next(n for n in range(1, 400) if n > busy and share_that_waits(n, busy) <= 0.1)
    assert abs(enough_workers(busy / 0.1, 0.0995) - least) <= 1


def test_enough_workers() -> None:
    assert enough_workers(320, 0.0502) == 22
    assert enough_workers(0, 1) == 1
    assert enough_workers(100, 0.0995, beta=0) == 10


def test_utilisation() -> None:
    assert utilisation(120, 80) == 1.5
    assert utilisation(0, 80) == 0


@given(workers, backlogs, timeouts_s, cvs)
def test_the_two_limits_are_inverse(c: int, backlog: int, timeout_s: float, cv: float) -> None:
    longest_s = longest_mean_service_time_s(backlog, c, timeout_s, cv=cv)
    assume(longest_s > 1e-5)

    def bound(mean_s: float) -> int:
        return largest_backlog(capacity_per_s(c, mean_s), timeout_s, 3 * mean_s, cv)

    assert bound(longest_s * (1 - 1e-6)) >= backlog > bound(longest_s * (1 + 1e-6))


@given(workers, means_s, timeouts_s, cvs)
def test_the_last_of_the_largest_queue_is_answered_in_time(
    c: int, mean_s: float, timeout_s: float, cv: float
) -> None:
    capacity = capacity_per_s(c, mean_s)
    bound = largest_backlog(capacity, timeout_s, 3 * mean_s, cv)
    assert answer_time_s(bound + 1, capacity, 3 * mean_s, cv) > timeout_s * (1 - 1e-9)
    if bound:
        assert answer_time_s(bound, capacity, 3 * mean_s, cv) <= timeout_s * (1 + 1e-9)


@given(workers, means_s, timeouts_s, cvs, shares_of_a_step, st.sampled_from(["c", "mean", "timeout", "cv"]))
def test_largest_backlog_is_monotone(
    c: int, mean_s: float, timeout_s: float, cv: float, step: float, grown: str
) -> None:
    def bound(workers: float, mean: float, timeout: float, spread: float) -> int:
        return largest_backlog(workers / mean, timeout, 3 * mean, spread)

    here = bound(c, mean_s, timeout_s, cv)
    factor = 1 + step
    if grown == "c":
        assert bound(c * factor, mean_s, timeout_s, cv) >= here
    elif grown == "timeout":
        assert bound(c, mean_s, timeout_s * factor, cv) >= here
    elif grown == "mean":
        assert bound(c, mean_s * factor, timeout_s, cv) <= here
    else:
        assert bound(c, mean_s, timeout_s, cv * factor) <= here


@given(backlogs, workers, timeouts_s, cvs, st.integers(0, 1000))
def test_longest_mean_service_time_is_monotone(
    backlog: int, c: int, timeout_s: float, cv: float, more: int
) -> None:
    here = longest_mean_service_time_s(backlog, c, timeout_s, cv=cv)
    assert longest_mean_service_time_s(backlog + more, c, timeout_s, cv=cv) <= here
    assert longest_mean_service_time_s(backlog, c + more, timeout_s, cv=cv) >= here
    assert longest_mean_service_time_s(backlog, c, timeout_s + more, cv=cv) >= here


@pytest.mark.parametrize(
    "nonsense",
    [
        lambda: capacity_per_s(0, 0.1),
        lambda: capacity_per_s(1, 0),
        lambda: capacity_per_s(1, float("nan")),
        lambda: capacity_per_s(1, 0.1, -0.1),
        lambda: utilisation(-1, 80),
        lambda: utilisation(1, 0),
        lambda: enough_workers(-1, 0.1),
        lambda: enough_workers(1, 0),
        lambda: enough_workers(1, 0.1, beta=-1),
        lambda: enough_workers(1, 0.1, overhead_s=-1),
        lambda: drain_time_s(-1, 80),
        lambda: drain_time_s(1, float("inf")),
        lambda: answer_time_s(-1, 80, 0.1),
        lambda: answer_time_s(1, 80, -0.1),
        lambda: largest_backlog(0, 1, 0.1),
        lambda: largest_backlog(80, -1, 0.1),
        lambda: largest_backlog(80, 1, 0.1, cv=-1),
        lambda: largest_backlog(80, 1, 0.1, z=float("nan")),
        lambda: longest_mean_service_time_s(-1, 1, 1),
        lambda: longest_mean_service_time_s(1, 0, 1),
        lambda: longest_mean_service_time_s(1, 1, -1),
    ],
)
def test_nonsense_is_refused(nonsense: Callable[[], float]) -> None:
    with pytest.raises(ValueError, match=r"\S+ \S+"):
        nonsense()
