"""nginx's words as nginx cuts them (`ngx_conf_read_token`), each with its bytes.

nginx stops at the first syntax error; the scanner names that error and reads on, so that one missing
`;` does not hide the rest of the file. What is wrong after the first error follows from it and is not named.
"""

from typing import Literal, NamedTuple

from tuner.formats.document import Comment, Problem, Word
from tuner.formats.nginx_lua import lua_block_end
from tuner.formats.nginx_patterns import (
    BARE,
    BLANKS,
    ESCAPE,
    NEEDS_CARE,
    PLAIN_LIMIT_BYTES,
    PLAIN_STATEMENT,
    QUOTED,
    WORDS,
)
from tuner.source.masking import Masked
from tuner.source.span import Span
from tuner.source.text import Text, decode

MAX_DEPTH = 100
"""Blocks around a directive; what is nested deeper is not read."""

PARAMETER_LIMIT_BYTES = 4096
"""nginx's NGX_CONF_BUFFER: no word and no comment may be longer."""

_CONTROL_CHARACTERS = {b"t": b"\t", b"r": b"\r", b"n": b"\n"}
_BLANK_BYTES = (b" ", b"\t", b"\r", b"\n")
_AFTER_QUOTE = b" \t\r\n;{)"
_END, _OPEN, _CLOSE, _HASH = b";{}#"

_EOF_IN_DIRECTIVE = 'unexpected end of file, expecting ";" or "}"'
_EOF_IN_BLOCK = 'unexpected end of file, expecting "}"'


class Statement:
    """A directive's words, name first, and the offset past its `;`, or past the `}` of its block."""

    __slots__ = ("end", "is_block", "words")

    def __init__(self, words: tuple[Word, ...], end: int, is_block: bool) -> None:
        self.words = words
        self.end = end
        self.is_block = is_block


class Scan(NamedTuple):
    """One file in words: `events` holds each statement in turn, and None where a block ends."""

    events: list[Statement | None]
    comments: list[Comment]
    problems: list[Problem]


def scan(text: Text, masked: Masked, severity: Literal["error", "warning"] = "error") -> Scan:
    """Return the words of `masked`, which is `text` with its template holes masked.

    Blocks are balanced whatever the file says. `severity` is that of a syntax problem.
    """
    scanner = _Scanner(text, masked, severity)
    scanner.read()
    return Scan(scanner.events, scanner.comments, scanner.problems)


def unescape(written: bytes) -> bytes:
    """Return a word without its escapes; nginx keeps a backslash before anything but `\\ " ' t r n`.

    A word longer than nginx takes has no value and stays as it is written.
    """
    if b"\\" not in written or len(written) > PARAMETER_LIMIT_BYTES:
        return written
    return ESCAPE.sub(lambda match: _CONTROL_CHARACTERS.get(match[1], match[1]), written)


