"""What a finding rests on: its evidence, the places of it, and what an undecided rule waits for."""

from collections.abc import Iterable, Iterator, Sequence

from tuner.judge.finding import Location
from tuner.judge.outcome import Reads
from tuner.judge.wording import in_words, setting_in_words
from tuner.stack.entity import Entity
from tuner.stack.value import Place, Value


def evidence_of(reads: Iterable[Value]) -> Reads:
    """Return the Values read, each once, a derived one followed by what it was derived from."""
    found: dict[object, Value] = {}
    for value in reads:
        _collect(value, found)
    return tuple(found.values())


def rests_on_choice(evidence: Iterable[Value]) -> bool:
    """Say whether somebody chose any of the numbers, rather than took what the program does by itself.

    Where there are numbers, words do not count: an address had to be written, its timeout had not. What is
    not set counts as a number if it has a unit.
    """
    given = [value for value in evidence if not value.inputs]
    numbers = [value for value in given if value.unit or not isinstance(value.data, str | bool | None)]
    return any(value.is_own_choice or value.is_observed for value in numbers or given)


def locations_of(
    entity: Entity, evidence: Sequence[Value], first: Value | Place | None
) -> tuple[Location, ...]:
    """Return the places of the evidence, the primary one first.

    That is the place of `first`, else of the entity's own values, else of the values of the entities in
    its fields, else of any value.
    """
    notes = {value.origin.place: _note(value) for value in reversed(evidence) if value.origin.place}
    ordered = tuple(dict.fromkeys([*_preferred(first, notes), *_own_first(entity, evidence)]))
    return tuple(
        Location("related" if number else "primary", place, notes.get(place, ""))
        for number, place in enumerate(ordered)
    )


def _note(value: Value) -> str:
    """Return what the value means where that is not what stands there: `0x400` is 1024."""
    place = value.origin.place
    is_plain = value.data is None or (
        place and place.source in (str(value.data), in_words(value.data, value.unit).replace(" ", ""))
    )
    return "" if is_plain else setting_in_words(value)


def unknown_leaves(missing: Iterable[Value]) -> Reads:
    """Return the Values that make `missing` unknown: of a derived one its unknown inputs, each once."""
    found: dict[object, Value] = {}
    for value in missing:
        uncertain = [given for given in value.inputs if given.state == "unknown"]
        for leaf in unknown_leaves(uncertain) if uncertain else (value,):
            found.setdefault((leaf.name, leaf.origin.words), leaf)
    return tuple(found.values())


def _collect(value: Value, found: dict[object, Value]) -> None:
    key = _key(value)
    if key not in found:
        found[key] = value
        for given in value.inputs:
            _collect(given, found)


def _key(value: Value) -> object:
    return (value.name, value.origin.place, value.data, value.state)


def _preferred(first: Value | Place | None, notes: dict[Place, str]) -> Iterator[Place]:
    if isinstance(first, Place):
        yield first
    elif first is not None:
        placed = next((value for value in evidence_of([first]) if value.origin.place), None)
        if placed is not None and placed.origin.place:
            notes.setdefault(placed.origin.place, _note(placed))
            yield placed.origin.place


def _own_first(entity: Entity, evidence: Sequence[Value]) -> Iterator[Place]:
    own = {_key(value) for value in _values_of(entity)}
    near = {_key(value) for part in _parts_of(entity) for value in _values_of(part)}
    for wanted in (own, near, {_key(value) for value in evidence}):
        yield from (v.origin.place for v in evidence if v.origin.place and _key(v) in wanted)


def _values_of(entity: Entity) -> list[Value]:
    return [found for _, found in entity if isinstance(found, Value)]


def _parts_of(entity: Entity) -> list[Entity]:
    return [found for _, found in entity if isinstance(found, Entity)]
