"""What the kernel of the target takes for a sysctl key, and why it refuses the rest."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from tuner import packaged
from tuner.laws.listen_queue import somaxconn_bounds, somaxconn_is_accepted
from tuner.laws.sysctl_number import INT_MAX, INT_MIN, read_number
from tuner.laws.version import Version
from tuner.stack import defaults
from tuner.stack.target import Target

SOMAXCONN = "net.core.somaxconn"
MAX_SYN_BACKLOG = "net.ipv4.tcp_max_syn_backlog"
SYNCOOKIES = "net.ipv4.tcp_syncookies"
ABORT_ON_OVERFLOW = "net.ipv4.tcp_abort_on_overflow"
LISTEN_QUEUE_KEYS = (SOMAXCONN, MAX_SYN_BACKLOG, SYNCOOKIES, ABORT_ON_OVERFLOW)
BYTE_KEYS = (SYNCOOKIES, ABORT_ON_OVERFLOW)
BYTE_MAX = 255

Fault = Literal["not a number", "out of range", "unknown"]


def kernel_version(target: Target) -> Version:
    """Return the kernel version that laws are asked for: the target's, else the oldest considered."""
    return target.patch_level("kernel") or defaults.oldest_considered("kernel")


def number_taken(key: str, text: str, target: Target) -> int | None:
    """Return what the kernel takes from `text` for a key that holds one integer, or None where it refuses it.

    A number that only some kernel of the target's version refuses counts as taken.
    """
    number = read_number(text)
    return number.value if number and fault_of(key, text, target) != "out of range" else None


def fault_of(key: str, text: str, target: Target) -> Fault | None:
    """Return why the kernel answers EINVAL to `text` for a key that holds one integer; None if it does not.

    The bounds of a key are checked for the listen queue keys only. Unknown: the version of the target leaves
    it open.
    """
    number = read_number(text)
    if number is None:
        return "not a number"
    if key == SOMAXCONN:
        accepted = somaxconn_is_accepted(number.value, kernel_version(target))
        return "unknown" if accepted is None else None if accepted else "out of range"
    least, most = _bounds(key)
    return None if least <= number.value <= most else "out of range"


def bounds_in_words(key: str, target: Target) -> str:
    """Return the numbers that the kernel takes for a key: `0 to 2147483647`."""
    least, most = somaxconn_bounds(kernel_version(target)) if key == SOMAXCONN else _bounds(key)
    return f"{least} to {most}"


def _bounds(key: str) -> tuple[float, float]:
    if key in BYTE_KEYS:
        return 0, BYTE_MAX
    return (INT_MIN, INT_MAX) if key in LISTEN_QUEUE_KEYS else (float("-inf"), float("inf"))


def holds_one_integer(key: str) -> bool:
    """Say whether the key is known to hold one integer and nothing else."""
    return key in _integers()


@cache
def _integers() -> frozenset[str]:
    return frozenset(packaged.defaults_tables()["sysctl-keys"]["integers"])


def removed_keys() -> Mapping[str, Mapping[str, Any]]:
    """Return the keys that left the kernel: `since` which release, and what to do `instead`."""
    found: Mapping[str, Mapping[str, Any]] = packaged.defaults_tables()["sysctl-keys"]["removed"]
    return found


def misnamed_keys() -> Mapping[str, Mapping[str, Any]]:
    """Return names that no kernel has, each with what to write `instead`."""
    found: Mapping[str, Mapping[str, Any]] = packaged.defaults_tables()["sysctl-keys"]["misnamed"]
    return found
