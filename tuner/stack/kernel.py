"""The kernel's part of the Stack: sysctl keys, who sets them, and what stays."""

from collections.abc import Sequence
from typing import NamedTuple

from tuner.laws.syn_queue import room_without_cookies
from tuner.laws.sysctl_number import kernel_integer
from tuner.stack import defaults
from tuner.stack.condition import Condition
from tuner.stack.hosts import HostFiles
from tuner.stack.line_entities import NotInForce, SysctlKey
from tuner.stack.mentions import Mentions
from tuner.stack.model import Kernel
from tuner.stack.settings import OVERRIDES_CAP, overriding, written
from tuner.stack.sysctl.order import (
    Assignment,
    Assignments,
    SysctlFile,
    boot_files,
    keys_of,
    load_sets,
    system_files,
)
from tuner.stack.sysctl.values import (
    ABORT_ON_OVERFLOW,
    MAX_SYN_BACKLOG,
    SOMAXCONN,
    SYNCOOKIES,
    is_refused,
    number_taken,
)
from tuner.stack.target import Target
from tuner.stack.value import Data, Option, Origin, Override, Value, absent, derive, doubted, unknown

REFUSED = "the kernel refuses it"


class _LoadSet(NamedTuple):
    """What the boot reads of one set of files, what `sysctl --system` reads, what the boot leaves out."""

    keys: Sequence[str]
    boot: Assignments
    system: Assignments
    unread: Assignments


class _Sysctl(NamedTuple):
    """Everything that decides a key's value."""

    sets: Sequence[_LoadSet]
    target: Target
    mentions: Mentions


def build_kernel(host: HostFiles, target: Target, mentions: Mentions) -> tuple[Kernel, list[SysctlKey]]:
    """Return the kernel of `host` and every key that its sysctl files set.

    `mentions` tells where else a key is named, which leaves its value open.
    """
    sysctl = _Sysctl([_load_set(files, target) for files in load_sets(host)], target, mentions)
    max_syn_backlog = _in_force(sysctl, MAX_SYN_BACKLOG)
    kernel = Kernel(
        entity="kernel",
        version=_version(target),
        somaxconn=_in_force(sysctl, SOMAXCONN),
        somaxconn_default=defaults.default("kernel", SOMAXCONN, "kernel.somaxconn_default", target),
        tcp_max_syn_backlog=max_syn_backlog,
        tcp_syncookies=_in_force(sysctl, SYNCOOKIES),
        tcp_abort_on_overflow=_in_force(sysctl, ABORT_ON_OVERFLOW),
        syn_queue_room=_syn_queue_room(max_syn_backlog),
        ignores_max_syn_backlog=defaults.default(
            "kernel", "ignores-max-syn-backlog", "kernel.ignores_max_syn_backlog", target
        ).renamed("kernel.ignores_max_syn_backlog", "tcp_max_syn_backlog is ignored with SYN cookies"),
    )
    return kernel, [_sysctl_key(load_set, key, target) for load_set in sysctl.sets for key in load_set.keys]


def _syn_queue_room(max_syn_backlog: Value) -> Value:
    return derive(
        "kernel.syn_queue_room",
        room_without_cookies,
        max_syn_backlog,
        unit="connections",
        label="SYN queue without SYN cookies",
        words="three quarters of net.ipv4.tcp_max_syn_backlog, and 1",
    )


def _load_set(files: Sequence[SysctlFile], target: Target) -> _LoadSet:
    read = boot_files(files, target)
    documents = [file.document for file in read]
    unread = [f for f in files if f.is_main and all(f.document is not document for document in documents)]
    return _LoadSet(keys_of(files), Assignments(read), Assignments(system_files(files)), Assignments(unread))


def _version(target: Target) -> Value:
    version = target.version("kernel")
    if version is None:
        return unknown("kernel.version", "the kernel version: give --target", label="kernel")
    return Value("kernel.version", str(version), target.origin, label="kernel")


def _in_force(sysctl: _Sysctl, key: str) -> Value:
    """Return the key's value on the running machine if one is looked at, else what its files say."""
    from_files, machine = _from_files(sysctl, key), sysctl.target.machine
    return machine.in_force(from_files) if machine else from_files


def _from_files(sysctl: _Sysctl, key: str) -> Value:
    """Return the key's value after boot; files that no order ranks and that disagree make it unknown."""
    name = f"kernel.{key.rsplit('.', 1)[-1]}"
    default = defaults.default("kernel", key, name, sysctl.target)
    per_set = [_after_boot(load_set, key, default, sysctl.target) for load_set in sysctl.sets]
    found = [value for value in per_set if value.is_written or value.origin.place]
    if not found and per_set:
        return next((value for value in per_set if value is not default), default)
    if not found:
        return default if sysctl.target.tells_the_kernel else _set_elsewhere(default, key, sysctl.mentions)
    if len(found) == 1 or all(value.is_known and value.data == found[0].data for value in found):
        return found[0]
    return _undecided_between(found, name, key)


def _set_elsewhere(default: Value, key: str, mentions: Mentions) -> Value:
    """Return the default with the doubt that sysctl files outside the given paths set the key."""
    path = mentions.of(key)
    if path:
        reason = f"{path} names {key}, so it may be set there: give --sysctl or --target"
        return unknown(default.name, reason, unit=default.unit, label=key)._replace(default=default.default)
    return doubted(
        default,
        kept=f"{key} is left at its default",
        lost=f"{key} is set outside the given paths",
        reason=f"no sysctl file among the given paths, so {key} may be set elsewhere: "
        "give --sysctl or --target",
    )


