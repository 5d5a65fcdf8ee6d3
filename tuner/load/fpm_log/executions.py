"""Executions of requests, read from PHP-FPM's access log.

%d runs from the moment a worker accepts a request to its end, so the wait in the queue is not in it (and the
work after fastcgi_finish_request is): the service time that queueing laws ask for.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tuner.load.fpm_log.access_format import (
    ADVICE,
    DURATION_S,
    MEMORY_BYTES,
    argument_of,
    read_access_format,
    token_of,
)
from tuner.load.line_format import LineFormat
from tuner.load.line_pattern import AmbiguousFormatError, LinePattern
from tuner.load.line_tail import tail_words
from tuner.load.log_clock import seconds_of_date
from tuner.load.log_lines import Batch
from tuner.load.tally import Tally

US_PER_S = 1_000_000
LONGEST_US = 10**13
MEANT = {"T": ("", "%s"), "C": ("", "total")}
"""What may stand in the braces of fields that otherwise tell something else."""


class UnusableAccessFormatError(ValueError):
    """A log in this format has no service times; the text says what to add."""


class Execution(NamedTuple):
    """One request: microseconds of a worker, peak bytes of memory, script, when, and of a processor.

    What is not logged is None. php-fpm counts processor time in ticks of 10 ms.
    """

    service_us: int
    memory_bytes: int | None
    script: str | None
    time_s: float | None
    cpu_us: int | None = None


class ExecutionReader:
    """Reads the lines of one access.format; `tally` counts them, `losses` says what is not in them.

    With `pool` only its lines are taken, where the format has %n. Raises UnusableAccessFormatError.
    """

    def __init__(self, access_format: str, *, pool: str | None = None) -> None:
        try:
            line_format = read_access_format(access_format)
        except ValueError as error:
            raise UnusableAccessFormatError(str(error)) from None
        duration = token_of(line_format, "d")
        if duration is None:
            raise UnusableAccessFormatError(
                f"access.format {access_format!r} has no duration (%d): set {ADVICE} and restart php-fpm"
            )
        try:
            LinePattern(line_format, [duration])
        except AmbiguousFormatError:
            raise UnusableAccessFormatError(
                "access.format has no certain place for %d: it stands between values that may hold anything;"
                f" set {ADVICE}"
            ) from None
        wanted = {
            "d": duration,
            **_certain(line_format, {"M": "M", "C": "C", "r": "rf", "T": "Tt", "n": "n"}),
        }
        names = list(wanted.values())
        self._at = {letter: n for n, letter in enumerate(wanted)}
        self._pattern = LinePattern(line_format, names)
        self._tail = tail_words(line_format, names)
        self._us = DURATION_S[argument_of(duration)] * US_PER_S
        self._bytes = MEMORY_BYTES[argument_of(wanted.get("M", "M"))]
        self._is_epoch = argument_of(wanted.get("T", "")) != ""
        self._pool = pool.encode() if pool is not None and "n" in wanted else None
        self.tally = Tally()
        self.resolution_s = DURATION_S[argument_of(duration)] if argument_of(duration) else 1e-3
        self.losses = [] if "M" in wanted else ["access.format has no %M: the memory of workers is not known"]

    def executions(self, batches: Iterable[Batch]) -> Iterator[Execution]:
        """Yield what was executed in the order of the log, and count every line."""
        for batch in batches:
            self.tally.lines += len(batch.lines)
            for n, line in enumerate(batch.lines, batch.first):
                found = self._execution(line)
                if found is not None:
                    self.tally.used += 1
                    yield found
                elif not line.strip():
                    self.tally.lines -= 1
                elif not self._is_of_another_pool(line):
                    self.tally.break_at(batch.path, n)

    def _execution(self, line: bytes) -> Execution | None:
        if self._tail:
            values = self._tail.values(line)
            found = self._converted(values) if values else None
            if found:
                return found
        values = self._pattern.match(line.removesuffix(b"\n"))
        return self._converted(values) if values else None

    def _converted(self, values: list[bytes]) -> Execution | None:
        at = self._at
        if self._pool is not None and values[at["n"]] != self._pool:
            return None
        try:
            service_us = round(float(values[at["d"]]) * self._us)
            memory = int(values[at["M"]]) * self._bytes if "M" in at else None
            time_s = self._time_s(values[at["T"]]) if "T" in at else None
            cpu_us = round(service_us * float(values[at["C"]]) / 100) if "C" in at else None
        except (ValueError, OverflowError):
            return None
        if not 0 <= service_us < LONGEST_US or (cpu_us is not None and not 0 <= cpu_us < LONGEST_US):
            return None
        script = values[at["r"]].decode("utf-8", "replace").partition("?")[0] if "r" in at else None
        return Execution(service_us, memory, script, time_s, cpu_us)

    def _time_s(self, stamp: bytes) -> float:
        return float(stamp) if self._is_epoch else seconds_of_date(stamp)

    def _is_of_another_pool(self, line: bytes) -> bool:
        values = self._pattern.match(line.removesuffix(b"\n")) if self._pool is not None else None
        if values is None or values[self._at["n"]] == self._pool:
            return False
        self.tally.elsewhere += 1
        return True


def _certain(line_format: LineFormat, wanted: dict[str, str]) -> dict[str, str]:
    """Return of the wanted fields, by their letters, those that the format has at a certain place."""
    found = {}
    for key, letters in wanted.items():
        name = token_of(line_format, letters)
        if name is None:
            continue
        try:
            LinePattern(line_format, [name])
        except AmbiguousFormatError:
            continue
        if argument_of(name) in MEANT.get(key, (argument_of(name),)):
            found[key] = name
    return found
