"""What a check was asked about, where files were read along that nobody named."""

from collections.abc import Callable, Iterator

from tuner.stack.entity import Entity
from tuner.stack.line_entities import FileProblem, SysctlKey, SysctlLine
from tuner.stack.model import Kernel, Pool, Redis, Stack
from tuner.stack.sysctl.values import LISTEN_QUEUE_KEYS
from tuner.stack.value import Value

IsAsked = Callable[[str], bool]
"""Says of a file, by the path that users see, whether it was asked about rather than read along."""


def is_entity_asked(entity: Entity, is_asked: IsAsked) -> bool:
    """Say whether `entity` is in a file that was asked about, or serves a pool or a Redis that is.

    The host as a whole, the kernel and its listen queue keys always are: every queue depends on them.
    """
    if isinstance(entity, Stack | Kernel):
        return True
    if isinstance(entity, SysctlKey | SysctlLine) and entity.key in LISTEN_QUEUE_KEYS:
        return True
    paths = list(_paths(entity))
    if any(map(is_asked, paths)):
        return True
    served = [part for part in _parts(entity) if isinstance(part, Pool | Redis)]
    return any(is_asked(path) for part in served for path in _paths(part)) or not (paths or served)


def _paths(entity: Entity) -> Iterator[str]:
    if isinstance(entity, FileProblem):
        yield entity.place.text.path
    for _, found in entity:
        if isinstance(found, Value) and found.origin.place:
            yield found.origin.place.text.path


def _parts(entity: Entity) -> Iterator[Entity]:
    for _, found in entity:
        for part in found if isinstance(found, list) else [found]:
            if isinstance(part, Entity):
                yield part
