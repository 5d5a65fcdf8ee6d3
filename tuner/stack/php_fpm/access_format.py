"""The tokens of `access.format`, as php-fpm checks them when access.log is set.

Source: php-src sapi/fpm/fpm/fpm_log.c, fpm_log_write() in its test mode.
"""

import re

from tuner.laws.version import Version
from tuner.source.regex import regex
from tuner.stack.php_fpm.releases import EVERY, Releases, before

TOKEN = regex(r"%(?P<braces>(?:\{[^}]*\})*)(?P<open>\{)?(?P<letter>.)?", re.S)
PLAIN = frozenset("%flmnpPqQrRsu")
TIMES = frozenset("tT")
NAMED = frozenset("eo")
CPU = frozenset({"", "total", "user", "system"})
DURATION = frozenset({"", "seconds", "mili", "miliseconds", "micro", "microseconds"})
SINCE_8_0 = frozenset({"milli", "milliseconds"})
MEMORY = frozenset({"", "bytes", "kilo", "kilobytes", "mega", "megabytes"})
MODIFIERS = {"C": CPU, "d": DURATION | SINCE_8_0, "M": MEMORY}
PHP_8_0 = Version.parse("8.0")
UNCLOSED = "missing closing embrace"


def format_refusal(text: str) -> tuple[str, tuple[Releases, ...]] | None:
    """Return the first fault of a format and the releases that refuse it, None where all take it.

    A fault of every release goes before one of some.
    """
    later: tuple[str, tuple[Releases, ...]] | None = None
    for found in TOKEN.finditer(text):
        if found["open"]:
            return UNCLOSED, EVERY
        if found["letter"] is None:
            if found["braces"]:
                return UNCLOSED, EVERY
            continue
        modifier = found["braces"].rpartition("{")[2].removesuffix("}")
        words = _token_refusal(found["letter"], modifier)
        if words:
            return words, EVERY
        if found["letter"] == "d" and modifier.lower() in SINCE_8_0:
            later = (
                f"only seconds, mili and micro are allowed as a modifier for %d: '{modifier}'",
                before(PHP_8_0),
            )
    return later


def _token_refusal(letter: str, modifier: str) -> str:
    if letter in MODIFIERS:
        is_known = modifier.lower() in MODIFIERS[letter]
        return "" if is_known else f"'{modifier}' is no modifier of %{letter}"
    if letter in NAMED:
        return "" if modifier else f"%{letter} needs a name between braces"
    if letter in TIMES:
        return ""
    if letter in PLAIN:
        return f"embrace is not allowed for modifier %{letter}" if modifier else ""
    return f"invalid token %{letter}"
