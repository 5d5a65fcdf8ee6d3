"""Where results and complaints go: results to standard output or `-o`, complaints to standard error."""

import os
import sys
from argparse import Namespace
from contextlib import suppress
from pathlib import Path

from tuner.errors import UsageError
from tuner.report.terminal import printable, use_color
from tuner.source.text import encode


def write_result(options: Namespace, text: str) -> None:
    """Write a report. Raises UsageError when `-o` or standard output cannot be written."""
    _write(options, text.encode("utf-8", "backslashreplace"))


def _write(options: Namespace, data: bytes) -> None:
    try:
        if options.output:
            Path(options.output).write_bytes(data)
        else:
            _print(data)
    except BrokenPipeError:
        raise
    except OSError as error:
        target = options.output or "standard output"
        raise UsageError(f"{target}: cannot be written: {error.strerror}") from None


def write_bytes(options: Namespace, text: str) -> None:
    """Write a diff with the very bytes of the files; to a terminal only what it shows as it is.

    Lone surrogates stand for bytes that are not UTF-8. Raises UsageError as `write_result`.
    """
    is_terminal = not options.output and sys.stdout is not None and sys.stdout.isatty()
    if is_terminal:
        lines = (map(printable, line.split("\t")) for line in text.split("\n"))
        write_result(options, "\n".join(map("\t".join, lines)))
    else:
        _write(options, encode(text))


def _print(data: bytes) -> None:
    if sys.stdout is None:
        raise UsageError("standard output is closed")
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError:
        # What is left in the buffer would be written, and fail, once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def is_colored(options: Namespace) -> bool:
    """Say whether the report is coloured: a file of `-o` only when asked to."""
    if options.output or sys.stdout is None:
        return bool(options.color == "always")
    return use_color(options.color, sys.stdout, os.environ)


def complain(message: str) -> None:
    """Say on standard error what went wrong; control characters of a path are shown, not sent."""
    if sys.stderr is None:
        return
    with suppress(OSError):
        print(f"fpmtune: {printable(message)}", file=sys.stderr)
