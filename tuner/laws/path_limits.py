"""What else bounds a queue on its way: clients, files, ports, memory, and timeouts in their order."""

from itertools import pairwise
from typing import NamedTuple

from tuner.laws.checks import check_backlog, check_not_negative, check_positive, check_workers

EPHEMERAL_PORTS = 28_232
"""net.ipv4.ip_local_port_range by default: so many connections at a time from one address to one port."""

QUEUED_REQUEST_BYTES = 16 * 1024
"""What a waiting request takes of nginx and of the kernel: 9.5 and 5 to 8 KB measured, rounded up."""


def largest_closed_queue(clients: int, workers: int) -> int:
    """Return the longest queue that `clients` can make who wait for each answer before they ask again.

    A backlog of as many as there are clients never overflows. Raises ValueError without workers.
    """
    check_workers(workers)
    check_not_negative("number of clients", clients)
    return max(0, clients - workers)


def closed_response_time_s(clients: int, capacity: float, think_time_s: float) -> float:
    """Return the mean time of an answer when so many clients keep the workers busy: N / X - think time.

    At least 0, where they do not. Raises ValueError for negative numbers or a capacity that is not positive.
    """
    check_positive("capacity", capacity)
    check_not_negative("think time", think_time_s)
    check_not_negative("number of clients", clients)
    return max(0.0, clients / capacity - think_time_s)


def largest_useful_backlog(
    somaxconn: int,
    nginx_connections: int,
    nginx_open_files: int | None,
    *,
    is_tcp: bool,
    memory_bytes: int | None = None,
) -> int:
    """Return the backlog above which nothing changes: something else is full before.

    `nginx_connections` is worker_processes * worker_connections; a request takes two of them and two of the
    open files. A TCP socket runs out of ephemeral ports. `memory_bytes` is what waiting requests may take.
    Raises ValueError for negative numbers.
    """
    for name, number in (
        ("somaxconn", somaxconn),
        ("number of connections", nginx_connections),
        ("number of open files", nginx_open_files),
        ("memory", memory_bytes),
    ):
        check_not_negative(name, number or 0)
    bounds = [somaxconn, nginx_connections // 2]
    if nginx_open_files is not None:
        bounds.append(nginx_open_files // 2)
    if is_tcp:
        bounds.append(EPHEMERAL_PORTS)
    if memory_bytes is not None:
        bounds.append(memory_bytes // QUEUED_REQUEST_BYTES)
    return max(0, min(bounds))


def max_conns_for(workers: int, backlog: int) -> int:
    """Return the max_conns of an nginx upstream that bounds the same queue: c + B + 1.

    It bounds what nginx holds. A request that nginx gave up on frees its slot and stays in php-fpm's queue.
    Raises ValueError without workers or for a negative backlog.
    """
    check_workers(workers)
    check_backlog(backlog)
    return workers + backlog + 1


def requests_held(
    worker_connections: int, listeners: int, kept_connections: int = 0, worker_processes: int = 1
) -> int:
    """Return how many FastCGI requests nginx holds at a time; one more gets status 500, or no answer.

    Of the connections of each worker process every listening address takes one, the channel to the master
    one, and `kept_connections` idle ones to upstreams as many; a request takes two, to the client and to
    php-fpm. Idle clients make room. With several processes this is the most, reached only where all hold
    alike many: nginx 1.22 with 4 of them put 300 requests that came at once into one to the half, 300 that
    came one after another to 27 %, either way to 53 % with 2; reuseport evens it out (29 %), but with
    `multi_accept on` or `accept_mutex on` one process held 99 to 100 %.
    Raises ValueError for negative numbers or no process.
    Source: ngx_get_connection(); 20 connections and 2 listeners held 8 requests, 64 and 1 held 31.
    """
    check_workers(worker_processes)
    _check_connections(listeners, kept_connections)
    check_not_negative("number of connections", worker_connections)
    return worker_processes * (max(0, worker_connections - listeners - 1 - kept_connections) // 2)


def needed_worker_connections(requests: int, listeners: int, kept_connections: int = 0) -> int:
    """Return the worker_connections with which one worker process holds so many FastCGI requests.

    All of them in one: nothing spreads them evenly for sure, see `requests_held`, of which this is the
    inverse. Raises ValueError for negative numbers.
    """
    check_not_negative("number of requests", requests)
    _check_connections(listeners, kept_connections)
    return 2 * requests + listeners + 1 + kept_connections


def _check_connections(listeners: int, kept_connections: int) -> None:
    check_not_negative("number of listeners", listeners)
    check_not_negative("number of kept connections", kept_connections)


class Timeouts(NamedTuple):
    """The times of one path in seconds; None is one that is off or not there."""

    service_time_p99_s: float
    terminate_s: float | None
    read_s: float
    connect_s: float | None
    balancer_s: float | None


def timeouts_out_of_order(times: Timeouts) -> list[str]:
    """Return what is wrong with the order of the timeouts, each as `smaller should be below larger`.

    The slowest request, request_terminate_timeout, nginx's read timeout, the balancer's: each below the next;
    the connect timeout of a TCP path below the read timeout. Raises ValueError for a negative time.
    """
    for seconds in times:
        check_not_negative("time", seconds or 0.0)
    named = (
        ("the slowest request", times.service_time_p99_s),
        ("request_terminate_timeout", times.terminate_s),
        ("fastcgi_read_timeout", times.read_s),
        ("the balancer's timeout", times.balancer_s),
    )
    present = [(name, seconds) for name, seconds in named if seconds is not None]
    wrong = [
        f"{name} should be below {later}"
        for (name, seconds), (later, later_s) in pairwise(present)
        if seconds > later_s
    ]
    if times.connect_s is not None and times.connect_s >= times.read_s:
        wrong.append("fastcgi_connect_timeout should be below fastcgi_read_timeout")
    return wrong
