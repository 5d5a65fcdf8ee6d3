"""Listening sockets of this very process, as the kernel tells them and as it may refuse to."""

import errno
import os
import socket
import struct
import sys
from pathlib import Path

import pytest

from tuner.stack.live import sock_diag
from tuner.stack.live.sock_diag import Listening, listening

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="sock_diag is Linux's")


def listener(family: socket.AddressFamily, address: str | tuple[str, int], backlog: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.bind(address)
    opened.listen(backlog)
    return opened


def named(found: list[Listening], address: str) -> Listening:
    (one,) = [socket_ for socket_ in found if socket_.address == address]
    return one


@pytest.mark.parametrize(
    ("family", "host", "shown"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1:{}"),
        (socket.AF_INET, "0.0.0.0", "0.0.0.0:{}"),
        (socket.AF_INET6, "::1", "[::1]:{}"),
    ],
)
def test_tcp(family: socket.AddressFamily, host: str, shown: str) -> None:
    if family == socket.AF_INET6 and not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 here")
    with listener(family, (host, 0), 17) as one:
        port = one.getsockname()[1]
        seen = named(listening(family), shown.format(port))
        assert (seen.queue, seen.backlog, seen.inode) == (0, 17, os.fstat(one.fileno()).st_ino)


def test_unix_with_connections_that_wait(tmp_path: Path) -> None:
    path = str(tmp_path / "a.sock")
    with listener(socket.AF_UNIX, path, 3) as one:
        clients = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(2)]
        for client in clients:
            client.connect(path)
        seen = named(listening(socket.AF_UNIX), f"unix:{path}")
        for client in clients:
            client.close()
        assert (seen.queue, seen.backlog, seen.inode) == (2, 3, os.fstat(one.fileno()).st_ino)


def test_many_sockets_take_several_answers(tmp_path: Path) -> None:
    opened = [listener(socket.AF_UNIX, str(tmp_path / f"{n}.sock"), n) for n in range(400)]
    seen = {one.address: one.backlog for one in listening(socket.AF_UNIX)}
    for one in opened:
        one.close()
    assert all(seen[f"unix:{tmp_path}/{n}.sock"] == n for n in range(400))


def test_sockets_without_a_path_and_those_of_other_types_are_left_out(tmp_path: Path) -> None:
    abstract = listener(socket.AF_UNIX, "\0abstract", 5)
    packets = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    packets.bind(str(tmp_path / "p.sock"))
    packets.listen(5)
    seen = [one.address for one in listening(socket.AF_UNIX)]
    abstract.close()
    packets.close()
    assert not [address for address in seen if address.endswith(("abstract", f"{tmp_path}/p.sock"))]


class Refusing:
    """A netlink socket of a kernel without the module."""

    def __init__(self, *_: int) -> None:
        self.sent = b""

    def __enter__(self) -> "Refusing":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def settimeout(self, _: float) -> None:
        pass

    def send(self, data: bytes) -> None:
        self.sent = data

    def recv(self, _: int) -> bytes:
        body = struct.pack("=i", -errno.ENOENT) + self.sent[:16]
        return sock_diag.HEADER.pack(16 + len(body), sock_diag.NLMSG_ERROR, 0, 1, 0) + body


def test_a_kernel_that_does_not_tell_is_an_error_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sock_diag.socket, "socket", Refusing)
    with pytest.raises(OSError, match="does not tell its sockets") as caught:
        listening(socket.AF_UNIX)
    assert caught.value.errno == errno.ENOENT
