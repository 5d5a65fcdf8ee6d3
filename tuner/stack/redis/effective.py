"""What CONFIG GET would say after a redis-server has loaded its files."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tuner.stack.condition import Condition
from tuner.stack.effective import SettingGroup
from tuner.stack.redis.directives import Definition, knowledge_of
from tuner.stack.redis.loading import Settings
from tuner.stack.redis.reading import Kept, Reading, arguments_span, read_settings
from tuner.stack.redis.releases import Release, possible_releases
from tuner.stack.redis.verdicts import in_words, meant_release
from tuner.stack.settings import OVERRIDES_CAP
from tuner.stack.target import Target
from tuner.stack.value import (
    Data,
    Option,
    Origin,
    Override,
    Place,
    Value,
    may_be_set_by,
    undetermined,
    unknown,
)

SLOWEST_HZ, FASTEST_HZ = 1, 500
UNITS = {"memory": "bytes", "octal": "octal"}
LIST_DEFAULTS: Mapping[str, str] = {
    "save": "3600 1 300 100 60 10000",
    "client-output-buffer-limit": "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
    "oom-score-adj-values": "0 200 800",
    "latency-tracking-info-percentiles": "50 99 99.9",
    "notify-keyspace-events": "",
    "replicaof": "",
    "rdma-bind": "",
}
"""What CONFIG GET prints of lists that nobody wrote; source: src/config.c, initConfigValues()."""

GROWING = frozenset({"save-points", "buffer-limits"})
EVERY_ADDRESS = "* -::*"
UNPRINTED_BEFORE_7 = frozenset({"cluster-config-file", "replicaof"})
"""What CONFIG GET of Redis 6 does not print; the alias `slaveof` it does."""

REASON = "the default depends on the release of Redis or Valkey"


def redis_settings(
    servers: Iterable[Settings], target: Target, *, with_defaults: bool = False
) -> list[SettingGroup]:
    """Return what CONFIG GET * would print in each of `servers`, loaded by `load_servers`.

    Only what their files set unless `with_defaults`; a name and its alias both, as Redis prints them. Lists
    are in the form that Redis prints (`save` "3600 1 300 100"), sizes in bytes, modes in octal digits. Where
    the release is not known, written values are read as the one the file is meant for reads them.
    """
    return [_Group(settings, target, with_defaults).build() for settings in servers]


class _Group:
    def __init__(self, settings: Settings, target: Target, with_defaults: bool) -> None:
        self.settings = settings
        self.with_defaults = with_defaults
        self.possible = possible_releases(settings.file.path, target)
        release = meant_release(settings, self.possible)
        self.knowledge = knowledge_of(release)
        self.reading: Reading = read_settings(settings, release)
        self.last_lines = self._last_lines() if settings.not_followed else {}

    def build(self) -> SettingGroup:
        """Return every setting in the order of names, each under its alias as well."""
        values = (value for name in sorted(self._names()) for value in self._shown(name))
        return SettingGroup("redis", self.settings.file.path, "", tuple(values))

    def _names(self) -> set[str]:
        known = self.knowledge.directives if self.with_defaults else self.reading.kept
        changed = {"databases"} if self._has_one_database() else set()
        return changed | {name for name in known if not self.knowledge.directives[name].is_hidden}

    def _shown(self, name: str) -> Iterator[Value]:
        definition = self.knowledge.directives[name]
        if definition.name == name:
            value = self._value(definition)
            if not (self.reading.release.is_before_7 and name in UNPRINTED_BEFORE_7):
                yield value
            if definition.alias:
                yield value._replace(label=definition.alias)

    def _value(self, definition: Definition) -> Value:
        kept = self.reading.kept.get(definition.name)
        if definition.name == "databases" and self._has_one_database():
            return Value("redis.databases", 1, Origin("derived", "cluster mode has one"), label="databases")
        value = self._written(definition, kept) if kept else self._default(definition)
        if not self.settings.not_followed:
            return value
        include = self.settings.not_followed_from(self.last_lines.get(definition.name, -1))
        return may_be_set_by(value, include) if include else value

    def _last_lines(self) -> dict[str, int]:
        """Return where in the order of loading each directive stands last."""
        names = self.knowledge.directives
        lines = ((at, names.get(item[0].name.text)) for at, item in enumerate(self.settings.found))
        return {definition.name: at for at, definition in lines if definition}

    def _written(self, definition: Definition, kept: Kept) -> Value:
        name, unit = f"redis.{definition.name}", UNITS.get(definition.type, "")
        place = Place(kept.text, arguments_span(kept.directive))
        origin = Origin("file", str(place), place)
        data = self._in_force(definition, kept.data)
        if data is None:
            hole = next((word.unknown for word in kept.directive.args if word.unknown), "")
            relative = definition.type == "folder" and kept.data is not None
            reason = "relative to the folder that redis-server is started in" if relative else hole
            lost = Origin("unknown" if reason else "refused", reason or "it is refused", place)
            return Value(name, None, lost, unit, "unknown", definition.name)
        lost_ones = () if definition.type in GROWING else tuple(self._lost(kept))
        return Value(name, data, origin, unit, label=definition.name, overrides=lost_ones)

    def _lost(self, kept: Kept) -> Iterator[Override]:
        """Yield the nearest settings that `kept` overrides."""
        earlier = kept.earlier
        for _ in range(OVERRIDES_CAP):
            if earlier is None:
                return
            if earlier.data is not None:
                place = Place(earlier.text, arguments_span(earlier.directive))
                origin = Origin("file", str(place), place)
                yield Override(earlier.data, origin, "a later setting wins")
            earlier = earlier.earlier

    def _in_force(self, definition: Definition, data: Data | None) -> Data | None:
        """Return what Redis makes of a value that it has taken."""
        if definition.name == "hz" and isinstance(data, int):
            return max(SLOWEST_HZ, min(FASTEST_HZ, data))
        if definition.type == "folder" and data is not None:
            path = os.path.join(self.settings.started_in, str(data))
            return os.path.normpath(path) if path.startswith("/") else None
        return data

    def _has_one_database(self) -> bool:
        """Say whether cluster mode leaves one database. Source: src/config.c since 7.2; not Valkey 9."""
        release = self.reading.release
        is_such = release.is_redis_since("7.2") or release.program == "valkey"
        return is_such and not release.is_valkey_9 and self.reading.data("cluster-enabled") == "yes"

    def _default(self, definition: Definition) -> Value:
        name, label = f"redis.{definition.name}", definition.name
        unit = UNITS.get(definition.type, "")
        if definition.type == "folder":
            if self.settings.started_in:
                return Value(name, self.settings.started_in, Origin("default", "its folder"), label=label)
            return unknown(name, "the folder that redis-server is started in", label=label)
        found: dict[Data | None, list[Release]] = {}
        for release in self.possible:
            known = knowledge_of(release).directives.get(label)
            if known:
                found.setdefault(default_of(known, release), []).append(release)
        value = undetermined(name, _options(label, found), REASON, unit=unit, label=label)
        data = self._in_force(definition, value.data) if value.is_known else None
        return value._replace(data=data, default=value.data) if value.is_known else value


def default_of(definition: Definition, release: Release) -> Data | None:
    """Return what `release` takes where nobody writes a directive, as CONFIG GET prints it.

    None is the folder that the server is started in.
    """
    if definition.name == "bind":
        return "" if release.is_before_7 else EVERY_ADDRESS
    if definition.default is None:
        return LIST_DEFAULTS.get(definition.name)
    return definition.default


def _options(label: str, found: Mapping[Data | None, Sequence[Release]]) -> list[Option]:
    options = []
    for data, releases in found.items():
        words = in_words(releases)
        conditions = (Condition(f"release that reads {label}", choice=words),)
        options.append(Option(data, conditions, f"default of {words}"))
    if len(options) == 1:
        program = next(iter(found.values()))[0].program.capitalize()
        return [options[0]._replace(words=f"default of {program}")]
    return options
