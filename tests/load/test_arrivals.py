"""Arrivals in constant memory: every second counted, the busiest times kept one by one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.load.arrivals import BLOCK_S, Arrivals, Request
from tuner.load.compact import decode, encode

START_S = BLOCK_S * 1000


def arrivals(*times_s: float, most_kept: int = 1000) -> Arrivals:
    found = Arrivals(most_kept)
    for few in batched([(START_S + time_s, 200, 0.01) for time_s in times_s]):
        found.add(few)
    return found


def batched(requests: list[Request]) -> list[list[Request]]:
    return [requests[n : n + 7] for n in range(0, len(requests), 7)]


def test_a_short_log_is_kept_whole_and_in_order() -> None:
    found = arrivals(10.25, 12.5, 11.001, BLOCK_S + 1)
    (window,) = found.windows()
    assert (window.start_s, window.length_s) == (START_S + 10, BLOCK_S - 8)
    assert list(window.arrivals.offsets_ms) == [250, 1001, 2500, (BLOCK_S - 9) * 1000]
    assert list(window.arrivals.statuses) == [200] * 4
    assert list(window.arrivals.upstreams_ms) == [10] * 4


def test_quiet_seconds_count() -> None:
    assert arrivals(0, 0.5, 3).per_second().counts == {2: 1, 0: 2, 1: 1}


def test_times_far_apart_are_two_windows_the_busier_first() -> None:
    found = arrivals(1, 5 * BLOCK_S, 5 * BLOCK_S + 1).windows()
    assert [len(window.arrivals) for window in found] == [2, 1]


def test_the_least_busy_blocks_are_given_up_but_not_the_busiest_second() -> None:
    times = [block * BLOCK_S + n for block in range(20) for n in range(5 + block % 7)]
    times += [4 * BLOCK_S + 100.0] * 3
    found = arrivals(*sorted(times), most_kept=60)
    windows = found.windows()
    kept = sum(len(window.arrivals) for window in windows)
    assert kept <= 60
    assert found.count == len(times)
    assert any(window.start_s == START_S + 4 * BLOCK_S for window in windows)
    assert min(len(window.arrivals) for window in windows) >= 9


def test_what_comes_late_for_a_given_up_block_is_still_counted() -> None:
    found = arrivals(*(n * BLOCK_S for n in range(9)), 0.5, most_kept=2)
    assert found.count == 10
    assert found.statuses == {200: 10}


@given(st.lists(st.integers(0, 10**9), max_size=50).map(sorted))
def test_offsets_survive_their_encoding(offsets_ms: list[int]) -> None:
    assert decode(encode(offsets_ms)) == offsets_ms


@given(st.one_of(st.text(max_size=40), st.binary(max_size=40).map(lambda data: data.decode("latin-1"))))
def test_any_text_is_decoded_or_refused(text: str) -> None:
    try:
        assert all(later >= earlier for earlier, later in pairwise(decode(text)))
    except ValueError as error:
        assert "encoded arrivals" in str(error)


@pytest.mark.parametrize("data", [b"\x80", b"\xff" * 20])
def test_a_number_must_end(data: bytes) -> None:
    import zlib
    from base64 import b64encode

    packed = zlib.compress(data)
    with pytest.raises(ValueError, match="number"):
        decode(b64encode(packed).decode())
    with pytest.raises(ValueError, match="cut off"):
        decode(b64encode(packed[:-5]).decode())
