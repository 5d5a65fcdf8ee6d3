"""What `--set` and `--grid` take: `KEY=VALUE`, and many values of a key."""

from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence
from itertools import count, islice, takewhile
from math import log2
from typing import NamedTuple

from tuner.errors import UsageError
from tuner.laws.sysctl_number import INT_MAX
from tuner.load import pool_setting
from tuner.load.duration import duration_s

Amount = int | float | str

MOST_WORKERS = 1_000_000
MOST_VALUES = 64
STEPS = 8
"""How many values `A..B` stands for, unless B is A doubled a few times."""

FEWEST_DOUBLINGS, MOST_DOUBLINGS = 3, 10


class Axis(NamedTuple):
    """A key and the values that are tried of it, in order."""

    key: str
    values: Sequence[Amount]


def at_least(least: int, most: int = INT_MAX) -> Callable[[str], int]:
    """Return a type for argparse: a whole number in these bounds."""

    def number(text: str) -> int:
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20 and least <= int(text) <= most):
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return number


def time(text: str) -> float:
    """Return seconds; a type for argparse."""
    try:
        return duration_s(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _manager(text: str) -> str:
    if text not in pool_setting.MANAGERS:
        raise ArgumentTypeError(f"{text!r} is none of static, dynamic and ondemand")
    return text


KEYS: Mapping[str, Callable[[str], Amount]] = {
    pool_setting.MAX_CHILDREN: at_least(1, MOST_WORKERS),
    pool_setting.BACKLOG: at_least(-1),
    pool_setting.SOMAXCONN: at_least(0),
    pool_setting.READ_TIMEOUT: time,
    pool_setting.CONNECT_TIMEOUT: time,
    pool_setting.PM: _manager,
    "pm.start_servers": at_least(0, MOST_WORKERS),
    "pm.min_spare_servers": at_least(1, MOST_WORKERS),
    "pm.max_spare_servers": at_least(1, MOST_WORKERS),
}
"""What can be changed, each with how its value is read."""


def changes(texts: Sequence[str]) -> dict[str, Amount]:
    """Return the values of several `KEY=VALUE`. Raises UsageError, saying which one is none."""
    found: dict[str, Amount] = {}
    for text in texts:
        key, value = _parts("--set", text)
        if key in found:
            raise UsageError(f"--set {key} is given twice")
        found[key] = _read("--set", key, value)
    return found


def axes(texts: Sequence[str], changed: Mapping[str, Amount]) -> list[Axis]:
    """Return the one or two axes of a grid. Raises UsageError, saying what is wrong."""
    found = [_axis(text) for text in texts]
    keys = [axis.key for axis in found]
    if len(found) > 2:
        raise UsageError(f"--grid: at most two keys make a picture, not {len(found)}")
    if len(set(keys)) < len(keys):
        raise UsageError(f"--grid {keys[0]} is given twice")
    for key in keys:
        if key in changed:
            raise UsageError(f"{key} is given by --set and by --grid")
    return found


def _parts(option: str, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or key not in KEYS:
        shape = "KEY=VALUE" if option == "--set" else "KEY=VALUES"
        raise UsageError(f"{option}: {text!r} is not {shape} with one of {', '.join(KEYS)}")
    return key, value


def _read(option: str, key: str, value: str) -> Amount:
    try:
        return KEYS[key](value)
    except ArgumentTypeError as error:
        raise UsageError(f"{option} {key}: {error}") from None


def _axis(text: str) -> Axis:
    key, listed = _parts("--grid", text)
    values: set[Amount] = set()
    for part in listed.split(","):
        values.update(_range(key, part) if ".." in part else [_read("--grid", key, part)])
    if len(values) > MOST_VALUES:
        raise UsageError(f"--grid {key}: at most {MOST_VALUES} values")
    return Axis(key, sorted(values, key=_order))


def _order(value: Amount) -> tuple[float, str]:
    return (0.0, value) if isinstance(value, str) else (value, "")


def _range(key: str, listed: str) -> list[Amount]:
    first, _, rest = listed.partition("..")
    last, slash, by = rest.partition("/")
    low, high = (_read("--grid", key, end) for end in (first, last))
    if isinstance(low, str) or isinstance(high, str):
        raise UsageError(f"--grid {key}: words have no range: give a list")
    if low > high:
        raise UsageError(f"--grid {key}: {first}..{last} ends below its beginning")
    if slash:
        step = _read("--grid", key, by)
        if isinstance(step, str) or step <= 0:
            raise UsageError(f"--grid {key}: a step of {by} leads nowhere")
        return _even(low, high, step)
    if low <= 0:
        raise UsageError(f"--grid {key}: {listed} begins with {first}: give a step, {listed}/STEP")
    return _geometric(low, high)


def _even(low: float, high: float, step: float) -> list[Amount]:
    """Return low, low + step, ... up to high, and high itself."""
    inner = takewhile(lambda value: value < high, (low + number * step for number in count()))
    return [*islice(inner, MOST_VALUES), high]


def _geometric(low: float, high: float) -> list[Amount]:
    """Return numbers of equal ratio: doublings where they lead from low to high, else STEPS numbers."""
    doublings = log2(high / low)
    if doublings.is_integer() and FEWEST_DOUBLINGS <= doublings <= MOST_DOUBLINGS:
        return [*(low * 2**number for number in range(int(doublings) + 1))]
    steps = [low * (high / low) ** (number / (STEPS - 1)) for number in range(STEPS)]
    if isinstance(low, int) and isinstance(high, int):
        return sorted({round(value) for value in steps})
    return [low, *sorted({float(f"{value:.3g}") for value in steps[1:-1]} - {low, high}), high]
