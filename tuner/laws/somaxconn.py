"""What net.core.somaxconn must be for all listeners of a host, and whom a larger one changes."""

from collections.abc import Iterable, Mapping

from tuner.laws.listen_queue import effective_backlog


def needed_somaxconn(backlogs: Iterable[int]) -> int:
    """Return the somaxconn that cuts none of the backlogs of a host: nginx', Redis', each pool's.

    Negative backlogs ask for whatever there is. 0 for no listener. Raises ValueError for a backlog that is no
    C int. Source: __sys_listen in net/socket.c.
    """
    return max((effective_backlog(backlog, 0x7FFF_FFFF) for backlog in backlogs if backlog >= 0), default=0)


def lengthened(backlogs: Mapping[str, int], before: int, after: int) -> dict[str, tuple[int, int]]:
    """Return the listeners whose queues change when somaxconn does: their limits before and after.

    Raising somaxconn for one listener takes the brake off every other one that asks for more than it needs;
    it takes effect when they call listen(2) again. Raises ValueError for numbers that the kernel refuses.
    """
    limits = {
        name: (effective_backlog(backlog, before), effective_backlog(backlog, after))
        for name, backlog in backlogs.items()
    }
    return {name: (old, new) for name, (old, new) in limits.items() if old != new}
