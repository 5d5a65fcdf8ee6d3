"""The FastCGI client: what it sends, what it makes of any answer, and that nobody makes it wait for long."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.load.fastcgi import Address, Answer, Decoder, FastCgiError, Patience, ask, request_bytes

END = struct.pack(">BBHHBxIB3x", 1, 3, 1, 8, 0, 0, 0)
QUICK = Patience(connect_s=0.5, answer_s=0.5)
SLACK_S = 1.0
Serve = Callable[[socket.socket], None]


def record(kind: int, content: bytes, padding: int = 0, request: int = 1) -> bytes:
    return struct.pack(">BBHHBx", 1, kind, request, len(content), padding) + content + bytes(padding)


def answer(text: bytes, errors: bytes = b"") -> bytes:
    return record(6, text[:5], 3) + record(7, errors) + record(6, text[5:]) + record(6, b"") + END


def decoded(data: bytes, cuts: list[int]) -> Decoder:
    decoder = Decoder()
    for begin, end in pairwise([0, *sorted(cuts), len(data)]):
        decoder.feed(data[begin:end])
    return decoder


def test_a_request_as_the_specification_has_it() -> None:
    begin = b"\1\1\0\1\0\x08\0\0" + b"\0\1\0\0\0\0\0\0"
    pairs = b"\4\2HOSTab" + b"\1\x80\0\0\xc8A" + b"x" * 200
    parameters = b"\1\4\0\1" + len(pairs).to_bytes(2, "big") + b"\0\0" + pairs
    assert request_bytes({"HOST": "ab", "A": "x" * 200}) == (
        begin + parameters + b"\1\4\0\1\0\0\0\0" + b"\1\5\0\1\0\0\0\0"
    )


@pytest.mark.parametrize(("size", "length"), [(127, b"\x7f"), (128, b"\x80\0\0\x80")])
def test_lengths_of_one_byte_and_of_four(size: int, length: bytes) -> None:
    assert b"\1" + length + b"A" + b"y" * size in request_bytes({"A": "y" * size})


def test_a_request_that_fits_no_record_is_refused() -> None:
    with pytest.raises(ValueError, match="one record"):
        request_bytes({"A": "y" * 65_536})


@given(st.binary(max_size=300), st.binary(max_size=50), st.lists(st.integers(0, 400), max_size=20))
def test_an_answer_in_any_pieces(text: bytes, errors: bytes, cuts: list[int]) -> None:
    data = answer(text, errors)
    found = decoded(data + b"what comes behind is dropped", [min(cut, len(data)) for cut in cuts])
    assert (bytes(found.output), bytes(found.errors), found.is_done) == (text, errors, True)


@given(st.binary(max_size=300), st.data())
def test_an_answer_that_is_cut_off_is_not_done(text: bytes, data: st.DataObject) -> None:
    whole = answer(text)
    kept = data.draw(st.integers(0, len(whole) - 1))
    assert not decoded(whole[:kept], []).is_done


@given(st.binary(max_size=2000), st.lists(st.integers(0, 2000), max_size=5))
def test_garbage_is_refused_or_waited_for(garbage: bytes, cuts: list[int]) -> None:
    with suppress(FastCgiError):
        found = decoded(garbage, [min(cut, len(garbage)) for cut in cuts])
        assert len(found.output) + len(found.errors) <= len(garbage)


@given(st.binary(max_size=100), st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4))
def test_an_answer_with_a_few_bytes_changed(text: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(answer(text))
    for at, byte in changes:
        data[at % len(data)] = byte
    with suppress(FastCgiError):
        found = decoded(bytes(data), [])
        assert len(found.output) + len(found.errors) <= len(data)


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        record(6, b"x", request=2),
        record(1, b"x"),
        record(10, b""),
        b"\2" + END[1:],
        record(3, b"\0\0\0\0"),
        record(3, b"\0\0\0\0\1\0\0\0"),
    ],
)
def test_what_is_no_answer_to_us(garbage: bytes) -> None:
    with pytest.raises(FastCgiError) as refused:
        Decoder().feed(garbage)
    assert refused.value.failure == "garbled"


def test_a_giant_answer_ends_early() -> None:
    decoder = Decoder(most_bytes=200_000)
    with pytest.raises(FastCgiError, match="larger"):
        for _ in range(10):
            decoder.feed(record(6, b"x" * 60_000))
    assert len(decoder.output) <= 200_000


@contextmanager
def serving(listener: socket.socket, serve: Serve) -> Iterator[None]:
    """Let `serve` have one connection; it may take its time."""

    def work() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                serve(connection)

    listener.listen(5)
    threading.Thread(target=work, daemon=True).start()
    with listener:
        yield


def unix_listener(folder: Path) -> tuple[socket.socket, Address]:
    listener, path = socket.socket(socket.AF_UNIX), str(folder / "s")
    listener.bind(path)
    return listener, Address(path=path)


def tcp_listener(host: str) -> tuple[socket.socket, Address]:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.bind((host, 0))
    except OSError:
        pytest.skip(f"no {host} here")
    return listener, Address(host=host, port=listener.getsockname()[1])


def failure(address: Address) -> tuple[str, float]:
    began_s = time.monotonic()
    with pytest.raises(FastCgiError) as failed:
        ask(address, {"A": "B"}, QUICK)
    return failed.value.failure, time.monotonic() - began_s


def say(*parts: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.recv(65_536)
        for part in parts:
            connection.sendall(part)

    return serve


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_over_tcp(host: str) -> None:
    listener, address = tcp_listener(host)
    with serving(listener, say(answer(b"Content-Type: text/plain\r\n\r\nhello", b"!"))):
        found = ask(address, {"A": "B"}, QUICK)
    assert found == Answer(200, b"hello", b"!", found.took_s)
    assert 0 < found.took_s < QUICK.answer_s


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"Status: 404 Not Found\r\nX: y\r\n\r\nno", (404, b"no")),
        (b"status:  403\n\nno", (403, b"no")),
        (b"Status: what\r\n\r\n", (200, b"")),
    ],
)
def test_status_of_an_answer(tmp_path: Path, text: bytes, expected: tuple[int, bytes]) -> None:
    listener, address = unix_listener(tmp_path)
    with serving(listener, say(answer(text))):
        found = ask(address, {}, QUICK)
    assert (found.status, found.body) == expected


def hang(connection: socket.socket) -> None:
    connection.recv(65_536)
    time.sleep(5)


def drip(connection: socket.socket) -> None:
    for byte in record(6, b"x" * 5000):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    while True:
        connection.sendall(record(6, b"x" * 60_000))


@pytest.mark.parametrize(
    ("serve", "expected"),
    [
        (hang, "no answer"),
        (drip, "no answer"),
        (flood, "garbled"),
        (say(b"HTTP/1.1 200 OK\r\n\r\n"), "garbled"),
        (say(answer(b"no header")), "garbled"),
        (say(record(6, b"half")), "closed"),
        (say(), "closed"),
    ],
    ids=["hangs", "drips", "floods", "speaks HTTP", "has no header", "is cut off", "closes"],
)
def test_nobody_makes_us_wait(tmp_path: Path, serve: Serve, expected: str) -> None:
    listener, address = unix_listener(tmp_path)
    with serving(listener, serve):
        found, took_s = failure(address)
    assert found == expected
    assert took_s < QUICK.answer_s + SLACK_S


def test_a_full_queue_is_told_from_a_slow_answer(tmp_path: Path) -> None:
    listener, address = unix_listener(tmp_path)
    listener.listen(0)
    with listener, socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(address.path)
        assert failure(address)[0] == "full"
    listener, address = tcp_listener("127.0.0.1")
    listener.listen(0)
    with listener, socket.socket() as waiting:
        waiting.connect((address.host, address.port))
        found, took_s = failure(address)
    assert found == "no connection"
    assert took_s < QUICK.connect_s + SLACK_S


def test_nobody_there(tmp_path: Path) -> None:
    assert failure(Address(path=str(tmp_path / "none")))[0] == "absent"
    (tmp_path / "file").write_text("")
    assert failure(Address(path=str(tmp_path / "file")))[0] == "absent"
    listener, address = tcp_listener("127.0.0.1")
    listener.close()
    assert failure(address)[0] == "absent"
    assert failure(Address(host="no-such-host.invalid", port=9000))[0] == "absent"
