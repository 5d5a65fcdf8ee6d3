"""Values that a program does not take, so that it does not start, wherever they stand in its files."""

from collections.abc import Iterable, Iterator, Mapping

from tuner.formats.document import Word
from tuner.source.text import Text
from tuner.stack.line_entities import RefusedValue
from tuner.stack.nginx.refused import RefusedWord
from tuner.stack.php_fpm.durations import GLOBAL_TIMES, POOL_TIMES
from tuner.stack.php_fpm.loading import Instance, PoolSettings
from tuner.stack.php_fpm.processes import process_manager
from tuner.stack.php_fpm.reading import with_pool_name
from tuner.stack.settings import Reader, php_fpm_integer, php_fpm_time_s, written
from tuner.stack.value import Origin, Place, Value

PHP_FPM_INTEGERS = (
    *("pm.max_children", "pm.start_servers", "pm.min_spare_servers", "pm.max_spare_servers"),
    *("pm.max_spawn_rate", "pm.max_requests", "request_slowlog_trace_depth", "rlimit_files"),
    *("process.max", "process.priority", "emergency_restart_threshold"),
)
"""Integer directives, without `listen.backlog`, which the model follows to its socket.

Source: php-src sapi/fpm/fpm/fpm_conf.c, fpm_conf_set_integer().
"""

PHP_FPM_READERS: Mapping[str, Reader] = {
    "pm": process_manager,
    **dict.fromkeys(PHP_FPM_INTEGERS, php_fpm_integer),
    **dict.fromkeys((*POOL_TIMES, *GLOBAL_TIMES), php_fpm_time_s),
}


def refused_values(
    instances: Iterable[Instance], nginx: Iterable[RefusedWord], redis: Iterable[RefusedValue]
) -> list[RefusedValue]:
    """Return every refused value of the files that the programs load, each place once.

    One that a later setting overrides is refused as well; what a template fills in later is not judged.
    """
    found: dict[Place | None, RefusedValue] = {}
    for refused in (*_of_php_fpm(instances), *_of_nginx(nginx), *redis):
        found.setdefault(refused.value.origin.place, refused)
    return list(found.values())


def _of_php_fpm(instances: Iterable[Instance]) -> Iterator[RefusedValue]:
    for instance in instances:
        yield from _of_section(instance.global_settings, "php-fpm")
        for pool in instance.pools.values():
            yield from _of_section(pool, f"pool:{pool.name}")


def _of_section(settings: PoolSettings, entity: str) -> Iterator[RefusedValue]:
    for setting in settings.settings:
        directive = setting.directive
        label = directive.name.text.lower()
        if label not in PHP_FPM_READERS or directive.key or not directive.args:
            continue
        word = with_pool_name(directive.args[0], settings)
        # Before PHP 7 a comment starts there; what later ones make of it is told of the `#` itself.
        if "#" not in word.text:
            yield from _refused(entity, "php-fpm", f"{label} = ", word, setting.text, PHP_FPM_READERS[label])


def _of_nginx(words: Iterable[RefusedWord]) -> Iterator[RefusedValue]:
    for word in words:
        yield _entity(word.entity, "nginx", f"{word.directive} ", word.place)


def _refused(
    entity: str, program: str, before: str, word: Word, text: Text, read: Reader
) -> Iterator[RefusedValue]:
    value = written("refused.value", word, text, read, label=before)
    if value.is_refused and value.origin.place:
        yield _entity(entity, program, before, value.origin.place)


def _entity(entity: str, program: str, before: str, place: Place) -> RefusedValue:
    source = " ".join(place.source.split())
    label = before.removesuffix(" ").removesuffix(" =")
    value = Value("refused.value", source, Origin("file", str(place), place), label=label)
    is_refused = value._replace(name="refused.is_refused", data=True)
    setting = f"{before}{source}".strip()
    return RefusedValue(entity=entity, program=program, setting=setting, value=value, is_refused=is_refused)
