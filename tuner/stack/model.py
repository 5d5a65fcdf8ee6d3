"""The `Stack`: one host's request path as pydantic models whose fields are `Value`s.

Plain strings are identities (a pool's name, a listener's owner); everything a daemon takes from a file
or a default is a `Value`.
"""

from typing import Literal

from tuner.stack.entity import Entity
from tuner.stack.line_entities import (
    ArrayKey,
    DirectiveFault,
    Duration,
    FileProblem,
    HashLine,
    NotFollowed,
    PhpFpmFault,
    RefusedValue,
    SysctlKey,
    SysctlLine,
    UnknownDirective,
)
from tuner.stack.pool_load import PoolLoad, PoolQueue, PoolReplay
from tuner.stack.value import Place, Value

Owner = Literal["nginx", "php-fpm", "redis"]
Family = Literal["tcp4", "tcp6", "unix", "unknown"]


class Kernel(Entity):
    """The kernel's listen-queue settings, of the network namespace the daemons listen in.

    `syn_queue_room` is how many handshakes a SYN queue holds at most while SYN cookies are off.
    """

    version: Value
    somaxconn: Value
    somaxconn_default: Value
    tcp_max_syn_backlog: Value
    tcp_syncookies: Value
    tcp_abort_on_overflow: Value
    syn_queue_room: Value
    ignores_max_syn_backlog: Value


class Listener(Entity):
    """One listening socket and its queues.

    `requested` is how the file (or the default) asks for the backlog, in the words of the program, and
    `backlog_at` the place that asks for it or, where nobody does, the one that would have to.
    `refused_backlog` is what the program does not take, absent when it takes the backlog; `backlog_overflow`
    tells what arrives of a number that is too large, absent when it fits.
    `unchosen_backlog` is the effective backlog where it rests on the program's own default, else absent; it
    is net.core.somaxconn where that raised it, and unknown where the program's version decides about it or
    where the port is not known.
    `bind_conflict` is the address of another listener beside which the kernel does not let this one bind.
    `restart` tells how to restart the program, with what that costs; `relisten` how to bring it to listen
    again with what its file says now, by a reload where that is enough.
    `running_backlog` is the effective backlog that the running socket was given when the program listened,
    `running_queue` how many connections wait in it now; absent where nothing listens or no running machine
    was looked at.
    `is_local` says that only this machine can connect. `twin` is the IPv6 socket of an IPv4 wildcard
    listener on the same port, or the other way round, and `twin_listen` the `listen` of it that stands next
    to where this one's backlog is written. `has_shared_listen` says that several servers include the file
    with its `listen`, where a socket option would be given several times.
    """

    owner: Owner
    name: str
    address: str
    family: Family
    is_local: bool
    restart: str
    relisten: str
    listen: Value
    backlog: Value
    requested: Value
    backlog_at: Value
    backlog_is_accepted: bool
    refused_backlog: Value
    backlog_overflow: Value
    effective_backlog: Value
    unchosen_backlog: Value
    accept_queue_capacity: Value
    syn_queue_capacity: Value
    bind_conflict: Value
    sockets: Value
    running_backlog: Value
    running_queue: Value
    twin: "Listener | None" = None
    twin_listen: Value | None = None
    has_shared_listen: bool = False


class Upstream(Entity):
    """A named `upstream` of nginx, or the address itself where a location names one.

    `keepalive` is how many idle connections each worker process keeps; absent for an address itself.
    `max_conns` bounds the connections to each member: those of all worker processes together in a `zone`.
    """

    name: str
    keepalive: Value
    zone: Value
    members: list[Value] = []
    max_conns: list[Value] = []


class Location(Entity):
    """A place in nginx that passes requests to FastCGI, with the timeouts in force there.

    `server` is the server's name, or an address it listens on where it has none. `beside` is what stands in
    the block that takes timeouts for it: `fastcgi_pass` itself, or the outermost `if` around it.
    """

    server: str
    path: str
    fastcgi_pass: Value
    beside: Value
    fastcgi_keep_conn: Value
    fastcgi_connect_timeout: Value
    fastcgi_send_timeout: Value
    fastcgi_read_timeout: Value
    worker_processes: Value
    listeners: list[Listener] = []
    upstream: Upstream | None = None
    pools: "list[Pool]" = []


class ConnectTimeout(Entity):
    """One `fastcgi_connect_timeout`, or nginx's own where none is written, and the locations it governs.

    What a server writes the same in several locations is one: `timeout` stands in its main location, the
    others are its inputs. `tcp_member` is one of the FastCGI servers there that is reached by TCP, absent
    where none is known to be; `at_each` says in words that there are several to wait for in turn.
    `has_only_unix_sockets` says that every one is a unix socket, those of unseen includes too. `hang` is how
    long a client waits at most on a full queue: after some two minutes the kernel gives up on its own.
    """

    timeout: Value
    hang: Value
    tcp_member: Value
    at_each: str
    has_only_unix_sockets: bool
    locations: list[Location] = []


