"""Pools of one php-fpm that listen on the same address, or on addresses that the kernel does not keep apart.

Measured on 8.2: equal strings, another spelling of a unix socket's path, and a wildcard beside another
address of its port keep php-fpm from starting; another spelling of a TCP
address is one socket for both pools.
"""

from collections.abc import Iterable

from tuner.stack.address import EVERY_ADDRESS, EVERY_IPV4_ADDRESS, IPV6_LOOPBACK, Endpoint, pool_endpoint
from tuner.stack.condition import Condition
from tuner.stack.model import Pool
from tuner.stack.value import Option, Origin, Value

NAME, LABEL = "pool.listen_clash", "address of another pool"
LOCALHOST, IPV4_LOOPBACK = "localhost", "127.0.0.1"
SPECIAL_HOSTS = (EVERY_ADDRESS, EVERY_IPV4_ADDRESS, LOCALHOST, IPV4_LOOPBACK, IPV6_LOOPBACK)
NO_CLASH = Value(NAME, "", Origin("derived", "no other pool listens there"), label=LABEL)
BINDV6ONLY = "net.ipv6.bindv6only"
HOSTS_FILE = "whether php-fpm takes localhost for 127.0.0.1 or ::1 stands in the target's hosts file"
BY_HOSTS_FILE = Value(NAME, None, Origin("unknown", HOSTS_FILE), "", "unknown", LABEL)

_Hosts = dict[str, Pool]


def note_clashes(pools: Iterable[Pool]) -> None:
    """Set `listen_clash` of the pools of one php-fpm: the later one of two has it."""
    listening: dict[tuple[str, str], _Hosts] = {}
    for pool in pools:
        if pool.listen.is_known:
            endpoint = pool_endpoint(str(pool.listen.data))
            hosts = listening.setdefault((endpoint.path, endpoint.port), {})
            pool.listen_clash = _clash(pool, endpoint, hosts)
            hosts.setdefault(endpoint.host, pool)


def _clash(pool: Pool, endpoint: Endpoint, hosts: _Hosts) -> Value:
    """Return the clash with what listens on the same path or port, the most certain one."""
    if endpoint.host in hosts:
        return _same_socket(pool, hosts[endpoint.host], is_unix=bool(endpoint.path))
    wildcards = (EVERY_ADDRESS, EVERY_IPV4_ADDRESS)
    candidates: Iterable[str] = hosts if endpoint.host in wildcards else SPECIAL_HOSTS
    found = [_between(pool, endpoint.host, hosts[host], host) for host in candidates if host in hosts]
    return min(found, key=_doubt, default=NO_CLASH)


def _doubt(clash: Value) -> int:
    if clash is NO_CLASH:
        return 3
    return 0 if clash.is_known else 1 if clash.options else 2


def _same_socket(pool: Pool, other: Pool, *, is_unix: bool) -> Value:
    if pool.listen.data == other.listen.data:
        return _certain(pool, other, f"php-fpm does not start, for pool {other.name} has the same listen")
    if is_unix:
        words = f"php-fpm does not start, for pool {other.name} listens on this socket already"
        return _certain(pool, other, words)
    words = (
        f"that is the socket of pool {other.name} in another spelling, and the requests of each are served "
        "by the children and under the user of either"
    )
    return _certain(pool, other, words)


def _between(pool: Pool, host: str, other: Pool, other_host: str) -> Value:
    """Return what comes of two different hosts on one port."""
    pair = {host, other_host}
    words = (
        f"php-fpm does not start (98: Address already in use), for pool {other.name} "
        f"listens on {other.listen.data}"
    )
    if EVERY_ADDRESS in pair:
        (specific,) = pair - {EVERY_ADDRESS}
        return _certain(pool, other, words) if specific.startswith("[") else _with_both(pool, other, words)
    if EVERY_IPV4_ADDRESS in pair:
        (specific,) = pair - {EVERY_IPV4_ADDRESS}
        if specific == LOCALHOST:
            return BY_HOSTS_FILE
        return _certain(pool, other, words) if specific[:1].isdigit() else NO_CLASH
    is_loopback = LOCALHOST in pair and pair & {IPV4_LOOPBACK, IPV6_LOOPBACK}
    return BY_HOSTS_FILE if is_loopback else NO_CLASH


def _certain(pool: Pool, other: Pool, words: str) -> Value:
    return Value(NAME, words, _origin(pool, other), label=LABEL, inputs=_inputs(pool, other))


def _with_both(pool: Pool, other: Pool, words: str) -> Value:
    """Return a clash that is none where a socket on [::] leaves IPv4 alone."""
    options = (
        Option(words, (Condition(BINDV6ONLY, choice=f"{BINDV6ONLY} = 0"),)),
        Option("", (Condition(BINDV6ONLY, choice=f"{BINDV6ONLY} = 1"),)),
    )
    origin = Origin("unknown", f"it depends on {BINDV6ONLY}")
    return Value(NAME, None, origin, "", "unknown", LABEL, options, inputs=_inputs(pool, other))


def _origin(pool: Pool, other: Pool) -> Origin:
    return Origin("derived", f"the listen of pool {other.name} and of pool {pool.name}")


def _inputs(pool: Pool, other: Pool) -> tuple[Value, ...]:
    return pool.listen, other.listen
