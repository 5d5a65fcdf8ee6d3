"""Addresses of status pages and queues, as they are given on a command line."""

from typing import NamedTuple

from tuner.load.fastcgi import LONGEST_UNIX_PATH, Address

DEFAULT_PATH = "/status"
_PATH_SIGN = "?/"
_EVERY_HOST = ("", "0.0.0.0", "::", "*")
LOOPBACK = "127.0.0.1"
"""What listens everywhere answers there, also where listen.allowed_clients has only this address."""


class Target(NamedTuple):
    """A status page: where to connect, and its path."""

    address: Address
    path: str

    def __str__(self) -> str:
        return f"{self.address}?{self.path}"


def target_of(text: str, path: str = DEFAULT_PATH) -> Target:
    """Read ADDRESS or ADDRESS?/PATH. Raises ValueError, saying what is wrong."""
    address, sign, own = text.partition(_PATH_SIGN)
    path = f"/{own}" if sign else path
    if not (path.startswith("/") and path.isprintable() and path.isascii() and len(path) < 1000):
        raise ValueError(f"{path!r} is no status path: it begins with a slash, such as {DEFAULT_PATH}")
    return Target(address_of(address), path)


def address_of(text: str) -> Address:
    """Read unix:PATH, /PATH, tcp:HOST:PORT, HOST:PORT, [IPV6]:PORT or PORT. Raises ValueError."""
    path = text.removeprefix("unix:")
    if path.startswith("/"):
        if len(path.encode("utf-8", "surrogateescape")) > LONGEST_UNIX_PATH or "\0" in path:
            raise ValueError(f"{text!r} is longer than the path of a unix socket may be")
        return Address(path=path)
    host, _, port = text.removeprefix("tcp:").rpartition(":")
    is_port = port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65_536
    is_bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if is_bracketed else host
    if not is_port or is_bracketed != (":" in host) or not host.isprintable() or " " in host:
        raise ValueError(f"{text!r} is neither unix:PATH nor HOST:PORT nor [IPV6]:PORT")
    return Address(host=LOOPBACK if host in _EVERY_HOST else host, port=int(port))