def _undecided_between(found: list[Value], name: str, key: str) -> Value:
    options = []
    for value in found:
        path = value.origin.place.text.path if value.origin.place else value.origin.words
        options.append(
            Option(
                value.data,
                (Condition(f"{key} order", choice=f"{path} is the one that counts"),),
                str(value.origin),
                value.origin.place,
            )
        )
    files = " and ".join(str(value.origin) for value in found)
    reason = f"{files} disagree and nothing says which one counts: give --sysctl"
    place = found[0].origin.place
    return Value(name, None, Origin("unknown", reason, place), found[0].unit, "unknown", key, tuple(options))


def _after_boot(load_set: _LoadSet, key: str, default: Value, target: Target) -> Value:
    """Return what systemd-sysctl leaves: it writes only the last value, which the kernel may refuse."""
    found = [_value(a, default, target) for a in load_set.boot.of(key)]
    value = default
    for number, candidate in enumerate(found):
        is_last = number == len(found) - 1
        if is_last and candidate.is_refused:
            return _refused(default, candidate)
        value = overriding(candidate, value, "a later setting wins") if number else candidate
    return _with_unread(value, load_set.unread.of(key), target)


def _refused(default: Value, candidate: Value) -> Value:
    """Return the default, which stays in force, with what the kernel refuses as what it stands against."""
    if candidate.origin.place is None:
        return default
    lost = Override(candidate.origin.place.source, candidate.origin, REFUSED)
    return default._replace(overrides=(lost, *candidate.overrides)[:OVERRIDES_CAP])


def _with_unread(value: Value, unread: Sequence[Assignment], target: Target) -> Value:
    """Note settings in files that the boot passes over (sysctl.conf on Debian 13)."""
    for assignment in unread:
        lost = _value(assignment, value, target)
        value = overriding(value, lost, "sysctl.conf is not read at boot on this target")
    return value


def _value(assignment: Assignment, default: Value, target: Target) -> Value:
    key = default.label
    return written(
        default.name,
        assignment.directive.args[0],
        assignment.text,
        lambda text: number_taken(key, text, target),
        label=key,
        unit=default.unit,
        default=default.default,
    )


def _sysctl_key(load_set: _LoadSet, key: str, target: Target) -> SysctlKey:
    at_boot = load_set.boot.of(key)
    by_system = [a for a in load_set.system.of(key) if a.is_known_to_procps]
    boot = _written_by_systemd(at_boot, key, target)
    system = _written_by_procps(by_system, key, target)
    lost = _lost(at_boot, by_system, boot, key, target)
    return SysctlKey(
        entity=f"sysctl:{key}",
        key=key,
        boot=boot,
        system=system,
        lost=lost if lost.state == "absent" else lost._replace(inputs=(boot, system)),
        outcome=_outcome(boot, system),
        not_in_force=_not_in_force(key, (boot, system), [*at_boot, *by_system], target),
    )


def _not_in_force(
    key: str, written: tuple[Value, Value], found: Sequence[Assignment], target: Target
) -> NotInForce | None:
    """Return what the running machine has in spite of its administrator's own files; None without either."""
    own = [a.text for a in found if a.source.is_machines_own and not a.source.is_vendors]
    places = [value.origin.place for value in written]
    if target.machine is None or not any(place and place.text in own for place in places):
        return None
    return target.machine.not_in_force(key, [value for value in written if value.is_known])


def _outcome(boot: Value, system: Value) -> str:
    """Return which value is in force in the end, and when."""
    if _number_or_text(boot) == _number_or_text(system):
        return f"{boot.data} is in force"
    refused = "the default" if system.is_refused else "nothing"
    by_system = refused if system.data is None else system.data
    return f"{boot.data} is in force after boot, {by_system} after sysctl --system"


def _written_by_systemd(found: Sequence[Assignment], key: str, target: Target) -> Value:
    """Return the last value: systemd-sysctl writes no other, even where the kernel refuses this one."""
    name = "sysctl.boot"
    return _as_written(found[-1], name, key, target) if found else _not_set(name, key)


def _written_by_procps(found: Sequence[Assignment], key: str, target: Target) -> Value:
    """Return the last value that the kernel takes: `sysctl --system` writes every one in turn."""
    name = "sysctl.system"
    values = [_as_written(assignment, name, key, target) for assignment in reversed(found)]
    accepted = next((value for value in values if not value.is_refused), None)
    return accepted or next(iter(values), _not_set(name, key))


def _not_set(name: str, key: str) -> Value:
    return absent(name, f"no file sets {key}", label=key)


def _lost(
    at_boot: Sequence[Assignment],
    by_system: Sequence[Assignment],
    boot: Value,
    key: str,
    target: Target,
) -> Value:
    """Return the last setting of the administrator's own files that another of them beats."""
    own = [a for a in (*by_system, *at_boot) if not a.source.is_vendors]
    for assignment in reversed(own):
        value = _as_written(assignment, "sysctl.lost", key, target)
        if value.is_known and boot.is_known and _number_or_text(value) != _number_or_text(boot):
            return value
    return absent("sysctl.lost", "no other setting", label=key)


def _as_written(assignment: Assignment, name: str, key: str, target: Target) -> Value:
    """Return the text of the assignment; refused where the key is known and the kernel does not take it."""

    def read(text: str) -> Data | None:
        return None if is_refused(key, text, target) else text

    return written(name, assignment.directive.args[0], assignment.text, read, label=key)


def _number_or_text(value: Value) -> Data | None:
    number = kernel_integer(str(value.data))
    return " ".join(str(value.data).split()) if number is None else number
