"""The histogram: narrow buckets, exact sums, merging in any order, drawing what was put in."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.load.histogram import LARGEST, Histogram, bounds_of, bucket_of, poisson

numbers = st.one_of(st.integers(0, 300), st.integers(0, 10**7), st.integers(0, LARGEST))
samples = st.lists(numbers, max_size=30)


def histogram(values: list[int]) -> Histogram:
    found = Histogram()
    for value in values:
        found.add(value)
    return found


@given(numbers)
def test_a_number_lies_in_its_narrow_bucket(number: int) -> None:
    low, behind = bounds_of(bucket_of(number))
    assert low <= number < behind
    assert behind - low == 1 or (behind - low) / low <= 1 / 64


@given(numbers)
def test_buckets_follow_one_another(number: int) -> None:
    bucket = bucket_of(number)
    assert bounds_of(bucket)[1] == bounds_of(bucket + 1)[0]


@given(samples, samples)
def test_merging_is_counting_all(one: list[int], other: list[int]) -> None:
    assert histogram(one).merged(histogram(other)) == histogram([*other, *one])


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_figures(values: list[int]) -> None:
    found = histogram(values)
    mean = sum(values) / len(values)
    assert found.count == len(values)
    assert found.mean == pytest.approx(mean)
    variance = sum((value - mean) ** 2 for value in values) / len(values)
    assert found.variation * mean == pytest.approx(variance**0.5, abs=1e-3 * (mean + 1))
    for share in (0.5, 0.95, 1.0):
        exact = sorted(values)[max(1, -int(-share * len(values) // 1)) - 1]
        assert found.percentile(share) == pytest.approx(exact, rel=0.02, abs=0.5)


def test_drawn_numbers_have_the_distribution_whatever_the_seed() -> None:
    found = histogram([100] * 900 + [10_000] * 100)
    for seed in range(5):
        drawn = found.draw(1000, Random(seed))
        assert sum(1 for number in drawn if number > 200) == 100
        assert sum(drawn) / 1000 == pytest.approx(found.mean, rel=0.02)
        assert drawn != sorted(drawn)
    assert found.draw(50, Random(1)) == found.draw(50, Random(1))
    assert found.draw(50, Random(1)) != found.draw(50, Random(2))


def test_nothing_can_be_said_of_nothing() -> None:
    empty = Histogram()
    for ask in (lambda: empty.mean, lambda: empty.percentile(0.5), lambda: empty.draw(1, Random(1))):
        with pytest.raises(ValueError, match="empty"):
            ask()
    assert histogram([0, 0]).variation == 0


@pytest.mark.parametrize("mean", [0.3, 4, 60, 400])
def test_numbers_of_poisson_have_his_mean_and_variance(mean: float) -> None:
    random = Random(1)
    drawn = [poisson(mean, random) for _ in range(20_000)]
    average = sum(drawn) / len(drawn)
    assert average == pytest.approx(mean, rel=0.03)
    assert sum((number - average) ** 2 for number in drawn) / len(drawn) == pytest.approx(mean, rel=0.05)


def test_another_sample_strays_as_far_as_a_sample_of_that_size() -> None:
    """Of 400 times of 1 and 400 of 3 the mean has the standard error sqrt(1 / 800), 0.035."""
    found = histogram([1] * 400 + [3] * 400)
    random = Random(1)
    means = [found.drawn_anew(random).mean for _ in range(2000)]
    average = sum(means) / len(means)
    assert average == pytest.approx(2, abs=0.01)
    assert (sum((mean - average) ** 2 for mean in means) / len(means)) ** 0.5 == pytest.approx(0.035, rel=0.1)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=4), st.integers(0, 99))
def test_another_sample_is_never_empty_and_holds_nothing_new(values: list[int], seed: int) -> None:
    found = histogram(values)
    drawn = found.drawn_anew(Random(seed))
    assert drawn.count
    assert drawn.counts.keys() <= found.counts.keys()
