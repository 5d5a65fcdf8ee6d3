"""net.ipv4.tcp_max_syn_backlog, where SYN cookies are off and it bounds what an accept queue was made for."""

from collections.abc import Iterator, Sequence

from tuner.laws.listen_queue import effective_backlog
from tuner.laws.syn_queue import max_syn_backlog_for, room_without_cookies
from tuner.laws.sysctl_number import INT_MAX
from tuner.load.pool_setting import SOMAXCONN
from tuner.stack.model import Stack
from tuner.tune.kernel import BACKLOGS
from tuner.tune.plan import Recommendation

MAX_SYN_BACKLOG = "net.ipv4.tcp_max_syn_backlog"
FORMULA = (
    "the least n with n - n / 4 + 1 handshakes, as many as the longest queue that others can reach holds"
)


def recommend_max_syn_backlog(
    stack: Stack, recommended: Sequence[Recommendation]
) -> Iterator[Recommendation]:
    """Yield it where SYN cookies are switched off and it holds fewer handshakes than a queue of the plan.

    With SYN cookies it plays no part since Linux 4.4. Where it is not written it depends on the memory of
    the machine: nobody knows it. Nor where no number that the kernel takes is enough.
    """
    kernel = stack.kernel
    present, cookies = kernel.tcp_max_syn_backlog, kernel.tcp_syncookies
    if not (cookies.is_written and cookies.data == 0 and present.is_known):
        return
    longest = max(_queues(stack, recommended), default=0)
    if not room_without_cookies(int(present.data or 0)) < longest <= room_without_cookies(INT_MAX):
        return
    yield Recommendation(
        MAX_SYN_BACKLOG,
        "kernel",
        kernel.entity,
        present,
        max_syn_backlog_for(longest),
        f"with net.ipv4.tcp_syncookies = 0 it leaves room for fewer handshakes than the {longest} of a "
        "queue, and the rest of a burst hangs; with 1, the default, it plays no part",
        FORMULA,
        (present, cookies),
        "set",
    )


def _queues(stack: Stack, recommended: Sequence[Recommendation]) -> Iterator[int]:
    """Yield the effective backlogs, with the plan, of the sockets that others than this machine reach."""
    planned = {found.subject: int(found.recommended) for found in recommended if found.setting in BACKLOGS}
    owners = {id(pool.listener): id(pool) for pool in stack.pools if pool.listener}
    owners |= {id(listener): id(redis) for redis in stack.redis for listener in redis.listeners}
    present = stack.kernel.somaxconn
    raised = next((int(found.recommended) for found in recommended if found.setting == SOMAXCONN), None)
    somaxconn = raised if raised is not None else present.data if present.is_known else None
    for listener in stack.listeners:
        asked = planned.get(owners.get(id(listener), id(listener)), listener.backlog.data)
        if not listener.is_local and isinstance(asked, int) and isinstance(somaxconn, int):
            yield effective_backlog(asked, somaxconn)
