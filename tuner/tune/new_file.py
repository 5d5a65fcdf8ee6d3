"""A file that the plan makes, for a sysctl that stands nowhere yet."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from tuner.formats.document import Document
from tuner.stack.value import Data
from tuner.tune.plan import Recommendation

MOST_NAMED = 3


class NewFile(NamedTuple):
    """A file of sysctl.d that is to be made, by the path that users see and on disk, with its settings."""

    path: str
    disk_path: str
    settings: dict[str, Data]
    recommendations: tuple[Recommendation, ...]


class Home(NamedTuple):
    """Where `value` is written of a sysctl that no file has: in `document`, or in a new file at `disk_path`.

    `refusal` says why there is no such place. `path` is the one that users see.
    """

    path: str
    value: Data
    document: Document | None = None
    disk_path: str = ""
    refusal: str = ""


NO_HOMES: Mapping[int, Home] = MappingProxyType({})


def new_files(wanted: Sequence[tuple[Recommendation, Home]], reasons: dict[int, str]) -> Iterator[NewFile]:
    """Yield each file that is to be made; hosts that share one and contradict each other get the reason."""
    by_path: dict[str, list[tuple[Recommendation, Home]]] = {}
    for found, home in wanted:
        by_path.setdefault(home.disk_path, []).append((found, home))
    for disk_path, wishes in by_path.items():
        settings = {found.setting: home.value for found, home in wishes}
        at_odds = {found.setting for found, home in wishes if home.value != settings[found.setting]}
        for setting in at_odds:
            wishing = [found for found, _ in wishes if found.setting == setting]
            reasons.update((id(found), different_values(wishing)) for found in wishing)
            del settings[setting]
        agreed = tuple(found for found, _ in wishes if found.setting in settings)
        if agreed:
            yield NewFile(wishes[0][1].path, disk_path, settings, agreed)


def different_values(wishing: Sequence[Recommendation]) -> str:
    """Return why what these recommend for one place is not written."""
    return f"{_named(wishing)} need different values there"


def _named(wishing: Sequence[Recommendation]) -> str:
    entities = list(dict.fromkeys(found.entity for found in wishing))
    are_pools = all(entity.startswith("pool:") for entity in entities)
    names = [entity.removeprefix("pool:") if are_pools else entity for entity in entities]
    if len(names) == 1:
        return f"several {'pools' if are_pools else 'instances'} named {names[0]}"
    if len(names) > MOST_NAMED:
        names[MOST_NAMED - 1 :] = [f"{len(names) - MOST_NAMED + 1} more"]
    return f"{'pools ' if are_pools else ''}{', '.join(names[:-1])} and {names[-1]}"
