"""Arrivals in constant memory: every second counted, the busiest times kept one by one."""

import time
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.load.arrivals import BLOCK_S, Arrivals, Requests
from tuner.load.compact import decode, encode

START_S = BLOCK_S * 1000


def arrivals(*times_s: float, most_kept: int = 1000) -> Arrivals:
    found = Arrivals(most_kept)
    for n in range(0, len(times_s), 7):
        found.add(requests(START_S + time_s for time_s in times_s[n : n + 7]))
    return found


def requests(times_s: Iterable[float]) -> Requests:
    arrivals_s = list(times_s)
    return Requests(arrivals_s, [200] * len(arrivals_s), [10] * len(arrivals_s))


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


def test_the_newest_file_may_be_read_first() -> None:
    """A busy time in an older file is kept, although its blocks begin small when all the room is taken."""
    newest = [10 * BLOCK_S + n for n in range(0, 5 * BLOCK_S, 10)] + [15 * BLOCK_S - 1] * 9
    older = [n / 4 for n in range(4 * BLOCK_S)]
    windows = arrivals(*newest, *older, most_kept=len(older) + 50).windows()
    assert [(window.start_s, len(window.arrivals)) for window in windows] == [
        (START_S, len(older)),
        (START_S + 14 * BLOCK_S, 39),
    ]


def test_a_second_may_be_very_busy() -> None:
    found = arrivals(*[5.5] * 250, *[5.25] * 250, 6)
    assert (found.per_second().counts[1], found.per_second().largest) == (1, 500)
    assert (found.count, found.first_s, found.last_s) == (501, START_S + 5, START_S + 6)


def test_a_quiet_log_of_months_takes_no_longer_a_line() -> None:
    found = Arrivals(most_kept=100)
    began = time.process_time()
    for n in range(30_000):
        found.add(requests([START_S + n * BLOCK_S * 1.0]))
    assert found.count == 30_000
    assert sum(len(window.arrivals) for window in found.windows()) == 100
    assert time.process_time() - began < 2.0


@given(st.lists(st.integers(0, 4 * BLOCK_S), min_size=1, max_size=60).map(sorted))
def test_every_second_is_counted_whatever_is_kept(times_s: list[int]) -> None:
    found = arrivals(*map(float, times_s), most_kept=3)
    counts = Counter(times_s)
    quiet = max(times_s) - min(times_s) + 1 - len(counts)
    expected = Counter(counts.values()) + Counter({0: quiet})
    assert found.per_second().counts == expected
    busiest = max(counts.values())
    peaks = {START_S + second for second, count in counts.items() if count == busiest}
    kept = {(window.start_s, window.start_s + window.length_s) for window in found.windows()}
    assert any(start <= peak < end for peak in peaks for start, end in kept)


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
