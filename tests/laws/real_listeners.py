"""Opens real listening sockets, in a network namespace of its own, and prints what the kernel made of them.

unshare -n python real_listeners.py < questions.json > answers.json
"""

import ctypes
import errno
import fcntl
import json
import os
import re
import select
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

PROC_SYS = Path("/proc/sys")
SOMAXCONN = PROC_SYS / "net/core/somaxconn"
MAX_SYN_BACKLOG = PROC_SYS / "net/ipv4/tcp_max_syn_backlog"
FAMILIES = {"tcp4": socket.AF_INET, "tcp6": socket.AF_INET6, "unix": socket.AF_UNIX}
LOOPBACK = {"tcp4": "127.0.0.1", "tcp6": "::1"}
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
OVERFLOW_PATIENCE_S = 0.2

libc = ctypes.CDLL(None, use_errno=True)


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING))


def listen(family: str, backlog: int) -> socket.socket:
    """Listen with exactly this C int: socket.listen() would raise a negative one to 0."""
    listener = socket.socket(FAMILIES[family], socket.SOCK_STREAM)
    listener.bind(b"" if family == "unix" else (LOOPBACK[family], 0))
    if libc.listen(listener.fileno(), ctypes.c_int(backlog)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return listener


def ss_name(listener: socket.socket) -> str:
    address = listener.getsockname()
    if isinstance(address, bytes):
        return "@" + address[1:].decode()
    host = f"[{address[0]}]" if listener.family == socket.AF_INET6 else address[0]
    return f"{host}:{address[1]}"


def queues() -> dict[str, tuple[int, int]]:
    """(Recv-Q, Send-Q) of every listener by address or abstract name: two families may share a port."""
    found = {}
    for line in subprocess.run(
        ["ss", "-Hltnx"], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        _netid, _state, recv_q, send_q, local, *_ = line.split()
        found[local] = (int(recv_q), int(send_q))
    return found


def measure_limits(somaxconns: list[int], backlogs: list[int], families: list[str]) -> list[dict[str, Any]]:
    rows = []
    for somaxconn in somaxconns:
        SOMAXCONN.write_text(str(somaxconn))
        open_now = [(family, backlog, listen(family, backlog)) for family in families for backlog in backlogs]
        seen = queues()
        for family, backlog, listener in open_now:
            send_q = seen[ss_name(listener)][1]
            rows.append({"family": family, "backlog": backlog, "somaxconn": somaxconn, "send_q": send_q})
            listener.close()
    return rows


def overflow_counters() -> dict[str, int]:
    names, numbers = (line.split()[1:] for line in Path("/proc/net/netstat").read_text().splitlines()[:2])
    return {
        name: int(number) for name, number in zip(names, numbers, strict=True) if name.startswith("Listen")
    }


def try_connect(family: str, address: bytes | tuple[str, int]) -> tuple[socket.socket, str]:
    client = socket.socket(FAMILIES[family], socket.SOCK_STREAM)
    client.setblocking(False)
    status = client.connect_ex(address)
    if status == errno.EINPROGRESS:
        writable = select.select([], [client], [], OVERFLOW_PATIENCE_S)[1]
        status = client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if writable else status
    return client, errno.errorcode.get(status, "connected")


def fill(family: str, backlog: int) -> dict[str, Any]:
    """Connect until it does not work, and say what the client and the counters saw then."""
    listener = listen(family, backlog)
    address = listener.getsockname() if family == "unix" else listener.getsockname()[:2]
    before, clients, outcome = overflow_counters(), [], "connected"
    while outcome == "connected":
        client, outcome = try_connect(family, address)
        clients.append(client)
    recv_q, send_q = queues()[ss_name(listener)]
    after = overflow_counters()
    moved = sorted(name for name in after if after[name] > before[name])
    for opened in (*clients, listener):
        opened.close()
    return {
        "family": family,
        "admitted": len(clients) - 1,
        "recv_q": recv_q,
        "send_q": send_q,
        "outcome": outcome,
        "counters": moved,
    }


def read_back(texts: list[str]) -> list[int | None]:
    """What tcp_max_syn_backlog, an int without bounds, becomes when each text is written to it."""
    numbers: list[int | None] = []
    for text in texts:
        try:
            MAX_SYN_BACKLOG.write_bytes(text.encode() or b"\n")
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            numbers.append(None)
        else:
            numbers.append(int(MAX_SYN_BACKLOG.read_text()))
    return numbers


def main() -> None:
    questions = json.load(sys.stdin)
    raise_loopback()
    families = [
        family for family in FAMILIES if family != "tcp6" or re.search(r"\blo$", ipv6_addresses(), re.M)
    ]
    answers = {
        "families": families,
        "somaxconn_default": int(SOMAXCONN.read_text()),
        "limits": measure_limits(questions["somaxconns"], questions["backlogs"], families),
    }
    SOMAXCONN.write_text(str(questions["fill_somaxconn"]))
    answers["fills"] = [
        fill(family, backlog) for family in families for backlog in questions["fill_backlogs"]
    ]
    answers["numbers"] = read_back(questions["texts"])
    json.dump(answers, sys.stdout)


def ipv6_addresses() -> str:
    table = Path("/proc/net/if_inet6")
    return table.read_text() if table.exists() else ""


if __name__ == "__main__":
    main()
