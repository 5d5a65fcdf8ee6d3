"""Pools with the settings in force, and the sockets they listen on."""

from tuner.stack.model import Kernel, Pool
from tuner.stack.php_fpm.clashes import NO_CLASH, note_clashes
from tuner.stack.php_fpm.loading import Instance, PoolSettings
from tuner.stack.php_fpm.processes import (
    ramp,
    spare_servers_culprit,
    spare_servers_refusal,
)
from tuner.stack.php_fpm.reading import PoolReader
from tuner.stack.php_fpm.sockets import (
    build_pool_listener,
    least_backlog,
    listen_address,
    others_may_write,
    passed_backlog,
    reach,
    void_clients,
)
from tuner.stack.php_fpm.words import process_manager
from tuner.stack.settings import as_text, php_fpm_integer, php_fpm_time_s, switched_off
from tuner.stack.target import Target, target_at
from tuner.stack.value import Value, absent, unknown

NOT_KEPT = "nginx keeps no connection to this pool"


def build_pools(
    instance: Instance, kernel: Kernel, target: Target, is_in_container: Value, service: str
) -> list[Pool]:
    """Return the pools of one php-fpm, called `service` by its manager. Clients are joined later."""
    own = target_at(instance.path, target)
    pools = [_pool(settings, kernel, own, is_in_container) for settings in instance.pools.values()]
    for pool in pools:
        pool.service = service
    note_clashes(pools)
    return pools


def _pool(settings: PoolSettings, kernel: Kernel, target: Target, is_in_container: Value) -> Pool:
    read = PoolReader(settings, target)
    pm = read.as_written("pm", process_manager)
    listen = listen_address(read)
    backlog, backlog_is_replaced = passed_backlog(read, pm, target)
    listen_mode = read.optional("listen.mode", as_text)
    allowed_clients = read.optional("listen.allowed_clients", as_text)
    pool = Pool(
        entity=f"pool:{settings.name}",
        name=settings.name,
        listen=listen,
        pm=pm,
        max_children=read.with_default("pm.max_children", php_fpm_integer),
        start_servers=read.with_default("pm.start_servers", php_fpm_integer),
        min_spare_servers=read.with_default("pm.min_spare_servers", php_fpm_integer),
        max_spare_servers=read.with_default("pm.max_spare_servers", php_fpm_integer),
        max_spawn_rate=read.with_default("pm.max_spawn_rate", php_fpm_integer),
        spare_servers_refusal=absent("pool.spare_servers_refusal"),
        spare_servers_culprit=absent("pool.spare_servers_culprit"),
        ramp=absent("pool.ramp"),
        backlog_is_replaced=backlog_is_replaced,
        least_backlog=least_backlog(pm, target),
        listen_clash=NO_CLASH,
        reach=reach(listen),
        listen_mode=listen_mode,
        others_may_write=others_may_write(listen_mode),
        allowed_clients=allowed_clients,
        void_clients=void_clients(allowed_clients),
        user=read.optional("user", as_text),
        is_in_container=is_in_container,
        request_terminate_timeout=switched_off(
            read.with_default("request_terminate_timeout", php_fpm_time_s)
        ),
        longest_read_timeout=unknown(
            "pool.longest_read_timeout",
            "no nginx location is known to pass requests to this pool",
            unit="s",
            label="fastcgi_read_timeout",
        ),
        keepalive_per_worker=absent("pool.keepalive_per_worker", NOT_KEPT),
        kept_connections=absent("pool.kept_connections", NOT_KEPT),
        unused_listen=absent("pool.unused_listen", "a location may lead to the pool"),
    )
    pool.spare_servers_refusal = spare_servers_refusal(pool)
    pool.spare_servers_culprit = spare_servers_culprit(pool)
    pool.ramp = ramp(pool)
    pool.listener = build_pool_listener(pool, backlog, kernel, target)
    return pool
