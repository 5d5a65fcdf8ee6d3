"""nginx files, read by crossplane from words that were cut exactly.

crossplane's own lexer knows lines but no columns and cuts seven kinds of input otherwise than nginx does.
So crossplane's parse function runs here with `tuner.formats.nginx_tokens` in the lexer's place. The name of
each directive carries its statement through crossplane's payload; arguments and places are taken from there.
"""

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from tuner.formats.document import Directive, Document, Problem
from tuner.formats.nginx_tokens import Scan, Statement, scan
from tuner.formats.templates import prepare
from tuner.source.span import Span
from tuner.source.text import Text

_Token = tuple[str, int, bool]
_LINE_IS_KNOWN_FROM_THE_SPAN = 0


class _Name(str):
    """A directive's name that leads back to its statement."""

    __slots__ = ("statement",)
    statement: Statement

    @classmethod
    def of(cls, statement: Statement) -> "_Name":
        name = cls(statement.words[0].text)
        name.statement = statement
        return name


def parse(text: Text, *, is_template: bool = False) -> Document:
    """Read one nginx file; includes are not followed.

    What nginx's own reader refuses becomes a Problem with its place, and everything around it is kept.
    """
    read = scan(text, prepare(text, is_template), "warning" if is_template else "error")
    problems = list(read.problems)
    directives: tuple[Directive, ...] = ()
    try:
        directives = _directives(_crossplane_statements(text.path, read))
    except (ImportError, AttributeError, TypeError) as error:
        message = f"not read: the installed crossplane package cannot be used ({error})"
        problems.append(Problem(Span(0, 0), message))
    return Document("nginx", text, directives, tuple(problems), tuple(read.comments), is_template)


def _crossplane_statements(path: str, read: Scan) -> list[dict[str, Any]]:
    """Return crossplane's tree of one file, parsed from our words.

    Raises ImportError, AttributeError or TypeError if crossplane is missing or is not the one we know.
    """
    from crossplane import parser

    tokens = _tokens(read)
    known = parser.parse
    ours = FunctionType(
        known.__code__, {**vars(parser), "lex": lambda _: tokens}, "parse", known.__defaults__
    )
    payload = ours(path, single=True, comments=True, check_ctx=False, check_args=False)
    if payload["errors"]:
        raise TypeError(payload["errors"][0]["error"])
    statements: list[dict[str, Any]] = payload["config"][0]["parsed"]
    return statements


def _tokens(read: Scan) -> Iterator[_Token]:
    """Yield the stream of crossplane's lexer: a word is marked as quoted, so that it is never a brace."""
    line = _LINE_IS_KNOWN_FROM_THE_SPAN
    for event in read.events:
        if event is None:
            yield "}", line, False
            continue
        yield _Name.of(event), line, True
        for word in event.words[1:]:
            yield word.text, line, True
        yield "{" if event.is_block else ";", line, False


def _directives(statements: list[dict[str, Any]]) -> tuple[Directive, ...]:
    return tuple(_directive(statement) for statement in statements)


def _directive(payload: dict[str, Any]) -> Directive:
    statement: Statement = payload["directive"].statement
    name, *args = statement.words
    children = _directives(payload["block"]) if statement.is_block else None
    return Directive(name, tuple(args), Span(name.span.start, statement.end), children)
