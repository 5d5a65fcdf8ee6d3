"""Rules for text: file names, host names, the title of the process."""

import ipaddress
import re
from collections.abc import Callable, Mapping

from tuner.source.regex import regex

HOST_NAME = regex(r"[A-Za-z0-9.-]*\Z")
HOST_NAME_CAP = 255
NODE_NAME_EXCLUDES = frozenset("!#$%&()*+:;<>?@[]^{|}~")
NODE_NAME_EXCLUDES_OF_VALKEY_9 = frozenset(' !"#$%&()*+,;<=>?@[]^{|}~')
TITLE_PART = regex(r"[^{]+|\{\{|\{([^{}][^}]*|)\}", re.DOTALL)
TITLE_VARIABLES = frozenset(
    {"title", "listen-addr", "server-mode", "port", "tls-port", "config-file", "unixsocket"}
)


def folded(text: str) -> str:
    """Return `text` in lower case as strcasecmp() compares it: only ASCII letters fold."""
    return text.lower() if text.isascii() else "".join(c.lower() if c.isascii() else c for c in text)


def _file_name(text: str) -> str:
    return "must be a file name, not a path" if "/" in text or "\\" in text else ""


def _file_name_not_empty(text: str) -> str:
    return _file_name(text) or _not_empty(text)


def _not_empty(text: str) -> str:
    return "" if text else "can't be empty"


def _host_name(text: str) -> str:
    if len(text) > HOST_NAME_CAP:
        return f"Hostnames must be less than {HOST_NAME_CAP + 1} characters"
    return (
        "" if HOST_NAME.match(text) else "Hostnames may only contain alphanumeric characters, hyphens or dots"
    )


def _node_name(excluded: frozenset[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        return "it contains an invalid character" if excluded & set(text) else ""

    return check


def _process_title(text: str) -> str:
    """Check a template of names in braces. Source: server.c, expandProcTitleTemplate()."""
    at, has_content = 0, False
    while at < len(text):
        part = TITLE_PART.match(text, at)
        name = part[1] if part else ""
        if part is None or (name is not None and name not in TITLE_VARIABLES):
            return "template format is invalid or contains unknown variables"
        # These two stand for nothing while Redis tries the template.
        has_content |= part[0].strip(" ") not in ("", "{server-mode}", "{title}")
        at = part.end()
    return "" if has_content else "template format is invalid or contains unknown variables"


def _ip_address(version: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            is_valid = not text or ipaddress.ip_address(text).version == version
        except ValueError:
            is_valid = False
        return "" if is_valid else f"must be an IPv{version} address"

    return check


CHECKS: Mapping[str, Callable[[str], str]] = {
    "file-name": _file_name,
    "file-name-not-empty": _file_name_not_empty,
    "not-empty": _not_empty,
    "host-name": _host_name,
    "node-name": _node_name(NODE_NAME_EXCLUDES),
    "node-name-of-valkey-9": _node_name(NODE_NAME_EXCLUDES_OF_VALKEY_9),
    "process-title": _process_title,
    "ipv4": _ip_address(4),
    "ipv6": _ip_address(6),
}
"""Why a text is refused, empty if it is not, by the `check` of the directive table."""
