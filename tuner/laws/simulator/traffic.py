"""Requests whose service times are known, or known as a distribution only."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

Times = Sequence[float]

MOST_DRAWN = 10_000_000
"""Service times that are held for ranges at most, over all draws: 80 MB."""


@dataclass(frozen=True, eq=False)
class Traffic:
    """When requests came, in seconds and in order, and service times that each of them may have had.

    `likely` holds at least one series of service times, one time a request: those that were measured, or
    several orders in which they may have come. `possible` holds series that a sample like the measured one
    may as well have come from: they make a range.
    """

    arrivals_s: Times
    likely: Sequence[Times]
    possible: Sequence[Times] = ()


def drawn_anew(arrivals_s: Times, services_s: Times, draws: int, *, seed: int = 1) -> Traffic:
    """Return requests with their own service times, and `draws` times with some drawn from these.

    The arrivals stay: of other traffic this says nothing. Raises ValueError for more than MOST_DRAWN times.
    """
    check_draws(draws, len(services_s))
    random = Random(seed)
    possible = [array("d", random.choices(services_s, k=len(services_s))) for _ in range(draws)]
    return Traffic(arrivals_s, [services_s], possible)


def check_draws(draws: int, requests: int) -> None:
    """Raise ValueError where so many draws of so many requests would fill the memory."""
    if draws * requests > MOST_DRAWN:
        raise ValueError(
            f"{draws} draws for {requests} requests are too many: at most {MOST_DRAWN // max(1, requests)}"
        )
