"""Every setting in force of one php-fpm, as `php-fpm -tt` would print it, but with its type."""

import posixpath

from tuner.laws.process_manager import started_children
from tuner.stack import defaults
from tuner.stack.effective import SettingGroup
from tuner.stack.php_fpm.array_keys import effective_arrays
from tuner.stack.php_fpm.directives import PHP_FPM, Row, Section, rows
from tuner.stack.php_fpm.loading import Instance, PoolSettings
from tuner.stack.php_fpm.reading import PoolReader, full_path, with_pool_name
from tuner.stack.php_fpm.sockets import listen_address, passed_backlog
from tuner.stack.php_fpm.words import READERS, process_manager
from tuner.stack.settings import overriding, wrap_int32, written
from tuner.stack.target import Target, target_at
from tuner.stack.value import Data, Origin, Value, absent, derive, may_be_set_by, unknown

GLOBAL = "global"
STATE_FOLDERS = {"/usr": "/var"}
"""The folder for changing files by the prefix that PHP was built with, as distributions build it."""
DEFAULT_LOG = "log/php-fpm.log"
SPARE_NUMBERS = ("pm.start_servers", "pm.min_spare_servers", "pm.max_spare_servers")
POOL_PATHS = ("access.log", "slowlog", "chdir")
FOLLOWING = {
    "pm.status_path": ("pm.status_listen", "/"),
    "access.format": ("access.log", '%R - %u %t "%m %r" %s'),
    "ping.response": ("ping.path", "pong"),
}
"""Directives that have a default only where another one is set."""
Values = dict[str, Value]


def php_fpm_settings(instance: Instance, target: Target, *, with_defaults: bool) -> list[SettingGroup]:
    """Return the settings of one php-fpm: section `global`, then `pool:NAME` of each pool.

    Times are in seconds, booleans `yes` or `no`; of arrays (`env[PATH]`) the first setting counts, flags
    are in the list of values. Without `with_defaults` only what a file sets. What nothing fixes is unknown.
    """
    own = target_at(instance.path, target)
    groups = [_group(instance, GLOBAL, _global_values(instance.global_settings, own), with_defaults)]
    for settings in instance.pools.values():
        values = _pool_values(settings, own)
        groups.append(_group(instance, f"pool:{settings.name}", values, with_defaults))
    return groups


def _group(instance: Instance, section: str, values: Values, with_defaults: bool) -> SettingGroup:
    kept = [value for value in values.values() if with_defaults or value.is_written]
    return SettingGroup("php-fpm", instance.start.path, section, tuple(kept))


def _scalars(settings: PoolSettings, section: Section, target: Target) -> Values:
    return {row.name: _scalar(settings, row, target) for row in rows(section).values() if _has(row, target)}


def _has(row: Row, target: Target) -> bool:
    """Say whether the target's php has a directive; one of unknown version may."""
    version = target.patch_level("php")
    return not row.platform and (version is None or version >= row.since or _is_within(version.numbers, row))


def _is_within(numbers: tuple[int, ...], row: Row) -> bool:
    """Say whether a version of two numbers leaves open if it has a directive that came within it."""
    return numbers == row.since.numbers[: len(numbers)]


def _scalar(settings: PoolSettings, row: Row, target: Target) -> Value:
    default = _default(row, target)
    value = default
    for setting in settings.scalars(row.name):
        word = with_pool_name(setting.directive.args[0], settings)
        read = READERS[row.type]
        found = written(
            default.name, word, setting.text, read, label=row.name, unit=default.unit, default=default.data
        )
        if row.limit and row.limit.exempt is not None and found.data == row.limit.exempt:
            found = found._replace(data=None, state="absent")
        value = overriding(found, value, "a later setting wins") if value is not default else found
    is_open = settings.not_followed and value.state != "unknown"
    return may_be_set_by(value, settings.not_followed[0]) if is_open else value


def _default(row: Row, target: Target) -> Value:
    name = f"php_fpm.{row.name}"
    if defaults.is_in_table(PHP_FPM, row.name):
        return defaults.default(PHP_FPM, row.name, name, target)
    if row.default is None:
        return absent(name, unit=row.unit, label=row.name)
    origin = Origin("default", "default of php")
    return Value(name, row.default, origin, row.unit, label=row.name, default=row.default)


