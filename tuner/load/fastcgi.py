"""A FastCGI client for one small request: bounded in time and size, over unix sockets and TCP.

Record layout: FastCGI Specification 1.0, section 3.3; name-value pairs: section 3.4.
"""

import os
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

VERSION, REQUEST_ID, RESPONDER, FCGI_NULL = 1, 1, 1, 0
BEGIN_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = 1, 3, 4, 5, 6, 7
REQUEST_COMPLETE = 0
HEADER = struct.Struct(">BBHHBx")
BEGIN_BODY = struct.Struct(">HB5x")
END_BODY = struct.Struct(">IB3x")
LONG_LENGTH = struct.Struct(">I")
LONGEST_SHORT = 127
MOST_RECORD_BYTES = 65_535
MOST_ANSWER_BYTES = 16 << 20
READ_BYTES = 65_536
LONGEST_UNIX_PATH = 107

Failure = Literal["absent", "forbidden", "full", "no connection", "no answer", "closed", "garbled", "failed"]
"""Why there is no answer.

absent: nobody listens there; forbidden: the socket's mode; full: a unix socket's accept queue has no room;
no connection, no answer: not in time; closed: without a word; garbled: not FastCGI; failed: anything else.
"""


class Address(NamedTuple):
    """Where to connect: a unix socket's path, or else a numeric IP address (or name) and a port."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Patience(NamedTuple):
    """How long to wait for a connection, and then, from the start of sending, for the whole answer."""

    connect_s: float
    answer_s: float


class Answer(NamedTuple):
    """What a worker answered, and how long it took from the start of the connection."""

    status: int
    body: bytes
    errors: bytes
    took_s: float


class FastCgiError(Exception):
    """There is no answer; `failure` says of which kind."""

    def __init__(self, failure: Failure, words: str) -> None:
        super().__init__(words)
        self.failure = failure


class Decoder:
    """Takes the bytes of an answer in pieces of any size, until `is_done`.

    Raises FastCgiError("garbled") for what is not an answer to our request or is larger than `most_bytes`.
    """

    def __init__(self, most_bytes: int = MOST_ANSWER_BYTES) -> None:
        self.is_done = False
        self.output = bytearray()
        self.errors = bytearray()
        self._pending = bytearray()
        self._room = most_bytes

    def feed(self, data: bytes) -> None:
        """Take some bytes; those behind the end of the answer are dropped."""
        self._room -= len(data)
        if self._room < 0:
            raise FastCgiError("garbled", "the answer is larger than any status page")
        self._pending += data
        at = 0
        while not self.is_done and (record := self._record(at)):
            kind, content, at = record
            self._take(kind, content)
        del self._pending[:at]

    def _record(self, at: int) -> tuple[int, bytes, int] | None:
        """Return the kind and content of the record at a place, and what is behind it; None if incomplete."""
        if len(self._pending) < at + HEADER.size:
            return None
        version, kind, request, size, padding = HEADER.unpack_from(self._pending, at)
        if version != VERSION or request != REQUEST_ID or kind not in (END_REQUEST, STDOUT, STDERR):
            raise FastCgiError("garbled", "what answers there does not speak FastCGI")
        begin = at + HEADER.size
        end = begin + size + padding
        if len(self._pending) < end:
            return None
        return kind, bytes(self._pending[begin : begin + size]), end

    def _take(self, kind: int, content: bytes) -> None:
        if kind == STDOUT:
            self.output += content
        elif kind == STDERR:
            self.errors += content
        elif len(content) < END_BODY.size or END_BODY.unpack_from(content)[1] != REQUEST_COMPLETE:
            raise FastCgiError("garbled", "the FastCGI request was not taken")
        else:
            self.is_done = True


def ask(address: Address, parameters: Mapping[str, str], patience: Patience) -> Answer:
    """Send one request without a body, and return its answer. Raises FastCgiError where there is none."""
    began_s = time.monotonic()
    with _connected(address, patience.connect_s) as connection:
        deadline_s = time.monotonic() + patience.answer_s
        try:
            decoder = _exchange(connection, request_bytes(parameters), deadline_s)
        except TimeoutError:
            raise FastCgiError("no answer", f"no answer within {patience.answer_s:g} s") from None
        except OSError as error:
            raise FastCgiError("closed", f"closed the connection without an answer: {_why(error)}") from None
    status, body = _content(bytes(decoder.output))
    return Answer(status, body, bytes(decoder.errors), time.monotonic() - began_s)


def _exchange(connection: socket.socket, request: bytes, deadline_s: float) -> Decoder:
    connection.settimeout(max(deadline_s - time.monotonic(), 0.001))
    connection.sendall(request)
    decoder = Decoder()
    while not decoder.is_done:
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        data = connection.recv(READ_BYTES)
        if not data:
            raise FastCgiError("closed", "closed the connection without an answer")
        decoder.feed(data)
    return decoder


def _connected(address: Address, patience_s: float) -> socket.socket:
    """Return a connection. A name may stand for several IP addresses; the first that takes us is it."""
    deadline_s = time.monotonic() + patience_s
    failed: FastCgiError | None = None
    for family, target in _targets(address):
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(max(deadline_s - time.monotonic(), 0.001))
            connection.connect(target)
        except OSError as error:
            connection.close()
            failed = _not_connected(error, patience_s)
        else:
            return connection
    raise failed or FastCgiError("absent", "no such host")


def _targets(address: Address) -> Iterator[tuple[int, str | tuple[str, int]]]:
    if address.path:
        yield socket.AF_UNIX, address.path
        return
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FastCgiError("absent", f"no such host: {error}") from None
    for family, _, _, _, target in found:
        yield family, (str(target[0]), int(target[1]))


def _not_connected(error: OSError, patience_s: float) -> FastCgiError:
    if isinstance(error, TimeoutError):
        return FastCgiError("no connection", f"no connection within {patience_s:g} s")
    if isinstance(error, BlockingIOError):
        return FastCgiError("full", "the accept queue is full")
    if isinstance(error, FileNotFoundError | ConnectionRefusedError | NotADirectoryError):
        return FastCgiError("absent", "nobody listens there")
    if isinstance(error, PermissionError):
        return FastCgiError("forbidden", "permission denied")
    return FastCgiError("failed", _why(error))


def _why(error: OSError) -> str:
    return error.strerror or str(error)


def _content(output: bytes) -> tuple[int, bytes]:
    """Return the status and the body of a CGI answer."""
    head, separator, body = output.partition(b"\r\n\r\n")
    if not separator:
        head, separator, body = output.partition(b"\n\n")
    if not separator:
        raise FastCgiError("garbled", "the answer has no header")
    for line in head.splitlines():
        name, _, value = line.partition(b":")
        number = value.strip()[:3]
        if name.strip().lower() == b"status" and number.isdigit():
            return int(number), body
    return 200, body


def request_bytes(parameters: Mapping[str, str]) -> bytes:
    """Return a whole request without a body, after which the worker closes the connection."""
    pairs = b"".join(_pair(os.fsencode(name), os.fsencode(value)) for name, value in parameters.items())
    if len(pairs) > MOST_RECORD_BYTES:
        raise ValueError("the parameters do not fit in one record")
    begin = BEGIN_BODY.pack(RESPONDER, FCGI_NULL)
    records = (BEGIN_REQUEST, begin), (PARAMS, pairs), (PARAMS, b""), (STDIN, b"")
    return b"".join(HEADER.pack(VERSION, kind, REQUEST_ID, len(body), 0) + body for kind, body in records)


def _pair(name: bytes, value: bytes) -> bytes:
    return _length(len(name)) + _length(len(value)) + name + value


def _length(size: int) -> bytes:
    return bytes([size]) if size <= LONGEST_SHORT else LONG_LENGTH.pack(size | 0x8000_0000)
