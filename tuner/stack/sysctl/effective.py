"""Every sysctl in force after a program has read the files of a host."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from tuner import packaged
from tuner.stack import defaults
from tuner.stack.condition import Condition
from tuner.stack.effective import SettingGroup
from tuner.stack.hosts import HostFiles
from tuner.stack.settings import OVERRIDES_CAP, overriding, written
from tuner.stack.sysctl.keys import KnownKey, known_key
from tuner.stack.sysctl.order import boot_files, load_sets, system_files
from tuner.stack.sysctl.values import Case, cases_of, is_gone, misnamed_keys
from tuner.stack.sysctl.writes import Write, boot_writes, busybox_writes, system_writes
from tuner.stack.target import Target
from tuner.stack.value import Data, Option, Origin, Override, Place, Value, undetermined

Programs = Literal["linux", "busybox"]
PORT_RANGE = "net.ipv4.ip_local_port_range"
FIRST_FREE_PORT = "net.ipv4.ip_unprivileged_port_start"

_NAME = "sysctl.value"
_PORTS = re.compile(r"(?:[0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*)?")
_ONE_NAME = re.compile(r"[^\s#]+")
_SHAPES = {
    "net.ipv4.ip_local_reserved_ports": _PORTS,
    "net.ipv4.tcp_congestion_control": _ONE_NAME,
    "net.core.default_qdisc": _ONE_NAME,
}


def sysctl_settings(
    host: HostFiles, target: Target, *, programs: Programs = "linux", with_defaults: bool = False
) -> list[SettingGroup]:
    """Return the keys in force: `boot` after systemd-sysctl, `system` after `sysctl --system`.

    For `busybox` there is one group of that name: each file read by `sysctl -p`, in the order of
    `sysctl --system`. What the kernel refuses is not set; of a key that fpmtune does not know the value is
    unknown, with the written one for a kernel that has it. Files that no order ranks and that disagree leave
    a key unknown. `with_defaults` adds what the kernel of the target starts with, as far as that is known.
    """
    before = _defaults(target)
    sets = load_sets(host)
    if programs == "busybox":
        runs = {"busybox": [busybox_writes(system_files(files)) for files in sets]}
    else:
        runs = {
            "boot": [boot_writes(boot_files(files, target)) for files in sets],
            "system": [system_writes(system_files(files)) for files in sets],
        }
    groups = []
    for name, found in runs.items():
        values = _merged(_after_each(found, before, target)).values()
        kept = (value for value in values if with_defaults or value.origin.place)
        groups.append(SettingGroup("sysctl", name, "", tuple(kept)))
    return groups


class Applied(NamedTuple):
    """The value of every key by name after some writes, and the writes that the kernel answered EINVAL."""

    values: Mapping[str, Value]
    refused: Sequence[Write] = ()


def _after_each(
    runs: Iterable[Sequence[Write]], before: Mapping[str, Value], target: Target
) -> list[Mapping[str, Value]]:
    return [apply(writes, before, target).values for writes in runs] or [before]


def apply(writes: Iterable[Write], before: Mapping[str, Value], target: Target) -> Applied:
    """Return what is in force after `writes`; `before` is what the kernel has at first, by key."""
    values = dict(before)
    refused: list[Write] = []
    ended: set[int] = set()
    for write in writes:
        if id(write.text) in ended or not _is_there(write.key, target):
            continue
        value, old = _written(write, values, target), values.get(write.key)
        if value is not None:
            values[write.key] = overriding(value, old, "a later setting wins") if old else value
        elif old is not None:
            values[write.key] = _kept(old, write)
        if value is None or _is_cut(write, target):
            refused.append(write)
            ended.update([id(write.text)] if write.ends_file else [])
    return Applied(values, refused)


def _is_cut(write: Write, target: Target) -> bool:
    """Say whether the kernel stores some of the line's numbers and refuses the rest."""
    known = known_key(write.key)
    if known is None or known.length < 2 or write.value.unknown:
        return False
    return any(case.numbers and case.fault for case in cases_of(write.key, write.value.text, target))


def _is_there(key: str, target: Target) -> bool:
    known = known_key(key)
    is_read_only = known is not None and known.kind == "read-only"
    return not is_read_only and key not in misnamed_keys() and is_gone(key, target) is not True


