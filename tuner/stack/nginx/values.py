"""The value of a directive in force at a block, by nginx's inheritance: the nearest one that is written."""

from collections.abc import Iterable

from tuner.formats.document import Word
from tuner.stack import defaults
from tuner.stack.nginx.blocks import Block
from tuner.stack.settings import Reader, decimal, overriding, written
from tuner.stack.target import Target
from tuner.stack.value import Data, Origin, Value, absent, may_be_set_by, unknown

AUTO = "auto"


def in_force(block: Block, directive: str, name: str, read: Reader, target: Target) -> Value:
    """Return the value of `directive` at `block`; what it overrides further out is noted in it.

    Where a file that is not among the given ones may set the directive, because it includes this one or is
    included at a level that does not set it, the value is in doubt.
    """
    default = defaults.default("nginx", directive, name, target)
    levels = list(block.upwards())
    value = default
    if not levels[-1].is_complete:
        value = may_be_set_by(default, "the file that includes this one")
    return _nearest(reversed(levels), directive, value, default, read)


def in_block(block: Block, directive: str, name: str, read: Reader, target: Target) -> Value:
    """Return the value of a `directive` that belongs to this kind of block and is inherited from nowhere."""
    default = defaults.default("nginx", directive, name, target)
    return _nearest([block], directive, default, default, read)


def _nearest(levels: Iterable[Block], directive: str, value: Value, default: Value, read: Reader) -> Value:
    """Return what the last of the levels that sets the directive says, `value` where none does."""
    is_written = False
    for level in levels:
        if level.not_followed:
            value = may_be_set_by(value, level.not_followed[0])
        for setting in level.named(directive):
            found = _setting(setting, default, read)
            if found:
                value = overriding(found, value, "an inner block wins") if is_written else found
                is_written = True
    return value


def worker_processes(outermost: Block, target: Target) -> Value:
    """Return the number of worker processes; `auto` is the number of CPUs, which no file tells."""
    name = "nginx.worker_processes"
    value = in_force(outermost, "worker_processes", name, count_or_auto, target)
    if not (value.is_known and value.data == AUTO):
        return value
    place, processors = value.origin.place, target.machine.processors if target.machine else None
    if processors is None:
        return unknown(name, "worker_processes auto: one a CPU", label="worker_processes", place=place)
    origin = Origin("live", f"auto: {processors} processors are online, this machine", place)
    return value._replace(data=processors, origin=origin)


def worker_connections(events: Block, target: Target) -> Value:
    """Return how many connections each worker process has, by the `events` block."""
    return in_block(events, "worker_connections", "nginx.worker_connections", count, target)


def open_files_limit(outermost: Block) -> Value:
    """Return how many files a worker process may open; absent where that is left to who starts nginx."""
    words = "the limit of whoever starts nginx"
    nothing = absent("nginx.worker_rlimit_nofile", words, unit="files", label="worker_rlimit_nofile")
    return _nearest([outermost], nothing.label, nothing, nothing, count)


def count_or_auto(text: str) -> Data | None:
    """Read a number of worker processes, or `auto`."""
    return AUTO if text == AUTO else decimal(text)


def count(text: str) -> Data | None:
    """Read a number that is not negative."""
    number = decimal(text)
    return number if number is not None and number >= 0 else None


def on_or_off(text: str) -> Data | None:
    """Read a flag of nginx, in any case."""
    return {"on": True, "off": False}.get(text.lower())


def _setting(setting: Block, default: Value, read: Reader) -> Value | None:
    if not setting.directive or not setting.directive.args or setting.text is None:
        return None
    word = setting.directive.args[0]
    return written(
        default.name,
        variable(word),
        setting.text,
        read,
        label=default.label,
        unit=default.unit,
        default=default.data,
    )


def variable(word: Word) -> Word:
    """Return `word`, marked as unknown if it holds an nginx variable."""
    if "$" in word.text and not word.unknown:
        return word._replace(unknown=f"it holds a variable of nginx: {word.text}")
    return word
