"""How many requests nginx holds, and how many come within a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.burst import most_within
from tuner.laws.path_limits import needed_worker_connections, requests_held

COUNTS = st.integers(0, 10_000)


def test_requests_held_as_measured() -> None:
    assert requests_held(20, 2) == 8
    assert requests_held(20, 2, worker_processes=3) == 24
    assert requests_held(20, 2, kept_connections=4) == 6
    assert requests_held(2, 2) == 0


@given(requests=COUNTS, listeners=COUNTS, kept=COUNTS)
def test_the_needed_connections_are_the_least_that_hold_the_requests(
    requests: int, listeners: int, kept: int
) -> None:
    needed = needed_worker_connections(requests, listeners, kept)
    assert requests_held(needed, listeners, kept) == requests
    assert requests == 0 or requests_held(needed - 1, listeners, kept) < requests


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40), st.floats(0.01, 10))
def test_most_within_a_time_is_that_from_some_arrival_on(times: list[float], seconds: float) -> None:
    arrivals_s = sorted(times)
    counted = (sum(now - first < seconds for now in arrivals_s[at:]) for at, first in enumerate(arrivals_s))
    assert most_within(arrivals_s, seconds) == max(counted)


def test_nothing_comes_within_a_time_without_arrivals() -> None:
    assert most_within([], 1.0) == 0
    assert most_within([0.0, 1.0], 1.0) == 1


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="0 workers"):
        requests_held(20, 2, worker_processes=0)
    with pytest.raises(ValueError, match="listeners"):
        requests_held(20, -1)
    with pytest.raises(ValueError, match="connections"):
        requests_held(-1, 1)
    with pytest.raises(ValueError, match="requests"):
        needed_worker_connections(-1, 1)
    with pytest.raises(ValueError, match="kept"):
        needed_worker_connections(1, 1, -1)
    with pytest.raises(ValueError, match="time"):
        most_within([1.0], 0)
