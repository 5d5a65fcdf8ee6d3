"""The same traffic under many settings, on every processor."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Process, connection
from multiprocessing.connection import Connection, Pipe

from tuner.laws.simulator.confidence import PROCESSORS
from tuner.laws.simulator.prediction import Prediction, predict
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.traffic import Traffic

WORTH_A_PROCESS = 500_000
"""Requests to replay: with fewer, starting processes takes longer than they save."""

_SLOWER = 10
"""How much longer the event calendar takes than the replay of a unix socket, roughly."""


def predict_all(
    traffic: Traffic, settings: Sequence[Setting], advance: Callable[[], None] | None = None
) -> list[Prediction]:
    """Return what each setting gives, in their order; `advance` is called after each distinct one.

    Equal settings are replayed once. Raises as `predict`, and ChildProcessError where a process was killed.
    """
    distinct = list(dict.fromkeys(settings))
    processes = _processes(traffic, distinct)
    one_by_one = ((setting, predict(traffic, setting)) for setting in distinct)
    found = {}
    for setting, prediction in _on_each(traffic, distinct, processes) if processes > 1 else one_by_one:
        found[setting] = prediction
        if advance:
            advance()
    return [found[setting] for setting in settings]


def _processes(traffic: Traffic, settings: Sequence[Setting]) -> int:
    series = len(traffic.likely) + len(traffic.possible)
    costs = sum(
        1 if setting.is_plain else _SLOWER * (len(PROCESSORS) if setting.socket == "tcp" else 1)
        for setting in settings
    )
    if costs * series * len(traffic.arrivals_s) < WORTH_A_PROCESS:
        return 1
    return min(len(os.sched_getaffinity(0)), len(settings))


def _on_each(
    traffic: Traffic, settings: Sequence[Setting], processes: int
) -> Iterator[tuple[Setting, Prediction]]:
    """Yield each setting's prediction as it is ready; the processes end with the generator."""
    started: list[Process] = []
    readers: list[Connection] = []
    try:
        for number in range(processes):
            reader, writer = Pipe(duplex=False)
            process = Process(
                target=_work, args=(traffic, settings[number::processes], writer, os.getpid()), daemon=True
            )
            process.start()
            writer.close()
            started.append(process)
            readers.append(reader)
        yield from _received(readers)
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.join()


def _received(readers: list[Connection]) -> Iterator[tuple[Setting, Prediction]]:
    open_ = set(readers)
    while open_:
        for reader in connection.wait(open_):
            assert isinstance(reader, Connection)
            try:
                found = reader.recv()
            except EOFError:
                raise ChildProcessError("a process that replayed was killed") from None
            if found is None:
                open_.remove(reader)
            elif isinstance(found, ValueError):
                raise found
            else:
                yield found


def _work(traffic: Traffic, settings: Sequence[Setting], writer: Connection, parent: int) -> None:
    """Send each prediction, then None; end in silence with the parent, or at ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for setting in settings:
        if os.getppid() != parent:
            return
        try:
            writer.send((setting, predict(traffic, setting)))
        except ValueError as error:
            writer.send(error)
            return
    writer.send(None)
