"""What rules are about: the scopes, their entities in a stack, and the names an expression may use there."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from tuner.judge.evaluate import Environment
from tuner.stack.entity import Entity
from tuner.stack.line_entities import (
    ArrayKey,
    DirectiveFault,
    Duration,
    FileProblem,
    HashLine,
    PhpFpmFault,
    RefusedValue,
    SysctlKey,
    SysctlLine,
    UnknownDirective,
)
from tuner.stack.model import (
    ConnectTimeout,
    Kernel,
    Listener,
    Location,
    Path,
    Pool,
    Redis,
    Stack,
    Unanswered,
    Upstream,
)

ScopeName = Literal[
    "host",
    "kernel",
    "sysctl",
    "sysctl_line",
    "listener",
    "location",
    "upstream",
    "connect_timeout",
    "unanswered",
    "pool",
    "array_key",
    "duration",
    "redis",
    "path",
    "refused",
    "unknown_directive",
    "directive_fault",
    "fault",
    "hash_line",
    "problem",
]


class Scope(NamedTuple):
    """The entities of one kind; with `is_file_itself` their values are the words of a file, not settings."""

    model: type[Entity]
    entities: Callable[[Stack], Sequence[Entity]]
    is_file_itself: bool = False


SCOPES: Mapping[ScopeName, Scope] = {
    "host": Scope(Stack, lambda stack: [stack]),
    "kernel": Scope(Kernel, lambda stack: [stack.kernel]),
    "sysctl": Scope(SysctlKey, lambda stack: stack.sysctl),
    "sysctl_line": Scope(SysctlLine, lambda stack: stack.sysctl_lines, is_file_itself=True),
    "listener": Scope(Listener, lambda stack: stack.listeners),
    "location": Scope(Location, lambda stack: stack.locations),
    "upstream": Scope(Upstream, lambda stack: stack.upstreams),
    "connect_timeout": Scope(ConnectTimeout, lambda stack: stack.connect_timeouts),
    "unanswered": Scope(Unanswered, lambda stack: stack.unanswered),
    "pool": Scope(Pool, lambda stack: stack.pools),
    "array_key": Scope(ArrayKey, lambda stack: stack.array_keys),
    "duration": Scope(Duration, lambda stack: stack.durations),
    "redis": Scope(Redis, lambda stack: stack.redis),
    "path": Scope(Path, lambda stack: stack.paths),
    "refused": Scope(RefusedValue, lambda stack: stack.refused, is_file_itself=True),
    "unknown_directive": Scope(UnknownDirective, lambda stack: stack.unknown_directives, is_file_itself=True),
    "directive_fault": Scope(DirectiveFault, lambda stack: stack.directive_faults, is_file_itself=True),
    "fault": Scope(PhpFpmFault, lambda stack: stack.php_fpm_faults, is_file_itself=True),
    "hash_line": Scope(HashLine, lambda stack: stack.hash_lines, is_file_itself=True),
    "problem": Scope(FileProblem, lambda stack: stack.problems, is_file_itself=True),
}


def environment(scope: ScopeName, stack: Stack, entity: Entity) -> Environment:
    """Return what the names of a rule's expressions stand for: `host`, `kernel` and the scope's own."""
    return {"host": stack, "kernel": stack.kernel, scope: entity}


def scope_types(scope: ScopeName) -> Mapping[str, type]:
    """Return the model class behind each name of `environment`."""
    return {"host": Stack, "kernel": Kernel, scope: SCOPES[scope].model}
