"""What php-fpm checks when all its files are read: numbers in their limits, directives that need each other.

Source: php-src sapi/fpm/fpm/fpm_conf.c, fpm_conf_post_process() and fpm_conf_process_all_pools().
"""

import posixpath
from collections.abc import Iterator, Mapping

from tuner.formats.document import Word
from tuner.laws.version import Version
from tuner.source.regex import regex
from tuner.source.span import Span
from tuner.source.text import encode
from tuner.stack.php_fpm.access_format import format_refusal
from tuner.stack.php_fpm.directives import Row, Section, rows
from tuner.stack.php_fpm.faults import Fault
from tuner.stack.php_fpm.loading import Instance, PoolSettings, Setting
from tuner.stack.php_fpm.reading import PoolReader, with_pool_name
from tuner.stack.php_fpm.releases import EVERY, Releases, since
from tuner.stack.php_fpm.sockets import listen_address
from tuner.stack.php_fpm.words import READERS
from tuner.stack.target import Target
from tuner.stack.value import Data, Place

REQUIRED_DIRECTIVES: Mapping[str, str] = {
    "listen": "no listen address have been defined!",
    "pm": "the process manager is missing (static, dynamic or ondemand)",
}
"""What every pool must have, and php-fpm's words where it has not; pm.max_children is checked as a number."""
MAIN_NAME = regex(r"php.*fpm.*\.conf.*")
PATH_CHARACTERS = regex(r"[A-Za-z0-9/_.~-]+")
MECHANISMS = frozenset({"epoll", "poll", "select"})
SELECT = "select"
WITHOUT_SELECT = since(Version.parse("8.6"))
UNIX_PATH_BYTES = 108
PATH_LENGTH_CHECKED = since(Version.parse("8.3"))
SLOWLOG, SLOWLOG_TIMEOUT, TRACE_DEPTH = "slowlog", "request_slowlog_timeout", "request_slowlog_trace_depth"
TERMINATE_TIMEOUT = "request_terminate_timeout"


class _Pool:
    """One section with the settings in force, checked one after the other."""

    def __init__(self, settings: PoolSettings, section: Section, entity: str, *, is_whole: bool) -> None:
        self.settings = settings
        self.section = section
        self.entity = entity
        self.is_whole = is_whole

    def last(self, label: str) -> Setting | None:
        found = self.settings.scalars(label)
        return found[-1] if found else None

    def word(self, label: str) -> Word | None:
        """Return what is in force, None where it is not written or not known."""
        setting = self.last(label)
        if setting is None or setting.directive.args[0].unknown or self.settings.not_followed:
            return None
        return with_pool_name(setting.directive.args[0], self.settings)

    def text(self, label: str) -> str | None:
        word = self.word(label)
        return word.text if word else None

    def data(self, row: Row) -> Data | None:
        text = self.text(row.name)
        return None if text is None else READERS[row.type](text)

    def number(self, label: str) -> int:
        """Return a number in force, 0 where it is not written, refused or not known."""
        data = self.data(rows(self.section)[label])
        return data if isinstance(data, int) else 0

    def lacks(self, label: str) -> bool:
        """Say whether a directive is certainly without text."""
        setting = self.last(label)
        return self.is_whole and not self.settings.not_followed if setting is None else self.text(label) == ""

    def refuse(self, label: str, words: str, releases: tuple[Releases, ...] = EVERY) -> Iterator[Fault]:
        setting = self.last(label)
        if setting:
            place = Place(setting.text, setting.directive.args[0].span)
            yield Fault("value", self.entity, place, label, words, releases)

    def limit_faults(self, pm: str | None) -> Iterator[Fault]:
        for row in rows(self.section).values():
            if row.limit and (not row.limit.under or row.limit.under == pm):
                data = self.data(row)
                if isinstance(data, int) and not row.limit.allows(data):
                    yield from self.refuse(row.name, row.limit.words, since(row.since))


def global_faults(settings: PoolSettings, entity: str) -> Iterator[Fault]:
    """Yield what is wrong with the numbers and words of the global section."""
    section = _Pool(settings, "global", entity, is_whole=False)
    yield from section.limit_faults(None)
    mechanism = section.text("events.mechanism")
    if mechanism is not None and mechanism.lower() not in MECHANISMS:
        yield from section.refuse("events.mechanism", "this event mechanism is not available on Linux")
    elif mechanism is not None and mechanism.lower() == SELECT:
        yield from section.refuse("events.mechanism", "PHP 8.6 no longer has it", WITHOUT_SELECT)


def pool_faults(settings: PoolSettings, instance: Instance, target: Target) -> Iterator[Fault]:
    """Yield what is wrong with one pool as a whole."""
    read = PoolReader(settings, target)
    pool = _Pool(settings, "pool", f"pool:{settings.name}", is_whole=read.is_whole)
    pm = (pool.text("pm") or "").lower()
    yield from pool.limit_faults(pm)
    yield from _mechanism_faults(pool, pm, instance)
    yield from _page_faults(pool)
    yield from _log_faults(pool)
    listen = listen_address(read)
    if listen.is_known and _is_too_long(str(listen.data)):
        words = f"the path of a unix socket has at most {UNIX_PATH_BYTES - 1} bytes"
        yield from pool.refuse("listen", words, PATH_LENGTH_CHECKED)
    yield from _status_listen_faults(pool, instance)


