"""The accept queue: what listen(2) makes of a backlog on Linux, and how many connections then wait.

The same for TCP over IPv4, TCP over IPv6 and AF_UNIX stream sockets. All sizes count connections. A kernel
version is an upstream number: distribution kernels, above all those of RHEL, carry changes of later ones.
Sources: the trees 2.6.32 to 6.12 (net/socket.c, net/core/sysctl_net_core.c, include/net/sock.h), measured on
6.18.44.
"""

from tuner.laws.sysctl_number import INT_MAX, INT_MIN
from tuner.laws.version import Version

OLDEST_KERNEL = Version.parse("2.6.32")
"""The oldest kernel whose source these laws were read in; older ones are outside every domain here."""

_USHORT_MAX = 65535
_KERNEL_3_11 = Version.parse("3.11")
_KERNEL_3_13 = Version.parse("3.13")
_KERNEL_4_1 = Version.parse("4.1")
_KERNEL_5_4 = Version.parse("5.4")


def somaxconn_default(kernel: Version) -> int:
    """Return net.core.somaxconn of a new network namespace: 4096 since 5.4, 128 before.

    Raises ValueError for a kernel older than 2.6.32. Source: SOMAXCONN in include/linux/socket.h.
    """
    check_kernel(kernel)
    return 4096 if kernel >= _KERNEL_5_4 else 128


def somaxconn_is_accepted(value: int, kernel: Version) -> bool | None:
    """Say whether the kernel takes `value` for net.core.somaxconn; if not, the old value stays (EINVAL).

    Accepted are 0..2147483647 since 4.1, 0..65535 from 3.13 on, any int up to 3.10. None: the first release
    with the bound of 65535, 3.11 to 3.13, is not established and decides it.
    Raises ValueError for a kernel older than 2.6.32. Source: the net_core_table of each tree.
    """
    check_kernel(kernel)
    if kernel >= _KERNEL_4_1:
        return 0 <= value <= INT_MAX
    if 0 <= value <= _USHORT_MAX:
        return True
    if not INT_MIN <= value <= INT_MAX or kernel >= _KERNEL_3_13:
        return False
    return None if kernel >= _KERNEL_3_11 else True


def somaxconn_bounds(kernel: Version) -> tuple[int, int]:
    """Return the least and the largest net.core.somaxconn that every kernel of this version takes.

    Raises ValueError for a kernel older than 2.6.32. Source: as for `somaxconn_is_accepted`.
    """
    check_kernel(kernel)
    if kernel >= _KERNEL_4_1:
        return 0, INT_MAX
    return (0, _USHORT_MAX) if kernel >= _KERNEL_3_11 else (INT_MIN, INT_MAX)


def effective_backlog(backlog: int, somaxconn: int, kernel: Version | None = None) -> int:
    """Return the length limit that listen(2) sets, in connections: what `ss -l` shows as Send-Q.

    `backlog` is the C int handed to listen(2). The kernel compares it unsigned, so every negative one means
    somaxconn. `somaxconn` is the value in force at that moment in the network namespace that the socket was
    created in; the socket keeps the result until it calls listen(2) again. `kernel` None stands for any
    since 4.1; older ones kept the limit in 16 bits, where 65536 becomes 0.
    Raises ValueError when `backlog` is no C int or the kernel takes no such somaxconn.
    Source: __sys_listen in net/socket.c; 351 measured combinations.
    """
    if not INT_MIN <= backlog <= INT_MAX:
        raise ValueError(f"backlog {backlog} is not a C int")
    if somaxconn_is_accepted(somaxconn, kernel or _KERNEL_4_1) is False:
        raise ValueError(f"no kernel {kernel or 'since 4.1'} has net.core.somaxconn = {somaxconn}")
    limit = min(_unsigned(backlog), _unsigned(somaxconn))
    return limit if kernel is None or keeps_whole_backlog(kernel) else limit & 0xFFFF


def keeps_whole_backlog(kernel: Version) -> bool:
    """Say whether the kernel keeps a length limit whole, as since 4.1, and not only its lowest 16 bits."""
    return kernel >= _KERNEL_4_1


def accept_queue_capacity(effective: int) -> int:
    """Return how many connections wait for accept(2) before one is turned away: one more than the limit.

    `effective` is the length limit from `effective_backlog`. The kernel calls the queue full when it is
    longer than the limit, so a limit of 0 admits one connection.
    Raises ValueError for an `effective` outside 0..2^31-1.
    Source: sk_acceptq_is_full, unix_recvq_full; 260 queues measured filled to the brim.
    """
    check_effective(effective)
    return effective + 1


def check_kernel(kernel: Version) -> None:
    """Raise ValueError for a kernel older than those these laws were read in."""
    if kernel < OLDEST_KERNEL:
        raise ValueError(f"kernel {kernel} is older than {OLDEST_KERNEL}")


def check_effective(effective: int) -> None:
    """Raise ValueError for a number that cannot be the length limit of a listener."""
    if not 0 <= effective <= INT_MAX:
        raise ValueError(f"a length limit lies in 0..{INT_MAX}, got {effective}")


def _unsigned(number: int) -> int:
    return number & 0xFFFFFFFF
