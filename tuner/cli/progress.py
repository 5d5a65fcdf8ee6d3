"""A line on the terminal that says how far a long run is; a package for it would cost more to load."""

import sys
import time
from collections.abc import Callable
from types import TracebackType

EVERY_S = 0.1
QUIET_S = 0.5
"""What is done sooner shows nothing."""

BAR_SIGNS = 30

_MEGABYTE = 1_000_000
_CLEAR_LINE = "\r\x1b[K"


def progress_line(done_bytes: int, total_bytes: int, elapsed_s: float) -> str:
    """Return what is shown of bytes that are read: the share, the speed, and the seconds that are left.

    A pipe has no size: then only what was read is said.
    """
    speed = done_bytes / elapsed_s
    read = f"{done_bytes / _MEGABYTE:.0f} MB read, {speed / _MEGABYTE:.0f} MB/s"
    if done_bytes > total_bytes:
        return read
    left_s = (total_bytes - done_bytes) / speed
    return f"{100 * done_bytes / total_bytes:3.0f} %  {read}, {left_s:.0f} s left"


class Progress:
    """Shows on standard error how much of `total` is done, if that is a terminal.

    `line` makes the words of what is done, of the total, and of the seconds since the beginning.
    """

    def __init__(self, total: int, line: Callable[[int, int, float], str] = progress_line) -> None:
        self._total = total
        self._line = line
        self._is_shown = sys.stderr is not None and sys.stderr.isatty()
        self._began_s = time.monotonic()
        self._next_s = self._began_s + QUIET_S
        self._done = 0
        self._is_dirty = False

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_dirty:
            sys.stderr.write(_CLEAR_LINE)
            sys.stderr.flush()

    def advance(self, count: int) -> None:
        """Note that so much more is done."""
        self._done += count
        now_s = time.monotonic()
        if not self._is_shown or now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        self._is_dirty = True
        sys.stderr.write(_CLEAR_LINE + self._line(self._done, self._total, now_s - self._began_s))
        sys.stderr.flush()


def counted_line(done: int, total: int, elapsed_s: float) -> str:
    """Return what is shown of things that are counted, such as replays: how many, and the seconds left."""
    left_s = (total - done) * elapsed_s / done
    return f"{100 * done / total:3.0f} %  {done} of {total} replays, {left_s:.0f} s left"


def watch_line(_: int, total_ms: int, elapsed_s: float) -> str:
    """Return what is shown of a time that passes: a bar, and the seconds that are left."""
    left_s = max(0.0, total_ms / 1000 - elapsed_s)
    done = BAR_SIGNS - round(BAR_SIGNS * left_s * 1000 / total_ms) if total_ms else BAR_SIGNS
    return f"[{'#' * done}{'.' * (BAR_SIGNS - done)}] {left_s:.0f} s left, ctrl-C ends it now"
