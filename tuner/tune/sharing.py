"""Lines that more than one thing lives on: what several pools include, and sysctls that several files set."""

from collections.abc import Iterable, Iterator, Sequence

from tuner.stack.model import Pool, Stack
from tuner.stack.value import Place, Value
from tuner.tune.plan import Recommendation

VENDORS = "lib/sysctl.d/"
"""Files there belong to packages: those of /etc override them."""


def of_own(stack: Stack, recommended: Sequence[Recommendation]) -> list[Recommendation]:
    """Return the recommendations; what other pools have from the same line, and shall keep, is marked."""
    sharers: dict[Place, list[Pool]] = {}
    for pool in stack.pools:
        for place in _places(pool):
            sharers.setdefault(place, []).append(pool)
    wanted: dict[Place, dict[int, Recommendation]] = {}
    for found in recommended:
        if found.present.origin.place:
            wanted.setdefault(found.present.origin.place, {})[found.subject] = found
    shared = {
        place
        for place, pools in sharers.items()
        if (wishes := wanted.get(place)) and not _is_one_wish(wishes, pools)
    }
    return [
        found._replace(is_shared=True) if found.present.origin.place in shared else found
        for found in recommended
    ]


def _is_one_wish(wishes: dict[int, Recommendation], pools: Iterable[Pool]) -> bool:
    return {id(pool) for pool in pools} == wishes.keys() and len(
        {found.recommended for found in wishes.values()}
    ) == 1


def _places(pool: Pool) -> set[Place]:
    """Return where the settings of a pool stand that a plan may change."""
    values: list[Value] = [
        pool.pm,
        pool.max_children,
        pool.start_servers,
        pool.min_spare_servers,
        pool.max_spare_servers,
        pool.request_terminate_timeout,
    ]
    if pool.listener:
        values.append(pool.listener.backlog)
    return {value.origin.place for value in values if value.origin.place}


def other_lines(stack: Stack, recommended: Iterable[Recommendation]) -> Iterator[Recommendation]:
    """Yield each recommended sysctl once more for every other line of the administrator's that says the same.

    A line that loses would be believed to be in force, and `sysctl --system` may read another one last.
    """
    for found in recommended:
        place, present = found.present.origin.place, found.present
        for line in stack.sysctl_lines if found.program == "kernel" and place else ():
            at = line.written.origin.place
            is_same = line.key == found.setting and line.number.is_known and line.number.data == present.data
            if is_same and at is not None and at != place and VENDORS not in at.text.path:
                yield found._replace(present=present._replace(origin=line.written.origin, overrides=()))
