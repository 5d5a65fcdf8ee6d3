"""Addresses of sockets in the form that compares equal, and which of them reach each other."""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import NamedTuple

from tuner.stack.model import Family

IPV4_LOOPBACK = ("127.0.0.1", "localhost")
IPV6_LOOPBACK = "[::1]"
EVERY_IPV4_ADDRESS = "0.0.0.0"
EVERY_ADDRESS = "[::]"


class Endpoint(NamedTuple):
    """Where a pool listens or nginx connects to: a socket's path, or host and port."""

    path: str = ""
    host: str = ""
    port: str = ""

    def may_be(self, pool: "Endpoint") -> bool:
        """Say whether a connection to this endpoint reaches what listens at `pool`.

        A pool on every address answers loopback; whether it also answers another host's name depends on
        where that name leads, so it does not count. nginx tries every address of `localhost`, 127.0.0.1 among
        them; which one a pool on `localhost` takes depends on the machine's hosts file, so only the same name
        reaches it. `[::]` counts as every address of IPv4, too.
        """
        if self.path or pool.path or self.port != pool.port:
            return self == pool
        if self.host in IPV4_LOOPBACK:
            return pool.host in ("127.0.0.1", self.host, EVERY_IPV4_ADDRESS, EVERY_ADDRESS)
        if self.host == IPV6_LOOPBACK:
            return pool.host in (IPV6_LOOPBACK, EVERY_ADDRESS)
        return self.host == pool.host


def nginx_endpoint(address: str) -> Endpoint | None:
    """Read the address of a `fastcgi_pass` or `server`; None for one without a port."""
    if address.lower().startswith("unix:"):
        return Endpoint(path=same_path(address[5:]))
    host, colon, port = address.rpartition(":")
    return _tcp(host, port) if colon and port.isascii() and port.isdigit() else None


def pool_endpoint(listen: str) -> Endpoint:
    """Read a pool's `listen`."""
    address, family = pool_address(listen)
    if family == "unix":
        return Endpoint(path=address.removeprefix("unix:"))
    host, _, port = address.rpartition(":")
    return _tcp(host, port)


def _tcp(host: str, port: str) -> Endpoint:
    return Endpoint(host=same_ipv6(host) if host.startswith("[") else host.lower(), port=port.lstrip("0"))


def pool_address(listen: str) -> tuple[str, Family]:
    """Return the address as `show` prints it and its family: digits alone are a port on every address."""
    if listen.isascii() and listen.isdigit():
        return f"[::]:{listen.lstrip('0') or '0'}", "tcp6"
    if ":" in listen:
        host, _, port = listen.rpartition(":")
        if host.startswith("["):
            return f"{same_ipv6(host)}:{port}", "tcp6"
        return f"{host.lower()}:{port}", "tcp4"
    return f"unix:{same_path(listen)}", "unix"


@lru_cache(maxsize=1000)
def same_ipv6(host: str) -> str:
    """Return an IPv6 address in brackets in the form that compares equal: `[0:0::1]` is `[::1]`."""
    try:
        return f"[{IPv6Address(host.strip('[]'))}]"
    except ValueError:
        return host.lower()


def same_path(path: str) -> str:
    """Return a socket's path in the form that compares equal: `/var/run` is `/run`, single slashes."""
    slashes = re.sub(r"/{2,}", "/", path.rstrip(":"))
    return slashes.removeprefix("/var") if slashes.startswith("/var/run/") else slashes
