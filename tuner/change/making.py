"""Changes in the making: where the directives of a document stand, and when the new file is read again."""

from bisect import bisect_right
from functools import cached_property
from operator import itemgetter

from tuner.change.effect import Position, positions_of
from tuner.change.verify import Change, verified
from tuner.errors import ChangeError
from tuner.formats.document import Directive, Document, Word
from tuner.source.span import Span


class Making:
    """The making of one change of a document, which is looked at by itself."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def position_of(self, directive: Directive) -> Position:
        """Return the position of `directive`. Raises ChangeError if the document has no such directive."""
        found = self._positions.get((directive.span, directive.name))
        if found is None:
            raise ChangeError(f"{directive.name.text} is no directive of {self.document.text.path}")
        return found

    def finished(self, change: Change) -> Change:
        """Return `change`. Raises ChangeError if it would do anything but its effect."""
        return verified(self.document, change)

    @cached_property
    def _positions(self) -> dict[tuple[Span, Word], Position]:
        return positions_of(self.document)


class Batch(Making):
    """The making of many changes of a document: `changed` has to look at all of them at once."""

    def finished(self, change: Change) -> Change:
        """Return `change` as it is."""
        return change

    def argument_at(self, span: Span, *, is_part: bool) -> tuple[Directive, int] | None:
        """Return the directive and the number of its argument at `span`, or with `is_part` around it.

        None if there is none.
        """
        behind = bisect_right(self._arguments, span.start, key=_start)
        if not behind:
            return None
        directive, number, word = self._arguments[behind - 1]
        is_around = is_part and word.start <= span.start and span.end <= word.end
        return (directive, number) if word == span or is_around else None

    @cached_property
    def _arguments(self) -> list[tuple[Directive, int, Span]]:
        """Every argument, in the order of its place."""
        found = [
            (directive, number, word.span)
            for directive in self.document.walk()
            for number, word in enumerate(directive.args)
        ]
        return sorted(found, key=itemgetter(2))


def _start(argument: tuple[Directive, int, Span]) -> int:
    return argument[2].start
