"""How data of the model reads in a message."""

from tuner.judge.outcome import Special, Unknown
from tuner.stack.value import Value

INTEGER_CAP = 1e15
"""Floats from here on are written with an exponent: their last digits mean nothing."""


def in_words(data: object, unit: str = "") -> str:
    """Return `data` as a person reads it: `60 s`, `0.5 s`, `1024`, `on`, `not set`, `off`, `unknown`."""
    if isinstance(data, Unknown):
        return "unknown"
    if isinstance(data, Special):
        return "not set" if data is Special.ABSENT else "off"
    if isinstance(data, bool):
        return "on" if data else "off"
    if isinstance(data, int | float):
        return _number(data) + (" s" if unit == "s" else "")
    return str(data)


def setting_in_words(value: Value) -> str:
    """Return a Value as its program writes it: `net.core.somaxconn = 1024`; the label alone if unknown."""
    label = value.label or value.name
    return label if value.data is None else f"{label} = {in_words(value.data, value.unit)}"


def _number(number: int | float) -> str:
    if isinstance(number, float) and number.is_integer() and abs(number) < INTEGER_CAP:
        return str(int(number))
    return str(number) if isinstance(number, int) else f"{number:.6g}"
