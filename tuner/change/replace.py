"""Changes of the arguments of one directive."""

from tuner.change.dialect import DIALECTS
from tuner.change.editable import BLANKS, editable
from tuner.change.effect import Argument, Effect, node_of
from tuner.change.making import Batch, Making
from tuner.change.verify import Change
from tuner.change.writing import Setting
from tuner.errors import ChangeError
from tuner.formats.document import Directive, Document, Word
from tuner.source.edit import Edit
from tuner.source.span import Span


def replace_value(
    document: Document, directive: Directive, value: Setting, argument: int = 0, batch: Batch | None = None
) -> Change:
    """Put `value` in the place of the directive's argument number `argument`, counted from 0.

    Its quotes stay where they can. Raises ChangeError if there is no such argument, if a template or the
    environment fills it in, or if the format cannot write `value`.
    """
    editable(document)
    old = _fixed(directive, argument)
    written, text = DIALECTS[document.kind].write_value(
        value, document.text.data[slice(*old.span)], old.quote
    )
    if old.span.start == old.span.end and _follows_spaced_equals(document.text.data, old.span.start):
        written = b" " + written
    edit = Edit(old.span, written)
    making = batch or Making(document)
    return making.finished(Change(edit, _with_argument(making, directive, argument, Argument(text))))


def add_argument(
    document: Document, directive: Directive, value: Setting, batch: Batch | None = None
) -> Change:
    """Add `value` behind the last word of an nginx or redis directive. Raises ChangeError where it cannot."""
    editable(document)
    dialect = DIALECTS[document.kind]
    if dialect.has_assignments:
        raise ChangeError(f"{directive.name.text} takes one value")
    written, text = dialect.write_value(value)
    end = (directive.args or (directive.name,))[-1].span.end
    making = batch or Making(document)
    effect = _with_argument(making, directive, len(directive.args), Argument(text))
    return making.finished(Change(Edit(Span(end, end), b" " + written), effect))


def delete_argument(document: Document, directive: Directive, argument: int) -> Change:
    """Take one argument and the blanks before it from an nginx or redis directive.

    Raises ChangeError if there is no such argument, or if a template or the environment fills it in.
    """
    editable(document)
    if DIALECTS[document.kind].has_assignments:
        raise ChangeError(f"{directive.name.text} needs its value")
    end = _fixed(directive, argument).span.end
    before = (directive.name, *directive.args)[argument]
    start = max(
        before.span.end, len(document.text.data[: directive.args[argument].span.start].rstrip(BLANKS))
    )
    making = Making(document)
    effect = _with_argument(making, directive, argument, None)
    return making.finished(Change(Edit(Span(start, end), b""), effect))


def _fixed(directive: Directive, argument: int) -> Word:
    if not 0 <= argument < len(directive.args):
        raise ChangeError(f"{directive.name.text} has no argument {argument}")
    word = directive.args[argument]
    if word.unknown:
        raise ChangeError(f"{directive.name.text} is not fixed in the file ({word.unknown}): change that")
    if word.quote == "lua":
        raise ChangeError(f"{directive.name.text} holds a program, not a value")
    return word


def _follows_spaced_equals(data: bytes, at: int) -> bool:
    return data[at - 2 : at] in (b" =", b"\t=")


def _with_argument(making: Making, directive: Directive, at: int, argument: Argument | None) -> Effect:
    """Return the effect of `argument` in place `at`; None takes the one that is there away."""
    position = making.position_of(directive)
    node = node_of(position.depth, directive)
    new = () if argument is None else (argument,)
    arguments = (*node.arguments[:at], *new, *node.arguments[at + 1 :])
    return Effect(position.at, 1, (node._replace(arguments=arguments),))
