"""A histogram of whole numbers with logarithmic buckets, which adds up exactly over files and hosts.

Each power of two is split into 64 buckets, so that a bucket is at most 1.6 % wide; below 128 every number has
its own. The layout is that of HdrHistogram (G. Tene).
"""

from collections.abc import Iterable
from itertools import accumulate
from math import sqrt
from random import Random

BITS = 6
LINEAR = 2 << BITS
LARGEST = 1 << 62
NEARLY_NORMAL = 100


def bucket_of(number: int) -> int:
    """Return the bucket of a number from 0."""
    if number < LINEAR:
        return number
    shift = number.bit_length() - BITS - 1
    return (shift << BITS) + (number >> shift)


def bounds_of(bucket: int) -> tuple[int, int]:
    """Return the least number of a bucket and the least one behind it."""
    if bucket < LINEAR:
        return bucket, bucket + 1
    shift = (bucket >> BITS) - 1
    low = (bucket - (shift << BITS)) << shift
    return low, low + (1 << shift)


def poisson(mean: float, random: Random) -> int:
    """Return a number drawn from Poisson's distribution; large ones from the normal one."""
    if mean > NEARLY_NORMAL:
        return max(0, round(random.gauss(mean, sqrt(mean))))
    drawn, passed = 0, random.expovariate(1)
    while passed < mean:
        drawn += 1
        passed += random.expovariate(1)
    return drawn


class Histogram:
    """Counts by bucket; the number of values, their sum and sum of squares are exact."""

    def __init__(
        self, counts: dict[int, int] | None = None, total: int = 0, squares: int = 0, largest: int = 0
    ) -> None:
        self.counts = counts if counts is not None else {}
        self.total = total
        self.squares = squares
        self.largest = largest

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def add(self, number: int, times: int = 1) -> None:
        """Count a number from 0 to LARGEST."""
        bucket = bucket_of(number)
        self.counts[bucket] = self.counts.get(bucket, 0) + times
        self.total += number * times
        self.squares += number * number * times
        self.largest = max(self.largest, number)

    def merged(self, other: "Histogram") -> "Histogram":
        """Return the histogram of both together."""
        counts = dict(self.counts)
        for bucket, count in other.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count
        return Histogram(
            counts,
            self.total + other.total,
            self.squares + other.squares,
            max(self.largest, other.largest),
        )

    @property
    def count(self) -> int:
        """How many numbers are in it."""
        return sum(self.counts.values())

    @property
    def mean(self) -> float:
        """The exact mean. Raises ValueError where there is no number."""
        self._check()
        return self.total / self.count

    @property
    def variation(self) -> float:
        """The coefficient of variation, standard deviation over mean; 0 where all numbers are 0."""
        mean = self.mean
        return sqrt(max(0.0, self.squares / self.count - mean * mean)) / mean if mean else 0.0

    def percentile(self, share: float) -> float:
        """Return the middle of the bucket that holds the number which `share` of them do not exceed."""
        self._check()
        rank = share * self.count
        for bucket, below in zip(sorted(self.counts), accumulate(self._in_order()), strict=True):
            if below >= rank:
                return min(sum(bounds_of(bucket)) / 2, float(self.largest))
        return float(self.largest)

    def draw(self, count: int, random: Random) -> list[float]:
        """Return so many numbers of this distribution in random order.

        One is drawn from each of `count` equal parts of the distribution: their mean hardly depends on
        the seed; within a bucket all numbers are equally likely.
        """
        self._check()
        drawn = []
        total = self.count
        step = total / count if count else 0.0
        buckets = iter(sorted(self.counts))
        bucket = next(buckets)
        below, behind = 0, self.counts[bucket]
        for part in range(count):
            place = (part + random.random()) * step
            while place >= behind < total:
                bucket = next(buckets)
                below, behind = behind, behind + self.counts[bucket]
            low, high = bounds_of(bucket)
            drawn.append(low + (high - low) * (place - below) / (behind - below))
        random.shuffle(drawn)
        return drawn

    def drawn_anew(self, random: Random) -> "Histogram":
        """Return a histogram that as large a sample from this distribution may have given.

        Each bucket's count is drawn from Poisson's distribution (the Poisson bootstrap); where all
        come out as 0, they stay. Its sums are those of the buckets' lower bounds.
        """
        self._check()
        drawn = {bucket: poisson(count, random) for bucket, count in sorted(self.counts.items())}
        found = Histogram()
        for bucket, count in (drawn if any(drawn.values()) else self.counts).items():
            if count:
                found.add(bounds_of(bucket)[0], count)
        return found

    def _in_order(self) -> Iterable[int]:
        return (self.counts[bucket] for bucket in sorted(self.counts))

    def _check(self) -> None:
        if not self.counts:
            raise ValueError("an empty histogram")
