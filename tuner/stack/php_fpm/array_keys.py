"""php-fpm's arrays (`env[X]`, `php_admin_value[x]`): of one key written twice the first wins."""

from collections.abc import Iterator, Sequence

from tuner.formats.document import Directive
from tuner.stack.line_entities import ArrayKey
from tuner.stack.php_fpm.loading import Instance, PoolSettings, Setting
from tuner.stack.php_fpm.reading import with_pool_name
from tuner.stack.settings import Reader, as_text, written
from tuner.stack.value import Data, Value, absent

LISTS = {
    "env": "env",
    "php_value": "php_value",
    "php_flag": "php_value",
    "php_admin_value": "php_admin_value",
    "php_admin_flag": "php_admin_value",
}
"""The list of php-fpm's that each array is kept in: flags are values there."""

ADDING_UP = frozenset({"extension", "disable_functions", "disable_classes"})
"""Keys of which every setting takes effect. Source: fpm_php.c, fpm_php_apply_defines_ex()."""


def build_array_keys(instance: Instance) -> list[ArrayKey]:
    """Return every key that a pool of one php-fpm sets in an array."""
    return [key for pool in instance.pools.values() for key in _keys_of(pool)]


def _keys_of(pool: PoolSettings) -> Iterator[ArrayKey]:
    by_key: dict[tuple[str, str], list[Setting]] = {}
    for setting in pool.settings:
        name, key = setting.directive.name.text, setting.directive.key
        if key and not key.unknown and name in LISTS and setting.directive.args:
            by_key.setdefault((LISTS[name], key.text), []).append(setting)
    for settings in by_key.values():
        yield _array_key(pool, settings)


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
