"""Values and origins in words. Everything returned is printable."""

from collections.abc import Iterator, Sequence

from tuner.report.terminal import printable
from tuner.stack.condition import Condition
from tuner.stack.value import Data, Option, Origin, Override, Value

COUNT_UNITS = frozenset({"connections", "workers", "sockets", "processes", "requests", "files", "entries"})
"""Units that go without saying behind a number of such things."""
OPTIONS_IN_FULL = 3
OPTIONS_LISTED = 6
ROOTS_LISTED = 5


def data_words(data: Data | None, unit: str = "") -> str:
    """Return a value's data with its unit: `65535`, `60 s`, `yes`."""
    if data is None:
        return "unknown"
    if isinstance(data, bool):
        return "yes" if data else "no"
    words = printable(f"{data:.6g}" if isinstance(data, float) else str(data))
    return f"{words} {printable(unit)}" if unit and unit not in COUNT_UNITS else words


def present_words(value: Value) -> str:
    """Return what a value is, without where it comes from: `4096`, `0 (off)`, `unknown`, `-` when absent."""
    if value.state == "absent":
        return "-"
    if value.state == "disabled":
        return "off" if value.data == "off" else f"{data_words(value.data)} (off)"
    return data_words(value.data, value.unit)


def options_words(value: Value) -> str:
    """Return the possible values of an unknown that has any: `128 (kernel < 5.4) or 4096 (kernel >= 5.4)`.

    Many are named without their conditions, only with what they depend on.
    """
    known = [option for option in value.options if option.data is not None]
    otherwise = "; else unknown" if len(known) < len(value.options) else ""
    if len(known) > OPTIONS_IN_FULL:
        distinct = list(dict.fromkeys(data_words(option.data, value.unit) for option in known))
        return f"one of {first_of(distinct, OPTIONS_LISTED)}, depending on {_causes(known)}{otherwise}"
    shared = [c for c in known[0].conditions if all(c in option.conditions for option in known)]
    if not otherwise and len(known) == 1:
        shared = []
    words = " or ".join(_option_words(option, value.unit, shared) for option in known)
    return f"{words} if {_all_of(shared)}" if shared else words + otherwise


def _option_words(option: Option, unit: str, left_out: Sequence[Condition]) -> str:
    words = data_words(option.data, unit)
    conditions = [condition for condition in option.conditions if condition not in left_out]
    return f"{words} ({_all_of(conditions)})" if conditions else words


def _all_of(conditions: Sequence[Condition]) -> str:
    return printable(" and ".join(map(str, conditions)))


def _causes(options: Sequence[Option]) -> str:
    causes = (
        condition.cause if condition.choice else f"the {condition.cause} version"
        for option in options
        for condition in option.conditions
    )
    return printable(", ".join(dict.fromkeys(causes)))


def origin_words(origin: Origin) -> str:
    """Return who set a value; an unknown or refused one says why, and where it is written."""
    if origin.place is None or origin.kind in ("default", "derived"):
        return printable(origin.words)
    place = str(origin.place)
    if origin.kind not in ("unknown", "refused"):
        return printable(place)
    return printable(origin.words if place in origin.words else f"{origin.words} ({place})")


def reason_words(value: Value) -> str:
    """Return the origin of a value; of an unknown one its possible values, or why it is unknown."""
    if value.state != "unknown":
        return origin_words(value.origin)
    return options_words(value) if _has_known_option(value) else _why_unknown(value)


def _has_known_option(value: Value) -> bool:
    return any(option.data is not None for option in value.options)


def _why_unknown(value: Value) -> str:
    roots = list(dict.fromkeys(map(label_of, _unknown_roots(value))))
    return f"depends on {first_of(roots, ROOTS_LISTED)}" if roots else origin_words(value.origin)


def _unknown_roots(value: Value) -> Iterator[Value]:
    """Yield the unknown values, themselves not derived, that `value` was derived from."""
    for given in value.inputs:
        if given.state == "unknown":
            yield from _unknown_roots(given) if given.inputs else (given,)


def override_words(override: Override) -> str:
    """Return what lost and why: `overrides 1024 at sysctl.d/10-a.conf:3 (a later setting wins)`."""
    place = f"at {override.origin.place}" if override.origin.place else f"({override.origin.words})"
    reason = f" ({override.reason})" if override.reason else ""
    return f"overrides {data_words(override.data)} " + printable(place + reason)


def label_of(value: Value) -> str:
    """Return the program's own word for a value; a derived one may go by its name's last part."""
    if value.label:
        return printable(value.label)
    if value.origin.kind == "derived":
        return printable(value.name.rsplit(".", 1)[-1].replace("_", " "))
    return printable(value.name)


def is_in_the_message(value: Value) -> bool:
    """Say whether a value is words derived from others: the message has them, the others are the evidence."""
    known = [option.data for option in value.options if option.data is not None]
    data = value.data if value.data is not None else next(iter(known), None)
    return isinstance(data, str) and bool(value.inputs)


def is_told_by(value: Value, message: str) -> bool:
    """Say whether a message tells all that a value does: its words, or that what its label says is so."""
    if isinstance(value.data, str):
        return " " in value.data and value.data in message
    return value.data is True and _is_statement(value)


def _is_statement(value: Value) -> bool:
    """Say whether the label alone is a sentence that is true or not: `listen.mode is refused`."""
    return " is " in value.label


def evidence_words(value: Value) -> str:
    """Return one value as evidence: `net.core.somaxconn = 4096 (default of kernel 5.4 and newer)`."""
    label, reason = label_of(value), reason_words(value)
    if _is_statement(value) and (value.is_known or _has_known_option(value)):
        return f"{label}: {present_words(value)} ({reason})" if value.is_known else f"{label}: {reason}"
    if value.state == "absent":
        return f"{label}: {reason}"
    if value.state == "unknown":
        return f"{label} = {reason}" if _has_known_option(value) else f"{label} is unknown: {reason}"
    shown = f"{label} = {present_words(value)}"
    return f"{shown}, {reason}" if value.origin.kind == "derived" else f"{shown} ({reason})"


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return `1 file`, `2 files`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def first_of(words: Sequence[str], limit: int) -> str:
    """Return `a, b, c and 4 more`: at most `limit` of the words, and how many were left out."""
    shown, more = ", ".join(words[:limit]), len(words) - limit
    return f"{shown} and {more} more" if more > 0 else shown


def entity_words(entity: str, hosts: Sequence[str]) -> str:
    """Return an entity with its hosts, if they are told apart: `pool:www of web1, web2`."""
    return entity if not hosts or entity in hosts else f"{entity} of {', '.join(hosts)}"
