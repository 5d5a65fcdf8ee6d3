"""What keeps php-fpm from starting, as the checks of this package find it."""

from typing import Literal, NamedTuple

from tuner.stack.condition import Condition
from tuner.stack.line_entities import PhpFpmFault, RefusedValue
from tuner.stack.php_fpm.releases import EVERY, PHP, Releases, holds, holds_anywhere
from tuner.stack.target import Target
from tuner.stack.value import Option, Origin, Place, Value

FaultKind = Literal["value", "unknown-directive", "missing-directive", "slowlog"]
USER = "user of php-fpm"
AS_ROOT = Value(
    "fault.is_refused",
    None,
    Origin("unknown", "the user that starts php-fpm is not known"),
    state="unknown",
    options=(
        Option(True, (Condition(USER, choice="php-fpm starts as root, without --allow-to-run-as-root"),)),
        Option(False, (Condition(USER, choice="php-fpm starts as another user"),)),
    ),
)


class Fault(NamedTuple):
    """A place that php-fpm refuses in `releases`, and `words` about it as php-fpm says them.

    `setting` is the directive as it is written there. `only_as_root` says that the php-fpm of another user
    takes it.
    """

    kind: FaultKind
    entity: str
    place: Place
    setting: str
    words: str
    releases: tuple[Releases, ...] = EVERY
    only_as_root: bool = False


def refused_value(fault: Fault, target: Target) -> RefusedValue | None:
    """Return a fault that is a value in the model's form, None where the target's php takes it."""
    is_refused = _refused("refused.is_refused", fault, target)
    if fault.kind != "value" or not holds_anywhere(is_refused):
        return None
    source = _source(fault)
    return RefusedValue(
        entity=fault.entity,
        program="php-fpm",
        setting=f"{fault.setting} = {source}".strip(),
        because=f": {fault.words}",
        value=Value("refused.value", source, _origin(fault), label=fault.setting),
        is_refused=is_refused,
    )


def fault_entity(fault: Fault, target: Target) -> PhpFpmFault | None:
    """Return a fault that is no value in the model's form, None where the target's php takes it."""
    is_refused = AS_ROOT if fault.only_as_root else _refused("fault.is_refused", fault, target)
    if fault.kind == "value" or not holds_anywhere(is_refused):
        return None
    return PhpFpmFault(
        entity=fault.entity,
        kind=fault.kind,
        setting=fault.setting,
        words=fault.words,
        at=Value("fault.at", _source(fault), _origin(fault), label=fault.setting),
        is_refused=is_refused,
        is_only_newer=not is_refused.is_known and not fault.only_as_root and target.version(PHP) is None,
        is_only_as_root=fault.only_as_root,
    )


def _refused(name: str, fault: Fault, target: Target) -> Value:
    value = holds(name, fault.releases, target)._replace(label=f"{fault.setting} is refused")
    return value if value.origin.words else value._replace(origin=_origin(fault))


def _source(fault: Fault) -> str:
    return " ".join(fault.place.source.split())


def _origin(fault: Fault) -> Origin:
    return Origin("file", str(fault.place), fault.place)