def _global_values(settings: PoolSettings, target: Target) -> Values:
    values = _scalars(settings, "global", target)
    folder = STATE_FOLDERS.get(target.php_prefix or "")
    if values["error_log"].state == "absent":
        values["error_log"] = _default_log(values["error_log"], folder)
    for label in ("pid", "error_log"):
        if str(values[label].data).lower() != "syslog":
            values[label] = full_path(values[label], folder)
    interval = values["systemd_interval"]
    if interval.is_known:
        values["systemd_interval"] = interval._replace(data=_kept_interval_s(interval))
    mechanism = values["events.mechanism"]
    if mechanism.is_known:
        values["events.mechanism"] = mechanism._replace(data=str(mechanism.data).lower())
    return values


def _kept_interval_s(interval: Value) -> Data | None:
    """Return the seconds of systemd_interval, which php-fpm keeps as milliseconds in a C int."""
    seconds = _whole(interval)
    return interval.default if seconds < 0 else int(wrap_int32(seconds * 1000) / 1000)


def _default_log(value: Value, folder: str | None) -> Value:
    if folder is None:
        reason = "the default depends on the folders that PHP was built with"
        return unknown(value.name, reason, label=value.label)
    return value._replace(
        data=posixpath.join(folder, DEFAULT_LOG), state="known", origin=Origin("default", "default of php")
    )


def _pool_values(settings: PoolSettings, target: Target) -> Values:
    values = _scalars(settings, "pool", target)
    read = PoolReader(settings, target)
    if settings.scalars("listen"):
        values["listen"] = _under(values["listen"], listen_address(read))
    values |= _process_values(values)
    pm = read.as_written("pm", process_manager)
    if settings.scalars("listen.backlog"):
        values["listen.backlog"] = _under(values["listen.backlog"], passed_backlog(read, pm, target)[0])
    prefix = read.prefix()
    for label in POOL_PATHS:
        values[label] = full_path(values[label], prefix)
    values["prefix"] = full_path(values["prefix"], target.php_prefix)
    values["chroot"] = _chroot(values["chroot"], prefix)
    for label, (cause, text) in FOLLOWING.items():
        if label in values and cause in values:
            values[label] = _following(values[label], values[cause], text)
    depth = values.get("request_slowlog_trace_depth")
    if depth and depth.is_known and depth.data == 0:
        values["request_slowlog_trace_depth"] = depth._replace(data=depth.default)
    return values | effective_arrays(settings, None if _is_set(values["chroot"]) else prefix)


def _under(value: Value, other: Value) -> Value:
    """Return `other`, which says more of the same directive, under the name of `value`."""
    return other.renamed(value.name, value.label)


def _is_set(value: Value) -> bool:
    return value.state != "absent" and value.data != ""


def _chroot(value: Value, prefix: str | None) -> Value:
    """Return the folder with php-fpm's `$prefix` at its start replaced."""
    text = str(value.data or "")
    if not value.is_known or not text.startswith("$prefix"):
        return full_path(value, prefix)
    return value if prefix is None else value._replace(data=prefix + text.removeprefix("$prefix"))


def _following(value: Value, cause: Value, text: str) -> Value:
    """Return a directive whose default, and for `ping.response` whose use, hangs on another one."""
    if not _is_set(cause):
        return (
            absent(value.name, f"{cause.label} is not set", label=value.label)
            if cause.label == "ping.path"
            else value
        )
    if value.state != "absent":
        return value
    if not cause.is_known:
        return unknown(value.name, cause.origin.words, label=value.label)
    return value._replace(data=text, state="known", origin=Origin("default", "default of php"), default=text)


def _process_values(values: Values) -> Values:
    """Return the spare numbers as the process manager makes them."""
    pm = values["pm"]
    if pm.data == "ondemand":
        return {label: _void(values[label]) for label in SPARE_NUMBERS}
    if pm.data != "dynamic":
        return {}
    start = values["pm.start_servers"]
    if not start.is_known or _whole(start) > 0:
        return {}
    words = "halfway between the spare numbers"
    numbers = (start, values["pm.min_spare_servers"], values["pm.max_spare_servers"])
    computed = derive(start.name, _started, *numbers, unit=start.unit, label=start.label, words=words)
    return {"pm.start_servers": computed._replace(origin=start.origin) if start.is_written else computed}


def _void(value: Value) -> Value:
    words = "pm = ondemand starts children as they are needed"
    origin = value.origin if value.is_written else Origin("derived", words)
    return value._replace(data=0, state="known", origin=origin, options=())


def _whole(value: Value) -> int:
    return value.data if isinstance(value.data, int) else 0


def _started(start: int, least: int, most: int) -> Data:
    return started_children(start, least, most)
