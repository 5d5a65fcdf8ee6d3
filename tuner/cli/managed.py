"""Files that something else writes, too: a plan in them lasts until it does so again."""

import os
import stat
from collections.abc import Iterable, Iterator

from tuner.source.regex import regex
from tuner.source.text import decode

WRITERS = rb"(?:puppet|ansible|chef|salt(?:stack)?|cfengine|terraform|rudder)"
SAYS_SO = regex(
    rb"(?im)^[ \t]*[#;].*(?:(?:managed|generated|maintained|controlled) (?:automatically )?by "
    + WRITERS
    + rb"\b|\b"
    + WRITERS
    + rb"[ -]managed|this file is (?:centrally |automatically )?managed).*$"
)
HEAD_BYTES = 2048
WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def warnings_of(files: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    """Yield a warning for each file, by its path on disk and its bytes, that is somebody else's to write."""
    for path, data in files:
        reasons = [*_read_only(path), *_said(data)]
        if reasons:
            yield f"{path} {' and '.join(reasons)}: who manages it may write it back, so change it there, too"


def _read_only(path: str) -> Iterator[str]:
    try:
        mode = stat.S_IMODE(os.stat(path).st_mode)
    except OSError:
        return
    if not mode & WRITABLE:
        yield f"is read-only (mode {mode:04o})"


def _said(data: bytes) -> Iterator[str]:
    found = SAYS_SO.search(data[:HEAD_BYTES])
    if found:
        line = decode(found[0]).strip(" \t#;")
        yield f'says "{line}"'
