"""Looking into a network namespace: our own, or that of a daemon, which takes root."""

import ctypes
import os
import threading
from collections.abc import Callable
from typing import NamedTuple, TypeVar

CLONE_NEWNET = 0x40000000
T = TypeVar("T")


class NotEnteredError(Exception):
    """The namespace cannot be entered; the text says why."""


class Namespace(NamedTuple):
    """A network namespace by the process whose own it is; `pid` None: ours.

    `name` is what messages call it: `this machine`, or the network namespace of a daemon.
    """

    name: str
    pid: int | None = None

    def run(self, function: Callable[[], T]) -> T:
        """Return what `function` returns there. Raises NotEnteredError, and what `function` raises.

        A thread of its own enters a foreign namespace: only that thread changes over, and it ends.
        """
        if self.pid is None:
            return function()
        done: list[T] = []
        failed: list[Exception] = []

        def work() -> None:
            try:
                _enter(self.pid or 0)
                done.append(function())
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return done[0]


def _enter(pid: int) -> None:
    """Let the calling thread join the network namespace of `pid`: os.setns() is there since Python 3.12."""
    try:
        handle = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NotEnteredError(_reason(pid, error.errno or 0)) from None
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(handle, CLONE_NEWNET) != 0:
            raise NotEnteredError(_reason(pid, ctypes.get_errno()))
    except AttributeError:
        raise NotEnteredError("this C library has no setns()") from None
    finally:
        os.close(handle)


def _reason(pid: int, number: int) -> str:
    why = os.strerror(number)
    return f"process {pid} has a network namespace of its own, which only root can look into ({why})"
