"""The memory of a pool's workers, from /proc: what each has for itself, and its share of what is shared."""

import os
import re
from collections.abc import Iterator

from tuner.load.histogram import Histogram
from tuner.load.load_file import WorkerMemory, buckets_of

PROC = "/proc"
EVERY_S = 5.0
"""Adding up a worker's pages keeps its memory map locked for some tenths of a millisecond."""

MOST_WORKERS = 200
TITLE = "php-fpm: pool {}"
_SIZE = re.compile(rb"^(Pss|Private_Clean|Private_Dirty): +([0-9]{1,15}) kB$", re.MULTILINE)
_KIBIBYTE = 1024


class MemoryWatch:
    """Samples the workers of one pool; `refused` says that nobody but root or their user may."""

    def __init__(self, pool: str, master: int) -> None:
        self._title = TITLE.format(pool)
        self._master = master
        self._pss = Histogram()
        self._private = Histogram()
        self.refused = False

    def sample(self) -> None:
        """Look at each worker once, at some of very many."""
        for pid in list(_children(self._master))[:MOST_WORKERS]:
            if _title(pid) != self._title:
                continue
            try:
                with open(f"{PROC}/{pid}/smaps_rollup", "rb") as file:
                    data = file.read(4096)
            except PermissionError:
                self.refused = True
                return
            except OSError:
                continue
            self._take({name: int(size) * _KIBIBYTE for name, size in _SIZE.findall(data)})

    def _take(self, sizes: dict[bytes, int]) -> None:
        if len(sizes) == 3:
            self._pss.add(sizes[b"Pss"])
            self._private.add(sizes[b"Private_Clean"] + sizes[b"Private_Dirty"])

    def seen(self) -> WorkerMemory | None:
        """Return what was seen, None where no worker could be looked at."""
        if not self._pss.counts:
            return None
        return WorkerMemory(pss_bytes=buckets_of(self._pss), private_bytes=buckets_of(self._private))


def _children(pid: int) -> Iterator[int]:
    """Yield the children of a process of one thread."""
    try:
        with open(f"{PROC}/{pid}/task/{pid}/children", encoding="ascii") as file:
            yield from map(int, file.read().split())
    except (OSError, ValueError):
        return


def _title(pid: int) -> str:
    try:
        with open(f"{PROC}/{pid}/cmdline", "rb") as file:
            return os.fsdecode(file.read(4096).rstrip(b"\0 "))
    except OSError:
        return ""
