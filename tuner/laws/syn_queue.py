"""The SYN queue of a TCP listener: how many handshakes it holds half open (in state SYN_RECV).

Holds for peers that the kernel has no cached round-trip time of; a peer in `ip tcp_metrics` passes the limit
that tcp_max_syn_backlog sets. Kernel versions are upstream numbers, as in `listen_queue`.
"""

from tuner.laws.listen_queue import check_effective, check_kernel
from tuner.laws.sysctl_number import INT_MAX, INT_MIN
from tuner.laws.version import Version

_KERNEL_3_13 = Version.parse("3.13")
_KERNEL_4_4 = Version.parse("4.4")
_KERNEL_5_4 = Version.parse("5.4")
_KERNEL_6_13 = Version.parse("6.13")

_FIRST_PATCH_LEVEL_WITH_FIX = {(5, 4): 290, (5, 10): 234, (5, 15): 177, (6, 1): 125, (6, 6): 72, (6, 12): 10}


def max_syn_backlog_default(ehash_entries: int, kernel: Version) -> int:
    """Return the default of net.ipv4.tcp_max_syn_backlog, in handshakes.

    `ehash_entries` is the size of the table of established connections that the kernel prints at boot ("TCP
    established hash table entries"), a power of two. A 128th of it since 5.4, a 256th before, at least 128.
    Raises ValueError for another `ehash_entries` or a kernel older than 2.6.32.
    Source: tcp_init and tcp_sk_init of the trees 2.6.32 to 6.12, measured on 6.18.44.
    """
    check_kernel(kernel)
    if ehash_entries < 1 or ehash_entries & (ehash_entries - 1):
        raise ValueError(f"a hash table has a power of two as its size, got {ehash_entries}")
    return max(128, ehash_entries // (128 if kernel >= _KERNEL_5_4 else 256))


def has_zero_backlog_fix(kernel: Version) -> bool | None:
    """Say whether `kernel` has the fix of January 2025 that lets a listener with backlog 0 fill a SYN queue.

    True since 6.13 and in 6.12.10, 6.6.72, 6.1.125, 5.15.177, 5.10.234, 5.4.290 and later patch levels of
    those series; False for other patch levels from 4.4 on, and before 4.4, where the queue had another form.
    None where the patch level is missing or 0 (the name 6.1.0-32-amd64 hides it): below 6.13 a version of two
    numbers decides nothing, since distributions keep the number and take the fixes.
    Raises ValueError for a kernel older than 2.6.32.
    Source: the release announcements of those patch levels ("tcp/dccp: allow a connection when
    sk_max_ack_backlog is zero"); absent from 6.8.9. That 6.13 is the first release follows from their dates.
    """
    check_kernel(kernel)
    if kernel >= _KERNEL_6_13:
        return True
    if kernel < _KERNEL_4_4:
        return False
    series, patch_level = kernel.numbers[:2], sum(kernel.numbers[2:3])
    if patch_level == 0:
        return None
    return series in _FIRST_PATCH_LEVEL_WITH_FIX and patch_level >= _FIRST_PATCH_LEVEL_WITH_FIX[series]


def syn_queue_capacity(
    effective: int, max_syn_backlog: int, syncookies: int, kernel: Version, zero_backlog_fix: bool
) -> int:
    """Return how many handshakes the queue holds before a SYN is dropped or answered by a cookie.

    `effective` is the listener's length limit (`effective_backlog`), `max_syn_backlog` and `syncookies` the
    sysctls net.ipv4.tcp_max_syn_backlog and net.ipv4.tcp_syncookies of its namespace, `zero_backlog_fix` what
    `has_zero_backlog_fix` says (without meaning before 4.4).

    syncookies 0: SYNs above the capacity are dropped, and three quarters of max_syn_backlog bound it too.
    syncookies 1, and 3..255: they are answered by cookies; since 4.4 max_syn_backlog plays no part.
    syncookies 2: every SYN is answered by a cookie, nothing is held; before 3.13 the value acts as 1 (which
    release from 3.11 to 3.13 brought it is not established).
    Before 4.4 the size is fixed at the first listen(2): give the values of that moment.

    Raises ValueError outside `effective` 0..2^31-1, `max_syn_backlog` a C int, `syncookies` 0..255, or for a
    kernel older than 2.6.32.
    Source: inet_csk_reqsk_queue_is_full and tcp_conn_request (4.4 on), reqsk_queue_alloc (before); 248
    combinations measured on 6.18.44, two published observations on 3.10 and 4.5.
    """
    check_kernel(kernel)
    check_effective(effective)
    if not INT_MIN <= max_syn_backlog <= INT_MAX:
        raise ValueError(f"tcp_max_syn_backlog is a C int, got {max_syn_backlog}")
    if not 0 <= syncookies <= 255:
        raise ValueError(f"tcp_syncookies lies in 0..255, got {syncookies}")
    if syncookies == 2 and kernel >= _KERNEL_3_13:
        return 0
    if kernel < _KERNEL_4_4:
        capacity = _hash_table_size(effective, max_syn_backlog)
    else:
        capacity = effective + 1 if zero_backlog_fix else effective
    return capacity if syncookies else min(capacity, room_without_cookies(max_syn_backlog))


def room_without_cookies(max_syn_backlog: int) -> int:
    """Return how many handshakes a SYN queue holds at most while SYN cookies are off.

    A SYN is dropped once less than a quarter of net.ipv4.tcp_max_syn_backlog is left. Every kernel since
    2.6.32. Source: tcp_conn_request (tcp_v4_conn_request before); measured on 6.18.44.
    """
    return max(0, max_syn_backlog - (max_syn_backlog >> 2) + 1)


def max_syn_backlog_for(handshakes: int) -> int:
    """Return the least net.ipv4.tcp_max_syn_backlog whose room without SYN cookies is as large as that.

    The inverse of `room_without_cookies`. Raises ValueError for a negative number, and for more handshakes
    than the largest C int, which the sysctl is, leaves room for.
    """
    check_effective(handshakes)
    most = room_without_cookies(INT_MAX)
    if handshakes > most:
        raise ValueError(f"{handshakes} are more than tcp_max_syn_backlog can leave room for: {most}")
    thirds, rest = divmod(max(0, handshakes - 1), 3)
    return 4 * thirds + (rest or -(thirds > 0))


def _hash_table_size(effective: int, max_syn_backlog: int) -> int:
    """The table of half-open handshakes before 4.4: a power of two, at least 16; compared as unsigned."""
    wanted = max(8, min(effective, max_syn_backlog & 0xFFFFFFFF)) + 1
    return 1 << (wanted - 1).bit_length()
