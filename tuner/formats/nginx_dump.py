"""What `nginx -T` prints: `# configuration file PATH:`, the file, a line end, for each file once."""

import re

from tuner.source.regex import regex

_BEGINNINGS = (b"# configuration file /", b"nginx: ")
_START = regex(rb"(?:nginx: [^\n]*\n|[ \t\r]*\n)*+# configuration file /[^\n]*:\r?\n")
HEADER = regex(rb"^# configuration file (?P<path>/[^\n]*?):\r?$", re.MULTILINE)
_TESTED = regex(rb"^n(?=ginx: )", re.MULTILINE)


def is_dump(data: bytes) -> bool:
    """Say whether this is what `nginx -T` prints, maybe behind what its test says on standard error."""
    return data.startswith(_BEGINNINGS) and _START.match(data) is not None


def readable(data: bytes) -> bytes:
    """Return a dump with what the test says before it as comments; every place stays what it is."""
    first = HEADER.search(data)
    start = first.start() if first else 0
    return _TESTED.sub(b"#", data[:start]) + data[start:] if start else data