class _Scanner:
    def __init__(self, text: Text, masked: Masked, severity: Literal["error", "warning"]) -> None:
        self.events: list[Statement | None] = []
        self.comments: list[Comment] = []
        self.problems: list[Problem] = []
        self._text = text
        self._masked = masked
        self._severity = severity
        self._data = masked.data
        self._size = len(masked.data)
        self._at = 0
        self._words: list[Word] = []
        self._open: list[Statement | None] = []  # None is a `{` without a name
        self._failed = False
        self._too_deep = False

    def read(self) -> None:
        data = self._data
        while self._go_to_piece():
            byte = data[self._at]
            if byte in (_END, _OPEN):
                self._read_stop(byte)
            elif byte == _CLOSE:
                self._read_close()
            elif byte in QUOTED:
                self._read_quoted(byte)
            else:
                self._read_bare()
        self._finish()

    def _go_to_piece(self) -> bool:
        """Take the plain statements that come next, then go to the next word or stop."""
        if not self._masked.holes:
            self._read_plain_statements()
        return self._skip_to_piece()

    def _read_plain_statements(self) -> None:
        while not self._words:
            match = PLAIN_STATEMENT.match(self._data, self._at)
            if match is None or match.end(1) - match.start(1) > PLAIN_LIMIT_BYTES:
                return
            written, stop = match.groups()
            if b"_by_lua_block" in written:
                return
            self._add_words(written, match.start(1))
            self._at = match.end()
            self._add_statement(self._at, stop == b"{")

    def _add_words(self, written: bytes, start: int) -> None:
        """Add the words of a plain statement that begins at `start`."""
        if NEEDS_CARE.search(written):
            for match in WORDS.finditer(written):
                quote = match.group()[:1].decode("latin-1") if match.group()[0] in QUOTED else ""
                self._words.append(self._word(start + match.start(), start + match.end(), quote))
            return
        at = 0
        for word in written.split():
            at = written.index(word, at)
            end = at + len(word)
            self._words.append(Word(decode(word), Span(start + at, start + end)))
            at = end

    def _skip_to_piece(self) -> bool:
        """Go to the next word or stop, past blanks and comments; False at the end of the file."""
        while True:
            match = BLANKS.match(self._data, self._at)
            self._at = match.end() if match else self._at
            if self._at == self._size:
                return False
            if self._data[self._at] != _HASH:
                return True
            self._read_comment()

    def _read_comment(self) -> None:
        start = self._at
        end = self._data.find(b"\n", start)
        self._at = end if end >= 0 else self._size
        span = Span(start, start + len(self._data[start : self._at].rstrip(b"\r")))
        self.comments.append(Comment(self._text.slice(span)[1:], span))
        if self._overflows(start, self._at):
            self._refuse_long(start)

    def _read_bare(self) -> None:
        start = self._at
        match = BARE.match(self._data, start)
        self._at = end = match.end() if match else self._size
        self._words.append(self._word(start, end))
        if self._overflows(start, self._blank_after(end)):
            self._refuse_long(start)

    def _read_quoted(self, mark: int) -> None:
        start = self._at
        match = QUOTED[mark].match(self._data, start)
        if match is None:
            self._read_unclosed(start, mark)
            return
        self._at = end = match.end()
        if self._overflows(start + 1, end - 1):
            self._refuse_long_string(start, mark)
        elif self._overflows(start + 1, self._blank_after(end)):
            self._refuse_long(start + 1)
        if end == self._size or self._data[end] in _AFTER_QUOTE:
            self._words.append(self._word(start, end, chr(mark)))
            return
        expected = 'a blank, ";", "{" or ")" was expected after the string of line {line}'
        self._refuse(Span(end, end + 1), self._unexpected(end), expected, start)
        if b"\n" in match.group():
            self._cut_string(start, mark)
        else:
            self._words.append(self._word(start, end, chr(mark)))

    def _read_unclosed(self, start: int, mark: int) -> None:
        if self._overflows(start + 1, self._size):
            self._refuse_long_string(start, mark)
        else:
            hint = "the string that starts in line {line} is not closed"
            self._refuse(Span(self._size, self._size), _EOF_IN_DIRECTIVE, hint, start)
        self._cut_string(start, mark)

    def _cut_string(self, start: int, mark: int) -> None:
        """Take a string that lacks its closing quote to end, with its directive, in the line it starts in."""
        end = self._data.find(b"\n", start)
        self._at = end if end >= 0 else self._size
        line = self._data[start : self._at].rstrip(b" \t\r")
        kept = line[:-1] if line[-1:] in (b";", b"{") else line
        span = Span(start, start + len(kept))
        self._words.append(Word(self._text.slice(span)[1:], span, chr(mark)))
        self._add_statement(start + len(line), is_block=line.endswith(b"{"))

    def _read_stop(self, byte: int) -> None:
        self._at += 1
        is_block = byte == _OPEN
        if not self._words:
            span = Span(self._at - 1, self._at)
            self._refuse(span, self._unexpected(span.start), "a directive was expected", span.start)
            if is_block:
                self._open.append(None)
        elif is_block and self._words[0].text.endswith("_by_lua_block"):
            self._read_lua()
        else:
            self._add_statement(self._at, is_block)

    def _read_lua(self) -> None:
        start = self._at
        found = lua_block_end(self._data, start)
        if found is None:
            hint = "the Lua block that starts in line {line} is not closed"
            self._refuse(Span(self._size, self._size), _EOF_IN_BLOCK, hint, start)
        end = self._size if found is None else found
        self._at = min(end + 1, self._size)
        self._words.append(self._word(start, end, "lua"))
        self._add_statement(self._at, is_block=False)

    def _read_close(self) -> None:
        span = Span(self._at, self._at + 1)
        self._at += 1
        if self._words:
            self._refuse(span, self._unexpected(span.start), '";" was expected before it', span.start)
            self._add_statement(self._words[-1].span.end, is_block=False)
        if self._open:
            self._leave_block(self._at)
        else:
            self._refuse(span, self._unexpected(span.start), "no block is open here", span.start)

    def _finish(self) -> None:
        end = Span(self._size, self._size)
        if self._words:
            hint = "the directive that starts in line {line} has no end"
            self._refuse(end, _EOF_IN_DIRECTIVE, hint, self._words[0].span.start)
            self._add_statement(self._words[-1].span.end, is_block=False)
        elif self._open:
            named = [statement.words[0].span.start for statement in self._open if statement is not None]
            hint = "the block that starts in line {line} is not closed"
            self._refuse(end, _EOF_IN_BLOCK, hint, named[-1] if named else 0)
        while self._open:
            self._leave_block(self._size)

    def _add_statement(self, end: int, is_block: bool) -> None:
        statement = Statement(tuple(self._words), end, is_block)
        self._words = []
        if len(self._open) <= MAX_DEPTH:
            self.events.append(statement)
        elif not self._too_deep:
            self._too_deep = True
            message = f"blocks nest deeper than {MAX_DEPTH} levels: what is inside is not read"
            self.problems.append(Problem(statement.words[0].span, message))
        if is_block:
            self._open.append(statement)

    def _leave_block(self, end: int) -> None:
        statement = self._open.pop()
        if statement is None:
            return
        statement.end = end
        if len(self._open) <= MAX_DEPTH:
            self.events.append(None)

    def _word(self, start: int, end: int, quote: str = "") -> Word:
        span = Span(start, end)
        inner = slice(start + 1, end - 1) if quote in ('"', "'") else slice(start, end)
        if self._masked.holes and self._masked.touches(span):
            return Word(decode(self._text.data[inner]), span, quote, "filled in by a template")
        written = self._data[inner]
        return Word(decode(written if quote == "lua" else unescape(written)), span, quote)

    def _blank_after(self, end: int) -> int:
        """Return the offset up to which nginx holds a word that ends at `end`: one blank belongs to it."""
        return end + 1 if self._data[end : end + 1] in _BLANK_BYTES else end

    def _overflows(self, start: int, last_needed: int) -> bool:
        """Say whether nginx, holding the bytes from `start`, runs out of buffer before byte `last_needed`."""
        return last_needed >= start + PARAMETER_LIMIT_BYTES < self._size

    def _refuse_long(self, start: int) -> None:
        head = decode(self._data[start : start + 10])
        self._refuse_at_limit(start, f'too long parameter "{head}..." started')

    def _refuse_long_string(self, start: int, mark: int) -> None:
        words = f'too long parameter, probably missing terminating "{chr(mark)}" character'
        self._refuse_at_limit(start, words)

    def _refuse_at_limit(self, start: int, words: str) -> None:
        expected = f"fewer than {PARAMETER_LIMIT_BYTES} bytes were expected"
        self._refuse(Span(start, start + 10), words, expected, start)

    def _refuse(self, span: Span, words: str, expected: str, cause: int) -> None:
        """Record the first syntax error: nginx's words, then what was expected.

        `{line}` in `expected` becomes the line of the offset `cause`.
        """
        if not self._failed:
            self._failed = True
            expected = expected.replace("{line}", str(self._text.position(cause).line))
            self.problems.append(Problem(span, f"{words}: {expected}", self._severity))

    def _unexpected(self, at: int) -> str:
        """Return nginx's words for the byte at `at`, with the whole character that it begins."""
        length = 4 if self._data[at] >= 0xC0 else 1
        return f'unexpected "{decode(self._data[at : at + length])[0]}"'
