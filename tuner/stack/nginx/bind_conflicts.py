"""Sockets of one nginx that the kernel does not let it bind beside each other.

nginx joins a plain `listen ADDRESS:PORT` to the wildcard socket of the port. With a socket option the address
gets a socket of its own, and Linux refuses a second listener on a port that a wildcard socket holds, unless
both ask for SO_REUSEPORT. `nginx -t` does not notice: it passes over "Address already in use".
"""

from collections.abc import Iterator, Mapping, Sequence

from tuner.stack.nginx.addresses import ListenAddress
from tuner.stack.nginx.listens import Listen, listen_value
from tuner.stack.value import Value

Sockets = Mapping[ListenAddress, Sequence[Listen]]


def bind_conflicts(sockets: Sockets) -> Iterator[tuple[ListenAddress, Value]]:
    """Yield each address that cannot be bound beside another one, and that other one with its place."""
    for address, mine in sockets.items():
        in_the_way = (other for other in _in_the_way(address) if other in sockets)
        other = next((other for other in in_the_way if _collide(address, other, sockets)), None)
        if other:
            yield address, _conflict(mine, other, sockets[other])


def _in_the_way(address: ListenAddress) -> list[ListenAddress]:
    """Return the wildcard addresses that may take the port of `address`."""
    every_ipv4 = ListenAddress("tcp4", "0.0.0.0", address.port)
    every_ipv6 = ListenAddress("tcp6", "[::]", address.port)
    if address.family == "tcp4":
        return [every_ipv6] if address.is_wildcard else [every_ipv4, every_ipv6]
    return [every_ipv6] if address.family == "tcp6" and not address.is_wildcard else []


def _collide(address: ListenAddress, other: ListenAddress, sockets: Sockets) -> bool:
    """Say whether the sockets collide; files that no known file includes may not be loaded together."""
    mine, others = sockets[address], sockets[other]
    takes_both = address.family == other.family or any(o.has_parameter("ipv6only=off") for o in others)
    share_port = all(any(listen.parameter("reuseport") for listen in found) for found in (mine, others))
    are_loaded_together = {id(o.outermost) for o in mine} & {id(o.outermost) for o in others}
    return takes_both and not share_port and bool(are_loaded_together)


def _conflict(mine: Sequence[Listen], other: ListenAddress, others: Sequence[Listen]) -> Value:
    named = next((listen for listen in others if listen.address == other), others[0])
    value = listen_value(named)
    return value._replace(name="listener.bind_conflict", data=str(other), inputs=(listen_value(mine[0]),))
