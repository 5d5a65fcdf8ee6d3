"""The lines that redis-server does not start with, as entities of the model."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tuner.stack.condition import Condition
from tuner.stack.file_problems import MAYBE_TEMPLATE, holds_placeholder
from tuner.stack.include import IncludeReport
from tuner.stack.line_entities import RefusedValue, UnknownDirective
from tuner.stack.model import Redis
from tuner.stack.redis.directives import knowledge_of, releases_that_know
from tuner.stack.redis.loading import Settings
from tuner.stack.redis.reading import Refusal
from tuner.stack.redis.releases import known_releases, possible_releases
from tuner.stack.redis.verdicts import Verdict, in_words, refused_lines
from tuner.stack.target import Target
from tuner.stack.value import Option, Origin, Place, Value

SHOWN_CHARACTERS = 80
OF_OLD = frozenset(
    {
        *("vm-enabled", "vm-swap-file", "vm-max-memory", "vm-page-size", "vm-pages", "vm-max-threads"),
        *("hash-max-zipmap-entries", "hash-max-zipmap-value"),
    }
)
"""Directives that were given up before the releases of the table. Source: Redis 2.4 src/config.c."""
OTHER_RELEASES = "every other release of Redis and Valkey"


class RefusedByRedis(NamedTuple):
    """Refused lines: by what they set, and by names that nobody knows."""

    values: list[RefusedValue]
    names: list[UnknownDirective]


def refused_by_redis(
    servers: Sequence[Settings], models: Sequence[Redis], target: Target, report: IncludeReport
) -> RefusedByRedis:
    """Return every line that `servers`, of which `models` are made, do not start with, each place once.

    A backlog that the model follows to its socket is judged there. A line that looks like one of a template
    goes into `report`.
    """
    values: dict[Place, RefusedValue] = {}
    names: dict[Place, UnknownDirective] = {}
    for settings, model in zip(servers, models, strict=True):
        for verdict in refused_lines(settings, target):
            place = verdict.refusal.place
            if not settings.is_template and holds_placeholder(place):
                report.problem("syntax", place, f"{verdict.refusal.reason}{MAYBE_TEMPLATE}", "note")
            elif verdict.refusal.is_name:
                names.setdefault(place, _name(model.entity, verdict, settings, target))
            elif not (model.listeners and place == _backlog_place(model)):
                values.setdefault(place, _value(model.entity, verdict))
    return RefusedByRedis(list(values.values()), list(names.values()))


def _backlog_place(model: Redis) -> Place | None:
    return model.tcp_backlog.origin.place if model.tcp_backlog.is_refused else None


def _value(entity: str, verdict: Verdict) -> RefusedValue:
    refusal = verdict.refusal
    name = refusal.directive.name.text
    arguments = " ".join(refusal.place.source.split()) if refusal.directive.args else ""
    arguments, name = _shown(arguments), _shown(name)
    origin = Origin("file", str(refusal.place), refusal.place)
    return RefusedValue(
        entity=entity,
        program="redis",
        setting=f"{name} {arguments}".strip(),
        value=Value("refused.value", arguments, origin, label=name),
        is_refused=_holds("refused.is_refused", verdict),
        because=f": {refusal.reason}{_behind_value(refusal)}",
    )


def _shown(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def _behind_value(refusal: Refusal) -> str:
    has_hash = any(word.text.startswith("#") and not word.quote for word in refusal.directive.args)
    return "; a # behind a value starts no comment" if has_hash else ""


def _name(entity: str, verdict: Verdict, settings: Settings, target: Target) -> UnknownDirective:
    refusal = verdict.refusal
    origin = Origin("file", str(refusal.place), refusal.place)
    name = refusal.directive.name.text
    return UnknownDirective(
        entity=entity,
        program="redis",
        directive=Value("unknown_directive.directive", _shown(name), origin, label=_shown(name)),
        is_unknown=_holds("unknown_directive.is_unknown", verdict),
        hint=_hint(name, settings, target),
        is_of_old=_is_of_old(name, target),
    )


def _holds(name: str, verdict: Verdict) -> Value:
    """Return that the line is refused, as a value: where only some releases do, with both cases."""
    place, label = verdict.refusal.place, _shown(verdict.refusal.directive.name.text)
    origin = Origin("file", str(place), place)
    words = f"{label} is {name.rpartition('_')[2]}"
    if not verdict.releases:
        return Value(name, True, origin, label=words)
    cause = f"release that reads {label}"
    options = (
        Option(True, (Condition(cause, choice=verdict.releases),), str(place), place),
        Option(False, (Condition(cause, choice=OTHER_RELEASES),), str(place), place),
    )
    reason = Origin("unknown", "it depends on the release of Redis: give --target redis=7.0", place)
    return Value(name, None, reason, state="unknown", label=words, options=options)


def _hint(name: str, settings: Settings, target: Target) -> str:
    if name.lower() in OF_OLD:
        return f"; only releases before {known_releases()[0]} knew it"
    known_to = releases_that_know(name)
    if known_to:
        return f"; {in_words(known_to)} knows it"
    for mark in ("=", ":"):
        if releases_that_know(name.partition(mark)[0]):
            return f"; between a name and its value stands a blank, no {mark}"
    release = possible_releases(settings.file.path, target)[-1]
    nearest = _nearest(name, knowledge_of(release).directives)
    return f"; {nearest} may be meant" if nearest else ""


def _is_of_old(name: str, target: Target) -> bool:
    is_stated = target.version("redis") or target.version("valkey")
    return is_stated is None and name.lower() in OF_OLD


def _nearest(name: str, known: Iterable[str]) -> str:
    # Only a misspelt name needs it: the import costs a millisecond.
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, known, 1)), "")
