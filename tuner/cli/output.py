"""Where results and complaints go: results to standard output or `-o`, complaints to standard error."""

import sys
from argparse import Namespace
from pathlib import Path

from tuner.errors import UsageError


def write_result(options: Namespace, text: str) -> None:
    """Write a report. Raises UsageError when `-o` names a file that cannot be written."""
    data = text.encode("utf-8", "backslashreplace")
    if not options.output:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        Path(options.output).write_bytes(data)
    except OSError as error:
        raise UsageError(f"{options.output}: cannot be written: {error.strerror}") from None


def complain(message: str) -> None:
    """Say on standard error what went wrong; control characters of a path are shown, not sent."""
    shown = message.encode("utf-8", "backslashreplace").decode("utf-8")
    print("fpmtune: " + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown), file=sys.stderr)
