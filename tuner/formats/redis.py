"""redis.conf: lines of words in the quoting of Redis' `sdssplitargs` (Redis 6.2 to 8)."""

import re
from bisect import bisect_right

from tuner.formats.document import Comment, Directive, Document, Problem, Word
from tuner.formats.templates import prepare
from tuner.source.masking import Masked
from tuner.source.regex import regex
from tuner.source.span import Span
from tuner.source.text import Text, decode, encode

UNBALANCED = "Unbalanced quotes in configuration line"
"""Redis' own words for a quote that does not close, or that is not followed by a blank."""

_TRIMMED = b" \t\r\n"
_READ_BYTES = 1024
_SEPARATORS = regex(rb"[ \t\n\v\f\r]++")
_PLAIN = regex(rb"[^ \t\n\r\"']++")
_NOT_PLAIN = regex(rb"[\"'\v\f]")
_BETWEEN_BLANKS = regex(rb"[^ \t\r]++")
_QUOTED = {
    b'"': regex(rb"\"((?:[^\"\\]|\\.)*+)\"", re.DOTALL),
    b"'": regex(rb"'((?:[^'\\]|\\'|\\(?!'))*+)'"),
}
_AFTER_QUOTE = b" \t\n\v\f\r"
_AFTER_WORD = b" \t\n\r"
_ESCAPE = regex(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_CONTROL = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"a": b"\a"}


def parse(text: Text, *, is_template: bool = False, joins_quotes: bool = False) -> Document:
    """Read a redis.conf as Redis 6.2 to 8 reads it, and go on after the first error.

    With `joins_quotes` a word goes on behind a closing quote (`"a"b` is ab), as in Valkey 9.1.

    The text of a name is in lower case, as Redis compares it; its span is what is written. A line with
    unbalanced quotes gives a Problem and no directive. `#` begins a comment only at the start of a line.
    A NUL drops the rest of its line and joins the next line to it, as Redis reads files; that is a
    warning. Never raises.
    """
    return _Reader(text, prepare(text, is_template), is_template, joins_quotes).read()


def split_words(text: str) -> list[str] | None:
    """Return the words of a list that is written as one argument; None where its quotes are unbalanced."""
    line = encode(text).partition(b"\0")[0]
    words: list[str] = []
    at = 0
    while at < len(line):
        if blanks := _SEPARATORS.match(line, at):
            at = blanks.end()
            continue
        try:
            word, at = _word_at(line, at, len(line))
        except _Unbalanced:
            return None
        words.append(decode(word))
    return words


class _Unbalanced(Exception):  # noqa: N818 - a parting of ways within this module
    def __init__(self, start: int, end: int, message: str) -> None:
        super().__init__(message)
        self.start = start
        self.end = end
        self.message = message


def _unescaped(match: re.Match[bytes]) -> bytes:
    if match[1]:
        return bytes.fromhex(match[1].decode("ascii"))
    return _CONTROL.get(match[2], match[2])


def _quoted(line: bytes, at: int, end: int, joins: bool) -> tuple[bytes, int]:
    """Return the text of the quoted part at `at` and where it ends.

    That must also end the word, unless the program `joins` what follows.
    """
    mark = line[at : at + 1]
    match = _QUOTED[mark].match(line, at, end)
    if match is None:
        raise _Unbalanced(at, end, UNBALANCED)
    after = match.end()
    if not joins and after < end and line[after] not in _AFTER_QUOTE:
        raise _Unbalanced(at, after + 1, f"{UNBALANCED}: a blank must follow the closing quote")
    if mark == b'"':
        return _ESCAPE.sub(_unescaped, match[1]), after
    return match[1].replace(b"\\'", b"'"), after


def _word_at(line: bytes, at: int, end: int, joins: bool = False) -> tuple[bytes, int]:
    """Return the text of the word at `at` and where it ends."""
    text = b""
    while True:
        if plain := _PLAIN.match(line, at, end):
            text, at = text + plain.group(), plain.end()
        if at >= end or line[at : at + 1] not in _QUOTED:
            return text, at
        inner, at = _quoted(line, at, end, joins)
        text += inner
        if not joins or at >= end or line[at] in _AFTER_WORD:
            return text, at


