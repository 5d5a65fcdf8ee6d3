"""Where a `*_by_lua_block { ... }` ends: Lua's strings and comments hide braces."""

import re

from tuner.source.regex import regex

_PIECE = regex(
    rb"--\[(?P<comment>=*+)\[|--[^\n]*+|\[(?P<string>=*+)\["
    rb'|"(?:[^"\\\n]|\\.)*+"?|'
    rb"'(?:[^'\\\n]|\\.)*+'?|[{}]",
    re.DOTALL,
)


def lua_block_end(data: bytes, start: int) -> int | None:
    """Return the offset of the `}` that closes the Lua block whose code begins at `start`, if any does."""
    depth = 1
    unclosed: set[bytes] = set()
    at = start
    while (piece := _PIECE.search(data, at)) is not None:
        at = piece.end()
        match piece.group():
            case b"{":
                depth += 1
            case b"}":
                depth -= 1
                if depth == 0:
                    return piece.start()
            case _:
                at = _past_long_bracket(data, piece, unclosed)
    return None


def _past_long_bracket(data: bytes, piece: re.Match[bytes], unclosed: set[bytes]) -> int:
    """Return the end of a long string or comment; any other piece, and one never closed, ends where it ends.

    `unclosed` remembers the brackets that have no end in the rest of the file.
    """
    level = piece["comment"] if piece["comment"] is not None else piece["string"]
    if level is None or level in unclosed:
        return piece.end()
    closer = b"]" + level + b"]"
    found = data.find(closer, piece.end())
    if found < 0:
        unclosed.add(level)
        return piece.end()
    return found + len(closer)
