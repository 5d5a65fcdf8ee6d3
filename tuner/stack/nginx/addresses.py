"""What `listen` and `fastcgi_pass` call an address."""

import re
from dataclasses import dataclass
from socket import AF_INET6, inet_ntop, inet_pton

from tuner.stack.model import Family

PORT = re.compile(r"[0-9]+(?:-[0-9]+)?\Z")
WITH_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*):(?P<port>[0-9]+(?:-[0-9]+)?)\Z")
DEFAULT_HTTP_PORT = "80"


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """A socket that nginx listens on. `host` is `0.0.0.0` or `[::]` for every address.

    `port` may be a range (`8080-8085`), which is one socket a port.
    """

    family: Family
    host: str
    port: str

    @property
    def is_wildcard(self) -> bool:
        """Whether it takes connections to every address of its family."""
        return self.host in ("0.0.0.0", "[::]")

    def __str__(self) -> str:
        """Return it as `show` prints it: `0.0.0.0:80`, `[::]:80`, `unix:/run/x.sock`."""
        return f"unix:{self.host}" if self.family == "unix" else f"{self.host}:{self.port}"


def parse_listen(text: str, default_port: str = DEFAULT_HTTP_PORT) -> ListenAddress:
    """Read the first argument of `listen`: `80`, `*:80`, `127.0.0.1`, `[::]:80`, `unix:/path`, `name:80`."""
    if text.lower().startswith("unix:"):
        return ListenAddress("unix", same_path(text[5:]), "")
    if PORT.match(text):
        return ListenAddress("tcp4", "0.0.0.0", text)
    found = WITH_PORT.match(text)
    host, port = (found.group("host"), found.group("port")) if found else (text, default_port)
    if host.startswith("["):
        return ListenAddress("tcp6", same_ipv6(host), port)
    return ListenAddress("tcp4", "0.0.0.0" if host in ("*", "") else host.lower(), port)


def same_ipv6(host: str) -> str:
    """Return an IPv6 address in brackets in the form that compares equal: `[0:0::1]` is `[::1]`."""
    try:
        return f"[{inet_ntop(AF_INET6, inet_pton(AF_INET6, host.strip('[]')))}]"
    except (OSError, ValueError):
        return host.lower()


def same_path(path: str) -> str:
    """Return a socket's path in the form that compares equal: `/var/run` is `/run`, single slashes."""
    slashes = re.sub(r"/{2,}", "/", path.rstrip(":"))
    return slashes.removeprefix("/var") if slashes.startswith("/var/run/") else slashes
