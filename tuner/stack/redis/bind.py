"""The addresses that a redis-server binds, and two of them that cannot both be had."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tuner.formats.document import Directive
from tuner.source.regex import regex
from tuner.source.text import Text
from tuner.stack.address import same_ipv6
from tuner.stack.model import Family
from tuner.stack.settings import as_text, written
from tuner.stack.value import Origin, Value, unknown

EVERY = {"tcp4": "0.0.0.0", "tcp6": "[::]"}
ON_EVERY_MACHINE = regex(r"127\.[0-9.]+\Z|\[::1\]\Z")
A_NUMBER = regex(r"[0-9.]+\Z|\[")


class BoundAddress(NamedTuple):
    """One address of `bind`, in the form that compares equal; an optional one (`-::1`) may be missing."""

    host: str
    family: Family
    listen: Value
    is_optional: bool = False

    @property
    def is_every(self) -> bool:
        """Whether it stands for every address of its family."""
        return EVERY.get(self.family) == self.host

    @property
    def surely_exists(self) -> bool:
        """Whether Redis opens it or does not start: an optional address may not exist on the machine."""
        return not self.is_optional or self.is_every or ON_EVERY_MACHINE.match(self.host) is not None


def bound_addresses(binds: Sequence[tuple[Directive, Text]], include: str) -> list[BoundAddress]:
    """Return the addresses of the last of `binds`; unknown where `include`, which was not read, may win."""
    if include:
        reason = f"{include}, which is included, may set bind: it is not among the given paths"
        return [BoundAddress("?", "unknown", unknown("listener.listen", reason, label="bind"))]
    if not binds:
        origin = Origin("default", "no bind: every address")
        families: tuple[Family, ...] = ("tcp4", "tcp6")
        hosts = ((EVERY[family], family) for family in families)
        return [BoundAddress(h, f, Value("listener.listen", h, origin, label="bind")) for h, f in hosts]
    return list(_written(*binds[-1]))


def _written(directive: Directive, text: Text) -> Iterator[BoundAddress]:
    for word in directive.args:
        listen = written("listener.listen", word, text, as_text, label="bind")
        if not listen.is_known:
            yield BoundAddress(word.text, "unknown", listen)
            continue
        for address in word.text.split():
            host, family = _host(address.removeprefix("-"))
            yield BoundAddress(host, family, listen, address.startswith("-"))


def _host(address: str) -> tuple[str, Family]:
    if address in ("*", "0.0.0.0"):
        return EVERY["tcp4"], "tcp4"
    if ":" in address:
        return same_ipv6("::" if address == "::*" else address), "tcp6"
    return address, "tcp4"


def bound_twice(addresses: Sequence[BoundAddress]) -> tuple[BoundAddress, BoundAddress] | None:
    """Return an address and an earlier one that takes it away: Redis then does not start (EADDRINUSE).

    Every address of a family and a single one of it are such a pair, in either order.
    Source: src/server.c, listenToPort(); measured with Redis 7.0.15.
    """
    taken: dict[tuple[Family, str], BoundAddress] = {}
    first_number: dict[Family, BoundAddress] = {}
    for address in addresses:
        family, host = address.family, address.host
        if family == "unknown" or not address.surely_exists:
            continue
        is_number = A_NUMBER.match(host) is not None
        rival = taken.get((family, host)) or (taken.get((family, EVERY[family])) if is_number else None)
        rival = rival or (first_number.get(family) if address.is_every else None)
        if rival:
            return address, rival
        taken[family, host] = address
        if is_number:
            first_number.setdefault(family, address)
    return None
