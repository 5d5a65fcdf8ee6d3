"""The domains of the laws: what a rate, a time or a number of workers may be."""

from math import isfinite


def check_workers(workers: int) -> None:
    """Raise ValueError where there is no worker."""
    if workers < 1:
        raise ValueError(f"{workers} workers serve nothing")


def check_backlog(backlog: int) -> None:
    """Raise ValueError for a negative backlog."""
    if backlog < 0:
        raise ValueError(f"a queue cannot hold {backlog} connections")


def check_positive(name: str, number: float) -> None:
    """Raise ValueError unless `number` is positive and finite."""
    if not (number > 0 and isfinite(number)):
        raise ValueError(f"the {name} is not a positive number: {number}")


def check_not_negative(name: str, number: float) -> None:
    """Raise ValueError unless `number` is finite and at least 0."""
    if not (number >= 0 and isfinite(number)):
        raise ValueError(f"the {name} is negative or no number: {number}")
