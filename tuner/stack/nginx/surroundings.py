"""Where a file that no main file includes is meant to be included: what a comment in it says, or a guess.

`# fpmtune: context http,server` names the blocks around it, from the outermost to the innermost; those
that go without saying may be left out (`server` is a server of http).
"""

from collections.abc import Mapping
from typing import NamedTuple

from tuner.formats.document import Comment, Document
from tuner.source.regex import regex

STATEMENT = regex(r"#*[ \t]*fpmtune:[ \t]*context[ \t]+(?P<blocks>[\w, \t]*\w)[ \t\r]*\Z")
IMPLIED: Mapping[str, tuple[str, ...]] = {
    "server": ("http",),
    "upstream": ("http",),
    "location": ("http", "server"),
    "if": ("http", "server"),
    "limit_except": ("http", "server", "location"),
}
INSIDE: Mapping[str, Mapping[str, str]] = {
    "http": {"main": "http"},
    "events": {"main": "events"},
    "stream": {"main": "stream"},
    "mail": {"main": "mail"},
    "server": {"http": "server", "stream": "stream-server", "mail": "mail-server"},
    "upstream": {"http": "upstream", "stream": "stream-upstream"},
    "location": {"server": "location", "location": "location"},
    "if": {"server": "server-if", "location": "location-if"},
    "limit_except": {"location": "limit_except"},
}
"""What the inside of a block is, by the block it stands in."""

HTTP_LEVEL = frozenset(
    {"server", "upstream", "map", "log_format", "geo", "limit_req_zone", "limit_conn_zone"}
)
SERVER_LEVEL = frozenset({"listen", "server_name", "location"})


class Stated(NamedTuple):
    """What a comment says of the surroundings; `level` is empty where no such block exists."""

    comment: Comment
    blocks: str
    level: str


def stated_surroundings(document: Document) -> Stated | None:
    """Return what the first comment that names the surroundings says, if there is one."""
    for comment in document.comments:
        found = STATEMENT.match(comment.text) if "fpmtune" in comment.text else None
        if found:
            return Stated(comment, found["blocks"], _level(found["blocks"].replace(",", " ").split()))
    return None


def guessed_surroundings(document: Document | None) -> str:
    """Guess the block that a file on its own is meant to be included in: http, server or location."""
    names = {d.name.text for d in document.directives} if document else set()
    if names & HTTP_LEVEL:
        return "http"
    return "server" if names & SERVER_LEVEL else "location"


def block_of(level: str) -> str:
    """Return the name of the block whose inside is of this level: `server` of `stream-server`."""
    return level.rpartition("-")[2] if level != "limit_except" else level


def _level(blocks: list[str]) -> str:
    level = "main"
    for block in [*IMPLIED.get(blocks[0], ()), *blocks] if blocks != ["main"] else ():
        level = INSIDE.get(block, {}).get(level, "")
    return level
