"""Values that a program does not take, so that it does not start, wherever they stand in its files."""

from collections.abc import Iterable

from tuner.source.regex import regex
from tuner.stack.line_entities import RefusedValue
from tuner.stack.nginx.refused import RefusedWord
from tuner.stack.value import Origin, Place, Value

FILLED_IN_LATER = regex(r"@\{?\w+\}?@?|\$\{?[A-Z_]{2,}\b|\{\{|\{%|<%|<[A-Z_]+>|%%\w+%%|__[A-Z]\w*__|#\{\w+\}")
"""What stands in a text for something that is put there before the program reads it."""


def refused_values(
    php_fpm: Iterable[RefusedValue], nginx: Iterable[RefusedWord], redis: Iterable[RefusedValue]
) -> list[RefusedValue]:
    """Return every refused value of the files that the programs load, each place once.

    One that a later setting overrides is refused as well; what a template fills in later is not judged.
    """
    found: dict[Place | None, RefusedValue] = {}
    for refused in (*php_fpm, *map(_of_nginx, nginx), *redis):
        refused.is_placeholder = FILLED_IN_LATER.search(str(refused.value.data)) is not None
        found.setdefault(refused.value.origin.place, refused)
    return list(found.values())


def _of_nginx(word: RefusedWord) -> RefusedValue:
    source = " ".join(word.place.source.split())
    origin = Origin("file", str(word.place), word.place)
    value = Value("refused.value", source, origin, label=word.directive)
    return RefusedValue(
        entity=word.entity,
        program="nginx",
        setting=f"{word.directive} {source}".strip(),
        value=value,
        is_refused=value._replace(name="refused.is_refused", data=True, label=f"{word.directive} is refused"),
    )
