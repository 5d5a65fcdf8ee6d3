"""Addresses on which no pool listens and pools that no location reaches, where the files say so for certain.

Most trees hold only some of the pools they talk to, and FastCGI has other servers than php-fpm.
"""

import re
from collections.abc import Iterable, Sequence

from tuner.stack.address import IPV6_LOOPBACK, Endpoint, nginx_endpoint, pool_endpoint
from tuner.stack.model import Path, Pool, Unanswered
from tuner.stack.value import Value

IP_ADDRESS = re.compile(r"[0-9.]+|\[[0-9a-f:.%]+\]")
LOOPBACK = re.compile(r"127\.[0-9.]+|localhost")
ALTERNATIVES_LINK = "/run/php/php-fpm.sock"
"""Debian's packages make it a link to the `www` pool of one of the installed versions."""

DEBIAN_SOCKET = re.compile(r"/run/php/php[0-9.]+-fpm\.sock")


def unanswered_addresses(paths: Iterable[Path], pools: Sequence[Pool]) -> list[Unanswered]:
    """Return each local address that locations pass to and on which none of `pools` can be listening."""
    found: dict[Endpoint, Unanswered] = {}
    listening = [pool_endpoint(str(pool.listen.data)) for pool in pools if pool.listen.is_known]
    for path in paths:
        endpoint = _endpoint(path.member)
        if path.pool or endpoint is None or not _is_local(endpoint):
            continue
        if any(_may_be(endpoint, other) for other in listening):
            continue
        entity = f"fastcgi:{path.member.data}"
        one = found.setdefault(endpoint, Unanswered(entity=entity, address=path.member))
        if all(path.location is not known for known in one.locations):
            one.locations.append(path.location)
    return list(found.values())


def have_own_addresses(pools: Sequence[Pool]) -> bool:
    """Say whether every pool's address is known and none is another's: pools of one machine share none."""
    listens = [pool_endpoint(str(pool.listen.data)) for pool in pools if pool.listen.is_known]
    return len(set(listens)) == len(pools)


def find_unused_pools(paths: Sequence[Path], pools: Iterable[Pool]) -> None:
    """Set `unused_listen` of every pool that no location can reach, where every address is known."""
    targets = [_endpoint(path.member) for path in paths]
    if not all(targets):
        return
    for pool in pools:
        listen = pool.listen
        if pool.locations or not listen.is_known:
            continue
        own = pool_endpoint(str(listen.data))
        if _is_local(own) and not any(target and _may_be(target, own) for target in targets):
            pool.unused_listen = listen._replace(name="pool.unused_listen")


def _endpoint(member: Value) -> Endpoint | None:
    return nginx_endpoint(str(member.data)) if member.is_known else None


def _is_local(endpoint: Endpoint) -> bool:
    """Say whether only this machine can be meant: a path is one from the root, else it has a prefix."""
    if endpoint.path:
        return endpoint.path.startswith("/")
    return endpoint.host == IPV6_LOOPBACK or LOOPBACK.fullmatch(endpoint.host) is not None


def _may_be(target: Endpoint, pool: Endpoint) -> bool:
    """Say whether `target` may lead to `pool` by something that the files do not tell."""
    if target.path == ALTERNATIVES_LINK:
        return DEBIAN_SOCKET.fullmatch(pool.path) is not None
    if target.path or pool.path:
        return not pool.path.startswith("/") and target.path.endswith(f"/{pool.path}") and bool(pool.path)
    is_named = not (IP_ADDRESS.fullmatch(target.host) and IP_ADDRESS.fullmatch(pool.host))
    return target.port == pool.port and is_named
