"""Directives whose arguments are a list with rules of its own: `save`, `bind`, buffer limits."""

from collections.abc import Callable, Mapping, Sequence

from tuner.stack.redis.directives import Definition
from tuner.stack.redis.numbers import (
    UINT64,
    double,
    leading_long,
    shown_double,
    signed_size_bytes,
    size_bytes,
    whole_long,
)
from tuner.stack.redis.releases import Release
from tuner.stack.redis.taken import BAD_DIRECTIVE, WRONG_COUNT, Refused, Taken
from tuner.stack.redis.texts import folded
from tuner.stack.settings import wrap_int32
from tuner.stack.value import Data

ADDRESSES_CAP = 16
LIMIT_FIELDS = 4
OOM_SCORES = 3
OOM_SCORE_CAP = 2000
PORT_CAP = 65535
SAVE_WORDS = "Invalid save parameters"
DEFAULT_LIMITS = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
CLIENT_CLASSES = {"normal": "normal", "slave": "slave", "replica": "slave", "pubsub": "pubsub"}
EVENTS = {
    **dict.fromkeys("g$lshzxe", "6.0"),
    **dict.fromkeys("td", "6.0"),
    "n": "7.0",
}
"""The letters of notify-keyspace-events in the order in which they are printed, with their first Redis."""

ALL_EVENTS = frozenset("g$lshzxetd")
PLACES = "KEm"


def _save(_: Definition, release: Release, arguments: Sequence[str], before: Data | None) -> Taken:
    """Take save points: the first line drops the default ones, an empty text those so far."""
    points = str(before or "")
    if release.is_before_7:
        return _old_save(arguments, points)
    if list(arguments) == [""]:
        return ""
    numbers = [whole_long(text) for text in arguments]
    if len(numbers) % 2 or any(n is None for n in numbers):
        return Refused(SAVE_WORDS)
    pairs = [int(n or 0) for n in numbers]
    if any(seconds < 1 for seconds in pairs[::2]) or any(changes < 0 for changes in pairs[1::2]):
        return Refused(SAVE_WORDS)
    shown = [str(wrap_int32(n)) if at % 2 else str(n) for at, n in enumerate(pairs)]
    return " ".join(filter(None, (points, *shown)))


def _old_save(arguments: Sequence[str], points: str) -> Taken:
    """Take a save line as Redis before 7.0 does: of other than two arguments nothing is left."""
    if len(arguments) == 1 and not arguments[0]:
        return ""
    if len(arguments) != 2:
        return points
    seconds, changes = (wrap_int32(leading_long(text)) for text in arguments)
    if seconds < 1 or changes < 0:
        return Refused(SAVE_WORDS)
    return f"{points} {seconds} {changes}".strip()


def _bind(_: Definition, release: Release, arguments: Sequence[str], _before: Data | None) -> Taken:
    if release.is_before_7 and not arguments:
        return Refused(BAD_DIRECTIVE)
    if len(arguments) > ADDRESSES_CAP:
        return Refused("Too many bind addresses specified")
    return " ".join(arguments)


def _buffer_limits(_: Definition, release: Release, arguments: Sequence[str], before: Data | None) -> Taken:
    """Take limits for classes of clients; the other classes keep theirs."""
    words = str(before or DEFAULT_LIMITS).split()
    limits = {words[at]: words[at + 1 : at + LIMIT_FIELDS] for at in range(0, len(words), LIMIT_FIELDS)}
    if release.is_before_7 and len(arguments) != LIMIT_FIELDS:
        return Refused(BAD_DIRECTIVE)
    if len(arguments) % LIMIT_FIELDS:
        return Refused("Wrong number of arguments in buffer limit configuration")
    for at in range(0, len(arguments), LIMIT_FIELDS):
        name, *fields = arguments[at : at + LIMIT_FIELDS]
        if folded(name) not in CLIENT_CLASSES:
            return Refused("Invalid client class specified in buffer limit configuration")
        numbers = _old_limit(fields) if release.is_before_7 else _limit(fields)
        if numbers is None:
            return Refused("Error in hard, soft or soft_seconds setting in buffer limit configuration")
        limits[CLIENT_CLASSES[folded(name)]] = [str(number) for number in numbers]
    return " ".join(word for name, fields in limits.items() for word in (name, *fields))


