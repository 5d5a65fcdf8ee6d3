"""What a running machine has: values of /proc/sys and listening sockets, as values of the model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from tuner.laws.sysctl_number import kernel_integer
from tuner.stack.address import same_path
from tuner.stack.condition import Condition
from tuner.stack.line_entities import NotInForce
from tuner.stack.model import Family, Owner
from tuner.stack.value import Data, Option, Origin, Override, Value, absent, unknown

THIS_MACHINE = "this machine"
NAMESPACE = "network namespace"
NOT_IN_FORCE = "what the files set is not in force"
UNIT = "connections"
ANY_IPV4, ANY_IPV6 = "0.0.0.0", "[::]"
COMPARED_FOLDERS = ("net.core.", "net.ipv4.tcp_", "net.ipv4.ip_local_", "net.unix.", "net.netfilter.")
COMPARED_KEYS = frozenset({"fs.file-max", "fs.nr_open", "vm.overcommit_memory"})
"""With the folders, the keys on a request's way; others are changed at run time by programs that own them."""


class Reading(NamedTuple):
    """What one network namespace, called `where`, has for a key.

    `text` is None where it cannot be read, and `reason` says why; without a reason there is no such key.
    `owners` are the programs that run there.
    """

    text: str | None
    where: str = THIS_MACHINE
    reason: str = ""
    owners: frozenset[Owner] = frozenset()


class RunningSocket(NamedTuple):
    """A listening socket with its queue lengths in connections; `owner` None: nobody may see whose it is."""

    address: str
    backlog: int
    queue: int
    owner: Owner | None = None
    where: str = THIS_MACHINE


class Machine(NamedTuple):
    """A running machine. `read` returns what each namespace in question has for a sysctl key.

    `running` are the programs of which a process was found, `unseen` the families whose sockets the kernel
    does not tell, with the reason. `real_path` follows links. `has_the_files` says that the machine runs with
    the files in question; those of a checkout it does not have yet, so nothing of it is held against them.
    `processors` are those that are online, None where the machine does not tell.
    """

    read: Callable[[str], Sequence[Reading]]
    sockets: Sequence[RunningSocket] = ()
    running: frozenset[Owner] = frozenset()
    unseen: Mapping[Family, str] = MappingProxyType({})
    real_path: Callable[[str], str] = same_path
    has_the_files: bool = True
    processors: int | None = None

    def in_force(self, from_files: Value) -> Value:
        """Return what the kernel has for the key that `from_files` is called by, and what files would set.

        A file that the machine does not have yet decides once it has.
        """
        if from_files.is_written and not self.has_the_files:
            return from_files
        readings = self.read(from_files.label)
        unreadable = next((reading for reading in readings if reading.text is None), None)
        if unreadable is not None:
            return _unreadable(from_files, unreadable)
        found = {_data(str(reading.text)) for reading in readings}
        if len(found) > 1:
            return _differing(from_files, readings)
        return _beside_files(from_files, found.pop(), _origin(from_files.label, readings))

    def in_force_for(self, owner: Owner, value: Value) -> Value:
        """Return `value` as it is in the namespace of `owner`, where the daemons' namespaces differ."""
        if value.state != "unknown" or not any(o.conditions[0].cause == NAMESPACE for o in value.options):
            return value
        own = [reading for reading in self.read(value.label) if owner in reading.owners]
        found = {_data(str(reading.text)) for reading in own}
        if len(found) != 1:
            return value
        return value._replace(data=found.pop(), state="known", origin=_origin(value.label, own), options=())

    def not_in_force(self, key: str, written: Sequence[Value]) -> NotInForce | None:
        """Return what is in force instead of every one of the `written` values of `key`, known ones.

        None where nothing is compared: there is no such key, or it is not one on a request's way.
        """
        is_compared = key.startswith(COMPARED_FOLDERS) or key in COMPARED_KEYS
        if not (written and is_compared and self.has_the_files):
            return None
        readings = [reading for reading in self.read(key) if reading.text is not None or reading.reason]
        different = [reading for reading in readings if not _is_one_of(written, reading)]
        if not readings:
            return None
        reading = (different or readings)[0]
        setting = written[0].renamed("sysctl.not_in_force.setting")
        return NotInForce(
            entity=f"sysctl:{key}",
            setting=setting,
            instead=_instead(key, different)._replace(inputs=(setting,)),
            where=reading.where,
            cure=_cure(reading),
        )

    def running_queues(self, owner: Owner, address: str, family: Family) -> tuple[Value, Value]:
        """Return the effective backlog that the running socket was given, and how many wait in its queue.

        Both absent where nothing of `owner` listens at `address`. Of several sockets at one address (nginx's
        reuseport) the shortest limit and the longest queue.
        """
        names = ("listener.running_backlog", "listener.running_queue")
        labels = ("backlog of the running socket", "waiting in the running socket's queue")
        if family in self.unseen and self.has_the_files:
            reason = self.unseen[family]
            first, second = (
                unknown(name, reason, unit=UNIT, label=label)
                for name, label in zip(names, labels, strict=True)
            )
            return first, second
        found = self._at(owner, address, family)
        if not found:
            first, second = (
                absent(name, f"{owner} is not listening there", unit=UNIT, label=label)
                for name, label in zip(names, labels, strict=True)
            )
            return first, second
        origin = Origin("live", f"the running socket, {found[0].where}")
        data = (min(socket.backlog for socket in found), max(socket.queue for socket in found))
        first, second = (
            Value(name, number, origin, UNIT, label=label)
            for name, number, label in zip(names, data, labels, strict=True)
        )
        return first, second

    def _at(self, owner: Owner, address: str, family: Family) -> list[RunningSocket]:
        if owner not in self.running or family == "unknown" or not self.has_the_files:
            return []
        own = [socket for socket in self.sockets if socket.owner in (owner, None)]
        if family == "unix":
            path = self.real_path(address.removeprefix("unix:"))
            return [socket for socket in own if self._path(socket) == path]
        exact = [socket for socket in own if socket.address == address]
        return exact or [socket for socket in own if _may_be(socket.address, address, owner)]

    def _path(self, socket: RunningSocket) -> str | None:
        kind, _, path = socket.address.partition(":")
        return self.real_path(path) if kind == "unix" else None


