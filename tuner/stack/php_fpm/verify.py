"""Every directive of one php-fpm, checked as php-fpm checks it when it reads its files."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tuner.laws.version import Version
from tuner.stack.line_entities import PhpFpmFault, RefusedValue
from tuner.stack.php_fpm.directives import Row, Section, rows
from tuner.stack.php_fpm.faults import Fault, fault_entity, refused_value
from tuner.stack.php_fpm.loading import Instance, PoolSettings, Setting
from tuner.stack.php_fpm.pool_checks import global_faults, missing_faults, pool_faults
from tuner.stack.php_fpm.reading import with_pool_name
from tuner.stack.php_fpm.releases import EVERY, Releases, before, since
from tuner.stack.php_fpm.suggestions import instead_of
from tuner.stack.php_fpm.words import refusal
from tuner.stack.target import Target, target_at
from tuner.stack.value import Place

POOL_NAME = "$pool"
BACKLOG = "listen.backlog"
"""The one in force is followed to its socket, where a rule of its own tells of what php-fpm refuses."""


class Refusals(NamedTuple):
    """Everything for which php-fpm would not start, beside the syntax errors of its files."""

    values: list[RefusedValue]
    faults: list[PhpFpmFault]


def find_refusals(instances: Iterable[Instance], target: Target) -> Refusals:
    """Return what the target's php-fpm refuses in the files of each instance, and what it may refuse.

    What a template fills in, an environment variable decides or an unseen file may set is not judged.
    """
    values: list[RefusedValue] = []
    faults: list[PhpFpmFault] = []
    for instance in instances:
        own = target_at(instance.path, target)
        for fault in find_faults(instance, own):
            values += filter(None, [refused_value(fault, own)])
            faults += filter(None, [fault_entity(fault, own)])
    return Refusals(values, faults)


def find_faults(instance: Instance, target: Target) -> list[Fault]:
    """Return what some release of php-fpm refuses in the files of one instance, in no order of importance."""
    found = list(_section_faults(instance.global_settings, "global", "php-fpm"))
    found += global_faults(instance.global_settings, "php-fpm")
    for pool in instance.pools.values():
        entity = f"pool:{pool.name}"
        found += _section_faults(pool, "pool", entity)
        found += pool_faults(pool, instance, target)
    return [*found, *missing_faults(instance)]


def _section_faults(settings: PoolSettings, section: Section, entity: str) -> Iterator[Fault]:
    for setting in settings.settings:
        directive = setting.directive
        # A line behind `#` is told of as such, one without a value as a syntax error.
        if directive.name.text.startswith("#") or directive.name.unknown or not directive.args:
            continue
        check = _scalar_faults if directive.key is None else _array_faults
        yield from check(settings, setting, section, entity)


def _scalar_faults(
    settings: PoolSettings, setting: Setting, section: Section, entity: str
) -> Iterator[Fault]:
    name = setting.directive.name
    row = rows(section).get(name.text.lower())
    if row is None or row.platform:
        words = f"unknown entry '{name.text}'{instead_of(name.text, section, has_key=False)}"
        yield _unknown(setting, entity, words)
        return
    if row.since > Version.parse("7.0"):
        words = f"unknown entry '{name.text}': it came with PHP {row.since}"
        yield _unknown(setting, entity, words, before(row.since))
    if section == "global" and row.type in ("text", "path") and POOL_NAME in setting.directive.args[0].text:
        yield _refused(setting, entity, "Can't use '$pool' when the pool is not defined")
    elif row.name != BACKLOG or setting is not settings.scalars(BACKLOG)[-1]:
        yield from _value_faults(row, settings, setting, entity)


def _array_faults(settings: PoolSettings, setting: Setting, section: Section, entity: str) -> Iterator[Fault]:
    name, key = setting.directive.name, setting.directive.key
    row = rows("arrays").get(name.text)
    if section == "global":
        yield _unknown(setting, entity, "arrays are not allowed in the global section")
    elif row is None:
        words = f"unknown directive '{name.text}'{instead_of(name.text, section, has_key=True)}"
        yield _unknown(setting, entity, words)
    elif row.keys:
        if key is not None and not key.text and not key.unknown:
            words = f"{name.text}[] needs a key: {name.text}[NAME] = value"
            yield _unknown(setting, entity, words)
        yield from _value_faults(row, settings, setting, entity)
    else:
        words = f"unknown directive '{name.text}': it came with PHP {row.since}"
        yield _unknown(setting, entity, words, before(row.since))
        yield from _suppressed_path_faults(setting, entity, since(row.since))


def _suppressed_path_faults(setting: Setting, entity: str, releases: tuple[Releases, ...]) -> Iterator[Fault]:
    name, key = setting.directive.name.text, setting.directive.key
    value = setting.directive.args[0]
    if key is not None and key.text and not key.unknown:
        yield _unknown(setting, entity, f"{name}[] takes no key", releases)
    if not value.unknown and not value.text.startswith("/"):
        yield _refused(setting, entity, "must begin with '/'", releases)


def _value_faults(row: Row, settings: PoolSettings, setting: Setting, entity: str) -> Iterator[Fault]:
    word = with_pool_name(setting.directive.args[0], settings)
    if word.unknown or (row.type not in ("text", "path", "boolean") and "#" in word.text):
        return
    if not word.text and not row.may_be_empty:
        yield _refused(setting, entity, "empty value")
    elif found := refusal(row, word.text):
        words, releases = found
        yield _refused(setting, entity, words, releases)


def _refused(setting: Setting, entity: str, words: str, releases: tuple[Releases, ...] = EVERY) -> Fault:
    place = Place(setting.text, setting.directive.args[0].span)
    return Fault("value", entity, place, title(setting), words, releases)


def _unknown(setting: Setting, entity: str, words: str, releases: tuple[Releases, ...] = EVERY) -> Fault:
    place = Place(setting.text, setting.directive.name.span)
    return Fault("unknown-directive", entity, place, title(setting), words, releases)


def title(setting: Setting) -> str:
    """Return a directive as messages name it: `pm`, `env[PATH]`."""
    name, key = setting.directive.name.text, setting.directive.key
    return name.lower() if key is None else f"{name}[{key.text}]"
