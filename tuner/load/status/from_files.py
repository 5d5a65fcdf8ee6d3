"""What the files of the pools say about where they can be watched, and where they log."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tuner.load.fastcgi import Address
from tuner.load.status.target import Target, address_of
from tuner.stack.address import pool_address
from tuner.stack.effective import SettingGroup
from tuner.stack.value import Value

POOL = "pool:"
STATUS_PATH, STATUS_LISTEN, LISTEN = "pm.status_path", "pm.status_listen", "listen"
ACCESS_LOG, ACCESS_FORMAT = "access.log", "access.format"
NO_STATUS_PAGE = (
    "status page: the pool has none; set pm.status_path = /status, and pm.status_listen (PHP 8.0) for one"
    " that answers while all workers are busy, and restart PHP-FPM"
)


@dataclass
class PoolFiles:
    """A pool as its files have it. `unknown` says what they do not fix, or do not have."""

    name: str
    status: Target | None = None
    queue: Address | None = None
    access_log: str = ""
    access_format: str = ""
    unknown: list[str] = field(default_factory=list)


def pools_of(groups: Iterable[SettingGroup]) -> list[PoolFiles]:
    """Return every pool of PHP-FPM; the groups are those with defaults.

    Pools of one name in several PHP-FPMs are called by their main file, too.
    """
    found = [group for group in groups if group.program == "php-fpm" and group.section.startswith(POOL)]
    names = [group.section.removeprefix(POOL) for group in found]
    return [
        _pool(name if names.count(name) == 1 else f"{name} ({group.instance})", group)
        for name, group in zip(names, found, strict=True)
    ]


def _pool(name: str, group: SettingGroup) -> PoolFiles:
    values = {value.label: value for value in group.values}
    pool = PoolFiles(name)
    path, page, listen = (_text(values, label, pool) for label in (STATUS_PATH, STATUS_LISTEN, LISTEN))
    pool.queue = _address(listen, LISTEN, pool)
    if path:
        asked = _address(page, STATUS_LISTEN, pool) if page else pool.queue
        pool.status = Target(asked, path) if asked else None
    elif not any(words.startswith(STATUS_PATH) for words in pool.unknown):
        pool.unknown.append(NO_STATUS_PAGE)
    pool.access_log = _text(values, ACCESS_LOG, pool)
    pool.access_format = _text(values, ACCESS_FORMAT, pool)
    return pool


def _text(values: dict[str, Value], label: str, pool: PoolFiles) -> str:
    """Return a value's text, empty where nobody set it or the files do not fix it."""
    value = values.get(label)
    if value is None or value.state == "absent":
        return ""
    if value.data is None:
        pool.unknown.append(f"{label}: {value.origin.words}")
        return ""
    return str(value.data)


def _address(text: str, label: str, pool: PoolFiles) -> Address | None:
    if not text:
        return None
    try:
        return address_of(pool_address(text)[0])
    except ValueError as error:
        pool.unknown.append(f"{label}: {error}")
        return None
