"""The status page: what PHP-FPM answers, what others answer, and where it is asked."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.load.fastcgi import Address, Answer, FastCgiError
from tuner.load.status.page import NoStatusPageError, Page, advice, page_of
from tuner.load.status.target import Target, address_of, target_of

OF_PHP_8_2 = (
    '{"pool":"www","process manager":"static","start time":1795266382,"start since":7,"accepted conn":17,'
    '"listen queue":3,"max listen queue":9,"listen queue len":64,"idle processes":1,"active processes":2,'
    '"total processes":3,"max active processes":4,"max children reached":5,"slow requests":6, "processes":['
    '{"pid":5,"state":"Idle","start time":1795266382,"start since":7,"requests":5,"request duration":1000253,'
    '"request method":"GET","request uri":"\\/s.php?x=1","content length":0,"user":"-","script":"/s.php",'
    '"last request cpu":0.00,"last request memory":2097152},'
    '{"pid":6,"state":"Running","start time":1795266382,"start since":7,"requests":5,"request duration":76,'
    '"request method":"GET","request uri":"\\/status?json&full","content length":0,"user":"-","script":"-",'
    '"last request cpu":0.00,"last request memory":0}]}'
)
"""As a real one has it, with numbers that differ."""


def read(body: str | bytes, status: int = 200, path: str = "/status") -> Page:
    data = body.encode() if isinstance(body, str) else body
    return page_of(Answer(status, data, b"", 0.25), path)


def changed(**fields: Any) -> str:  # noqa: ANN401
    return json.dumps({**json.loads(OF_PHP_8_2), **{k.replace("_", " "): v for k, v in fields.items()}})


def test_a_page() -> None:
    page = read(OF_PHP_8_2)
    assert page._replace(workers=()) == Page(
        pool="www",
        started_s=1795266382,
        accepted=17,
        queue=3,
        longest_queue=9,
        queue_limit=64,
        idle=1,
        active=2,
        most_active=4,
        max_children_reached=5,
        slow_requests=6,
        memory_peak_bytes=None,
        workers=(),
        is_own=True,
        took_s=0.25,
    )
    first, second = page.workers
    assert tuple(first) == (5, 5, True, "/s.php?x=1", 1000253, 2097152)
    assert not second.is_idle


def test_the_memory_peak_of_php_8_4() -> None:
    assert read(changed(memory_peak=4096)).memory_peak_bytes == 4096


@pytest.mark.parametrize(
    ("path", "old", "new", "expected"),
    [
        ("/status", "", "", True),
        ("/other", "", "", False),
        ("/status", '"Running"', '"Idle"', False),
        ("/status", "json&full", "full", False),
    ],
)
def test_whether_the_question_took_a_worker_of_the_pool(
    path: str, old: str, new: str, expected: bool
) -> None:
    assert read(OF_PHP_8_2.replace(old, new) if old else OF_PHP_8_2, path=path).is_own is expected


def test_a_client_cannot_add_numbers_by_its_uri() -> None:
    """Before PHP 8.2.7 a query string came into the page as it was."""
    bait = OF_PHP_8_2.replace("x=1", 'x"}],"accepted conn":99999,"processes":[{"pid":5,"request uri":"')
    # What such a client makes of the workers is no page; the counters stand before them.
    with pytest.raises(NoStatusPageError):
        read(bait)
    twice = OF_PHP_8_2[:-1] + ',"accepted conn":99999}'
    assert read(twice).accepted == 17


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"File not found.\n", 404, "set pm.status_path = /status in the pool"),
        (b"Access denied.\n", 403, "set pm.status_path = /status in the pool"),
        (b"", 500, "status 500"),
        (b"pong", 200, "is not PHP-FPM's status page"),
        (b"[]", 200, "is not PHP-FPM's status page"),
        (b"[" * 100_000, 200, "is not PHP-FPM's status page"),
        (b"\xff\xfe", 200, "is not PHP-FPM's status page"),
        (changed(pool=1), 200, "is not PHP-FPM's status page"),
        (changed(pool=""), 200, "is not PHP-FPM's status page"),
        (changed(pool="\x1b[2J"), 200, "is not PHP-FPM's status page"),
        (changed(pool="x" * 201), 200, "is not PHP-FPM's status page"),
        (changed(accepted_conn=-1), 200, "is not PHP-FPM's status page"),
        (changed(accepted_conn=True), 200, "is not PHP-FPM's status page"),
        (changed(accepted_conn=(1 << 48) + 1), 200, "is not PHP-FPM's status page"),
        (changed(active_processes=(1 << 31) + 1), 200, "is not PHP-FPM's status page"),
        (changed(processes=[1]), 200, "is not PHP-FPM's status page"),
        (changed(processes=3), 200, "is not PHP-FPM's status page"),
    ],
)
def test_what_is_no_status_page(body: str | bytes, status: int, words: str) -> None:
    with pytest.raises(NoStatusPageError, match=words):
        read(body, status)


@given(st.integers(0, len(OF_PHP_8_2)), st.binary(max_size=20))
def test_any_change_is_read_or_refused(at: int, put: bytes) -> None:
    data = OF_PHP_8_2.encode()
    try:
        page = read(data[:at] + put + data[at + len(put) :])
    except NoStatusPageError:
        return
    assert min(page.accepted, page.active, page.idle) >= 0


@pytest.mark.parametrize(
    ("failure", "address", "words"),
    [
        ("forbidden", Address(path="/s"), "listen.group"),
        ("absent", Address(path="/s"), "is PHP-FPM running"),
        ("closed", Address(host="10.0.0.1", port=9000), "listen.allowed_clients"),
    ],
)
def test_what_to_do_about_it(failure: Any, address: Address, words: str) -> None:  # noqa: ANN401
    assert words in advice(address, FastCgiError(failure, "why"))


def test_a_unix_socket_has_no_allowed_clients() -> None:
    assert advice(Address(path="/s"), FastCgiError("closed", "why")) == "why"


@pytest.mark.parametrize(
    ("text", "address", "printed"),
    [
        ("unix:/run/php/www.sock", Address(path="/run/php/www.sock"), "unix:/run/php/www.sock"),
        ("/run/php/www.sock", Address(path="/run/php/www.sock"), "unix:/run/php/www.sock"),
        ("tcp:127.0.0.1:9000", Address(host="127.0.0.1", port=9000), "127.0.0.1:9000"),
        ("php:9000", Address(host="php", port=9000), "php:9000"),
        ("[::1]:9000", Address(host="::1", port=9000), "[::1]:9000"),
        ("tcp:[fe80::1]:65535", Address(host="fe80::1", port=65535), "[fe80::1]:65535"),
        ("9000", Address(host="127.0.0.1", port=9000), "127.0.0.1:9000"),
        ("0.0.0.0:9000", Address(host="127.0.0.1", port=9000), "127.0.0.1:9000"),
        ("[::]:9000", Address(host="127.0.0.1", port=9000), "127.0.0.1:9000"),
    ],
)
def test_addresses(text: str, address: Address, printed: str) -> None:
    assert address_of(text) == address
    assert str(address) == printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unix:",
        "www.sock",
        "php:",
        "php:0",
        "php:65536",
        "php:x",
        "::1:9000",
        "[php]:9000",
        "a b:1",
        "php:²",
        "/" + "x" * 107,
        "tcp:",
        "[::1]",
        "http://php:9000",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither|longer"):
        address_of(text)


def test_the_longest_path_of_a_unix_socket() -> None:
    assert address_of("/" + "x" * 106).path == "/" + "x" * 106


def test_paths_of_status_pages() -> None:
    socket = Address(path="/s")
    assert target_of("/s") == Target(socket, "/status")
    assert target_of("/s", "/fpm") == Target(socket, "/fpm")
    assert target_of("unix:/s?/a?/b", "/fpm") == Target(socket, "/a?/b")
    assert str(target_of("php:9000?/x")) == "php:9000?/x"
    for wrong in ("fpm", "/\x1b", "/ä", "/" + "x" * 1000):
        with pytest.raises(ValueError, match="begins with a slash"):
            target_of("/s", wrong)
