"""What happens at the n-th call that a program makes of the system: it fails, or the program is killed."""

import errno
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CHANGING = (
    "fchmod", "fchown", "chmod", "fsync", "link", "mkdir", "rename", "replace", "rmdir", "setxattr", "unlink",
    "write", "ftruncate", "pwrite",
)  # fmt: skip
"""Calls that change something: with a full or read-only file system all of them fail, but for those that
only take a name away."""

READING = ("close", "fstat", "getxattr", "listdir", "listxattr", "lstat", "open", "read", "stat")

Hook = Callable[[str, int], None]
"""Called before each call with its name and its number, from 0."""


class Killed(BaseException):
    """Ends a writer as SIGKILL would, if every later call ends it too."""


@contextmanager
def hooked(hook: Hook, names: tuple[str, ...] = CHANGING + READING) -> Iterator[None]:
    """Call `hook` before each call of the system that is made inside."""
    originals = {name: getattr(os, name) for name in names}
    number = -1

    def hooked_call(name: str) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal number
            number += 1
            if name == "close":
                originals[name](*args, **kwargs)
            hook(name, number)
            return None if name == "close" else originals[name](*args, **kwargs)

        return call

    try:
        for name in names:
            setattr(os, name, hooked_call(name))
        yield
    finally:
        for name, original in originals.items():
            setattr(os, name, original)


def count_calls(do: Callable[[], object], names: tuple[str, ...] = CHANGING + READING) -> int:
    """Return how many calls `do` makes."""
    calls = 0

    def count(_name: str, _number: int) -> None:
        nonlocal calls
        calls += 1

    with hooked(count, names):
        do()
    return calls


def failing_at(fails: Callable[[int], bool], error: int = errno.EIO) -> Hook:
    """Return a hook that makes those calls fail whose numbers `fails` takes."""

    def hook(name: str, number: int) -> None:
        if fails(number):
            raise OSError(error, os.strerror(error), name)

    return hook


def cut_off_at(number: int, do: Callable[[], object]) -> bool:
    """Do it, with no call but those before this number having an effect; say whether there were more."""

    def hook(_name: str, now: int) -> None:
        if now >= number:
            raise Killed

    try:
        with hooked(hook):
            do()
    except Killed:
        return True
    return False


def killed_at(number: int, do: Callable[[], object]) -> bool:
    """Do it in a process of its own that is killed at its call with this number; say whether it was."""
    child = os.fork()
    if child == 0:
        try:
            with hooked(_kill_at(number)):
                do()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _kill_at(wanted: int) -> Hook:
    def hook(_name: str, number: int) -> None:
        if number == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook
