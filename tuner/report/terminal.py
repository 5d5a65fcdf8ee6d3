"""What may reach a terminal: visible forms of control characters, display widths, colours."""

import unicodedata
from collections.abc import Mapping
from typing import Literal, NamedTuple, TextIO

ColorMode = Literal["auto", "always", "never"]
Paint = Literal["bold", "dim", "red", "yellow", "green", "blue", "cyan"]

_CODES: dict[Paint, str] = {
    "bold": "1",
    "dim": "2",
    "red": "1;31",
    "green": "32",
    "yellow": "1;33",
    "blue": "34",
    "cyan": "36",
}


class Style(NamedTuple):
    """Whether output is coloured."""

    enabled: bool = False

    def paint(self, text: str, paint: Paint) -> str:
        """Return `text` in a colour, or as it is where colours are off."""
        return f"\x1b[{_CODES[paint]}m{text}\x1b[0m" if self.enabled and text else text


def use_color(mode: ColorMode, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Say whether output to `stream` is coloured: `auto` asks NO_COLOR, TERM and the stream."""
    if mode != "auto":
        return mode == "always"
    if environ.get("NO_COLOR") or environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def printable(text: str) -> str:
    r"""Return `text` with everything that is not plainly visible escaped.

    ASCII controls and bytes that are not UTF-8 become `\xHH`; other control, format (bidi among them) and
    separator characters `\uHHHH`. A blank is the only white space that stays.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def one_line(text: str) -> str:
    """Return prose on a single line, made printable; its line breaks become blanks."""
    return printable(" ".join(line.strip(" \t\r") for line in text.strip(" \t\r\n").split("\n") if line))


def display_width(text: str) -> int:
    """Return how many terminal columns a printable `text` takes."""
    return len(text) if text.isascii() else sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def padded(text: str, width: int) -> str:
    """Return `text` filled with blanks up to `width` columns."""
    return text + " " * (width - display_width(text))
