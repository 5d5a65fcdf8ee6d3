"""What a client sees when it connects to a listener whose accept queue is full, on Linux.

Nobody ever sees ECONNREFUSED from a full queue: that means that nobody listens. Sources: unix_stream_connect,
tcp_conn_request, tcp_check_req of the trees 2.6.32 to 6.12; measured on 6.18.44.
"""

import errno
from typing import Literal, NamedTuple, get_args

from tuner.laws.listen_queue import check_kernel
from tuner.laws.version import Version

Family = Literal["tcp", "unix"]
Connect = Literal["blocking", "non-blocking"]
Reaction = Literal["fails at once", "waits for a slot", "SYN ignored"]

_KERNEL_4_10 = Version.parse("4.10")
_KERNEL_4_14 = Version.parse("4.14")


class Overflow(NamedTuple):
    """A full accept queue as its client sees it.

    `reaction`: connect(2) fails at once, sleeps until a slot is free, or the kernel ignores the SYN and the
    client sends it again on the times of `syn_timers`.
    `errno`: the number a client ends with that never gets a slot, without a timeout of its own; None where it
    sleeps for ever (SO_SNDTIMEO on the socket ends that with EAGAIN).
    `nginx_status`, `nginx_errno`: the answer and the number in the error log of an nginx whose upstream this
    is; nginx connects non-blocking only, so None for a blocking connect.
    `may_look_connected`: whether connect(2) can succeed although the queue is full, the request then waiting
    for an answer until the read timeout; None where the kernel version decides it and is not established.
    `counters`: TcpExt counters that grow, for every ignored packet, not for every failed request.
    """

    reaction: Reaction
    errno: int | None
    nginx_status: int | None
    nginx_errno: int | None
    may_look_connected: bool | None
    counters: tuple[str, ...]


def overflow_behaviour(family: Family, connect: Connect, kernel: Version | None = None) -> Overflow:
    """Return what becomes of a connect(2) to a listener whose accept queue is full.

    AF_UNIX, non-blocking: EAGAIN (11) at once, nginx answers 502; nothing counts it. Blocking: it sleeps.
    TCP: the SYN is ignored and sent again, ETIMEDOUT (110) in the end; nginx answers 504 at its connect
    timeout. tcp_abort_on_overflow changes nothing for a new SYN.
    Up to 4.9 TCP ignores a SYN only when more than one young handshake waits, so most clients believe they
    are connected; 4.14 and later ignore it always. 4.10 to 4.13 and an unknown `kernel` (None) leave it open.
    A handshake begun before the queue filled looks connected on every version.
    Raises ValueError for another `family` or `connect`, or a kernel older than 2.6.32.
    """
    if kernel is not None:
        check_kernel(kernel)
    if family not in get_args(Family) or connect not in get_args(Connect):
        raise ValueError(f"no such socket: {family!r}, {connect!r}")
    if family == "unix":
        return _unix(connect)
    by_nginx = connect == "non-blocking"
    return Overflow(
        reaction="SYN ignored",
        errno=errno.ETIMEDOUT,
        nginx_status=504 if by_nginx else None,
        nginx_errno=errno.ETIMEDOUT if by_nginx else None,
        may_look_connected=_may_look_connected(kernel),
        counters=("ListenOverflows", "ListenDrops"),
    )


def _unix(connect: Connect) -> Overflow:
    if connect == "blocking":
        return Overflow("waits for a slot", None, None, None, may_look_connected=False, counters=())
    return Overflow("fails at once", errno.EAGAIN, 502, errno.EAGAIN, may_look_connected=False, counters=())


def _may_look_connected(kernel: Version | None) -> bool | None:
    if kernel is None or _KERNEL_4_10 <= kernel < _KERNEL_4_14:
        return None
    return kernel < _KERNEL_4_10
