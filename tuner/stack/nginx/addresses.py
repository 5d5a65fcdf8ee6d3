"""What nginx's `listen` calls an address."""

from functools import lru_cache
from typing import NamedTuple

from tuner.source.regex import regex
from tuner.stack.address import same_ipv6, same_path
from tuner.stack.model import Family

PORT = regex(r"[0-9]+(?:-[0-9]+)?\Z")
WITH_PORT = regex(r"(?P<host>\[[^\]]*\]|[^:\[\]]*):(?P<port>[0-9]+(?:-[0-9]+)?)\Z")
DEFAULT_HTTP_PORT = "80"
PORT_RANGE_CAP = 1000
PORT_DIGITS = 9
ADDRESSES_KEPT = 1024
EVERY_IPV4 = {"*": "0.0.0.0", "": "0.0.0.0"}


class ListenAddress(NamedTuple):
    """A socket that nginx listens on. `host` is `0.0.0.0` or `[::]` for every address."""

    family: Family
    host: str
    port: str

    @property
    def is_wildcard(self) -> bool:
        """Whether it takes connections to every address of its family."""
        return self.host in ("0.0.0.0", "[::]")

    def __str__(self) -> str:
        """Return it as `show` prints it: `0.0.0.0:80`, `[::]:80`, `unix:/run/x.sock`."""
        if self.family == "unknown":
            return self.host
        return f"unix:{self.host}" if self.family == "unix" else f"{self.host}:{self.port}"


@lru_cache(ADDRESSES_KEPT)
def parse_listen(text: str) -> tuple[ListenAddress, ...]:
    """Read the first argument of `listen`: `80`, `*:80`, `127.0.0.1`, `[::]:80`, `unix:/path`, `name:80`.

    A range of ports (`8080-8085`) is one socket a port; of more than `PORT_RANGE_CAP` only the first.
    """
    if text.lower().startswith("unix:"):
        return (ListenAddress("unix", same_path(text[5:]), ""),)
    found = WITH_PORT.match(text)
    host, ports = (found.group("host"), found.group("port")) if found else (text, DEFAULT_HTTP_PORT)
    if PORT.match(text):
        host, ports = "*", text
    family: Family = "tcp6" if host.startswith("[") else "tcp4"
    same_host = same_ipv6(host) if family == "tcp6" else EVERY_IPV4.get(host, host.lower())
    return tuple(ListenAddress(family, same_host, port) for port in _ports(ports))


def _ports(text: str) -> list[str]:
    first, _, last = text.partition("-")
    low, high = int(first[:PORT_DIGITS]), int((last or first)[:PORT_DIGITS])
    return [str(port) for port in range(low, min(high, low + PORT_RANGE_CAP) + 1)] or [str(low)]
