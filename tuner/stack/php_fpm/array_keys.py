"""php-fpm's arrays (`env[X]`, `php_admin_value[x]`): of one key written twice the first wins."""

from collections.abc import Sequence

from tuner.formats.document import Directive
from tuner.stack.line_entities import ArrayKey
from tuner.stack.php_fpm.directives import rows
from tuner.stack.php_fpm.loading import Instance, PoolSettings, Setting
from tuner.stack.php_fpm.reading import full_path, with_pool_name
from tuner.stack.settings import Reader, as_text, written
from tuner.stack.value import Data, Value, absent

LISTS = ("env", "php_value", "php_admin_value")
PATHS_LIST = "access.suppress_path"
ERROR_LOG = "error_log"
ADDING_UP = frozenset({"extension", "disable_functions", "disable_classes"})
"""Keys of which every setting takes effect. Source: fpm_php.c, fpm_php_apply_defines_ex()."""


def build_array_keys(instance: Instance) -> list[ArrayKey]:
    """Return every key that a pool of one php-fpm sets in an array."""
    return [
        _array_key(pool, settings) for pool in instance.pools.values() for settings in _by_key(pool).values()
    ]


def _by_key(pool: PoolSettings) -> dict[tuple[str, str], list[Setting]]:
    """Return the settings of each key of each list, in their order."""
    by_key: dict[tuple[str, str], list[Setting]] = {}
    for setting in pool.settings:
        name, key = setting.directive.name.text, setting.directive.key
        if key and not key.unknown and list_of(name) in LISTS and setting.directive.args:
            by_key.setdefault((list_of(name), key.text), []).append(setting)
    return by_key


def list_of(name: str) -> str:
    """Return the list of php-fpm's that an array is kept in, flags as values, or nothing for no array."""
    row = rows("arrays").get(name)
    return row.array if row else ""


def effective_arrays(pool: PoolSettings, prefix: str | None) -> dict[str, Value]:
    """Return what a pool's arrays hold by `env[PATH]` and the like, flags in the list of values.

    Of the paths without keys there is one value, which joins them by blanks. A relative `error_log` is below
    `prefix` where that is known.
    """
    found = {}
    for (array, key), settings in _by_key(pool).items():
        label = f"{array}[{key}]"
        value = _value(pool, settings[0]).renamed(f"php_fpm.{label}", label)
        is_syslog = array == "php_admin_value" and str(value.data).lower() == "syslog"
        is_path = array != "env" and key.lower() == ERROR_LOG and not is_syslog
        found[label] = full_path(value, prefix) if is_path else value
    return found | _suppressed_paths(pool)


def _suppressed_paths(pool: PoolSettings) -> dict[str, Value]:
    written_ones = [s for s in pool.settings if s.directive.name.text == PATHS_LIST and s.directive.key]
    values = [_value(pool, setting) for setting in written_ones if setting.directive.args]
    if not values:
        return {}
    label = f"{PATHS_LIST}[]"
    joined = values[-1].renamed(f"php_fpm.{label}", label)
    if all(value.is_known for value in values):
        joined = joined._replace(data=" ".join(str(value.data) for value in values))
    return {label: joined}


def _array_key(pool: PoolSettings, settings: Sequence[Setting]) -> ArrayKey:
    first, *later = (_value(pool, setting) for setting in settings)
    name = _name_of(settings[0].directive)
    void = absent("array_key.void", "set once", label=name)
    if later and not _adds_up(settings[0].directive):
        different = [value for value in later if value.is_known and value.data != first.data]
        void = (different or later)[-1].renamed("array_key.void")
    return ArrayKey(entity=f"pool:{pool.name} {name}", key=name, value=first, void=void)


def _adds_up(directive: Directive) -> bool:
    return directive.name.text != "env" and directive.key is not None and directive.key.text in ADDING_UP


def _value(pool: PoolSettings, setting: Setting) -> Value:
    directive = setting.directive
    read: Reader = _flag if directive.name.text.endswith("_flag") else as_text
    word = with_pool_name(directive.args[0], pool)
    return written("array_key.value", word, setting.text, read, label=_name_of(directive))


def _name_of(directive: Directive) -> str:
    key = directive.key.text if directive.key else ""
    return f"{directive.name.text}[{key}]"


def _flag(text: str) -> Data | None:
    return "0" if text in ("", "0") else "1"
