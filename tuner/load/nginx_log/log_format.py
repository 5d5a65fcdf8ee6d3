"""nginx's log_format: its text, its variables, what each of them can look like.

Sources: src/http/modules/ngx_http_log_module.c (syntax, escaping: `default` writes quotes, backslashes and
control characters as \\xHH, `json` as JSON does, `none` leaves them), src/http/ngx_http_upstream.c (lists: a
comma between the tries, a colon between the upstreams of internal redirects; `-` for a value that is
missing).
"""

import re
from typing import Literal, NamedTuple

from tuner.load.line_format import (
    DATE,
    DECIMAL,
    ISO_DATE,
    NUMBER,
    QUOTED,
    QUOTED_JSON,
    WORD,
    Field,
    LineFormat,
    Piece,
    Shape,
    list_of,
    or_empty,
)

Escape = Literal["default", "json", "none"]
ESCAPES: tuple[Escape, ...] = ("default", "json", "none")

COMBINED = (
    '$remote_addr - $remote_user [$time_local] "$request" '
    '$status $body_bytes_sent "$http_referer" "$http_user_agent"'
)
"""The format that nginx has under the name `combined` and takes where none is named."""

MSEC, REQUEST_TIME, STATUS = "msec", "request_time", "status"
TIME_LOCAL, TIME_ISO8601 = "time_local", "time_iso8601"
UPSTREAM_ADDR, UPSTREAM_STATUS = "upstream_addr", "upstream_status"
UPSTREAM_TIME = "upstream_response_time"

_NUMBERS = (
    *("body_bytes_sent", "bytes_sent", "connection", "connection_requests", "pid", "remote_port"),
    *("request_length", "server_port", STATUS),
)
_DECIMALS = ("connection_time", MSEC, REQUEST_TIME)
_LISTS_OF_DECIMALS = ("upstream_connect_time", "upstream_header_time", UPSTREAM_TIME)
_LISTS_OF_NUMBERS = (
    *("upstream_bytes_received", "upstream_bytes_sent", "upstream_response_length", UPSTREAM_STATUS),
)
_WORDS = (
    *("gzip_ratio", "host", "hostname", "pipe", "realip_remote_addr", "remote_addr", "request_completion"),
    *("request_id", "request_method", "scheme", "server_addr", "server_name", "server_protocol"),
    *("ssl_cipher", "ssl_protocol", "upstream_cache_status"),
)
SHAPES: dict[str, Shape] = {
    **{name: or_empty(NUMBER) for name in _NUMBERS},
    **{name: or_empty(DECIMAL) for name in _DECIMALS},
    **{name: or_empty(list_of(or_empty(DECIMAL))) for name in _LISTS_OF_DECIMALS},
    **{name: or_empty(list_of(or_empty(NUMBER))) for name in _LISTS_OF_NUMBERS},
    **{name: or_empty(WORD) for name in _WORDS},
    UPSTREAM_ADDR: or_empty(list_of(WORD)),
    TIME_LOCAL: DATE,
    TIME_ISO8601: ISO_DATE,
}
"""The variables whose values have one certain shape; every other one may hold anything."""

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))", re.ASCII)


class LogFormat(NamedTuple):
    """A log_format as nginx joins its words, and how it writes characters that could end a value."""

    text: str
    escape: Escape = "default"


def read_log_format(log_format: LogFormat) -> LineFormat:
    """Return the pieces of a format. Raises ValueError, saying what is wrong, for one that names no variable.

    A value between two double quotes of the format ends at the second one, except with `escape=none`.
    """
    text = log_format.text
    parts = _VARIABLE.split(text)
    pieces: list[Piece] = [] if not parts[0] else [parts[0].encode()]
    for n in range(1, len(parts), 3):
        name = parts[n] or parts[n + 1]
        before, behind = parts[n - 1], parts[n + 2]
        pieces.append(Field(name, SHAPES.get(name) or _quoted(before, behind, log_format.escape)))
        if behind:
            pieces.append(behind.encode())
    if len(parts) == 1:
        raise ValueError(f"{text!r} is no log_format: it names no variable such as $msec")
    return LineFormat(text, tuple(pieces))


def _quoted(before: str, behind: str, escape: Escape) -> Shape | None:
    if escape == "none" or not (before.endswith('"') and behind.startswith('"')):
        return None
    return QUOTED_JSON if escape == "json" else QUOTED
