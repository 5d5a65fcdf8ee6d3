"""Which listening socket of this machine an address means, and in whose network namespace it is."""

import socket
from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from tuner.load.fastcgi import Address
from tuner.source.tree import real_path
from tuner.stack.live.machine import THIS_MACHINE
from tuner.stack.live.namespace import Namespace, NotEnteredError
from tuner.stack.live.processes import Daemon, daemons, own_namespace
from tuner.stack.live.sock_diag import Listening, listening

ANY_HOST = ("0.0.0.0", "[::]")
EVERY_FILE = "/"


class Listener(NamedTuple):
    """A listening socket: its address as the kernel has it, where it is, and its php-fpm's master process.

    `master` is None where nobody may see whose socket it is.
    """

    address: str
    namespace: Namespace
    master: int | None

    def read(self) -> Listening | None:
        """Return its queue now, None where it is gone; to be called in its namespace. Raises OSError."""
        families = families_of(self.address)
        found = [one for family in families for one in listening(family) if one.address == self.address]
        # Several sockets at one address (reuseport) do not happen with PHP-FPM.
        return found[0] if found else None


def families_of(address: str) -> tuple[socket.AddressFamily, ...]:
    """Return the families of which a listening socket may have the address."""
    if address.startswith("unix:"):
        return (socket.AF_UNIX,)
    return (socket.AF_INET6,) if address.startswith("[") else (socket.AF_INET, socket.AF_INET6)


def find_listener(address: Address) -> Listener:
    """Return the socket that answers at an address: in our network namespace, or in that of a php-fpm.

    Raises LookupError, saying why, where there is none on this machine, or one in each of several namespaces.
    """
    masters = [daemon for daemon in daemons([address.path or EVERY_FILE]) if daemon.owner == "php-fpm"]
    hidden: list[str] = []
    found = [
        Listener(one.address, namespace, _master_of(one, masters))
        for namespace in _namespaces(masters)
        for one in _matching(address, namespace, hidden)
    ]
    if not found:
        raise LookupError(f"nothing listens at {address} on this machine" + "".join(f"; {w}" for w in hidden))
    nearest = [one for one in found if one.namespace == found[0].namespace]
    if found[0].namespace.name != THIS_MACHINE and len(nearest) < len(found):
        names = ", ".join(one.namespace.name for one in found)
        raise LookupError(f"{address} is a socket in each of {names}")
    return nearest[0]


def _namespaces(masters: Sequence[Daemon]) -> Iterator[Namespace]:
    """Yield our network namespace, and one for each other in which one of the masters is."""
    yield Namespace(THIS_MACHINE)
    known = {own_namespace()}
    for daemon in masters:
        if daemon.namespace not in known:
            known.add(daemon.namespace)
            entered = Namespace.of_process(f"the network namespace of {daemon}", daemon.pid)
            if entered is not None:
                yield entered


def _matching(address: Address, namespace: Namespace, hidden: list[str]) -> list[Listening]:
    """Return the socket at exactly this address, or else the one at its port of every address."""
    try:
        listed = [
            one for family in families_of(str(address)) for one in namespace.run(partial(listening, family))
        ]
    except (OSError, NotEnteredError) as error:
        hidden.append(f"the sockets of {namespace.name} cannot be seen: {error}")
        return []
    if address.path:
        path = real_path(address.path)
        return [one for one in listed if real_path(one.address.removeprefix("unix:")) == path][:1]
    exact = [one for one in listed if one.address in _spellings(address)]
    return (exact or [one for one in listed if _is_any_host(one.address, address.port)])[:1]


def _spellings(address: Address) -> tuple[str, ...]:
    """Return the sockets that an address may mean at once: a name means loopback, of either family."""
    if address.host == "localhost":
        return (f"127.0.0.1:{address.port}", f"[::1]:{address.port}")
    return (str(address),)


def _is_any_host(listener: str, port: int) -> bool:
    host, _, number = listener.rpartition(":")
    return host in ANY_HOST and number == str(port)


def _master_of(found: Listening, masters: Sequence[Daemon]) -> int | None:
    owners = (daemon.pid for daemon in masters if daemon.sockets and found.inode in daemon.sockets)
    return next(owners, None)
