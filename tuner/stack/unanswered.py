"""Addresses on which no pool listens and pools that no location reaches, where the files say so for certain.

Most trees hold only some of the pools they talk to, and FastCGI has other servers than php-fpm.
"""

import re
from collections.abc import Iterable, Sequence

from tuner.source.regex import regex
from tuner.stack.address import IPV6_LOOPBACK, Endpoint, nginx_endpoint, pool_endpoint
from tuner.stack.model import Path, Pool, Unanswered
from tuner.stack.value import Value, absent

IP_ADDRESS = regex(r"[0-9.]+|\[[0-9a-f:.%]+\]")
LOOPBACK = regex(r"127\.[0-9.]+|localhost")
ALTERNATIVES_LINK = "/run/php/php-fpm.sock"
"""Debian's packages make it a link to the `www` pool of one of the installed versions."""

DEBIAN_SOCKET = regex(r"/run/php/php[0-9.]+-fpm\.sock")
OTHER_SERVER = regex(
    r"fcgiwrap|spawn-?fcgi|seafile|seahub|xhgui|mailman|munin|smokeping|nagios|cgit|gitweb|hhvm"
    r"|mapserv|qgis|sympa|radosgw|multiwatch|uwsgi|perl|python|django|ruby",
    re.IGNORECASE,
)
"""In the name of a socket or upstream: FastCGI servers that are not php-fpm, and what people run in them."""


class _Endpoints:
    """Endpoints by what the files do not tell of them: a host's address, a link, the folder of a path."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        """Index `endpoints`, so that a look-up does not walk all of them."""
        self._ports: set[str] = set()
        self._ports_of_names: set[str] = set()
        self._relative_paths: set[str] = set()
        self._has_link = self._has_debian_socket = False
        for endpoint in endpoints:
            if endpoint.path:
                self._add_path(endpoint.path)
                continue
            self._ports.add(endpoint.port)
            if not IP_ADDRESS.fullmatch(endpoint.host):
                self._ports_of_names.add(endpoint.port)
        self._lengths = {len(path) for path in self._relative_paths}

    def _add_path(self, path: str) -> None:
        if not path.startswith("/"):
            self._relative_paths.add(path)
        self._has_link |= path == ALTERNATIVES_LINK
        self._has_debian_socket |= DEBIAN_SOCKET.fullmatch(path) is not None

    def may_be_reached_from(self, target: Endpoint) -> bool:
        """Say whether `target` of nginx may lead to one of these of pools."""
        if target.path == ALTERNATIVES_LINK:
            return self._has_debian_socket
        if target.path:
            return any(self._ends_in_relative_path(target.path, length) for length in self._lengths)
        return self._may_meet(target)

    def may_lead_to(self, pool: Endpoint) -> bool:
        """Say whether one of these of nginx may lead to the `pool`, whose path is one from the root."""
        if pool.path:
            return self._has_link and DEBIAN_SOCKET.fullmatch(pool.path) is not None
        return self._may_meet(pool)

    def _ends_in_relative_path(self, path: str, length: int) -> bool:
        return path[-length - 1 : -length] == "/" and path[-length:] in self._relative_paths

    def _may_meet(self, endpoint: Endpoint) -> bool:
        """Say whether one has the port of `endpoint`, and one of the two a name for its host."""
        is_address = IP_ADDRESS.fullmatch(endpoint.host)
        return endpoint.port in (self._ports_of_names if is_address else self._ports)


def unanswered_addresses(paths: Iterable[Path], pools: Sequence[Pool]) -> list[Unanswered]:
    """Return each local address that locations pass to and on which none of `pools` can be listening."""
    found: dict[Endpoint, Unanswered] = {}
    listening = _Endpoints(pool_endpoint(str(pool.listen.data)) for pool in pools if pool.listen.is_known)
    for path in paths:
        endpoint = _endpoint(path.member)
        if path.pool or endpoint is None or not _is_local(endpoint) or _is_other_server(path):
            continue
        if listening.may_be_reached_from(endpoint):
            continue
        entity = f"fastcgi:{path.member.data}"
        one = found.setdefault(endpoint, Unanswered(entity=entity, address=path.member))
        # The paths of one location follow each other.
        if not one.locations or one.locations[-1] is not path.location:
            one.locations.append(path.location)
    return list(found.values())


def have_own_addresses(pools: Sequence[Pool]) -> bool:
    """Say whether every pool's address is known and none is another's: pools of one machine share none."""
    listens = [pool_endpoint(str(pool.listen.data)) for pool in pools if pool.listen.is_known]
    return len(set(listens)) == len(pools)


def find_unused_pools(paths: Sequence[Path], pools: Iterable[Pool]) -> list[Value]:
    """Set `unused_listen` of every pool that no location can reach, where every address is known.

    Return what was set.
    """
    known = [target for path in paths if (target := _endpoint(path.member))]
    if len(known) < len(paths):
        return []
    targets = _Endpoints(known)
    unused = []
    for pool in pools:
        listen = pool.listen
        if pool.locations or not listen.is_known:
            continue
        own = pool_endpoint(str(listen.data))
        if _is_local(own) and not targets.may_lead_to(own):
            pool.unused_listen = listen._replace(name="pool.unused_listen")
            unused.append(pool.unused_listen)
    return unused


def first_of(unused: Sequence[Value]) -> Value:
    """Return the first of the addresses that no location passes to, absent if there is none."""
    name = "host.first_unused_listen"
    return unused[0].renamed(name) if unused else absent(name, "a location may lead to every pool")


def _endpoint(member: Value) -> Endpoint | None:
    return nginx_endpoint(str(member.data)) if member.is_known else None


def _is_local(endpoint: Endpoint) -> bool:
    """Say whether only this machine can be meant: a path is one from the root, else it has a prefix."""
    if endpoint.path:
        return endpoint.path.startswith("/")
    return endpoint.host == IPV6_LOOPBACK or LOOPBACK.fullmatch(endpoint.host) is not None


def _is_other_server(path: Path) -> bool:
    """Say whether a name tells that something other than php-fpm answers there."""
    upstream = path.location.upstream
    names = (str(path.member.data), upstream.name if upstream else "")
    return any(OTHER_SERVER.search(name) for name in names)
