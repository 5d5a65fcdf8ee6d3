"""PHP-FPM's status page as JSON: asked for, checked, and what to do where there is none."""

import json
from typing import Any, NamedTuple

from tuner.load.fastcgi import Address, Answer, FastCgiError, Patience, ask

QUERY = "json&full"
LARGEST = 1 << 48
LONGEST_NAME = 200
MOST_WORKERS = 1 << 31
_OK, _NOT_FOUND, _FORBIDDEN = 200, 404, 403

Fields = dict[str, Any]


class Worker(NamedTuple):
    """One worker: `duration_us` and `memory_bytes` are those of its last request where `is_idle`."""

    pid: int
    requests: int
    is_idle: bool
    uri: str
    duration_us: int
    memory_bytes: int


class Page(NamedTuple):
    """One answer. Counters count from `started_s` (since 1970), when PHP-FPM started.

    `accepted` are the connections that workers have taken, `active` the workers that are not idle, the one
    that answers among them if `is_own`: the question came over the pool's own socket. `queue`,
    `longest_queue` and `queue_limit` are 0 on a unix socket, whatever waits there.
    """

    pool: str
    started_s: int
    accepted: int
    queue: int
    longest_queue: int
    queue_limit: int
    idle: int
    active: int
    most_active: int
    max_children_reached: int
    slow_requests: int
    memory_peak_bytes: int | None
    workers: tuple[Worker, ...]
    is_own: bool
    took_s: float


class NoStatusPageError(Exception):
    """Something answers, and it is not the status page; the text says what to set."""


def ask_status(address: Address, path: str, patience: Patience) -> Page:
    """Ask for the status page once. Raises FastCgiError or NoStatusPageError where there is none."""
    parameters = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": path,
        "SCRIPT_FILENAME": path,
        "REQUEST_URI": path,
        "QUERY_STRING": QUERY,
    }
    return page_of(ask(address, parameters, patience), path)


def page_of(answer: Answer, path: str) -> Page:
    """Read an answer to a request for `path`. Raises NoStatusPageError."""
    if answer.status in (_NOT_FOUND, _FORBIDDEN):
        raise NoStatusPageError(
            f"no status page at {path}: set pm.status_path = {path} in the pool and reload PHP-FPM,"
            " or say by --status-path where it is"
        )
    if answer.status != _OK:
        raise NoStatusPageError(f"status {answer.status} instead of a status page at {path}")
    try:
        found = json.loads(answer.body.decode("utf-8", "replace"), object_pairs_hook=_first_wins)
        return _page(dict(found), path, answer.took_s)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NoStatusPageError(f"what answers at {path} is not PHP-FPM's status page") from None


def _first_wins(pairs: list[tuple[str, Any]]) -> Fields:
    """Return an object's fields: before PHP 8.2.7 a client's URI could add some at the end."""
    return dict(reversed(pairs))


def _page(found: Fields, path: str, took_s: float) -> Page:
    workers = tuple(_worker(fields) for fields in found.get("processes", ()))
    uri = f"{path}?{QUERY}"
    return Page(
        pool=_name(found),
        started_s=_count(found, "start time"),
        accepted=_count(found, "accepted conn"),
        queue=_count(found, "listen queue"),
        longest_queue=_count(found, "max listen queue"),
        queue_limit=_count(found, "listen queue len"),
        idle=_count(found, "idle processes", MOST_WORKERS),
        active=_count(found, "active processes", MOST_WORKERS),
        most_active=_count(found, "max active processes", MOST_WORKERS),
        max_children_reached=_count(found, "max children reached"),
        slow_requests=_count(found, "slow requests"),
        memory_peak_bytes=_count(found, "memory peak") if "memory peak" in found else None,
        workers=workers,
        is_own=any(not worker.is_idle and worker.uri == uri for worker in workers),
        took_s=took_s,
    )


def _name(found: Fields) -> str:
    name = _text(found, "pool")
    if not (name.isprintable() and 0 < len(name) <= LONGEST_NAME):
        raise ValueError(name)
    return name


def _worker(fields: Fields) -> Worker:
    return Worker(
        pid=_count(fields, "pid"),
        requests=_count(fields, "requests"),
        is_idle=_text(fields, "state") == "Idle",
        uri=_text(fields, "request uri"),
        duration_us=_count(fields, "request duration"),
        memory_bytes=_count(fields, "last request memory"),
    )


def _count(fields: Fields, name: str, most: int = LARGEST) -> int:
    number = fields[name]
    if type(number) is not int or not 0 <= number <= most:
        raise ValueError(name)
    return number


def _text(fields: Fields, name: str) -> str:
    text = fields[name]
    if type(text) is not str:
        raise ValueError(name)
    return text


def advice(address: Address, error: FastCgiError) -> str:
    """Return why nobody answers at an address, and what to do about it."""
    if error.failure == "forbidden":
        return f"{error}: run as root, or as a user that listen.owner, listen.group and listen.mode let in"
    if error.failure == "absent":
        return f"{error}: is PHP-FPM running, and is this its listen or pm.status_listen?"
    if error.failure == "closed" and not address.path:
        return f"{error}: add the address that we come from to listen.allowed_clients and restart PHP-FPM"
    return str(error)
