"""The syntax tree that every format is read into."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from tuner.source.span import Span
from tuner.source.text import Text

Kind = Literal["php-fpm", "nginx", "redis", "sysctl"]
KINDS: tuple[Kind, ...] = ("php-fpm", "nginx", "redis", "sysctl")


class Word(NamedTuple):
    """A name or an argument as the program understands it, with the bytes it was written in.

    `text` is the value after quotes and escapes; `span` includes the quotes. Where the file does not
    fix the value (a template hole, `${VAR}` of the environment) `unknown` says why, and `text` is what
    is written.
    """

    text: str
    span: Span
    quote: str = ""
    unknown: str = ""


class Directive(NamedTuple):
    """One statement. `children` is None for a simple one and a tuple, maybe empty, for a block.

    `key` is the subscript of a php-fpm array (`env[PATH]`); a php-fpm section is a block whose name is
    the section's. `span` runs past the closing `;` or `}` where the format has one.
    """

    name: Word
    args: tuple[Word, ...]
    span: Span
    children: "tuple[Directive, ...] | None" = None
    key: Word | None = None


class Problem(NamedTuple):
    """Something at `span` that the program would refuse (`error`) or pass over with a warning."""

    span: Span
    message: str
    severity: Literal["error", "warning"] = "error"


class Comment(NamedTuple):
    """A comment with its marker; `text` starts after the marker."""

    text: str
    span: Span


class Document(NamedTuple):
    """One file, read: as far as it is readable, with what is wrong in it."""

    kind: Kind
    text: Text
    directives: tuple[Directive, ...]
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    is_template: bool = False

    def walk(self) -> Iterator[Directive]:
        """Yield every directive, blocks before their children."""
        stack = list(reversed(self.directives))
        while stack:
            directive = stack.pop()
            yield directive
            stack.extend(reversed(directive.children or ()))
