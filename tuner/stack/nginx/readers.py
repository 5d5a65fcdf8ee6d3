"""How nginx reads the values of the kinds that its table of directives names (`ngx_conf_set_*_slot`)."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

from tuner.source.regex import regex
from tuner.stack.nginx.directives import words_of
from tuner.stack.settings import INT64_MAX, Reader, nginx_time_s
from tuner.stack.value import Data

AUTO = "auto"
VARIABLE = "$"
DIGITS_CAP = 30
DIGITS = regex(rf"[0-9]{{1,{DIGITS_CAP}}}\Z")
SECONDS_STEPS = regex(
    r"(?=.*[0-9])(?:([0-9]+)y *)?(?:([0-9]+)M *)?(?:([0-9]+)w *)?(?:([0-9]+)d *)?(?:([0-9]+)h *)?"
    r"(?:([0-9]+)m *)?(?:([0-9]+)s? *)?\Z"
)
STEPS_S = (31_536_000, 2_592_000, 604_800, 86_400, 3600, 60, 1)
SIZE_UNITS_BYTES = {"k": 2**10, "m": 2**20}
OFFSET_UNITS_BYTES = {**SIZE_UNITS_BYTES, "g": 2**30}


def read_word(kind: str, text: str) -> Data | None:
    """Return what nginx makes of a value of `kind`, None where it refuses it.

    Numbers, seconds and bytes are numbers, flags are booleans, words are in lower case. A kind that says
    nothing of the text gives the text.
    """
    return _reader(kind)(text)


def first_refused(kind: str, texts: Sequence[str]) -> int | None:
    """Return which of a directive's arguments is the first that nginx refuses for its kind.

    What holds a variable is not judged.
    """
    readers: Sequence[Reader] = [_reader(kind)]
    if kind == "buffers":
        readers = [_count, _positive_size]
    elif kind == "times" or kind.startswith("some of "):
        readers = [_reader(kind)] * len(texts)
    judged = enumerate(zip(texts, readers, strict=False))
    return next((at for at, (text, read) in judged if VARIABLE not in text and read(text) is None), None)


def on_or_off(text: str) -> Data | None:
    """Read a flag of nginx, in any case."""
    return {"on": True, "off": False}.get(text.lower())


def number(text: str) -> int | None:
    """Read a number: digits alone, within 63 bits. Source: ngx_atoi()."""
    found = int(text) if DIGITS.match(text) else None
    return found if found is not None and found <= INT64_MAX else None


def size_bytes(text: str) -> int | None:
    """Read a size with `k` or `m` behind it. Source: ngx_parse_size()."""
    return _scaled(text, SIZE_UNITS_BYTES)


def offset_bytes(text: str) -> int | None:
    """Read a size of files, which may have `g` behind it. Source: ngx_parse_offset()."""
    return _scaled(text, OFFSET_UNITS_BYTES)


def whole_seconds(text: str) -> int | None:
    """Read a time that nginx keeps in seconds: with years and months, without milliseconds."""
    found = SECONDS_STEPS.match(text) if len(text) <= DIGITS_CAP else None
    if found is None:
        return None
    return sum(int(part) * step for part, step in zip(found.groups(), STEPS_S, strict=True) if part)


def _scaled(text: str, units: Mapping[str, int]) -> int | None:
    scale = units.get(text[-1:].lower(), 1)
    found = number(text[:-1] if scale > 1 else text)
    return found * scale if found is not None and found * scale <= INT64_MAX else None


@cache
def _reader(kind: str) -> Reader:
    if kind.startswith(("one of ", "some of ")):
        words = words_of(kind)
        return lambda text: text.lower() if text.lower() in words else None
    if kind.startswith("number"):
        return _bounded(kind)
    return READERS.get(kind, lambda text: text)


def _bounded(kind: str) -> Reader:
    """Return the reader of `number`, `number 1+`, `number 400..599` or `number 1+ or auto`."""
    bounds, _, word = kind.removeprefix("number").strip().partition(" or ")
    low, _, high = bounds.removesuffix("+").partition("..")

    def read(text: str) -> Data | None:
        if word and text == word:
            return word
        found = number(text)
        if found is None or found < int(low or 0) or (high and found > int(high)):
            return None
        return found

    return read


def _count(text: str) -> Data | None:
    return number(text) or None


def _positive_size(text: str) -> Data | None:
    return size_bytes(text) or None


READERS: Mapping[str, Callable[[str], Data | None]] = {
    "flag": on_or_off,
    "size": size_bytes,
    "offset": offset_bytes,
    "time": nginx_time_s,
    "times": nginx_time_s,
    "seconds": whole_seconds,
    "buffers": _count,
}
