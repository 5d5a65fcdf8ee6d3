"""The statements of one line of php-fpm's INI dialect, as the Zend parser reads its tokens."""

from collections.abc import Iterator
from typing import NamedTuple

from tuner.formats.php_fpm.constants import PHP_CONSTANTS, error_level
from tuner.formats.php_fpm.scanner import Kind, Token
from tuner.source.regex import regex
from tuner.source.span import Span
from tuner.source.text import decode

MAX_DEPTH = 100
"""Levels of parentheses, prefix operators and nested fallbacks that a value may have."""

_PHP_INTEGER = regex(rb"[ \t\n\v\f\r]*+([+-]?)0*+([0-9]*+)")
_WORD_STARTS = frozenset({Kind.STRING, Kind.RAW, Kind.BLANK, Kind.CONSTANT, Kind.VARIABLE, Kind.QUOTE})
_PLAIN = frozenset({Kind.STRING, Kind.RAW, Kind.BLANK})


class Part(NamedTuple):
    """A name, key or value: its meaning, the place it was written in, and why its meaning is not fixed."""

    text: bytes
    span: Span
    quote: str = ""
    unknown: str = ""


class Statement(NamedTuple):
    """A section header, or an entry. `value` is None for a header and for an entry without `=`."""

    is_section: bool
    name: Part
    key: Part | None
    value: Part | None
    span: Span


class RefusedError(Exception):
    """The Zend parser stops here: `span` is what it cannot use."""

    def __init__(self, span: Span, message: str) -> None:
        super().__init__(message)
        self.span = span
        self.message = message


class _Meaning(NamedTuple):
    text: bytes
    unknown: str = ""


def _c_int(text: bytes) -> int:
    """Return what C's `atoi` makes of `text`: the leading digits, wrapped to 32 bits, else 0."""
    match = _PHP_INTEGER.match(text)
    if match is None:
        return 0
    magnitude = int(match[2] or b"0") if len(match[2]) <= 19 else 2**63
    number = max(-magnitude, -(2**63)) if match[1] == b"-" else min(magnitude, 2**63 - 1)
    return (number + 2**31) % 2**32 - 2**31


def _combined(operator: bytes, left: _Meaning, right: _Meaning) -> _Meaning:
    """Compute `left operator right` as Zend does: on 32 bit integers."""
    a, b = _c_int(left.text), _c_int(right.text)
    result = a | b if operator == b"|" else a & b if operator == b"&" else a ^ b
    return _Meaning(b"%d" % result, left.unknown or right.unknown)


