"""The tokens of one line of php-fpm's INI dialect, as the Zend scanner cuts them.

The Zend scanner takes the longest match; the patterns keep to that.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from tuner.formats.php_fpm.patterns import (
    ARRAY_KEY,
    BLANK_RUN,
    CONSTANT,
    ESCAPE,
    FALLBACK,
    FALSE,
    NAME_NEW,
    NAME_OLD,
    QUOTED,
    SECTION,
    SHORT_NAME_NEW,
    TRUE,
    VALUE,
    statement_pattern,
)
from tuner.source.span import Span
from tuner.source.text import BOM

_BLANKS = b" \t"


class Kind(StrEnum):
    """What a token is, in the words of an error message."""

    END = "end of file"
    LINE_END = "end of line"
    SECTION = "'['"
    ARRAY = "array key"
    BOOLEAN = "boolean word"
    LABEL = "name"
    EQUALS = "'='"
    STRING = "text"
    RAW = "quoted text"
    BLANK = "blank"
    CONSTANT = "word"
    VARIABLE = "'${'"
    NAME = "variable name"
    FALLBACK = "':-'"
    BRACE = "'}'"
    BRACKET = "']'"
    QUOTE = "'\"'"
    QUOTED = "text in quotes"
    MARK = "mark"


class Token(NamedTuple):
    """A token: its meaning in `text`, and the bytes `start` to `end` of the file without outer blanks."""

    kind: Kind
    text: bytes
    start: int
    end: int


class Scan(NamedTuple):
    """The tokens of a line, the comments in it, and what is dropped after an unmatched `'`."""

    tokens: list[Token]
    comments: list[Span]
    dropped: Span | None


class _State(StrEnum):
    STATEMENT = "statement"
    VALUE = "value"
    SECTION = "section"
    ARRAY_KEY = "array key"
    VARIABLE = "variable"
    FALLBACK = "fallback"
    QUOTED = "quoted"


class _Scanner:
    """Cuts one line; `line` ends with its LF unless a NUL cut it, `base` is its place in the file."""

    def __init__(self, line: bytes, base: int, php: tuple[int, int]) -> None:
        self.line = line
        self.base = base
        self.has_fallback = php >= (8, 3)
        self.statement = statement_pattern(not self.has_fallback)
        self.tokens: list[Token] = []
        self.comments: list[Span] = []
        self.dropped: Span | None = None
        self.state = _State.STATEMENT
        self.outer: list[_State] = []
        self.at = len(BOM) if line.startswith(BOM) and len(line) > len(BOM) else 0

    def scan(self) -> Scan:
        steps = {
            _State.STATEMENT: self._in_statement,
            _State.VALUE: self._in_value,
            _State.SECTION: lambda: self._enclosed(SECTION, Kind.BRACKET),
            _State.ARRAY_KEY: lambda: self._enclosed(ARRAY_KEY, Kind.BRACKET),
            _State.FALLBACK: lambda: self._enclosed(FALLBACK, Kind.BRACE),
            _State.VARIABLE: self._in_variable,
            _State.QUOTED: self._in_quotes,
        }
        while self.at < len(self.line) and steps[self.state]():
            pass
        if self.at >= len(self.line) and self.state is _State.VALUE:
            self._emit(Kind.LINE_END, b"", self.at, self.at)
        end = len(self.line.rstrip(b"\r\n"))
        self._emit(Kind.END, b"", end, end)
        return Scan(self.tokens, self.comments, self.dropped)

    def _emit(self, kind: Kind, text: bytes, start: int, end: int) -> None:
        self.tokens.append(Token(kind, text, self.base + start, self.base + end))

    def _take(self, kind: Kind, match: re.Match[bytes], text: bytes) -> None:
        """Emit what `match` covers; the span leaves out the blanks that belong to the token."""
        written = match.group()
        start = match.start() + len(written) - len(written.lstrip(_BLANKS))
        end = match.start() + len(written.rstrip(b" \t\r\n"))
        self._emit(kind, text, min(start, end), end)
        self.at = match.end()

    def _take_line_end(self, match: re.Match[bytes]) -> None:
        comment = self.line.find(b";", match.start(), match.end())
        end = match.start() + len(match.group().rstrip(b"\r\n"))
        if comment >= 0:
            self.comments.append(Span(self.base + comment, self.base + end))
        self._emit(Kind.LINE_END, b"", match.start(), match.start())
        self.at = match.end()
        self.state = _State.STATEMENT

    def _take_boolean(self, match: re.Match[bytes], word: bytes) -> None:
        self._take(Kind.BOOLEAN, match, b"1" if word.lower() in TRUE else b"")

    def _enter(self, state: _State) -> None:
        self.outer.append(self.state)
        self.state = state

    def _in_statement(self) -> bool:
        match = self.statement.match(self.line, self.at)
        if match is None or self._is_cut(match):
            return False
        match match.lastgroup:
            case "line_end":
                self._take_line_end(match)
            case "equals":
                self._take(Kind.EQUALS, match, b"=")
                self.state = _State.VALUE
            case "section":
                self._take(Kind.SECTION, match, b"[")
                self.state = _State.SECTION
            case "array":
                self._take_array(match)
            case "boolean":
                self._take_boolean(match, match.group().strip(_BLANKS))
            case "label":
                self._take(Kind.LABEL, match, match.group().strip(b" \t\r\n"))
            case "mark":
                self._take(Kind.MARK, match, match.group())
            case _:
                self.at = match.end()
        return True

    def _is_cut(self, match: re.Match[bytes]) -> bool:
        """Say whether a NUL ends the line within a word or comment: Zend drops those in silence."""
        at_end = match.end() == len(self.line)
        return match.lastgroup == "cut" or (at_end and match.lastgroup in ("label", "boolean"))

    def _take_array(self, match: re.Match[bytes]) -> None:
        written = match["array_name"]
        start = match.start() + len(written) - len(written.lstrip(_BLANKS))
        name = written.strip(_BLANKS)
        self._emit(Kind.ARRAY, name, start, start + len(name))
        self.at = match.end()
        self.state = _State.ARRAY_KEY

    def _in_value(self) -> bool:
        match = VALUE.match(self.line, self.at)
        if match is None:
            return self._end_value()
        if match.lastgroup == "cut":
            return False
        match match.lastgroup:
            case "run":
                self._take_run(match)
            case "line_end":
                self._take_line_end(match)
            case "quote":
                self._take(Kind.QUOTE, match, b'"')
                self._enter(_State.QUOTED)
            case "blank":
                self._emit(Kind.BLANK, match.group(), match.start(), match.end())
                self.at = match.end()
            case "mark":
                self._take(Kind.MARK, match, match["mark"])
            case "raw":
                self._take(Kind.RAW, match, match["raw"])
            case _:
                self._take(Kind.VARIABLE, match, b"${")
                self._enter(_State.VARIABLE)
        return True

    def _take_run(self, match: re.Match[bytes]) -> None:
        """Take unquoted text; it is a boolean word only when it is nothing else."""
        run = match.group()
        if run.lower() in TRUE or run.lower() in FALSE:
            self._take_boolean(match, run)
            if blanks := BLANK_RUN.match(self.line, self.at):
                self.at = blanks.end()
        else:
            self._take_text(match)

    def _take_text(self, match: re.Match[bytes]) -> None:
        run = match.group()
        kind = Kind.CONSTANT if CONSTANT.fullmatch(run) else Kind.STRING
        self._emit(kind, run, match.start(), match.start() + len(run.rstrip(b"\r\n")))
        self.at = match.end()

    def _end_value(self) -> bool:
        """Handle what cannot stand in a value: it ends there, and an unmatched `'` drops the rest."""
        if self.line.startswith(b"'", self.at) and not self.line.startswith(b"''", self.at):
            end = len(self.line.rstrip(b"\r\n"))
            self.dropped = Span(self.base + self.at, self.base + end)
            return False
        self._emit(Kind.LINE_END, b"", self.at, self.at)
        self.state = _State.STATEMENT
        if not self.line.startswith(b"=", self.at):
            self.at += 1
        return True

    def _enclosed(self, pattern: re.Pattern[bytes], closing: Kind) -> bool:
        match = pattern.match(self.line, self.at)
        if match is None:
            return False
        match match.lastgroup:
            case "closing":
                self._take(closing, match, b"")
                self.state = self.outer.pop() if closing is Kind.BRACE else _State.STATEMENT
            case "raw":
                self._take(Kind.RAW, match, match["raw"])
            case "variable":
                self._take(Kind.VARIABLE, match, b"${")
                self._enter(_State.VARIABLE)
            case "quote":
                self._take(Kind.QUOTE, match, b'"')
                self._enter(_State.QUOTED)
            case _:
                self._take_text(match)
        return True

    def _in_variable(self) -> bool:
        if self.line.startswith(b"}", self.at):
            self._emit(Kind.BRACE, b"}", self.at, self.at + 1)
            self.at += 1
            self.state = self.outer.pop()
            return True
        if self.has_fallback and (match := SHORT_NAME_NEW.match(self.line, self.at)):
            self._take(Kind.FALLBACK, match, b":-")
            self.state = _State.FALLBACK
            return True
        match = (NAME_NEW if self.has_fallback else NAME_OLD).match(self.line, self.at)
        if match is None:
            return False
        self._take(Kind.NAME, match, match.group().strip(b" \t\r\n"))
        return True

    def _in_quotes(self) -> bool:
        match = QUOTED.match(self.line, self.at)
        if match is None:
            return False
        match match.lastgroup:
            case "closing":
                self._take(Kind.QUOTE, match, b'"')
                self.state = self.outer.pop()
            case "variable":
                self._take(Kind.VARIABLE, match, b"${")
                self._enter(_State.VARIABLE)
            case _:
                text = ESCAPE.sub(rb"\1", match.group())
                self._emit(Kind.QUOTED, text, match.start(), match.end())
                self.at = match.end()
        return True


def scan_line(line: bytes, base: int, php: tuple[int, int]) -> Scan:
    """Return the tokens of `line`, which lies at byte `base` of its file, as php-fpm `php` cuts them.

    `line` ends with its LF, unless a NUL cut it. Never raises: what no rule of the scanner covers ends the
    tokens, and the grammar says what is missing.
    """
    return _Scanner(line, base, php).scan()
