"""What the fragments of a pool are called."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tuner.source.regex import regex
from tuner.stack.model import Pool
from tuner.stack.target import version_in_path

PLAIN_NAME = regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""Of a pool: what needs no quotes in any format, and names no folder."""


class Label(NamedTuple):
    """The pool's name and, where pools of several php-fpm have it, which of them it is of."""

    pool: str
    instance: str

    @property
    def name(self) -> str:
        """What tells it from every other pool of the host."""
        return f"{self.pool}-{self.instance}" if self.instance else self.pool

    @property
    def folder(self) -> str:
        """The folder for what its php-fpm includes: a file there must not be included by another one."""
        return f"php-fpm/{self.instance}" if self.instance else "php-fpm"


def labels_of(pools: Sequence[Pool]) -> Mapping[int, Label]:
    """Return the label of each pool by its identity; none of one whose name fragments cannot carry."""
    times = Counter(pool.name for pool in pools)
    taken = {pool.name for pool in pools}
    labels = {}
    for number, pool in enumerate(pools, 1):
        if not PLAIN_NAME.fullmatch(pool.name):
            continue
        label = Label(pool.name, _instance(pool) if times[pool.name] > 1 else "")
        if times[pool.name] > 1 and label.name in taken:
            label = label._replace(instance=f"{label.instance or 'pool'}-{number}")
        taken.add(label.name)
        labels[id(pool)] = label
    return labels


def left_out(pools: Sequence[Pool]) -> Iterator[str]:
    """Yield why a pool gets no fragment, for each that gets none."""
    for pool in pools:
        if not PLAIN_NAME.fullmatch(pool.name):
            yield f"{pool.entity}: no fragments, because not every format can carry this name"


def _instance(pool: Pool) -> str:
    """Return the PHP version that its path tells, else its service; empty if neither is known."""
    places = (pool.listen.origin.place, pool.pm.origin.place)
    place = next((place for place in places if place is not None), None)
    version = version_in_path(place.text.path) if place else None
    return str(version) if version else pool.service
