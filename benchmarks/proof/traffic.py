"""An open-loop load: requests are sent at their time, whatever became of those before."""

import asyncio
import random
import re
from collections.abc import Sequence
from typing import NamedTuple

STATUS = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
ANSWER_PATIENCE_S = 90.0


class Request(NamedTuple):
    """When a request is sent, from the start, and how long PHP shall work on it."""

    at_s: float
    service_s: float


class Answer(NamedTuple):
    """What came of a request: its status, 0 for none, and after what time."""

    at_s: float
    status: int
    latency_s: float


class Phase(NamedTuple):
    """Poisson arrivals for some time."""

    rate_per_s: float
    duration_s: float


def requests_of(phases: Sequence[Phase], mean_service_s: float, seed: int) -> list[Request]:
    """Return the requests of some phases, with exponential service times."""
    rng = random.Random(seed)
    made, start_s = [], 0.0
    for phase in phases:
        at_s = start_s + rng.expovariate(phase.rate_per_s)
        while at_s < start_s + phase.duration_s:
            made.append(Request(at_s, rng.expovariate(1 / mean_service_s)))
            at_s += rng.expovariate(phase.rate_per_s)
        start_s += phase.duration_s
    return made


async def send_all(requests: Sequence[Request], port: int) -> list[Answer]:
    """Send every request at its time to a server on the loopback, and return their answers."""
    loop = asyncio.get_running_loop()
    start_s = loop.time() + 0.2
    tasks = []
    for request in requests:
        await asyncio.sleep(max(0.0, start_s + request.at_s - loop.time()))
        tasks.append(asyncio.create_task(_answer(request, port)))
    return list(await asyncio.gather(*tasks))


async def _answer(request: Request, port: int) -> Answer:
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    try:
        status = await asyncio.wait_for(_status(request, port), ANSWER_PATIENCE_S)
    except (OSError, TimeoutError):
        status = 0
    return Answer(request.at_s, status, loop.time() - start_s)


async def _status(request: Request, port: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        path = f"/work.php?us={request.service_s * 1e6:.0f}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: proof\r\nConnection: close\r\n\r\n".encode())
        found = STATUS.match(await reader.read(64 * 1024))
        return int(found[1]) if found else 0
    finally:
        writer.close()