def _written(write: Write, values: Mapping[str, Value], target: Target) -> Value | None:
    """Return what the write leaves in the key, or None where the kernel refuses it."""
    known = known_key(write.key)
    if write.value.unknown:
        return _of_text(write, write.value.text)
    if known is None:
        return _perhaps(write)
    if known.kind == "words":
        shape = _SHAPES.get(write.key)
        fits = shape is None or shape.fullmatch(write.value.text)
        return _of_text(write, write.value.text) if fits else None
    cases = cases_of(write.key, write.value.text, target)
    found = [(_of_case(write, case, known, values), case) for case in cases]
    if len(found) == 1:
        return found[0][0]
    return _by_kernel(write, found, values.get(write.key))


def _of_case(write: Write, case: Case, known: KnownKey, values: Mapping[str, Value]) -> Value | None:
    numbers = case.numbers
    if not numbers or _clashes(write.key, numbers, values):
        return None
    if len(numbers) == known.length:
        return _of_text(write, numbers[0] if known.length == 1 else " ".join(map(str, numbers)))
    old = values.get(write.key)
    rest = str(old.data).split()[len(numbers) :] if old and old.is_known else []
    if known.is_ordered and rest and numbers[-1] > int(rest[0]):
        return None
    if len(numbers) + len(rest) != known.length:
        reason = f"only {len(numbers)} of the {known.length} numbers of {write.key} are written"
        return _unknown(write, reason, ())
    return _of_text(write, " ".join([*map(str, numbers), *rest]))


def _clashes(key: str, numbers: Sequence[int], values: Mapping[str, Value]) -> bool:
    """Say whether the range of ports and the first that needs no privilege would contradict each other."""
    if key == PORT_RANGE:
        return numbers[0] < _first_number(values.get(FIRST_FREE_PORT), 1024)
    return key == FIRST_FREE_PORT and numbers[0] > _first_number(values.get(PORT_RANGE), 32768)


def _first_number(value: Value | None, otherwise: int) -> int:
    return int(str(value.data).split()[0]) if value and value.is_known else otherwise


def _by_kernel(write: Write, found: Sequence[tuple[Value | None, Case]], old: Value | None) -> Value:
    kept = old.data if old else None
    options = [Option(value.data if value else kept, case.conditions) for value, case in found]
    return _unknown(write, f"{write.key} = {write.value.text}: that depends on the kernel", options)


def _of_text(write: Write, data: Data) -> Value:
    return written(_NAME, write.value, write.text, lambda _text: data, label=write.key)


def _perhaps(write: Write) -> Value:
    place = Place(write.text, write.value.span)
    options = (
        Option(write.value.text, (Condition(write.key, choice=f"the kernel has {write.key}"),), place=place),
        Option(None, (Condition(write.key, choice=f"the kernel has no {write.key}"),)),
    )
    return _unknown(write, f"fpmtune does not know {write.key}: the kernel may not have it", options)


def _unknown(write: Write, reason: str, options: Iterable[Option]) -> Value:
    origin = Origin("unknown", reason, Place(write.text, write.value.span))
    return Value(_NAME, None, origin, "", "unknown", write.key, tuple(options))


def _kept(value: Value, write: Write) -> Value:
    place = Place(write.text, write.value.span)
    lost = Override(place.source, Origin("file", str(place), place), "the kernel refuses it")
    return value._replace(overrides=(lost, *value.overrides)[:OVERRIDES_CAP])


def _defaults(target: Target) -> dict[str, Value]:
    settings = packaged.defaults_tables()["kernel"]["settings"]
    found = (defaults.default("kernel", key, _NAME, target) for key in settings if "." in key)
    return {value.label: value for value in found}


def _merged(sets: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    keys = dict.fromkeys(key for values in sets for key in values)
    return {key: _agreed([values[key] for values in sets if key in values]) for key in keys}


def _agreed(found: Sequence[Value]) -> Value:
    """Return the one value that files set, or an unknown one where files that no order ranks disagree."""
    set_by_files = [value for value in found if value.origin.place] or list(found)
    first = set_by_files[0]
    if all((value.state, value.data) == (first.state, first.data) for value in set_by_files):
        return first
    options = [
        Option(
            value.data,
            (Condition(f"{first.label} order", choice=f"{value.origin} is the one that counts"),),
            str(value.origin),
            value.origin.place,
        )
        for value in set_by_files
    ]
    files = " and ".join(str(value.origin) for value in set_by_files)
    reason = f"{files} disagree and nothing says which one counts"
    origin = Origin("unknown", reason, first.origin.place)
    return undetermined(_NAME, options, reason, label=first.label)._replace(origin=origin)
