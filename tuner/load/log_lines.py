"""Log files as batches of lines: plain or gzip, a pipe, and never more than a few megabytes in memory."""

import gzip
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, NamedTuple, cast

from tuner.errors import InputError
from tuner.load.line_format import LONGEST_LINE_BYTES

STANDARD_INPUT = "-"
STANDARD_INPUT_NAME = "<stdin>"
BATCH_BYTES = 1 << 18
"""Small enough that its lines stay in the processor's cache until they are read."""

_FIRST_GZIP_BYTES = b"\x1f\x8b"

Advance = Callable[[int], None]
"""Told how many bytes of the files (compressed, where they are) were read since the last call."""


class Batch(NamedTuple):
    """Some lines of one file, each with the LF at its end, and the number of the first, from 1."""

    path: str
    first: int
    lines: list[bytes]


def log_size_bytes(paths: Sequence[str]) -> int:
    """Return the size of all these files on disk; a pipe and what cannot be read count nothing."""
    total = 0
    for path in paths:
        try:
            total += os.stat(path).st_size
        except OSError:
            continue
    return total


def read_batches(paths: Sequence[str], advance: Advance | None = None) -> Iterator[Batch]:
    """Yield the lines of several logs, one file after the other; `-` is standard input.

    A line beyond 64 KiB is cut there. Raises InputError for a file that cannot be read, that is not a regular
    one, or that was given twice: its requests would count twice.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path == STANDARD_INPUT:
            yield from _batches(STANDARD_INPUT_NAME, sys.stdin.buffer, advance)
            continue
        try:
            with open(path, "rb", opener=_open_without_waiting) as raw:
                _check(path, os.fstat(raw.fileno()), seen)
                yield from _batches(path, raw, advance)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _check(path: str, found: os.stat_result, seen: set[tuple[int, int]]) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise InputError(path, "is not a regular file")
    if (found.st_dev, found.st_ino) in seen:
        raise InputError(path, "was given twice")
    seen.add((found.st_dev, found.st_ino))


def _batches(path: str, raw: BinaryIO, advance: Advance | None) -> Iterator[Batch]:
    first, rest = 1, b""
    for data in _blocks(raw, advance):
        lines = BytesIO(data).readlines()
        lines[0] = rest + lines[0]
        rest = b"" if lines[-1].endswith(b"\n") else lines.pop()[: LONGEST_LINE_BYTES + 1]
        if lines:
            yield Batch(path, first, lines)
            first += len(lines)
    if rest:
        yield Batch(path, first, [rest + b"\n"])


def _blocks(raw: BinaryIO, advance: Advance | None) -> Iterator[bytes]:
    """Yield the uncompressed content, and report how far the file itself was read."""
    start = raw.read(BATCH_BYTES)
    if not start.startswith(_FIRST_GZIP_BYTES):
        while start:
            if advance:
                advance(len(start))
            yield start
            start = raw.read(BATCH_BYTES)
        return
    counted = _Rewound(start, raw, advance)
    with gzip.GzipFile(fileobj=cast(BinaryIO, counted), mode="rb") as unpacked:
        while data := unpacked.read(BATCH_BYTES):
            yield data


class _Rewound:
    """A stream with its first bytes put back; counts what is taken from it."""

    def __init__(self, start: bytes, rest: BinaryIO, advance: Advance | None) -> None:
        self._start, self._rest, self._advance = start, rest, advance

    def read(self, size: int = -1) -> bytes:
        taken, self._start = self._start[:size], self._start[size:]
        taken = taken or self._rest.read(size)
        if self._advance:
            self._advance(len(taken))
        return taken
