"""A pool's process manager: the numbers php-fpm refuses, and how fast the pool grows."""

from typing import Any

from tuner.laws.process_manager import ramp_s, started_children
from tuner.stack.model import Pool
from tuner.stack.value import Origin, Value, absent, derive


def spare_servers_refusal(pool: Pool) -> Value:
    """Return the words in which php-fpm would refuse the process numbers, empty if it takes them.

    A number that is not known does not save a pool that is refused whatever it is.
    """
    numbers = _numbers(pool)
    refusal = derive(
        "pool.spare_servers_refusal",
        _refusal,
        *numbers,
        label="php-fpm's verdict",
        words="the checks of pm = dynamic",
    )
    if refusal.state == "unknown" and not refusal.options:
        known: list[Any] = [value.data if value.is_known else None for value in numbers]
        words = _refusal(*known)
        if words:
            inputs = tuple(value for value in numbers if value.is_known)
            origin = Origin("derived", "the checks of pm = dynamic, whatever the other numbers are")
            return Value(refusal.name, words, origin, label=refusal.label, inputs=inputs)
    return refusal


def spare_servers_culprit(pool: Pool) -> Value:
    """Return the number that php-fpm's refusal begins with, pm itself where nobody wrote that number."""
    first_word = str(pool.spare_servers_refusal.data).partition(" ")[0]
    numbers = _numbers(pool)[1:]
    written_numbers = (number for number in numbers if number.label == first_word and number.is_written)
    return next(written_numbers, pool.pm)


def ramp(pool: Pool) -> Value:
    """Return the seconds from the children of the start to pm.max_children when all are busy at once.

    Absent where the pool does not grow that way or php-fpm refuses its numbers.
    """
    name, label = "pool.ramp", "time to reach pm.max_children"
    is_refused = pool.spare_servers_refusal.is_known and pool.spare_servers_refusal.data != ""
    if is_refused or (pool.pm.is_known and pool.pm.data != "dynamic"):
        return absent(name, "only pm = dynamic grows step by step", unit="s", label=label)
    words = "every second at most pm.min_spare_servers more, 1, 2, 4, ... at first"
    return derive(name, _ramp_s, *_numbers(pool), pool.max_spawn_rate, unit="s", label=label, words=words)


def _numbers(pool: Pool) -> tuple[Value, ...]:
    return (
        pool.pm,
        pool.max_children,
        pool.start_servers,
        pool.min_spare_servers,
        pool.max_spare_servers,
    )


def _ramp_s(pm: str, children: int, start: int, least: int, most: int, spawn_rate: int) -> int | None:
    if pm != "dynamic" or _refusal(pm, children, start, least, most) or spawn_rate < 1:
        return None
    return ramp_s(started_children(start, least, most), children, least, spawn_rate)


def _refusal(
    pm: str | None, children: int | None, start: int | None, least: int | None, most: int | None
) -> str:
    """The checks of fpm_conf.c, in its order: only the first one shows. None is not known, violates none."""
    if children is not None and children <= 0:
        return f"pm.max_children ({children}) must be a positive value"
    if pm != "dynamic":
        return ""
    numbers = {"min_spare": least, "max_spare": most}
    for label, number in numbers.items():
        if number is not None and number <= 0:
            return f"pm.{label}_servers ({number}) must be a positive value"
    for label, number in numbers.items():
        if number is not None and children is not None and number > children:
            return f"pm.{label}_servers ({number}) is greater than pm.max_children ({children})"
    if most is not None and least is not None and most < least:
        return f"pm.max_spare_servers ({most}) is less than pm.min_spare_servers ({least})"
    return _refusal_of_start(start, least, most)


def _refusal_of_start(start: int | None, least: int | None, most: int | None) -> str:
    if start is None or start <= 0:
        return ""
    is_below, is_above = least is not None and start < least, most is not None and start > most
    if is_below and most is None:
        return f"pm.start_servers ({start}) is less than pm.min_spare_servers ({least})"
    if is_above and least is None:
        return f"pm.start_servers ({start}) is greater than pm.max_spare_servers ({most})"
    if is_below or is_above:
        return (
            f"pm.start_servers ({start}) is not between pm.min_spare_servers ({least}) "
            f"and pm.max_spare_servers ({most})"
        )
    return ""
