"""The times of php-fpm's files: what php-fpm reads, and what a person would read."""

from collections.abc import Iterable, Iterator

from tuner.source.regex import regex
from tuner.stack.line_entities import Duration
from tuner.stack.php_fpm.loading import Instance, PoolSettings, Setting
from tuner.stack.settings import PHP_TIME_UNITS_S, Reader, php_fpm_time_s, switched_off, written
from tuner.stack.value import Data, Value, absent

NEVER_OFF = "pm.process_idle_timeout"
POOL_TIMES = ("request_terminate_timeout", "request_slowlog_timeout", NEVER_OFF)
GLOBAL_TIMES = ("process_control_timeout", "emergency_restart_interval", "systemd_interval")
IN_WORDS = "as people read it"
PLAIN_TIME = regex(r"\s*[+-]?[0-9]+\s*[smhd]?")
STEP = regex(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(ms|[smhd]?)\s*")
STEP_UNITS_S: dict[str, float] = {"": 1, "ms": 0.001, **PHP_TIME_UNITS_S}


def build_durations(instance: Instance) -> list[Duration]:
    """Return every time in force that one php-fpm's files set and php-fpm does not refuse."""
    found = list(_durations(instance.global_settings, GLOBAL_TIMES, "php-fpm"))
    for pool in instance.pools.values():
        found += _durations(pool, POOL_TIMES, f"pool:{pool.name}")
    return found


def _durations(settings: PoolSettings, labels: Iterable[str], owner: str) -> Iterator[Duration]:
    for label in labels:
        in_force = settings.scalars(label)[-1:]
        for setting in in_force:
            seconds = _read(setting, label, "seconds", php_fpm_time_s)
            if not seconds.is_refused:
                yield Duration(
                    entity=f"{owner} {label}",
                    setting=label,
                    written=setting.directive.args[0].text,
                    seconds=seconds,
                    meant=_meant(setting, label),
                )


def _meant(setting: Setting, label: str) -> Value:
    meant = _read(setting, label, "meant", meant_s)
    return absent("duration.meant", "no such time", label=IN_WORDS) if meant.is_refused else meant


def _read(setting: Setting, label: str, field: str, read: Reader) -> Value:
    word = setting.directive.args[0]
    shown = label if field == "seconds" else IN_WORDS
    value = written(f"duration.{field}", word, setting.text, read, label=shown, unit="s")
    return value if label == NEVER_OFF else switched_off(value)


def meant_s(text: str) -> Data | None:
    """Return the seconds that a person reads (`1m30s` is 90, `10ms` 0.01), or None for what is no time.

    What php-fpm reads whole means what php-fpm makes of it.
    """
    if PLAIN_TIME.fullmatch(text):
        return php_fpm_time_s(text)
    total_s, at = 0.0, 0
    while at < len(text) and (step := STEP.match(text, at)):
        total_s += float(step.group(1)) * STEP_UNITS_S[step.group(2)]
        at = step.end()
    return total_s if at == len(text) else None
