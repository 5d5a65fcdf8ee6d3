"""`fpmtune show --format json`."""

from collections.abc import Sequence

from tuner.report.value_json import Json, ascii_json, data_json, number_json
from tuner.stack.entity import Entity
from tuner.stack.model import Kernel, Listener, Path, Pool, Redis, Stack
from tuner.stack.value import Value

SCHEMA_VERSION = 1
LISTS = ("listeners", "paths", "pools", "redis")
LISTENER_NUMBERS = (
    "backlog",
    "effective_backlog",
    "accept_queue_capacity",
    "syn_queue_capacity",
    "sockets",
    "running_backlog",
    "running_queue",
)
LOCATION_NUMBERS = ("fastcgi_connect_timeout", "fastcgi_send_timeout", "fastcgi_read_timeout")
POOL_NUMBERS = (
    "pm",
    "max_children",
    "start_servers",
    "min_spare_servers",
    "max_spare_servers",
    "request_terminate_timeout",
)


def show_json(stacks: Sequence[Stack]) -> str:
    """Return the request paths as ASCII JSON, ending in a line end.

    With several hosts the top-level lists hold the entries of all, each with its `host`; `hosts` has them
    apart, and `kernel` is null, because each host has its own.
    """
    hosts = [_host(stack) for stack in stacks]
    document: Json = {"schema_version": SCHEMA_VERSION}
    if len(hosts) <= 1:
        single = hosts[0] if hosts else {key: [] for key in LISTS}
        document |= {key: single[key] for key in LISTS} | {"kernel": single.get("kernel")}
        return ascii_json(document)
    names = [stack.host_name for stack in stacks]
    named = list(zip(names, hosts, strict=True))
    for key in LISTS:
        document[key] = [{"host": name, **entry} for name, host in named for entry in host[key]]
    document["kernel"] = None
    document["hosts"] = [{"name": name, **host} for name, host in named]
    return ascii_json(document)


def _host(stack: Stack) -> Json:
    return {
        "listeners": [_listener(listener) for listener in stack.listeners],
        "paths": [_path(path) for path in stack.paths],
        "pools": [_pool(pool) for pool in stack.pools],
        "redis": [_redis(redis) for redis in stack.redis],
        "kernel": _kernel(stack.kernel),
    }


def _listener(listener: Listener) -> Json:
    named = {"owner": listener.owner, "name": listener.name, "address": listener.address}
    return named | {name: number_json(getattr(listener, name)) for name in LISTENER_NUMBERS}


def _path(path: Path) -> Json:
    location, pool = path.location, path.pool
    return {
        "listener": path.listener.address if path.listener else None,
        "server": location.server,
        "location": location.path,
        "upstream": location.upstream.name if location.upstream else None,
        "member": data_json(path.member.data),
        "pool": pool.name if pool else None,
        **{name: number_json(getattr(location, name)) for name in LOCATION_NUMBERS},
        **{name: number_json(getattr(pool, name)) if pool else None for name in POOL_NUMBERS},
    }


def _pool(pool: Pool) -> Json:
    return {
        "name": pool.name,
        "listener": pool.listener.address if pool.listener else None,
        "listen": number_json(pool.listen),
        **{name: number_json(getattr(pool, name)) for name in POOL_NUMBERS},
        "load": _numbers(pool.load),
        "replay": _numbers(pool.replay),
        "queue": _numbers(pool.queue),
    }


def _numbers(entity: Entity | None) -> Json | None:
    """Return every value of an entity by its name."""
    if entity is None:
        return None
    return {name: number_json(value) for name, value in entity if isinstance(value, Value)}


def _redis(redis: Redis) -> Json:
    return {
        "name": redis.name,
        "listeners": [listener.address for listener in redis.listeners],
        "maxclients": number_json(redis.maxclients),
        "tcp_backlog": number_json(redis.tcp_backlog),
    }


def _kernel(kernel: Kernel) -> Json:
    return {
        "version": number_json(kernel.version),
        "somaxconn": number_json(kernel.somaxconn),
        "tcp_max_syn_backlog": number_json(kernel.tcp_max_syn_backlog),
        "tcp_syncookies": number_json(kernel.tcp_syncookies),
    }
