"""What a replay is run with: the numbers of one pool and of the nginx before it."""

from dataclasses import dataclass
from typing import Literal

from tuner.laws.checks import check_backlog, check_not_negative, check_workers
from tuner.laws.queueing import OVERHEAD_S

Socket = Literal["unix", "tcp"]

CONNECT_TIMEOUT_S = 60.0
"""nginx's default of fastcgi_connect_timeout."""

LINEAR_SYN_TIMEOUTS = 4
"""net.ipv4.tcp_syn_linear_timeouts where the kernel has the key; 0 stands for those that do not."""

MOST_RETRIES = 100
MAX_SPAWN_RATE = 32
"""php-fpm's default of pm.max_spawn_rate."""


@dataclass(frozen=True, slots=True)
class Spares:
    """How a dynamic pool grows and shrinks: once a second, by idle children. All are numbers of children."""

    start: int
    minimum: int
    maximum: int
    max_spawn_rate: int = MAX_SPAWN_RATE

    def __post_init__(self) -> None:
        """Raise ValueError for numbers that php-fpm refuses."""
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError(
                f"php-fpm refuses pm.min_spare_servers = {self.minimum} "
                f"with pm.max_spare_servers = {self.maximum}"
            )
        if not self.minimum <= self.start <= self.maximum:
            raise ValueError(
                f"php-fpm refuses pm.start_servers = {self.start}: "
                f"it lies between {self.minimum} and {self.maximum}"
            )
        if self.max_spawn_rate < 1:
            raise ValueError("php-fpm refuses pm.max_spawn_rate below 1")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a client sends a request again that failed, and how long after the failure."""

    count: int
    delay_s: float

    def __post_init__(self) -> None:
        """Raise ValueError for retries that would never end."""
        if not 0 <= self.count <= MOST_RETRIES:
            raise ValueError(f"{self.count} retries: at most {MOST_RETRIES} are replayed")
        check_not_negative("delay of a retry", self.delay_s)


@dataclass(frozen=True, slots=True)
class Setting:
    """One pool behind nginx.

    `backlog` is the effective one, cut by somaxconn: the queue holds one connection more. `workers` is
    pm.max_children; without `spares` all of them are there from the start. `overhead_s` is what a request
    costs a worker outside its measured service time. `max_conns` is what nginx lets through to the pool at a
    time; it turns away the rest with 502. A request that waited longer than `shed_after_s` is answered
    with 503 at once by the worker that takes it.
    """

    workers: int
    backlog: int
    read_timeout_s: float
    socket: Socket = "unix"
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    overhead_s: float = OVERHEAD_S
    linear_syn_timeouts: int = LINEAR_SYN_TIMEOUTS
    spares: Spares | None = None
    retries: Retries | None = None
    max_conns: int | None = None
    shed_after_s: float | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for numbers that no pool has."""
        check_workers(self.workers)
        if self.spares and self.spares.maximum > self.workers:
            raise ValueError(
                f"php-fpm refuses pm.max_spare_servers = {self.spares.maximum} "
                f"with pm.max_children = {self.workers}"
            )
        check_backlog(self.backlog)
        for name in ("read_timeout_s", "connect_timeout_s", "overhead_s"):
            check_not_negative(name, getattr(self, name))
        if self.shed_after_s is not None:
            check_not_negative("shed_after_s", self.shed_after_s)

    @property
    def is_plain(self) -> bool:
        """Whether a request is decided when it arrives: a unix socket, all workers there, no feedback."""
        extras = (self.spares, self.retries, self.max_conns)
        return self.socket == "unix" and all(extra is None for extra in extras)

    @property
    def is_plain_without_overflow(self) -> bool:
        """Whether it is plain as long as no request finds the queue full: max_conns lets no fewer through."""
        if self.spares is not None or self.retries is not None:
            return False
        return self.max_conns is None or self.max_conns > self.workers + self.backlog
