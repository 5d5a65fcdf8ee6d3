"""One report of several hosts: what is found on more than one is said once, with all their names."""

from collections.abc import Iterable

from tuner.judge.finding import Finding, Undecided


def merge_findings(found: Iterable[Finding]) -> list[Finding]:
    """Return each finding once: hosts share files, and the sockets of one setting all say the same."""
    merged: dict[tuple[object, ...], Finding] = {}
    for item in found:
        key = (item.rule, item.entity, item.message, item.locations, item.severity, item.condition)
        earlier = merged.setdefault(key, item)
        merged[key] = earlier._replace(hosts=_together(earlier.hosts, item.hosts))
    return list(merged.values())


def merge_undecided(undecided: Iterable[Undecided]) -> list[Undecided]:
    """Return each undecided rule once for every entity and reason."""
    merged: dict[Undecided, Undecided] = {}
    for item in undecided:
        key = item._replace(hosts=())
        earlier = merged.setdefault(key, item)
        merged[key] = earlier._replace(hosts=_together(earlier.hosts, item.hosts))
    return list(merged.values())


def _together(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
