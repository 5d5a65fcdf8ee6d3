"""php-fpm.conf and pool files: the INI dialect of php-fpm, line by line.

Not any other INI: php-fpm gives each line on its own to the Zend INI parser.
"""

from tuner.formats.document import Comment, Directive, Document, Problem, Word
from tuner.formats.php_fpm.grammar import Part, RefusedError, Statement, statements
from tuner.formats.php_fpm.plain import PlainLine, plain_line
from tuner.formats.php_fpm.scanner import Scan, scan_line
from tuner.formats.templates import prepare
from tuner.source.masking import Masked
from tuner.source.span import Span
from tuner.source.text import Text, decode

__all__ = ["parse"]


def parse(text: Text, *, is_template: bool = False, php: tuple[int, int] = (8, 2)) -> Document:
    """Read a php-fpm file as PHP `php` (7.0 or later) reads it, and go on after the first error.

    A section is a block named as the section; what stands before any header is at the top level.
    `env[PATH] = x` has the name `env` and the key `PATH`; `key =` has one argument without text; `key`
    without `=` has no argument and is a Problem. Since PHP 7.0 `#` begins no comment: such a line becomes
    a directive whose name starts with `#`, and only here is the missing value no Problem, so that a rule
    can name the true cause. At most one error is reported a line. Text that php-fpm drops in silence
    (after an unmatched `'`, after a NUL) is a warning. `$pool` stays as it is. Never raises.
    """
    return _Reader(text, prepare(text, is_template), is_template, php).read()


class _Section:
    """A header that was read and the directives below it so far."""

    def __init__(self, name: Word, span: Span) -> None:
        self.name = name
        self.span = span
        self.children: list[Directive] = []

    def directive(self) -> Directive:
        end = self.children[-1].span.end if self.children else self.span.end
        return Directive(self.name, (), Span(self.span.start, end), tuple(self.children))


class _Reader:
    def __init__(self, text: Text, masked: Masked, is_template: bool, php: tuple[int, int]) -> None:
        self.text = text
        self.masked = masked
        self.is_template = is_template
        self.php = php
        self.directives: list[Directive] = []
        self.section: _Section | None = None
        self.problems: list[Problem] = []
        self.comments: list[Comment] = []

    def read(self) -> Document:
        start = 0
        for line in self.masked.data.split(b"\n"):
            if line:
                self._read_line(line, start)
            start += len(line) + 1
        self._close_section()
        return Document(
            "php-fpm",
            self.text,
            tuple(self.directives),
            tuple(self.problems),
            tuple(self.comments),
            self.is_template,
        )

    def _read_line(self, line: bytes, start: int) -> None:
        plain = None if self.is_template else plain_line(line)
        if plain is None:
            self._read_by_grammar(line, start)
        elif plain.name_end:
            self._add_plain(line, start, plain)
        else:
            self._add_comment(Span(start + plain.start, start + plain.end))

    def _add_plain(self, line: bytes, start: int, plain: PlainLine) -> None:
        name = Word(decode(line[: plain.name_end]), Span(start, start + plain.name_end))
        span = Span(start + plain.start, start + plain.end)
        value = Word(decode(line[plain.start : plain.end]), span)
        siblings = self.section.children if self.section else self.directives
        siblings.append(Directive(name, (value,), Span(start, span.end)))

    def _read_by_grammar(self, line: bytes, start: int) -> None:
        found: list[Problem] = []
        kept, nul, _ = line.partition(b"\0")
        if nul:
            dropped = Span(start + len(kept), start + len(line))
            found.append(Problem(dropped, "NUL byte: php-fpm drops the rest of the line", "warning"))
        scan = scan_line(kept if nul else kept + b"\n", start, self.php)
        for comment in scan.comments:
            self._add_comment(comment)
        found.extend(self._add_statements(scan))
        if found and not self._has_hole(line, start):
            self.problems.extend(sorted(found, key=lambda problem: problem.span))

    def _add_statements(self, scan: Scan) -> list[Problem]:
        """Add what the line says; return its first error and what is dropped in silence."""
        missing: list[Problem] = []
        is_missing = False
        try:
            for statement in statements(scan.tokens, self.php):
                self._add(statement)
                if statement.value is None and not statement.is_section and not is_missing:
                    is_missing = True
                    missing = _missing_value(statement.name)
        except RefusedError as refused:
            return missing if is_missing else [_refused(refused, scan.dropped)]
        if scan.dropped is None or is_missing:
            return missing
        return [Problem(scan.dropped, "unmatched ': php-fpm drops the rest of the line", "warning")]

    def _has_hole(self, line: bytes, start: int) -> bool:
        return self.is_template and (
            line != self.text.data[start : start + len(line)]
            or self.masked.touches(Span(start, start + len(line)))
        )

    def _add_comment(self, span: Span) -> None:
        self.comments.append(Comment(self.text.slice(Span(span.start + 1, span.end)), span))

    def _add(self, statement: Statement) -> None:
        name = self._word(statement.name)
        if statement.is_section:
            self._close_section()
            self.section = _Section(name, statement.span)
            return
        args = () if statement.value is None else (self._word(statement.value),)
        key = None if statement.key is None else self._word(statement.key)
        siblings = self.section.children if self.section else self.directives
        siblings.append(Directive(name, args, statement.span, None, key))

    def _close_section(self) -> None:
        if self.section is not None:
            self.directives.append(self.section.directive())
            self.section = None

    def _word(self, part: Part) -> Word:
        unknown = "template" if self.masked.touches(part.span) else part.unknown
        text = self.text.slice(part.span) if unknown else decode(part.text)
        return Word(text, part.span, part.quote, unknown)


def _refused(refused: RefusedError, dropped: Span | None) -> Problem:
    """Return the Problem of a syntax error; an unmatched `'` that leaves no value is its true place."""
    if dropped is not None and refused.span.start >= dropped.start:
        return Problem(dropped, f"{refused.message}: unmatched '")
    return Problem(refused.span, refused.message)


def _missing_value(name: Part) -> list[Problem]:
    """Return the Problem of an entry without `=`; none for a `#` line, which is left to a rule."""
    if name.text.startswith(b"#"):
        return []
    message = f"'{decode(name.text)}' has no '=': value is NULL for a ZEND_INI_PARSER_ENTRY"
    return [Problem(name.span, message)]