class _Lines:
    """The bytes that Redis keeps of a file, and where they stood.

    Redis reads with fgets in pieces of at most 1024 bytes and appends each as a C string, so that a NUL
    drops the rest of its piece, the line end with it.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.dropped: list[Span] = []
        self._kept_starts = [0]
        self._starts = [0]
        if b"\0" in data:
            self._drop_after_nul()

    def _drop_after_nul(self) -> None:
        kept: list[bytes] = []
        kept_bytes = 0
        for start, end in _pieces(self.data):
            nul = self.data.find(b"\0", start, end)
            upto = end if nul < 0 else nul
            kept.append(self.data[start:upto])
            kept_bytes += upto - start
            if nul >= 0:
                self.dropped.append(Span(nul, end))
                self._kept_starts.append(kept_bytes)
                self._starts.append(end)
        self.data = b"".join(kept)

    def span(self, start: int, end: int) -> Span:
        """Return the place in the file of the kept bytes `start` to `end`."""
        first = self._offset(start)
        return Span(first, self._offset(end - 1) + 1 if end > start else first)

    def _offset(self, kept: int) -> int:
        piece = bisect_right(self._kept_starts, kept) - 1
        return self._starts[piece] + kept - self._kept_starts[piece]


def _pieces(data: bytes) -> list[tuple[int, int]]:
    """Return what each fgets call of Redis reads of `data`."""
    pieces: list[tuple[int, int]] = []
    start = 0
    while start < len(data):
        newline = data.find(b"\n", start, start + _READ_BYTES)
        end = newline + 1 if newline >= 0 else min(start + _READ_BYTES, len(data))
        pieces.append((start, end))
        start = end
    return pieces


class _Reader:
    def __init__(self, text: Text, masked: Masked, is_template: bool, joins_quotes: bool) -> None:
        self.text = text
        self.masked = masked
        self.is_template = is_template
        self.joins_quotes = joins_quotes
        self.lines = _Lines(masked.data)
        self.is_verbatim = not (is_template or self.lines.dropped)
        self.directives: list[Directive] = []
        self.problems: list[Problem] = []
        self.comments: list[Comment] = []

    def read(self) -> Document:
        for dropped in self.lines.dropped:
            message = "NUL byte: Redis drops the rest of the line and joins the next one"
            self._report(Problem(dropped, message, "warning"))
        data = self.lines.data
        start = 0
        while start < len(data):
            newline = data.find(b"\n", start)
            end = newline if newline >= 0 else len(data)
            self._read_line(data[start:end], start)
            start = end + 1
        return Document(
            "redis",
            self.text,
            tuple(self.directives),
            tuple(sorted(self.problems, key=lambda problem: problem.span)),
            tuple(self.comments),
            self.is_template,
        )

    def _read_line(self, line: bytes, base: int) -> None:
        start = len(line) - len(line.lstrip(_TRIMMED))
        end = len(line.rstrip(_TRIMMED))
        if start >= end:
            return
        if line.startswith(b"#", start):
            span = self.lines.span(base + start, base + end)
            self.comments.append(Comment(self.text.slice(Span(span.start + 1, span.end)), span))
            return
        try:
            words = self._words(line, start, end, base)
        except _Unbalanced as unbalanced:
            span = self.lines.span(base + unbalanced.start, base + unbalanced.end)
            self._report(Problem(span, unbalanced.message))
            return
        if words:
            name = words[0] if words[0].unknown else _lowered(words[0])
            span = Span(words[0].span.start, words[-1].span.end)
            self.directives.append(Directive(name, tuple(words[1:]), span))

    def _words(self, line: bytes, at: int, end: int, base: int) -> list[Word]:
        if self.is_verbatim and not _NOT_PLAIN.search(line, at, end):
            return [
                Word(decode(found.group()), Span(base + found.start(), base + found.end()))
                for found in _BETWEEN_BLANKS.finditer(line, at, end)
            ]
        words: list[Word] = []
        while at < end:
            if blanks := _SEPARATORS.match(line, at, end):
                at = blanks.end()
                continue
            text, after = _word_at(line, at, end, self.joins_quotes)
            span = self.lines.span(base + at, base + after)
            quote = chr(line[at]) if line[at : at + 1] in _QUOTED else ""
            words.append(self._word(text, span, quote))
            at = after
        return words

    def _word(self, text: bytes, span: Span, quote: str) -> Word:
        if self.masked.touches(span):
            return Word(self.text.slice(span), span, quote, "template")
        return Word(decode(text), span, quote)

    def _report(self, problem: Problem) -> None:
        if not (self.is_template and self._has_hole(problem.span)):
            self.problems.append(problem)

    def _has_hole(self, span: Span) -> bool:
        start = self.text.data.rfind(b"\n", 0, span.start) + 1
        newline = self.text.data.find(b"\n", span.end)
        end = newline if newline >= 0 else len(self.text.data)
        is_masked = self.text.data[start:end] != self.masked.data[start:end]
        return is_masked or self.masked.touches(Span(start, end))


def _lowered(name: Word) -> Word:
    lowered = decode(encode(name.text).lower())
    return Word(lowered, name.span, name.quote)
