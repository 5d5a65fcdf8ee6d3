"""The listening sockets of the calling thread's network namespace, asked of the kernel by sock_diag(7)."""

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

NETLINK_SOCK_DIAG = 4
SOCK_DIAG_BY_FAMILY = 20
NLM_F_REQUEST, NLM_F_DUMP = 0x1, 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
LISTENING = 1 << 10
UDIAG_SHOW_NAME, UDIAG_SHOW_RQLEN = 0x1, 0x10
UNIX_DIAG_NAME, UNIX_DIAG_RQLEN = 0, 4
HEADER = struct.Struct("=IHHII")
INET_REQUEST = struct.Struct("=BBBxI48x")
INET_MESSAGE = struct.Struct("=BBBB 2s2x 16s 16x 12x 4x I I 4x I")
UNIX_REQUEST = struct.Struct("=BBHIII8x")
UNIX_MESSAGE = struct.Struct("=BBBxI8x")
ATTRIBUTE = struct.Struct("=HH")
QUEUE_LENGTHS = struct.Struct("=II")
ANSWER_BYTES = 65536
PATIENCE_S = 2.0


class Listening(NamedTuple):
    """One listening socket: `unix:PATH`, `IPV4:PORT` or `[IPV6]:PORT`, and its accept queue in connections.

    `queue` is how many wait now (Recv-Q of ss), `backlog` the effective backlog it was given (Send-Q);
    `inode` tells it among the file descriptors of a process.
    """

    address: str
    queue: int
    backlog: int
    inode: int


def listening(family: socket.AddressFamily) -> list[Listening]:
    """Return the listening stream sockets of AF_INET, AF_INET6 or AF_UNIX.

    Raises OSError where the kernel does not answer: no netlink, no unix_diag, a sandbox.
    """
    if family == socket.AF_UNIX:
        show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN
        answers = _ask(UNIX_REQUEST.pack(family, 0, 0, LISTENING, 0, show))
        return [found for answer in answers if (found := _unix(answer)) is not None]
    answers = _ask(INET_REQUEST.pack(family, socket.IPPROTO_TCP, 0, LISTENING))
    return [_inet(answer) for answer in answers if len(answer) >= INET_MESSAGE.size]


def _ask(request: bytes) -> Iterator[bytes]:
    """Yield the body of every message of one dump."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(PATIENCE_S)
        size = HEADER.size + len(request)
        kernel.send(HEADER.pack(size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0) + request)
        is_done = False
        while not is_done:
            for kind, body in _messages(kernel.recv(ANSWER_BYTES)):
                if kind == NLMSG_ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    raise OSError(number, "the kernel does not tell its sockets")
                if kind == NLMSG_DONE:
                    is_done = True
                elif kind == SOCK_DIAG_BY_FAMILY:
                    yield body


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + HEADER.size <= len(data):
        size, kind, *_ = HEADER.unpack_from(data, at)
        if size < HEADER.size:
            return
        yield kind, data[at + HEADER.size : at + size]
        at += _aligned(size)


def _aligned(size: int) -> int:
    return (size + 3) & ~3


def _inet(message: bytes) -> Listening:
    family, _, _, _, port, source, queue, backlog, inode = INET_MESSAGE.unpack_from(message)
    number = int.from_bytes(port, "big")
    if family == socket.AF_INET6:
        address = f"[{socket.inet_ntop(socket.AF_INET6, source)}]:{number}"
    else:
        address = f"{socket.inet_ntop(socket.AF_INET, source[:4])}:{number}"
    return Listening(address, queue, backlog, inode)


def _unix(message: bytes) -> Listening | None:
    """Return a stream socket that is bound to a path; None for every other one."""
    if len(message) < UNIX_MESSAGE.size:
        return None
    _, kind, _, inode = UNIX_MESSAGE.unpack_from(message)
    attributes = dict(_attributes(message[UNIX_MESSAGE.size :]))
    name, lengths = attributes.get(UNIX_DIAG_NAME, b""), attributes.get(UNIX_DIAG_RQLEN, b"")
    if kind != socket.SOCK_STREAM or not name.startswith(b"/") or len(lengths) < QUEUE_LENGTHS.size:
        return None
    queue, backlog = QUEUE_LENGTHS.unpack_from(lengths)
    path = name.rstrip(b"\0").decode("utf-8", "surrogateescape")
    return Listening(f"unix:{path}", queue, backlog, inode)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + ATTRIBUTE.size <= len(data):
        size, kind = ATTRIBUTE.unpack_from(data, at)
        if size < ATTRIBUTE.size:
            return
        yield kind, data[at + ATTRIBUTE.size : at + size]
        at += _aligned(size)
