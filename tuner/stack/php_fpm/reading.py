"""One pool's directives as values: the last one written, else php-fpm's default, else what may decide it."""

import posixpath

from tuner.formats.document import Word
from tuner.stack import defaults
from tuner.stack.php_fpm.loading import PoolSettings
from tuner.stack.settings import Reader, as_text, overriding, written
from tuner.stack.target import Target
from tuner.stack.value import Data, Value, absent, may_be_set_by, unknown

REQUIRED = ("listen", "pm", "pm.max_children")
PART_OF_A_POOL = "this file sets only a part of the pool: give the file that holds the rest, too"


class PoolReader:
    """Reads one pool's directives into values.

    A pool that lacks what every pool must have is a part of one: another file may set the rest of it.
    """

    def __init__(self, settings: PoolSettings, target: Target) -> None:
        self.settings = settings
        self.target = target
        self.is_whole = settings.is_complete or all(settings.scalars(label) for label in REQUIRED)

    def with_default(self, label: str, read: Reader) -> Value:
        """Return the value in force, php-fpm's default where nobody wrote the directive."""
        default = defaults.default("php-fpm", label, f"pool.{label}", self.target)
        return self._unless_elsewhere(self._last(label, read, default.unit, default.data), default)

    def optional(self, label: str, read: Reader) -> Value:
        """Return the value in force, absent where no file of the pool sets the directive."""
        return self._unless_elsewhere(self._last(label, read, "", None), absent(f"pool.{label}", label=label))

    def as_written(self, label: str, read: Reader) -> Value:
        """Return what the files at hand set, absent where they do not, whatever others may do."""
        return self._last(label, read, "", None) or absent(f"pool.{label}", label=label)

    def prefix(self) -> str | None:
        """Return the prefix of the pool's paths, php-fpm's own where the pool has none; None if not known."""
        of_php_fpm, of_pool = self.target.php_prefix, self.optional("prefix", as_text)
        if of_pool.state == "absent":
            return of_php_fpm
        if not of_pool.is_known:
            return None
        prefix = str(of_pool.data)
        if not prefix or prefix.startswith("/"):
            return prefix
        return of_php_fpm and posixpath.join(of_php_fpm, prefix)

    def _unless_elsewhere(self, value: Value | None, otherwise: Value) -> Value:
        if self.settings.not_followed and not (value and value.state == "unknown"):
            return may_be_set_by(value or otherwise, self.settings.not_followed[0])
        if value or self.is_whole:
            return value or otherwise
        return unknown(otherwise.name, PART_OF_A_POOL, unit=otherwise.unit, label=otherwise.label)

    def _last(self, label: str, read: Reader, unit: str, default: Data | None) -> Value | None:
        value: Value | None = None
        for setting in self.settings.scalars(label):
            word = with_pool_name(setting.directive.args[0], self.settings)
            found = written(
                f"pool.{label}", word, setting.text, read, label=label, unit=unit, default=default
            )
            value = overriding(found, value, "a later setting wins") if value else found
        return value


def full_path(value: Value, prefix: str | None) -> Value:
    """Return a path as an absolute one; under a prefix that is not known it stays as it is written.

    Source: fpm_evaluate_full_path().
    """
    path = str(value.data or "")
    if prefix is None or not value.is_known or not path or path.startswith("/"):
        return value
    return value._replace(data=posixpath.join(prefix or "/", path))


def with_pool_name(word: Word, settings: PoolSettings) -> Word:
    """Return the word with the pool's name in place of `$pool`."""
    return word._replace(text=word.text.replace("$pool", settings.name))
