"""sysctl.conf and sysctl.d files as procps and systemd-sysctl read them."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from tuner.formats.document import Comment, Directive, Document, Problem, Word
from tuner.formats.templates import prepare
from tuner.source.masking import Masked
from tuner.source.regex import regex
from tuner.source.span import Span
from tuner.source.text import BOM, Text

Dialect = Literal["procps", "systemd"]
"""Whose reading of a line counts where the two differ."""

_BLANKS: Mapping[Dialect, bytes] = {"procps": b" \t\r\v\f", "systemd": b" \t\r"}
_EARLY_END = regex(rb"[\0\r]")
_LINE_ENDS: Mapping[Dialect, re.Pattern[bytes]] = {
    "procps": regex(rb"\n"),
    "systemd": regex(rb"[\n\r\0]"),
}
_DIFFERENT = regex(rb"[\0\v\f]|\r(?!\n)")
_PLAIN_KEY = regex(r"[^./]+(?:\.[^./]+)*")
_SWAP = str.maketrans("./", "/.")


def normalise_key(key: str) -> str:
    """Return the one spelling of a sysctl key: dots between its parts, as `sysctl -a` prints it.

    The first separator decides. `net/core/somaxconn` becomes `net.core.somaxconn`; where a dot comes first,
    a slash stands for a dot within a part, so `net.ipv4.conf.eth0/100.x` is already in that form. Separators
    at the ends and repeated ones do not count. Case does, and globs stay as they are.
    """
    if _PLAIN_KEY.fullmatch(key):
        return key
    separator = re.search("[./]", key)
    path = key if separator is None or separator[0] == "/" else key.translate(_SWAP)
    return "/".join(part for part in path.split("/") if part not in {"", "."}).translate(_SWAP)


def parse(text: Text, *, is_template: bool = False, dialect: Dialect = "procps") -> Document:
    """Read a sysctl file: one directive an assignment, `name` the normalised key, `args` the value.

    The value is everything after the first `=` without the blanks around it: a `# comment` behind it belongs
    to it, as it does for the kernel. A leading `-` (go on when the write fails) is the directive's `key`;
    `-key` without `=`, which takes a key out of globs, has no `args`. What the programs pass over or read
    differently is a problem; nothing raises. Only on a line with a NUL byte, a carriage return, a vertical
    tab or a form feed in it does the `dialect` matter.
    """
    return _Reader(text, prepare(text, is_template), is_template, dialect).read()


def reads_differently(document: Document) -> bool:
    """Say whether the two dialects may read the text of `document` differently."""
    return _DIFFERENT.search(document.text.data) is not None


class _Reader:
    """Reads one file, line by line."""

    def __init__(self, text: Text, masked: Masked, is_template: bool, dialect: Dialect) -> None:
        self.text = text
        self.masked = masked
        self.is_template = is_template
        self.dialect = dialect
        self.directives: list[Directive] = []
        self.problems: list[Problem] = []
        self.comments: list[Comment] = []

    def read(self) -> Document:
        if self.text.data.startswith(BOM):
            self._warn(Span(0, len(BOM)), "the byte order mark spoils the first line: it sets nothing")
        for line in _lines(self.masked.data, _LINE_ENDS[self.dialect]):
            self._line(self._up_to_early_end(self._stripped(line)))
        return Document(
            "sysctl",
            self.text,
            tuple(self.directives),
            tuple(self.problems),
            tuple(self.comments),
            self.is_template,
        )

    def _up_to_early_end(self, line: Span) -> Span:
        """procps ends a line at NUL and keeps CR; systemd begins another line after each of them."""
        data = self.masked.data[line.start : line.end]
        found = _EARLY_END.search(data)
        if found is None:
            return line
        at = line.start + found.start()
        name = "NUL byte" if found[0] == b"\0" else "carriage return"
        self._warn(Span(at, at + 1), f"{name} within the line: systemd-sysctl begins another line after it")
        nul = data.find(b"\0")
        return line if nul < 0 else self._stripped(Span(line.start, line.start + nul))

    def _line(self, line: Span) -> None:
        data = self.masked.data[line.start : line.end]
        if not data or (data == BOM and line.start == 0):
            return
        if data[:1] in (b"#", b";"):
            self.comments.append(Comment(self.text.slice(Span(line.start + 1, line.end)), line))
            return
        equals = data.find(b"=")
        name = Span(line.start, line.end if equals < 0 else line.start + equals)
        dash = self._dash(name)
        if dash is not None:
            name = Span(dash.span.end, name.end)
        if equals < 0 and dash is None:
            self._no_assignment(line)
        else:
            self._directive(line, dash, name, None if equals < 0 else Span(line.start + equals + 1, line.end))

    def _dash(self, name: Span) -> Word | None:
        start = name.start
        if self.masked.data[start : name.end][:1] != b"-":
            return None
        if self.masked.data[start + 1 : name.end][:1] in (b" ", b"\t"):
            self._warn(
                Span(start, start + 1), "blank after `-`: systemd-sysctl finds the key, procps does not"
            )
        return Word("-", Span(start, start + 1))

    def _no_assignment(self, line: Span) -> None:
        if self._is_fixed(line):
            self._warn(line, "no `=`: procps warns and goes on, systemd-sysctl goes on but its unit fails")

    def _directive(self, line: Span, dash: Word | None, name: Span, value: Span | None) -> None:
        key = self._word(name)
        if not key.unknown:
            key = Word(normalise_key(key.text), key.span)
        if key.text:
            args = () if value is None else (self._word(value),)
            self.directives.append(Directive(key, args, line, key=dash))
        else:
            self._warn(line, "no key: the line sets nothing")

    def _word(self, written: Span) -> Word:
        span = self._stripped(written)
        return Word(self.text.slice(span), span, unknown="" if self._is_fixed(written) else "template")

    def _is_fixed(self, span: Span) -> bool:
        """A control tag leaves no hole, yet what stands beside it on the line may or may not be there."""
        return self.masked.data[span.start : span.end] == self.text.data[span.start : span.end]

    def _stripped(self, span: Span) -> Span:
        data, blanks = self.masked.data[span.start : span.end], _BLANKS[self.dialect]
        start = span.end - len(data.lstrip(blanks))
        return Span(start, max(start, span.start + len(data.rstrip(blanks))))

    def _warn(self, span: Span, message: str) -> None:
        self.problems.append(Problem(span, message, "warning"))


def _lines(data: bytes, ends: re.Pattern[bytes]) -> Iterator[Span]:
    start = 0
    for found in ends.finditer(data):
        yield Span(start, found.start())
        start = found.end()
    if start < len(data):
        yield Span(start, len(data))
