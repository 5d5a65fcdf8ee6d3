"""How a running program is brought to call listen(2) again, which is what renews its queue."""

from tuner.stack.model import Owner
from tuner.stack.value import Value

_INT = 2**32


def how_to_relisten(owner: Owner, backlog: Value, running_backlog: Value, restart: str) -> str:
    """Return what to do so that a socket with the queue `running_backlog` gets what `backlog` asks for now.

    nginx listens again on a reload exactly when the number in its file differs from the one it was started
    with (src/core/ngx_cycle.c, ngx_init_cycle()). That number cannot be seen, but it was never less than the
    queue. php-fpm and Redis never listen again. `restart` says how to restart the program.
    """
    if owner != "nginx":
        return f"{restart}: a reload keeps the old queue"
    if _was_larger(backlog, running_backlog):
        return "reload nginx: its number was larger when it started, so it listens again"
    edit = "backlog= was changed" if backlog.is_written else "a backlog= was removed"
    return (
        f"reload nginx if {edit} since it started; "
        f"if only net.core.somaxconn was, a reload keeps the old queue: {restart}"
    )


def _was_larger(backlog: Value, running_backlog: Value) -> bool:
    asked, queue = backlog.data, running_backlog.data
    are_known = backlog.is_known and running_backlog.is_known
    # The kernel reads a negative number as a very large one.
    return are_known and isinstance(asked, int) and isinstance(queue, int) and queue > asked % _INT
