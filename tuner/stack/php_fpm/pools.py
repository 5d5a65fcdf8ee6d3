"""Pools with the settings in force, and the sockets they listen on."""

from dataclasses import replace

from tuner.formats.document import Word
from tuner.stack import defaults
from tuner.stack.address import pool_address
from tuner.stack.listeners import Request, build_listener
from tuner.stack.model import Family, Kernel, Listener, Pool
from tuner.stack.php_fpm.loading import Instance, PoolSettings
from tuner.stack.settings import (
    Reader,
    as_text,
    overriding,
    php_fpm_integer,
    php_fpm_time_s,
    switched_off,
    written,
)
from tuner.stack.target import Target, target_at
from tuner.stack.value import Data, Override, Value, absent, derive, may_be_set_by, unknown

REQUIRED = ("listen", "pm", "pm.max_children")
PART_OF_A_POOL = "this file sets only a part of the pool: give the file that holds the rest, too"
NOT_KEPT = "nginx keeps no connection to this pool"
ONDEMAND_REPLACES = "pm = ondemand replaces a backlog below the default"
PROCESS_MANAGERS = ("static", "dynamic", "ondemand")


class _Reader:
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
        value = self._last(label, read, default.unit, default.data)
        if self.settings.not_followed and not (value and value.state == "unknown"):
            return may_be_set_by(value or default, self.settings.not_followed[0])
        if value or self.is_whole:
            return value or default
        return unknown(default.name, PART_OF_A_POOL, unit=default.unit, label=label)

    def optional(self, label: str, read: Reader, unit: str = "") -> Value:
        """Return the value in force, absent where nobody wrote the directive."""
        return self._last(label, read, unit, None) or absent(f"pool.{label}", unit=unit, label=label)

    def _last(self, label: str, read: Reader, unit: str, default: Data | None) -> Value | None:
        value: Value | None = None
        for setting in self.settings.scalars(label):
            word = self._in_pool(setting.directive.args[0])
            found = written(
                f"pool.{label}", word, setting.text, read, label=label, unit=unit, default=default
            )
            value = overriding(found, value, "a later setting wins") if value else found
        return value

    def _in_pool(self, word: Word) -> Word:
        return word._replace(text=word.text.replace("$pool", self.settings.name))


def build_pools(instance: Instance, kernel: Kernel, target: Target) -> list[Pool]:
    """Return the pools of one php-fpm. Clients are joined later."""
    own = target_at(instance.path, target)
    return [_pool(settings, kernel, own) for settings in instance.pools.values()]


def _pool(settings: PoolSettings, kernel: Kernel, target: Target) -> Pool:
    read = _Reader(settings, target)
    pm = read.optional("pm", _process_manager)
    listen = read.optional("listen", as_text)
    pool = Pool(
        entity=f"pool:{settings.name}",
        name=settings.name,
        listen=listen,
        pm=pm,
        max_children=read.with_default("pm.max_children", php_fpm_integer),
        start_servers=read.with_default("pm.start_servers", php_fpm_integer),
        min_spare_servers=read.with_default("pm.min_spare_servers", php_fpm_integer),
        max_spare_servers=read.with_default("pm.max_spare_servers", php_fpm_integer),
        spare_servers_refusal=absent("pool.spare_servers_refusal"),
        spare_servers_culprit=absent("pool.spare_servers_culprit"),
        request_terminate_timeout=switched_off(
            read.with_default("request_terminate_timeout", php_fpm_time_s)
        ),
        longest_read_timeout=unknown(
            "pool.longest_read_timeout",
            "no nginx location is known to pass requests to this pool",
        ),
        keepalive_per_worker=absent("pool.keepalive_per_worker", NOT_KEPT),
        kept_connections=absent("pool.kept_connections", NOT_KEPT),
        unused_listen=absent("pool.unused_listen", "a location may lead to the pool"),
    )
    pool.spare_servers_refusal = _spare_servers_refusal(pool)
    pool.spare_servers_culprit = _spare_servers_culprit(pool)
    pool.listener = _listener(pool, _backlog(read, pm, target), kernel, target)
    return pool


def _process_manager(text: str) -> Data | None:
    return text.lower() if text.lower() in PROCESS_MANAGERS else None