def _limit(fields: Sequence[str]) -> tuple[int, int, int] | None:
    hard, soft, seconds = size_bytes(fields[0]), size_bytes(fields[1]), whole_long(fields[2])
    if hard is None or soft is None or seconds is None or wrap_int32(seconds) < 0:
        return None
    return hard, soft, wrap_int32(seconds)


def _old_limit(fields: Sequence[str]) -> tuple[int, int, int] | None:
    """Return a limit as Redis before 7.0 reads it: what is no size is 0."""
    hard, soft = (signed_size_bytes(text) or 0 for text in fields[:2])
    seconds = wrap_int32(leading_long(fields[2]))
    return None if seconds < 0 else (hard % UINT64, soft % UINT64, seconds)


def _oom_scores(_: Definition, release: Release, arguments: Sequence[str], _before: Data | None) -> Taken:
    if len(arguments) != OOM_SCORES:
        return Refused(BAD_DIRECTIVE if release.is_before_7 else WRONG_COUNT)
    scores = [whole_long(text) for text in arguments]
    if any(score is None or abs(score) > OOM_SCORE_CAP for score in scores):
        return Refused("Invalid oom-score-adj-values, elements must be between -2000 and 2000")
    return " ".join(str(score) for score in scores)


def _primary(_: Definition, release: Release, arguments: Sequence[str], _before: Data | None) -> Taken:
    if len(arguments) != 2:
        return Refused(BAD_DIRECTIVE if release.is_before_7 else WRONG_COUNT)
    host, port = arguments
    if (folded(host), folded(port)) == ("no", "one"):
        return ""
    number = whole_long(port)
    if number is None or not 0 <= wrap_int32(number) <= PORT_CAP:
        return Refused("Invalid master port")
    return f"{host} {wrap_int32(number)}"


def _percentiles(_: Definition, release: Release, arguments: Sequence[str], _before: Data | None) -> Taken:
    if list(arguments) == [""]:
        return ""
    numbers = [double(text) for text in arguments]
    has_hexadecimal = any("x" in folded(text) for text in arguments)
    if None in numbers or (has_hexadecimal and release.is_valkey_9):
        return Refused("Invalid latency-tracking-info-percentiles parameters")
    if any(not 0 <= (number or 0) <= 100 for number in numbers):
        return Refused("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
    return " ".join(shown_double(number or 0) for number in numbers)


def _events(_: Definition, release: Release, arguments: Sequence[str], _before: Data | None) -> Taken:
    """Take letters of events, and return them in the order in which CONFIG GET prints them."""
    if len(arguments) != 1:
        return Refused(BAD_DIRECTIVE if release.is_before_7 else WRONG_COUNT)
    known = "".join(letter for letter, since in EVENTS.items() if since == "6.0" or not release.is_before_7)
    letters = set(arguments[0])
    if not letters <= set(f"A{known}{PLACES}"):
        return Refused(f"Invalid event class character. Use 'A{known}{PLACES}'")
    if "A" in letters or letters >= ALL_EVENTS:
        letters = letters - ALL_EVENTS | {"A"}
        # After the A for all of them Redis leaves out the rest of the classes, the n as well.
        return "A" + "".join(place for place in PLACES if place in letters)
    return "".join(letter for letter in f"{known}{PLACES}" if letter in letters)


def _words(definition: Definition, _: Release, arguments: Sequence[str], _before: Data | None) -> Taken:
    """Take words that add up (`nosave force`)."""
    folded_choices = {folded(choice): choice for choice in definition.choices}
    chosen = {folded(text) for text in arguments}
    if not chosen or not chosen <= folded_choices.keys():
        return Refused(f"argument(s) must be one of the following: {', '.join(definition.choices)}")
    if {"save", "nosave"} <= chosen:
        return Refused("shutdown options SAVE and NOSAVE can't be used simultaneously")
    without_default = [choice for choice in definition.choices[1:] if choice in chosen]
    return " ".join(without_default) or definition.choices[0]


ListReader = Callable[[Definition, Release, Sequence[str], Data | None], Taken]
LIST_READERS: Mapping[str, ListReader] = {
    "save-points": _save,
    "addresses": _bind,
    "buffer-limits": _buffer_limits,
    "oom-scores": _oom_scores,
    "primary": _primary,
    "percentiles": _percentiles,
    "events": _events,
    "words": _words,
}
"""Who reads a list, by the type of the directive table; each gets what an earlier line left."""

SPLITS_QUOTED = frozenset(LIST_READERS) - {"events"}
"""Types of which Redis 7.0 and newer split a single argument in quotes into words."""