def _may_be(running: str, address: str, owner: Owner) -> bool:
    """Say whether `address`, which no socket is bound to as it is written, may have led to `running`.

    A host's name may stand for any address; php-fpm takes 0.0.0.0 for a bare port where IPv6 is switched off.
    """
    host, _, port = address.rpartition(":")
    running_host, _, running_port = running.rpartition(":")
    if port != running_port or running.startswith("unix:"):
        return False
    if owner == "php-fpm" and host == ANY_IPV6:
        return running_host == ANY_IPV4
    return not host.startswith("[") and not host.replace(".", "").isdigit()


def _data(text: str) -> Data:
    """Return one number as a number, anything else as words between single blanks."""
    words = text.split()
    number = kernel_integer(words[0]) if len(words) == 1 else None
    return " ".join(words) if number is None else number


def _is_same(written: str, text: str) -> bool:
    """Say whether the kernel has taken `written`: number by number, as far as both go."""
    pairs = zip(written.split(), text.split(), strict=False)
    return all(_data(one) == _data(other) for one, other in pairs)


def _is_one_of(written: Iterable[Value], reading: Reading) -> bool:
    text = reading.text
    return text is not None and any(_is_same(str(value.data), text) for value in written)


def _instead(key: str, different: Sequence[Reading]) -> Value:
    name = "sysctl.not_in_force.instead"
    if not different:
        return absent(name, "what the files set is in force", label=key)
    first = different[0]
    if first.text is None:
        return unknown(name, first.reason, label=key)
    return Value(name, _data(first.text), _origin(key, [first]), label=key)


def _cure(reading: Reading) -> str:
    """Return how to set a key where `reading` was taken."""
    if reading.where == THIS_MACHINE:
        return "sysctl --system"
    return "set the key inside that namespace, which sysctl --system does not reach"


def _origin(key: str, readings: Sequence[Reading]) -> Origin:
    where = " and ".join(dict.fromkeys(reading.where for reading in readings))
    return Origin("live", f"/proc/sys/{key.replace('.', '/')}, {where}")


def _beside_files(from_files: Value, data: Data, origin: Origin) -> Value:
    """Return the live value: with the place that sets it, or with what a place sets to no effect."""
    place = from_files.origin.place
    live = from_files._replace(data=data, state="known", origin=origin, options=(), inputs=())
    if place is None or not from_files.is_known:
        return live
    if from_files.data == data:
        return live._replace(origin=origin._replace(place=place))
    lost = Override(from_files.data or 0, from_files.origin, NOT_IN_FORCE)
    return live._replace(overrides=(lost, *from_files.overrides))


def _unreadable(from_files: Value, reading: Reading) -> Value:
    key = from_files.label
    reason = reading.reason or f"{reading.where} has no {key}"
    return unknown(from_files.name, reason, unit=from_files.unit, label=key)


def _differing(from_files: Value, readings: Sequence[Reading]) -> Value:
    key = from_files.label
    options = tuple(
        Option(_data(str(reading.text)), (Condition(NAMESPACE, choice=f"in {reading.where}"),), reading.where)
        for reading in readings
    )
    reason = f"{key} differs between " + " and ".join(reading.where for reading in readings)
    value = unknown(from_files.name, reason, unit=from_files.unit, label=key)
    return value._replace(options=options)