def _spare_servers_refusal(pool: Pool) -> Value:
    """Return the words in which php-fpm would refuse the process numbers, empty if it takes them."""
    return derive(
        "pool.spare_servers_refusal",
        _refusal,
        pool.pm,
        pool.max_children,
        pool.start_servers,
        pool.min_spare_servers,
        pool.max_spare_servers,
        label="process numbers",
        words="the constraints of pm = dynamic",
    )


def _spare_servers_culprit(pool: Pool) -> Value:
    """Return the number that php-fpm's refusal begins with, pm itself where nobody wrote that number."""
    numbers = (pool.max_children, pool.start_servers, pool.min_spare_servers, pool.max_spare_servers)
    first_word = str(pool.spare_servers_refusal.data).partition(" ")[0]
    written_numbers = (number for number in numbers if number.label == first_word and number.is_written)
    return next(written_numbers, pool.pm)


def _refusal(pm: str, children: int, start: int, least: int, most: int) -> str:
    """The checks of fpm_conf.c for `pm = dynamic`, in its order: only the first one shows."""
    if pm != "dynamic":
        return f"pm.max_children ({children}) must be a positive value" if children <= 0 else ""
    checks = (
        (children <= 0, f"pm.max_children ({children}) must be a positive value"),
        (least <= 0, f"pm.min_spare_servers ({least}) must be a positive value"),
        (most <= 0, f"pm.max_spare_servers ({most}) must be a positive value"),
        (least > children, f"pm.min_spare_servers ({least}) is greater than pm.max_children ({children})"),
        (most > children, f"pm.max_spare_servers ({most}) is greater than pm.max_children ({children})"),
        (most < least, f"pm.max_spare_servers ({most}) is less than pm.min_spare_servers ({least})"),
        (
            start > 0 and not least <= start <= most,
            f"pm.start_servers ({start}) is not between pm.min_spare_servers ({least}) "
            f"and pm.max_spare_servers ({most})",
        ),
    )
    return next((words for is_violated, words in checks if is_violated), "")


def _backlog(read: _Reader, pm: Value, target: Target) -> Value:
    """Return the number php-fpm passes to listen(2): ondemand replaces one below its default."""
    asked = read.with_default("listen.backlog", php_fpm_integer)
    default = defaults.default("php-fpm", "listen.backlog", "pool.listen.backlog", target)
    if not (asked.is_known and asked.is_written and pm.is_known and pm.data == "ondemand"):
        return asked
    replaced = derive(
        asked.name,
        max,
        asked,
        default,
        unit=asked.unit,
        label=asked.label,
        words=f"{ONDEMAND_REPLACES} by the default",
    )
    if not replaced.is_known:
        return replaced
    if replaced.data == asked.data:
        return asked
    lost = Override(asked.data or 0, asked.origin, ONDEMAND_REPLACES)
    return replace(replaced, overrides=(lost, *asked.overrides))


def _listener(pool: Pool, backlog: Value, kernel: Kernel, target: Target) -> Listener | None:
    if pool.listen.state == "absent" and not backlog.is_written:
        return None
    address, family = _address(pool.listen)
    request = Request(
        owner="php-fpm",
        name=pool.name,
        entity=pool.entity,
        address=address,
        family=family,
        listen=pool.listen,
        backlog=backlog,
        words=_request_in_words(backlog),
        sockets=Value("listener.sockets", 1, pool.listen.origin, label="sockets"),
    )
    return build_listener(request, kernel, target)


def _address(listen: Value) -> tuple[str, Family]:
    """Return address and family of a pool's socket; unknown where a hole stands for them."""
    if listen.is_known:
        return pool_address(str(listen.data))
    return (listen.origin.place.source if listen.origin.place else "an address set elsewhere"), "unknown"


def _request_in_words(backlog: Value) -> str:
    asked = backlog.inputs[0] if backlog.inputs else backlog
    if asked.origin.place:
        words = f"listen.backlog = {asked.origin.place.source}"
        return words if asked is backlog else f"{words} with pm = ondemand"
    return f"no listen.backlog (php-fpm takes {backlog.data})" if backlog.is_known else "no listen.backlog"
