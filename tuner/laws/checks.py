"""The domains of the laws: what a rate, a time or a number of workers may be."""

from math import isfinite


def check_workers(workers: int) -> None:
    """Raise ValueError where there is no worker."""
    if not (workers >= 1 and isfinite(workers)):
        raise ValueError(f"{workers} workers serve nothing")


def check_backlog(backlog: int) -> None:
    """Raise ValueError for a negative backlog."""
    if not (backlog >= 0 and isfinite(backlog)):
        raise ValueError(f"a queue cannot hold {backlog} connections")


def check_share(name: str, share: float) -> None:
    """Raise ValueError for a share outside 0 to 1, both included."""
    if not 0 <= share <= 1:
        raise ValueError(f"the {name} does not lie between 0 and 1: {share}")


def check_positive(name: str, number: float) -> None:
    """Raise ValueError unless `number` is positive and finite."""
    if not (number > 0 and isfinite(number)):
        raise ValueError(f"the {name} is not a positive number: {number}")


def check_not_negative(name: str, number: float) -> None:
    """Raise ValueError unless `number` is finite and at least 0."""
    if not (number >= 0 and isfinite(number)):
        raise ValueError(f"the {name} is negative or no number: {number}")
