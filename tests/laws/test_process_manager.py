"""How fast pm = dynamic grows, against php-fpm's loop, second by second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.process_manager import ramp_s, started_children

COUNTS = st.integers(1, 300)


@pytest.mark.parametrize(
    ("started", "max_children", "min_spare", "seconds"),
    [
        (2, 5, 1, 3),  # measured: 3, 4, 5
        (20, 60, 20, 6),  # measured: 21, 23, 27, 35, 51, 60
        (5, 50, 5, 11),
        (5, 5, 1, 0),
        (9, 5, 1, 0),
        (1, 2, 1000, 1),
    ],
)
def test_the_seconds_to_the_last_child(started: int, max_children: int, min_spare: int, seconds: int) -> None:
    assert ramp_s(started, max_children, min_spare, max_spawn_rate=32) == seconds


def second_by_second(started: int, max_children: int, min_spare: int, max_spawn_rate: int) -> int:
    """The loop of fpm_pctl_perform_idle_server_maintenance() while no child is ever idle."""
    running, rate, seconds = started, 1, 0
    while running < max_children:
        running += min(rate, min_spare, max_children - running)
        if rate < max_spawn_rate:
            rate *= 2
        seconds += 1
    return seconds


@given(COUNTS, COUNTS, COUNTS, st.integers(1, 100))
def test_equals_php_fpms_loop(started: int, max_children: int, min_spare: int, max_spawn_rate: int) -> None:
    expected = second_by_second(started, max_children, min_spare, max_spawn_rate)
    assert ramp_s(started, max_children, min_spare, max_spawn_rate) == expected


def test_a_huge_pool_takes_no_loop() -> None:
    assert ramp_s(1, 2**31 - 1, 1, 32) == 2**31 - 2


@pytest.mark.parametrize(("min_spare", "max_spawn_rate"), [(0, 32), (1, 0)])
def test_refused_numbers(min_spare: int, max_spawn_rate: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        ramp_s(1, 5, min_spare, max_spawn_rate)


@pytest.mark.parametrize(
    ("start", "least", "most", "children"), [(4, 1, 9, 4), (0, 1, 3, 2), (0, 1, 4, 2), (-1, 5, 35, 20)]
)
def test_children_at_the_start(start: int, least: int, most: int, children: int) -> None:
    assert started_children(start, least, most) == children
