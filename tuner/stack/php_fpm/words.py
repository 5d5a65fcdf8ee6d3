"""How php-fpm reads the text of a directive, and what it says of text that it refuses."""

from collections.abc import Callable, Mapping

from tuner.laws.version import Version
from tuner.stack.php_fpm.directives import Row, Type
from tuner.stack.php_fpm.releases import EVERY, Releases
from tuner.stack.settings import php_fpm_integer, php_fpm_time_s
from tuner.stack.value import Data

PROCESS_MANAGERS = ("static", "dynamic", "ondemand")
LOG_LEVELS = {
    "debug": "DEBUG",
    "notice": "NOTICE",
    "warning": "WARNING",
    "warn": "WARNING",
    "error": "ERROR",
    "alert": "ALERT",
}
"""The words of log_level, and how php-fpm prints each."""
FACILITIES = {
    **{"kern": 0, "user": 8, "mail": 16, "daemon": 24, "auth": 32, "syslog": 40, "lpr": 48, "news": 56},
    **{"uucp": 64, "cron": 72, "authpriv": 80, "ftp": 88},
    **{f"local{number}": (16 + number) * 8 for number in range(8)},
}
"""The words of syslog.facility, and the number that stands for each in <sys/syslog.h>."""
TRUE_WORDS = frozenset({"1", "yes", "true", "on"})
FALSE_WORDS = frozenset({"", "0", "no", "none", "false", "off"})
ALWAYS_BOOLEAN = frozenset({"1", ""})
WITHOUT_BOOLEAN_WORDS = (
    Releases(until=Version.parse("8.2.19")),
    Releases(Version.parse("8.3"), Version.parse("8.3.7")),
)
"""The releases that take only 1 and the empty text; words that are not quoted are one of these already.

Source: php-src NEWS 8.2.19 (GH-13563); refused by 7.0.33 to 8.1.2 and 8.3.6, taken by 8.2.35 and 8.4.24.
"""

Refusal = tuple[str, tuple[Releases, ...]]


def read_boolean(text: str) -> Data | None:
    """Return `yes` or `no`, as php-fpm prints a boolean, or None for text that no release takes."""
    return "yes" if text in TRUE_WORDS else "no" if text in FALSE_WORDS else None


def read_log_level(text: str) -> Data | None:
    """Return the level as php-fpm prints it, or None."""
    return LOG_LEVELS.get(text.lower())


def read_facility(text: str) -> Data | None:
    """Return the number of a syslog facility, or None."""
    return FACILITIES.get(text.lower())


def read_rlimit(text: str) -> Data | None:
    """Return a limit as php-fpm keeps it, -1 for `unlimited`, or None."""
    if text.lower() == "unlimited":
        return -1
    number = php_fpm_integer(text)
    return number if number is not None and number >= 0 else None


def process_manager(text: str) -> Data | None:
    """Return the process manager that `text` names, or None where php-fpm refuses it."""
    return text.lower() if text.lower() in PROCESS_MANAGERS else None


def _as_it_is(text: str) -> Data | None:
    return text


READERS: Mapping[Type, Callable[[str], Data | None]] = {
    "text": _as_it_is,
    "path": _as_it_is,
    "integer": php_fpm_integer,
    "time": php_fpm_time_s,
    "boolean": read_boolean,
    "log_level": read_log_level,
    "facility": read_facility,
    "rlimit": read_rlimit,
    "process_manager": process_manager,
}
"""The reader of each type: what php-fpm keeps of the text, None for what it refuses."""


def refusal(row: Row, text: str) -> Refusal | None:
    """Return what php-fpm says of `text`, and in which releases; None where it takes it."""
    if row.type == "boolean":
        return _boolean_refusal(text)
    return (_WORDS[row.type](text), EVERY) if READERS[row.type](text) is None else None


def _boolean_refusal(text: str) -> Refusal | None:
    if text in ALWAYS_BOOLEAN:
        return None
    words = "invalid boolean value"
    return (words, EVERY) if read_boolean(text) is None else (words, WITHOUT_BOOLEAN_WORDS)


def _time_words(text: str) -> str:
    return "unknown suffix used in time value" if text else "invalid time value"


def _rlimit_words(text: str) -> str:
    is_number = php_fpm_integer(text) is not None
    return "must be greater than zero or 'unlimited'" if is_number else NOT_A_NUMBER


NOT_A_NUMBER = "is not a valid number (greater or equal than zero)"
_WORDS: Mapping[Type, Callable[[str], str]] = {
    "integer": lambda text: NOT_A_NUMBER,
    "time": _time_words,
    "log_level": lambda text: "invalid value for 'log_level'",
    "facility": lambda text: "invalid value",
    "rlimit": _rlimit_words,
    "process_manager": lambda text: "invalid process manager (static, dynamic or ondemand)",
}
