"""Runs in namespaces of its own and prints what the programs and the kernel did there.

unshare --net --mount --pid --fork --kill-child python inside_machine.py < order.json > answers.json

The order names folders of a tree to lay over the machine's own (`binds`) and the steps to take. Nothing of it
is seen outside: the mounts, the sysctl keys of net.* and every process end with the namespaces.
"""

import fcntl
import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40
PRIVATE = ("/run", "/var/log", "/var/lib/nginx")
FOLDERS = ("/run/php", "/run/redis", "/var/log/nginx")
START_PATIENCE_S = 10.0
POLL_S = 0.01


def main() -> None:
    order = json.load(sys.stdin)
    raise_loopback()
    lay_over(order["binds"])
    json.dump([STEPS[name](argument) for name, argument in order["steps"]], sys.stdout)


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP | IFF_RUNNING))


def lay_over(binds: dict[str, str]) -> None:
    # The processes of this machine alone: nobody's daemons from outside are among them.
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
    for folder in PRIVATE:
        if Path(folder).is_dir():
            subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    for folder in FOLDERS:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for target, source in binds.items():
        if target.startswith("/run/"):
            Path(target).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--bind", source, target], check=True)


def key_path(key: str) -> Path:
    return Path("/proc/sys") / key.replace(".", "/")


def set_key(pair: list[Any]) -> None:
    key_path(pair[0]).write_text(str(pair[1]))


def read_keys(keys: list[str]) -> dict[str, int]:
    return {key: int(key_path(key).read_text()) for key in keys}


def run(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return {"status": done.returncode, "output": done.stdout + done.stderr}


def serve(services: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Start the services, and return every listening socket that they have then."""
    with serving(services):
        return sockets()


def beside(order: dict[str, Any]) -> list[Any]:
    """Start the services, and take the steps while they run."""
    with serving(order["services"]):
        return [STEPS[name](argument) for name, argument in order["steps"]]


def ask(order: dict[str, Any]) -> Any:  # noqa: ANN401
    """Start the services, run a Python script beside them, and return the JSON that it prints."""
    with serving(order["services"]):
        done = subprocess.run(
            [sys.executable, "-c", order["script"]], capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


@contextmanager
def serving(services: list[dict[str, Any]]) -> Iterator[None]:
    started: list[subprocess.Popen[bytes]] = []
    try:
        for service in services:
            pid_file = Path(service["pid_file"])
            pid_file.unlink(missing_ok=True)
            with Path("/run/output").open("wb") as output:
                started.append(subprocess.Popen(service["command"], stdout=output, stderr=output))
            wait_for(pid_file, started[-1])
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(START_PATIENCE_S)


def wait_for(pid_file: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the program writes its process id, which each of them does after listen()."""
    deadline = time.monotonic() + START_PATIENCE_S
    while not (pid_file.exists() and pid_file.stat().st_size):
        if process.poll() is not None or time.monotonic() > deadline:
            said = Path("/run/output").read_text(errors="replace")
            raise SystemExit(f"{process.args!r} did not start (status {process.returncode}): {said}")
        time.sleep(POLL_S)


def sockets() -> list[dict[str, Any]]:
    """Return the listening sockets by the addresses that fpmtune gives them.

    `ss` writes * for a socket that takes IPv4 and IPv6, which is bound to [::].
    """
    listed = subprocess.run(["ss", "-Hltnx"], capture_output=True, text=True, check=True).stdout
    found = []
    for line in listed.splitlines():
        netid, _state, _recv_q, send_q, local, *_ = line.split()
        address = f"unix:{local}" if netid.startswith("u_") else local
        found.append({"address": address.replace("*:", "[::]:", 1), "send_q": int(send_q)})
    return found


STEPS: dict[str, Callable[[Any], Any]] = {
    "set": set_key,
    "read": read_keys,
    "run": run,
    "serve": serve,
    "beside": beside,
    "ask": ask,
}


if __name__ == "__main__":
    main()