def _is_too_long(listen: str) -> bool:
    is_tcp = ":" in listen or (listen.isascii() and listen.isdigit())
    return not is_tcp and len(encode(listen)) >= UNIX_PATH_BYTES


def _mechanism_faults(pool: _Pool, pm: str, instance: Instance) -> Iterator[Fault]:
    mechanism = _Pool(instance.global_settings, "global", "php-fpm", is_whole=False).text("events.mechanism")
    if pm == "ondemand" and mechanism and mechanism.lower() in MECHANISMS - {"epoll"}:
        words = f"ondemand needs events.mechanism = epoll, and [global] says {mechanism}"
        yield from pool.refuse("pm", words)


def _page_faults(pool: _Pool) -> Iterator[Fault]:
    has_own_listener = pool.last("pm.status_listen") is not None
    for label, shortest in (("pm.status_path", 1 if has_own_listener else 2), ("ping.path", 2)):
        path = pool.text(label)
        if path and not path.startswith("/"):
            yield from pool.refuse(label, "it must start with a '/'")
        elif path and len(path) < shortest:
            yield from pool.refuse(label, "it is not long enough")
        elif path and not PATH_CHARACTERS.fullmatch(path):
            yield from pool.refuse(label, "it must contain only the characters '[alphanum]/_-.~'")
    if pool.text("ping.path") and pool.text("ping.response") == "":
        yield from pool.refuse("ping.response", "the ping response page is not long enough")


def _log_faults(pool: _Pool) -> Iterator[Fault]:
    access_format = pool.text("access.format")
    if pool.text("access.log") and access_format and (found := format_refusal(access_format)):
        yield from pool.refuse("access.format", *found)
    timeout_s, terminate_s = pool.number(SLOWLOG_TIMEOUT), pool.number(TERMINATE_TIMEOUT)
    depth = pool.number(TRACE_DEPTH)
    if timeout_s and pool.lacks(SLOWLOG):
        yield from _slowlog(pool, SLOWLOG_TIMEOUT, "it needs slowlog, which this pool does not set")
    elif timeout_s and terminate_s and timeout_s > terminate_s:
        words = f"it must not be longer than {TERMINATE_TIMEOUT} ({terminate_s} s)"
        yield from _slowlog(pool, SLOWLOG_TIMEOUT, words)
    if depth and pool.lacks(SLOWLOG):
        yield from _slowlog(pool, TRACE_DEPTH, "it needs slowlog, which this pool does not set")
    elif depth < 0:
        yield from pool.refuse(
            TRACE_DEPTH, "it must be a positive value", since(rows("pool")[TRACE_DEPTH].since)
        )


def _slowlog(pool: _Pool, label: str, words: str) -> Iterator[Fault]:
    for fault in pool.refuse(label, words, since(rows("pool")[label].since)):
        yield fault._replace(kind="slowlog")


def _status_listen_faults(pool: _Pool, instance: Instance) -> Iterator[Fault]:
    """A `pm.status_listen` makes one more pool, which must have an address of its own."""
    own = pool.text("pm.status_listen")
    if own == "":
        words = REQUIRED_DIRECTIVES["listen"]
        yield from pool.refuse("pm.status_listen", words, since(rows("pool")["pm.status_listen"].since))
    for settings in instance.pools.values():
        if own and _Pool(settings, "pool", "", is_whole=False).text("listen") == own:
            words = f"it is already the address of pool {settings.name}"
            yield from pool.refuse("pm.status_listen", words, since(rows("pool")["pm.status_listen"].since))
            return


def _is_surely_main(instance: Instance) -> bool:
    """Say whether php-fpm starts from the file: a part of a pool's settings may have a [global], too."""
    name = posixpath.basename(instance.path)
    document = instance.start.document
    has_include = document is not None and any(d.name.text == "include" for d in document.walk())
    return has_include or MAIN_NAME.fullmatch(name) is not None


def missing_faults(instance: Instance) -> Iterator[Fault]:
    """Yield what a php-fpm whose files were all read does not have and must have."""
    if not instance.is_complete or not _is_surely_main(instance):
        return
    if not instance.pools and instance.start.document:
        place = Place(instance.start.document.text, Span(0, 0))
        words = "No pool defined. at least one pool section must be specified in config file"
        yield Fault("missing-directive", "php-fpm", place, "[pool]", words)
    for settings in instance.pools.values():
        pool = _Pool(settings, "pool", f"pool:{settings.name}", is_whole=True)
        for label, words in REQUIRED_DIRECTIVES.items():
            if pool.lacks(label) and settings.header:
                yield Fault("missing-directive", pool.entity, settings.header, label, words)
        if pool.last("user") is None and not settings.not_followed and settings.header:
            words = "user has not been defined"
            yield Fault("missing-directive", pool.entity, settings.header, "user", words, only_as_root=True)
