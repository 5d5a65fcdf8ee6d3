"""`fpmtune show` for people: each host's request path with effective values and who set them."""

from collections.abc import Iterator, Sequence

from tuner.report.table import Row, table
from tuner.report.terminal import Style, display_width, printable
from tuner.report.wording import first_of, label_of, origin_words, override_words, present_words, reason_words
from tuner.stack.model import Kernel, Listener, Location, Pool, Redis, Stack
from tuner.stack.value import Value

NAMES_SHOWN = 5
NO_POOL = "no pool in the files read listens there"
NO_LOCATION = "no location in the files read passes to it"
NOTHING = "nothing to show: no nginx listener, no PHP-FPM pool and no Redis in the files read"


def show_text(stacks: Sequence[Stack], style: Style) -> str:
    """Return every host's kernel, nginx listeners, locations, pools and Redis, ending in a line end."""
    parts: list[str] = []
    for stack in stacks:
        if len(stacks) > 1:
            title = f"host {printable(stack.host_name)}"
            parts.append(f"{style.paint(title, 'bold')}\n{'=' * display_width(title)}")
        parts += ["\n".join(lines) for lines in _sections(stack, style)]
    return "\n\n".join(parts or [NOTHING]) + "\n"


def _sections(stack: Stack, style: Style) -> Iterator[Iterator[str]]:
    yield _kernel(stack.kernel, style)
    yield from (_nginx_listener(item, style) for item in stack.listeners if item.owner == "nginx")
    yield from (_location(location, style) for location in stack.locations)
    yield from (_pool(pool, style) for pool in stack.pools)
    yield from (_redis(redis, style) for redis in stack.redis)
    if not (stack.listeners or stack.locations or stack.pools or stack.redis):
        yield iter([NOTHING])


def _kernel(kernel: Kernel, style: Style) -> Iterator[str]:
    version = f"{present_words(kernel.version)} ({origin_words(kernel.version.origin)})"
    yield _heading("kernel", version, style)
    numbers = (kernel.somaxconn, kernel.tcp_max_syn_backlog, kernel.tcp_syncookies)
    yield from table([_row(value) for value in numbers], style)


def _nginx_listener(listener: Listener, style: Style) -> Iterator[str]:
    names = first_of([printable(name) for name in listener.name.split(", ")], NAMES_SHOWN)
    servers = f" for {names}" if listener.name != listener.address else ""
    yield _heading("nginx listens on", printable(listener.address) + servers, style)
    yield from table([_row(listener.backlog, "backlog"), *_queue_rows(listener)], style)


def _queue_rows(listener: Listener) -> Iterator[Row]:
    """Yield what the kernel makes of the backlog; a unix socket has no SYN queue to show."""
    effective = _row(listener.effective_backlog, "effective backlog")
    if _is_cut(listener):
        remark = f"{effective.remarks[0]}: cut from {present_words(listener.backlog)}"
        effective = effective._replace(remarks=(remark, *effective.remarks[1:]), paint="yellow")
    yield effective
    yield _row(listener.accept_queue_capacity, "accept queue")
    if listener.syn_queue_capacity.state != "absent":
        yield _row(listener.syn_queue_capacity, "SYN queue")
    if listener.sockets.data != 1:
        yield _row(listener.sockets, "sockets")


def _is_cut(listener: Listener) -> bool:
    asked, got = listener.backlog.data, listener.effective_backlog.data
    return isinstance(asked, int) and isinstance(got, int) and got < asked


def _location(location: Location, style: Style) -> Iterator[str]:
    server = f" of {printable(location.server)}" if location.server else ""
    yield _heading("location", printable(location.path) + server, style)
    yield from table(list(_location_rows(location)), style)


def _location_rows(location: Location) -> Iterator[Row]:
    if location.listeners:
        addresses = [printable(listener.address) for listener in location.listeners]
        yield Row("reached by", first_of(addresses, NAMES_SHOWN))
    yield _row(location.fastcgi_pass, "fastcgi_pass")
    if location.fastcgi_keep_conn.is_written:
        yield _row(location.fastcgi_keep_conn, "fastcgi_keep_conn")
    upstream = location.upstream
    if upstream and [member.data for member in upstream.members] != [location.fastcgi_pass.data]:
        yield from (_row(member, "upstream member") for member in upstream.members)
    pools = [printable(pool.name) for pool in location.pools]
    yield Row("pool", first_of(pools, NAMES_SHOWN)) if pools else _unknown_row("pool", NO_POOL)
    for name in ("fastcgi_connect_timeout", "fastcgi_send_timeout", "fastcgi_read_timeout"):
        yield _row(getattr(location, name), name)


def _pool(pool: Pool, style: Style) -> Iterator[str]:
    yield _heading("pool", printable(pool.name), style)
    yield from table(list(_pool_rows(pool)), style)


def _pool_rows(pool: Pool) -> Iterator[Row]:
    yield _row(pool.listen, "listen")
    if pool.listener:
        yield _row(pool.listener.backlog, "listen.backlog")
        yield from _queue_rows(pool.listener)
    yield _row(pool.pm, "pm")
    yield _row(pool.max_children, "pm.max_children")
    if pool.pm.data not in ("static", "ondemand"):
        yield _row(pool.start_servers, "pm.start_servers")
        yield _row(pool.min_spare_servers, "pm.min_spare_servers")
        yield _row(pool.max_spare_servers, "pm.max_spare_servers")
    yield _row(pool.request_terminate_timeout, "request_terminate_timeout")
    if pool.kept_connections.state != "absent":
        yield _row(pool.keepalive_per_worker, "kept by each nginx worker")
        yield _row(pool.kept_connections, "kept by all of nginx")
    if pool.locations:
        places = [printable(f"{place.server} {place.path}".strip()) for place in pool.locations]
        yield Row("reached from", first_of(places, NAMES_SHOWN))
    else:
        yield Row("reached from", "-", (NO_LOCATION,))
    yield from _bound_rows(pool)


def _bound_rows(pool: Pool) -> Iterator[Row]:
    """Yield what the queue means in time: at a load, or without one up to which load it is served in time."""
    load, queue = pool.load, pool.queue
    if load is None or queue is None:
        return
    if load.kind == "none":
        if pool.locations:
            yield _row(queue.longest_mean_service_time)
        return
    is_rate_said = load.arrival_rate.is_known or load.kind == "measured"
    if is_rate_said:
        yield _row(load.arrival_rate)
    yield _row(load.service_time)
    yield _row(queue.capacity)
    if is_rate_said:
        yield _row(queue.utilisation)
    for bound in (queue.largest_backlog, queue.drain_time, queue.longest_mean_service_time):
        yield _row(bound)


def _redis(redis: Redis, style: Style) -> Iterator[str]:
    yield _heading("redis", printable(redis.name), style)
    yield from table([_row(redis.maxclients, "maxclients"), _row(redis.tcp_backlog, "tcp-backlog")], style)
    for listener in redis.listeners:
        yield f"  listens on {printable(listener.address)}"
        yield from table(list(_queue_rows(listener)), style, indent=4)


def _heading(word: str, name: str, style: Style) -> str:
    return f"{word} {style.paint(name, 'bold')}"


def _row(value: Value, label: str = "") -> Row:
    remarks = (reason_words(value), *map(override_words, value.overrides))
    row = Row(label or label_of(value), present_words(value), remarks)
    return row._replace(paint="yellow") if value.state == "unknown" else row


def _unknown_row(label: str, reason: str) -> Row:
    return Row(label, "unknown", (reason,), "yellow")