class _Parser:
    """Recursive descent over the tokens of one line; the last token is always END."""

    def __init__(self, tokens: list[Token], php: tuple[int, int]) -> None:
        self.tokens = tokens
        self.php = php
        self.at = 0
        self.depth = 0

    def statements(self) -> Iterator[Statement]:
        while (kind := self._kind()) is not Kind.END:
            match kind:
                case Kind.LINE_END:
                    self.at += 1
                case Kind.SECTION:
                    yield self._section()
                case Kind.LABEL:
                    yield self._entry()
                case Kind.ARRAY:
                    yield self._array_entry()
                case _:
                    raise self._unexpected()

    def _kind(self) -> Kind:
        return self.tokens[self.at].kind

    def _next(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def _expect(self, kind: Kind, opened: Token | None = None) -> Token:
        """Take a token of `kind`; `opened` is where an error at the end of the line is shown from."""
        if self._kind() is not kind:
            raise self._unexpected(kind, opened)
        return self._next()

    def _unexpected(self, expected: str = "", opened: Token | None = None) -> RefusedError:
        token = self.tokens[self.at]
        found = f"'{decode(token.text)}'" if token.kind is Kind.MARK else token.kind.value
        message = f"syntax error, unexpected {found}" + (f", expecting {expected}" if expected else "")
        is_at_end = token.kind in (Kind.LINE_END, Kind.END)
        start = opened.start if opened and is_at_end else token.start
        return RefusedError(Span(start, max(start, token.end)), message)

    def _section(self) -> Statement:
        opened = self._next()
        name = self._bracketed(opened, expands_constants=False)
        closed = self._expect(Kind.BRACKET, opened)
        return Statement(True, name, None, None, Span(opened.start, closed.end))

    def _entry(self) -> Statement:
        token = self._next()
        name = Part(token.text, Span(token.start, token.end))
        if self._kind() is not Kind.EQUALS:
            return Statement(False, name, None, None, name.span)
        value = self._value(self._next())
        return Statement(False, name, None, value, Span(token.start, value.span.end))

    def _array_entry(self) -> Statement:
        token = self._next()
        name = Part(token.text, Span(token.start, token.end))
        key = self._bracketed(token, expands_constants=True)
        self._expect(Kind.BRACKET, token)
        value = self._value(self._expect(Kind.EQUALS, token))
        return Statement(False, name, key, value, Span(token.start, value.span.end))

    def _bracketed(self, opened: Token, expands_constants: bool) -> Part:
        """Read what stands between brackets; nothing is an empty name, placed before the `]`."""
        first = self.at
        if self._kind() is Kind.BRACKET:
            start = self.tokens[first].start
            return Part(b"", Span(start, start))
        if self._kind() not in _WORD_STARTS:
            raise self._unexpected(Kind.BRACKET, opened)
        return self._part(first, self._text(expands_constants))

    def _value(self, equals: Token) -> Part:
        first = self.at
        match self._kind():
            case Kind.LINE_END:
                self.at += 1
                return Part(b"", Span(equals.end, equals.end))
            case Kind.BOOLEAN:
                return self._part(first, _Meaning(self._next().text))
            case _:
                return self._part(first, self._expression())

    def _part(self, first: int, meaning: _Meaning) -> Part:
        """Make a Part of the tokens since `first`; blanks before a dropped rest are not in its span."""
        last = self.at - 1
        while last > first and self.tokens[last].kind is Kind.BLANK:
            last -= 1
        span = Span(self.tokens[first].start, self.tokens[last].end)
        return Part(meaning.text, span, self._quote(first, last), meaning.unknown)

    def _quote(self, first: int, last: int) -> str:
        if first == last:
            return "'" if self.tokens[first].kind is Kind.RAW else ""
        quotes = [i for i in range(first, last + 1) if self.tokens[i].kind is Kind.QUOTE]
        return '"' if quotes == [first, last] else ""

    def _expression(self) -> _Meaning:
        left = self._operand()
        while self._is_mark(b"|&^"):
            operator = self._next().text
            left = _combined(operator, left, self._operand())
        return left

    def _is_mark(self, marks: bytes) -> bool:
        token = self.tokens[self.at]
        return token.kind is Kind.MARK and token.text in marks

    def _operand(self) -> _Meaning:
        if not self._is_mark(b"~!("):
            return self._text(expands_constants=True)
        self._enter()
        opened = self._next()
        if opened.text == b"(":
            result = self._expression()
            if not self._is_mark(b")"):
                raise self._unexpected("')'", opened)
            self.at += 1
        else:
            result = self._negated(opened.text, self._operand())
        self.depth -= 1
        return result

    def _enter(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            token = self.tokens[self.at]
            message = f"nested deeper than {MAX_DEPTH} levels"
            raise RefusedError(Span(token.start, token.end), message)

    @staticmethod
    def _negated(operator: bytes, value: _Meaning) -> _Meaning:
        number = _c_int(value.text)
        result = ~number if operator == b"~" else int(not number)
        return _Meaning(b"%d" % result, value.unknown)

    def _text(self, expands_constants: bool) -> _Meaning:
        """Read one or more pieces of text that are joined without anything between them."""
        if self._kind() not in _WORD_STARTS:
            raise self._unexpected()
        pieces: list[_Meaning] = []
        while (kind := self._kind()) in _WORD_STARTS:
            if kind in _PLAIN:
                pieces.append(_Meaning(self._next().text))
            elif kind is Kind.CONSTANT:
                pieces.append(self._constant(expands_constants))
            elif kind is Kind.VARIABLE:
                pieces.append(self._variable())
            else:
                pieces.append(self._quoted())
        return _together(pieces)

    def _constant(self, expands_constants: bool) -> _Meaning:
        text = self._next().text
        name = decode(text)
        level = error_level(name, self.php) if expands_constants else None
        if level is not None:
            return _Meaning(b"%d" % level)
        return _Meaning(text, f"PHP constant {name}" if expands_constants and name in PHP_CONSTANTS else "")

    def _variable(self) -> _Meaning:
        self._enter()
        opened = self._next()
        name = self._expect(Kind.NAME, opened).text
        if self._kind() is Kind.FALLBACK:
            self.at += 1
            if self._kind() is not Kind.BRACE:
                self._text(expands_constants=True)
        self._expect(Kind.BRACE, opened)
        self.depth -= 1
        return _Meaning(b"", f"environment variable {decode(name)}")

    def _quoted(self) -> _Meaning:
        opened = self._next()
        pieces: list[_Meaning] = []
        while self._kind() is not Kind.QUOTE:
            match self._kind():
                case Kind.VARIABLE:
                    pieces.append(self._variable())
                case Kind.QUOTED:
                    pieces.append(_Meaning(self._next().text))
                case _:
                    raise self._unexpected(Kind.QUOTE, opened)
        self.at += 1
        return _together(pieces)


def _together(pieces: list[_Meaning]) -> _Meaning:
    text = b"".join(piece.text for piece in pieces)
    return _Meaning(text, next((piece.unknown for piece in pieces if piece.unknown), ""))


def statements(tokens: list[Token], php: tuple[int, int]) -> Iterator[Statement]:
    """Yield the statements of a line in order.

    Raises RefusedError where the Zend parser stops; what was yielded before has been read by php-fpm.
    """
    return _Parser(tokens, php).statements()
