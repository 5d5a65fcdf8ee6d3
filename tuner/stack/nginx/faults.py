"""What `nginx -t` refuses of directives: their place, number of arguments, repetition, release.

Directives of other modules are never judged, nor is what a template fills in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from tuner.laws.version import Version
from tuner.stack import defaults
from tuner.stack.line_entities import DirectiveFault
from tuner.stack.nginx.blocks import Block
from tuner.stack.nginx.directives import Form, forms_of
from tuner.stack.nginx.levels import Levels, holders
from tuner.stack.nginx.naming import name_of
from tuner.stack.target import Target
from tuner.stack.value import Origin, Place, Value, absent, unknown

FAULTS = (
    *("misplaced", "miscounted", "repeated", "unsupported"),
    *("listen_clash", "name_clash", "undefined", "rewriting", "at_odds", "buffers", "lacking"),
)
WITHOUT_BLOCKS = frozenset({"map", "geo", "types", "split_clients", "charset_map"})
ALSO_OF_OTHERS = frozenset({"sticky", "least_time", "resolver", "resolver_timeout", "queue", "state"})
"""Directives that nginx got late and that other modules, or the commercial nginx, had before."""


class Fault(NamedTuple):
    """One fault of a directive: which of `FAULTS`, in words, and where."""

    kind: str
    words: str
    place: Place
    level: Block
    name: str
    is_certain: bool = True


def directive_faults(found: Iterable[Fault]) -> list[DirectiveFault]:
    """Return the faults as entities, one a place: a snippet may be included many times."""
    first: dict[Place, Fault] = {}
    for fault in found:
        first.setdefault(fault.place, fault)
    return [_entity(fault) for fault in first.values()]


def _entity(fault: Fault) -> DirectiveFault:
    values = {kind: absent(f"directive_fault.{kind}", label=fault.name) for kind in FAULTS}
    name = f"directive_fault.{fault.kind}"
    if fault.is_certain:
        origin = Origin("file", str(fault.place), fault.place)
        values[fault.kind] = Value(name, fault.words, origin, label=fault.name)
    else:
        values[fault.kind] = unknown(name, "the nginx version", label="nginx version", place=fault.place)
    return DirectiveFault(entity=name_of(fault.name, fault.level), words=fault.words, **values)


def misused_directives(root: Block, target: Target) -> Iterator[Fault]:
    """Yield what nginx refuses of every directive of a configuration by its table of directives."""
    version = target.version("nginx")
    asked: set[str] = set()
    for holder, levels in holders(root):
        for name, blocks in holder.each_name():
            for fault in _faults_of(name, blocks, levels, version):
                if fault.is_certain or name not in asked:
                    asked.add(name)
                    yield fault
            if name in WITHOUT_BLOCKS:
                yield from _blocks_among_words(blocks)


def _blocks_among_words(blocks: Iterable[Block]) -> Iterator[Fault]:
    """Yield each block inside one that holds lines of words only."""
    for inner in (inner for block in blocks for inner in block.blocks):
        fault = _made(
            "misplaced", f'unexpected "{{" inside "{inner.parent.name if inner.parent else ""}"', inner
        )
        if fault:
            yield fault


def _faults_of(name: str, blocks: list[Block], levels: Levels, version: Version | None) -> Iterator[Fault]:
    """Yield the faults of directives of one name in one block."""
    if forms_here(name, levels) is None:
        return
    is_once = len(blocks) > 1 and _is_once(name, levels, version)
    for block in blocks:
        number = len(block.directive.args) if block.directive else 0
        is_right = _is_right(name, levels, version, block.is_block, number)
        fault = None if is_right else _fault(block, levels, version)
        if fault is None and is_once and block is not blocks[0]:
            fault = _repeated(block, blocks[0])
        if fault:
            yield fault


@cache
def _is_right(name: str, levels: Levels, version: Version | None, is_block: bool, number: int) -> bool:
    """Say whether there is nothing to tell of directives that look so: nearly all of a file look alike."""
    fitting = forms_in_force(name, levels, version)
    if _is_doubtful(fitting, version):
        return False
    return any(f.is_block == is_block for f in fitting) and any(f.takes(number) for f in fitting)


def _fault(block: Block, levels: Levels, version: Version | None) -> Fault | None:
    here = forms_here(block.name, levels)
    if here is None or block.is_template:
        return None
    if not here:
        return _made("misplaced", f'"{block.name}" directive is not allowed here', block)
    fitting = forms_in_force(block.name, levels, version)
    if not fitting:
        return _unsupported(block, here, version)
    if all(form.is_block != block.is_block for form in fitting):
        return _made("miscounted", _without_its_end(block), block)
    number = len(block.arguments)
    if not any(form.takes(number) for form in fitting):
        return _made("miscounted", _wrong_number(block, fitting), block)
    return _unsupported(block, here, version) if _is_doubtful(fitting, version) else None


@cache
def forms_here(name: str, levels: Levels) -> tuple[Form, ...] | None:
    """Return the forms of a directive that may stand in one of `levels`; None for an unknown directive."""
    forms = forms_of(name)
    return tuple(form for form in forms if form.may_stand_in(levels)) if forms else None


@cache
def forms_in_force(name: str, levels: Levels, version: Version | None) -> tuple[Form, ...]:
    """Return those of `forms_here` that a release may have."""
    here = forms_here(name, levels) or ()
    return tuple(form for form in here if version is None or form.is_in(version) is not False)


def _is_once(name: str, levels: Levels, version: Version | None) -> bool:
    forms = forms_in_force(name, levels, version)
    return bool(forms) and all(form.is_once for form in forms)


def _is_doubtful(forms: Iterable[Form], version: Version | None) -> bool:
    """Say whether a release that may be meant has none of the forms."""
    if version is not None:
        return all(form.is_in(version) is None for form in forms)
    oldest = defaults.oldest_considered("nginx")
    return all(form.until is None and form.since is not None and oldest < form.since for form in forms)


def _unsupported(block: Block, forms: Iterable[Form], version: Version | None) -> Fault | None:
    if block.name in ALSO_OF_OTHERS:
        return None
    newest = max(forms, key=lambda form: form.since.numbers if form.since else ())
    is_gone = newest.until is not None and version is not None and newest.until <= version
    when = f"no longer, since nginx {newest.until}," if is_gone else f"only since nginx {newest.since}"
    fault = _made("unsupported", f'there is "{block.name}" {when}'.rstrip(","), block)
    return fault._replace(is_certain=_is_refused(forms, version)) if fault else None


def _is_refused(forms: Iterable[Form], version: Version | None) -> bool:
    return version is not None and all(form.is_in(version) is False for form in forms)


def _without_its_end(block: Block) -> str:
    if block.is_block:
        return f'directive "{block.name}" is not terminated by ";"'
    return f'directive "{block.name}" has no opening "{{"'


def _wrong_number(block: Block, forms: Iterable[Form]) -> str:
    counts = sorted({count for form in forms for count in form.counts})
    expected = " or ".join(_count_in_words(low, high) for low, high in counts)
    words = f'invalid number of arguments in "{block.name}" directive: {len(block.arguments)}, not {expected}'
    return f"{words}; a ';' is missing, perhaps" if _spans_lines(block) else words


def _count_in_words(low: int, high: int | None) -> str:
    if high is None:
        return f"{low} or more"
    return str(low) if low == high else f"{low} to {high}"


def _spans_lines(block: Block) -> bool:
    if block.directive is None or block.text is None or not block.directive.args:
        return False
    lines = {
        block.text.position(word.span.start).line for word in (block.directive.name, *block.directive.args)
    }
    return len(lines) > 1


def _repeated(block: Block, earlier: Block) -> Fault | None:
    if earlier.is_template or earlier.directive is None or earlier.text is None:
        return None
    place = Place(earlier.text, earlier.directive.name.span)
    return _made("repeated", f'"{block.name}" directive is duplicate: the first is in {place}', block)


def _made(kind: str, words: str, block: Block) -> Fault | None:
    if block.is_template or block.directive is None or block.text is None or block.parent is None:
        return None
    place = Place(block.text, block.directive.name.span)
    return Fault(kind, words, place, block.parent, block.name)