class NginxMaster(Entity):
    """One nginx with its main file, and what bounds its worker processes.

    `worker_rlimit_nofile` is absent where nobody wrote it: then the limit of who starts nginx holds.
    `events_at` is the place of its `events {}`, None where it has none, and `main_at` that of a directive of
    the main level.
    """

    name: str
    worker_processes: Value
    worker_connections: Value
    worker_rlimit_nofile: Value
    events_at: Place | None
    main_at: Place | None
    listeners: list[Listener] = []
    locations: list[Location] = []


class Unanswered(Entity):
    """An address of this machine that locations pass to and on which no pool of the files read listens."""

    address: Value
    locations: list[Location] = []


class Pool(Entity):
    """One pool of PHP-FPM.

    `spare_servers_refusal` is how php-fpm refuses the process numbers (empty if it takes them), and
    `spare_servers_culprit` the number it names. `ramp` is the time from the children of the start to
    `max_children` when all are busy, absent unless they grow step by step.
    `backlog_is_replaced` says that pm = ondemand puts its default in place of the written backlog, and
    `least_backlog` is the least that it takes; absent under another pm.
    `listen_clash` is what comes of another pool of the same php-fpm on this address, empty if there is none.
    `reach` tells who can connect: every address, a public address, a private address, this machine, nobody,
    a name.
    `others_may_write` says that any local user may connect to the unix socket, `void_clients` lists the
    entries of `allowed_clients` that php-fpm cannot read, `user` is whom the workers run as.
    `is_in_container` says that the files look like an image's.
    `keepalive_per_worker` is how many idle connections to the pool one worker process of nginx keeps,
    `kept_connections` how many all of them do; absent where nginx keeps none. `unused_listen` is the pool's
    address where no location of the files read can lead to it and only this machine could connect, else
    absent. `service` is what the service manager calls its php-fpm, empty where that is not known. `load` and
    `queue` are there once it is known which locations reach it, `replay` where a load was
    measured.
    """

    name: str
    listen: Value
    pm: Value
    max_children: Value
    start_servers: Value
    min_spare_servers: Value
    max_spare_servers: Value
    max_spawn_rate: Value
    spare_servers_refusal: Value
    spare_servers_culprit: Value
    ramp: Value
    backlog_is_replaced: Value
    least_backlog: Value
    listen_clash: Value
    reach: Value
    listen_mode: Value
    others_may_write: Value
    allowed_clients: Value
    void_clients: Value
    user: Value
    is_in_container: Value
    request_terminate_timeout: Value
    longest_read_timeout: Value
    keepalive_per_worker: Value
    kept_connections: Value
    unused_listen: Value
    service: str = ""
    listener: Listener | None = None
    locations: list[Location] = []
    load: PoolLoad | None = None
    queue: PoolQueue | None = None
    replay: PoolReplay | None = None


class Redis(Entity):
    """One redis-server.

    `open_files_limit` is how many files it may open, from its service. `service` is what the service manager
    calls it, empty where that is not known. `bound_twice` names two addresses of
    `bind` that cannot both be had, absent where there are none.
    """

    name: str
    maxclients: Value
    open_files_limit: Value
    bound_twice: Value
    tcp_backlog: Value
    service: str = ""
    listeners: list[Listener] = []


class Path(Entity):
    """One way of a request: listener, location, the upstream's member, and the pool that answers."""

    listener: Listener | None
    location: Location
    member: Value
    pool: Pool | None


class Stack(Entity):
    """One host.

    `has_every_pool` says that all files of its php-fpm were read and give each pool an address of its own,
    `has_every_location` that there is one nginx and all its files were read. `has_unseen_listeners` is
    unknown where nginx may have more servers, in files that are not among those read, else False.
    `unused_pools` is how many of its pools have an `unused_listen`, and `first_unused_listen` that of the
    first, absent if there is none. `service_manager` is what starts its services, `nginx_service` what it
    calls nginx, both empty where that is not known. `test_data` are the paths of files that are likely to be
    wrong on purpose.
    """

    kernel: Kernel
    sysctl: list[SysctlKey] = []
    sysctl_lines: list[SysctlLine] = []
    listeners: list[Listener] = []
    locations: list[Location] = []
    upstreams: list[Upstream] = []
    nginx: list[NginxMaster] = []
    connect_timeouts: list[ConnectTimeout] = []
    unanswered: list[Unanswered] = []
    pools: list[Pool] = []
    unused_pools: int = 0
    first_unused_listen: Value
    array_keys: list[ArrayKey] = []
    durations: list[Duration] = []
    redis: list[Redis] = []
    paths: list[Path] = []
    refused: list[RefusedValue] = []
    unknown_directives: list[UnknownDirective] = []
    directive_faults: list[DirectiveFault] = []
    php_fpm_faults: list[PhpFpmFault] = []
    hash_lines: list[HashLine] = []
    problems: list[FileProblem] = []
    test_data: list[str] = []
    not_followed: list[NotFollowed] = []
    not_in_effect: list[str] = []
    has_every_pool: bool = False
    has_every_location: bool = False
    has_unseen_listeners: Value
    service_manager: str = ""
    nginx_service: str = ""

    @property
    def host_name(self) -> str:
        """What reports call the host where there are several."""
        return self.entity or "(files of no host)"
