"""What the kernel of the target takes for a sysctl key, and why it refuses the rest."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from tuner import packaged
from tuner.laws.listen_queue import somaxconn_bounds, somaxconn_is_accepted
from tuner.laws.sysctl_number import TakenNumbers, falls, read_number, take_numbers
from tuner.laws.version import Version
from tuner.stack import defaults
from tuner.stack.condition import Condition, Conditions
from tuner.stack.sysctl.keys import Bounds, KnownKey, known_key
from tuner.stack.target import Target

SOMAXCONN = "net.core.somaxconn"
MAX_SYN_BACKLOG = "net.ipv4.tcp_max_syn_backlog"
SYNCOOKIES = "net.ipv4.tcp_syncookies"
ABORT_ON_OVERFLOW = "net.ipv4.tcp_abort_on_overflow"
LISTEN_QUEUE_KEYS = (SOMAXCONN, MAX_SYN_BACKLOG, SYNCOOKIES, ABORT_ON_OVERFLOW)

Fault = Literal["not a number", "out of range", "unknown"]


class Case(NamedTuple):
    """What one kernel takes from a text: the numbers it stores, and why it answers EINVAL if it does.

    `conditions` say which kernels, where the target leaves that open.
    """

    numbers: tuple[int, ...]
    fault: Fault | None
    conditions: Conditions = ()


def kernel_version(target: Target) -> Version:
    """Return the kernel version that laws are asked for: the target's, else the oldest considered."""
    return target.patch_level("kernel") or defaults.oldest_considered("kernel")


def number_taken(key: str, text: str, target: Target) -> int | None:
    """Return what the kernel takes from `text` for a key that holds one integer, or None where it refuses it.

    A number that only some kernel of the target's version refuses counts as taken.
    """
    found = [case for case in cases_of(key, text, target) if case.fault in (None, "unknown")]
    return found[0].numbers[0] if found else None


def is_refused(key: str, text: str, target: Target) -> bool:
    """Say whether every kernel that the target may have refuses `text` for `key`; keys of text take all."""
    known = known_key(key)
    if known is None or known.kind != "numbers":
        return False
    return all(case.fault not in (None, "unknown") for case in cases_of(key, text, target))


def cases_of(key: str, text: str, target: Target) -> list[Case]:
    """Return what the kernel takes from `text` for a key of numbers, one case a kind of kernel.

    The fault is "unknown" where even the version leaves it open. A key in no table counts as any number.
    """
    if key == SOMAXCONN:
        return [_somaxconn(text, target)]
    known = known_key(key) or KnownKey("numbers", 1, (Bounds(float("-inf"), float("inf")),))
    found: list[Case] = []
    for bounds, conditions in _bounds_by_kernel(known, target):
        taken = take_numbers(text, known.length, bounds.least, bounds.most)
        found.append(Case(*_stored(known, taken), conditions))
    if all(case[:2] == found[0][:2] for case in found):
        return [found[0]._replace(conditions=())]
    return found


def _stored(known: KnownKey, taken: TakenNumbers) -> tuple[tuple[int, ...], Fault | None]:
    if known.is_ordered and not taken.is_refused and falls(taken.numbers):
        return (), "out of range"
    if not taken.is_refused:
        return taken.numbers, None
    return () if known.is_whole else taken.numbers, "out of range" if taken.is_number else "not a number"


def _somaxconn(text: str, target: Target) -> Case:
    number = read_number(text)
    if number is None:
        return Case((), "not a number")
    accepted = somaxconn_is_accepted(number.value, kernel_version(target))
    if accepted is False:
        return Case((), "out of range")
    return Case((number.value,), "unknown" if accepted is None else None)


def _bounds_by_kernel(known: KnownKey, target: Target) -> list[tuple[Bounds, Conditions]]:
    version = target.version("kernel")
    if version is not None:
        held = (row for row in known.bounds if row.since is None or row.since <= version)
        return [(next(held), ())]
    found: list[tuple[Bounds, Conditions]] = []
    until = None
    for row in known.bounds:
        is_oldest = row.since is None or row.since <= defaults.oldest_considered("kernel")
        found.append((row, (Condition("kernel", None if is_oldest else row.since, until),)))
        until = row.since
        if is_oldest:
            break
    return found


def bounds_in_words(key: str, target: Target) -> str:
    """Return the numbers that the kernel takes for a key: `0 to 2147483647`."""
    if key == SOMAXCONN:
        least, most = somaxconn_bounds(kernel_version(target))
        return f"{least} to {most}"
    known = known_key(key)
    if known is None:
        return ""
    words = str(_bounds_by_kernel(known, target)[0][0])
    return (
        f"{known.length} numbers of {words}" + (", rising" if known.is_ordered else "")
        if known.length > 1
        else words
    )


def holds_one_integer(key: str) -> bool:
    """Say whether the key is known to hold one integer and nothing else."""
    known = known_key(key)
    return known is not None and known.kind == "numbers" and known.length == 1


def holds_numbers(key: str) -> bool:
    """Say whether the key is known to hold one integer or several."""
    known = known_key(key)
    return known is not None and known.kind == "numbers"


def removed_keys() -> Mapping[str, Mapping[str, Any]]:
    """Return the keys that left the kernel: `since` which release, and what to do `instead`."""
    found: Mapping[str, Mapping[str, Any]] = packaged.defaults_tables()["sysctl-keys"]["removed"]
    return found


def misnamed_keys() -> Mapping[str, Mapping[str, Any]]:
    """Return names that no kernel has, each with what to write `instead`."""
    found: Mapping[str, Mapping[str, Any]] = packaged.defaults_tables()["sysctl-keys"]["misnamed"]
    return found


def is_gone(key: str, target: Target) -> bool | None:
    """Say whether the target's kernel has lost the key; None where its version is not stated."""
    row = removed_keys().get(key)
    if row is None:
        return False
    since, version = Version.parse(row["since"]), target.version("kernel")
    if version is None:
        return True if since <= defaults.oldest_considered("kernel") else None
    return version >= since
