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


class _Handle:
    """An open file, closed with the last reference to it."""

    def __init__(self, path: str) -> None:
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        # Without a number it could not be opened.
        if hasattr(self, "number"):
            os.close(self.number)


class Namespace(NamedTuple):
    """A network namespace; without `handle` and `refusal` it is ours.

    `name` is what messages call it: `this machine`, or the network namespace of a daemon. The handle keeps
    the namespace even when the daemon ends meanwhile; `refusal` says why there is none.
    """

    name: str
    handle: _Handle | None = None
    refusal: str = ""

    @classmethod
    def of_process(cls, name: str, pid: int) -> "Namespace | None":
        """Return the namespace of a process, None where the process is gone."""
        try:
            return cls(name, _Handle(f"/proc/{pid}/ns/net"))
        except (FileNotFoundError, ProcessLookupError):
            return None
        except OSError as error:
            return cls(name, refusal=_refusal(pid, error.errno or 0))

    def run(self, function: Callable[[], T]) -> T:
        """Return what `function` returns there. Raises NotEnteredError, and what `function` raises.

        A thread of its own enters a foreign namespace: only that thread changes over, and it ends.
        """
        if self.refusal:
            raise NotEnteredError(self.refusal)
        if self.handle is None:
            return function()
        handle = self.handle.number
        done: list[T] = []
        failed: list[Exception] = []

        def work() -> None:
            try:
                _enter(handle, self.name)
                done.append(function())
            except Exception as error:
                failed.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return done[0]


def _enter(handle: int, name: str) -> None:
    """Let the calling thread join a network namespace: os.setns() is there since Python 3.12."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(handle, CLONE_NEWNET) != 0:
            why = os.strerror(ctypes.get_errno())
            raise NotEnteredError(f"{name}, which only root can look into ({why})")
    except AttributeError:
        raise NotEnteredError("this C library has no setns()") from None


def _refusal(pid: int, number: int) -> str:
    why = os.strerror(number)
    return f"process {pid} has a network namespace of its own, which only root can look into ({why})"
