"""The load file: what `fpmtune measure` found, for other machines and other days."""

from collections.abc import Iterable
from io import StringIO
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tuner.load.compact import decode
from tuner.load.histogram import LARGEST, Histogram, bounds_of, bucket_of

SCHEMA_VERSION: Literal[1] = 1
LATEST_S = 10**10
MOST_UPSTREAMS_KEPT = 20

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Second = Annotated[int, Field(ge=0, le=LATEST_S)]
Line = Annotated[str, Field(min_length=1, max_length=4096)]


class Record(BaseModel):
    """A part of a load file: nothing may be added to it, and nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Buckets(Record):
    """A histogram of whole numbers; how its buckets are numbered says `tuner.load.histogram`."""

    total: Count = Field(description="The sum of all numbers, exact.")
    squares: Count = Field(description="The sum of their squares, exact.")
    largest: Count
    counts: dict[Annotated[int, Field(ge=0, le=4096)], Positive] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> "Buckets":
        if self.largest > LARGEST or max(self.counts) > 4096:
            raise ValueError("a number beyond 2^62")
        bounds = [(*bounds_of(bucket), count) for bucket, count in self.counts.items()]
        # A wrong total is a wrong mean, and nobody would see it.
        for name, power, total in (("total", 1, self.total), ("squares", 2, self.squares)):
            least = sum(low**power * count for low, _, count in bounds)
            most = sum((behind - 1) ** power * count for _, behind, count in bounds)
            if not least <= total <= most:
                raise ValueError(f"{name} does not fit the counts")
        if bucket_of(self.largest) != max(self.counts):
            raise ValueError("largest does not fit the counts")
        return self

    def histogram(self) -> Histogram:
        """Return it as something that counts and draws."""
        return Histogram(dict(self.counts), self.total, self.squares, self.largest)


def buckets_of(histogram: Histogram) -> Buckets:
    """Return a histogram with at least one number as it is written."""
    counts = dict(sorted(histogram.counts.items()))
    return Buckets(total=histogram.total, squares=histogram.squares, largest=histogram.largest, counts=counts)


class Source(Record):
    """A log that was read, and what became of its lines."""

    kind: Literal["nginx log", "php-fpm log"]
    paths: list[Line] = Field(min_length=1)
    format: str = Field(max_length=65_536)
    lines: Count
    used: Count
    broken: Count = 0
    without_upstream: Count = Field(default=0, description="Answered by nginx itself.")
    elsewhere: Count = Field(default=0, description="Of another upstream or pool.")
    retried: Count = Field(default=0, description="Sent on more than once.")
    backwards: Count = Field(default=0, description="The clock was before that of the line above.")


class Busy(Record):
    """A window of which every single arrival is known."""

    start_s: Second = Field(description="Since 1970.")
    length_s: Positive
    requests: Positive
    statuses: dict[int, Positive]
    most_at_once: Count | None = Field(description="Requests that nginx had passed on at a time.")
    offsets_ms: str = Field(description="Each arrival after start_s; tuner.load.compact has the encoding.")

    @model_validator(mode="after")
    def _has_its_arrivals(self) -> "Busy":
        offsets_ms = decode(self.offsets_ms)
        if len(offsets_ms) != self.requests:
            raise ValueError(f"{self.requests} requests, but {len(offsets_ms)} arrivals")
        if offsets_ms[-1] > self.length_s * 1000:
            raise ValueError(f"an arrival {offsets_ms[-1]} ms after the start of {self.length_s} s")
        return self


class Arrived(Record):
    """When requests for PHP came."""

    start_s: Second
    end_s: Second
    observed_s: Positive = Field(description="The sum over all hosts.")
    requests: Positive
    resolution_s: Annotated[float, Field(gt=0, le=1)]
    statuses: dict[int, Positive] = Field(description="How nginx answered; 0 where that is not known.")
    per_second: Buckets = Field(description="How many seconds had how many arrivals.")
    windows: list[Busy] = Field(min_length=1)


class Script(Record):
    """The service times of one script, in microseconds."""

    name: str
    service_us: Buckets


class Served(Record):
    """How long a worker is busy with a request, without the wait for a worker."""

    method: Literal["php-fpm log", "inversion", "status"]
    service_us: Buckets
    scripts: list[Script] = Field(description="Where scripts differ by more than three times.")


class Polls(Record):
    """How often the status page was asked for, and what became of it; the rest of `asked` was answered."""

    asked: Positive
    waited: Count = Field(description="Answered late: all workers were busy.")
    no_answer: Count = Field(description="Not in time: waiting in the queue.")
    no_connection: Count = Field(description="Not in time, on TCP: the queue was full.")
    full: Count = Field(description="Refused by a unix socket whose queue was full.")
    lost: Count = Field(description="Nobody there, or closed without an answer.")
    skipped: Count = Field(description="Not asked, because the one before was still waiting.")


class StatusSeen(Record):
    """What PHP-FPM's status page told, from the first answer to the last."""

    pages: list[Line] = Field(min_length=1, description="Where it was asked: ADDRESS?PATH.")
    start_s: Second
    end_s: Second
    interval_ms: Positive = Field(description="The longest one of all hosts.")
    polls: Polls
    restarts: Count = Field(description="The counters began anew.")
    covered_ms: Count = Field(description="Between answers of the same PHP-FPM, the sum over all hosts.")
    taken: Count = Field(description="Requests that workers took in that time, without our own.")
    arrived: Count | None = Field(description="With what the queue grew by, where it was seen.")
    per_second: Buckets | None = Field(
        description="Requests a second from one answer to the next, rounded; arrived ones, where known."
    )
    busy: Buckets | None = Field(description="Workers that were busy, poll by poll.")
    workers: Buckets = Field(description="Workers that there were, poll by poll.")
    busy_worker_ms: Count | None = Field(
        description="Busy workers times covered_ms; over `taken` it is the mean service time (Little)."
    )
    most_active: Count = Field(description="Since PHP-FPM started.")
    longest_queue: Count | None = Field(description="Since PHP-FPM started, seen once a second; TCP only.")
    max_children_reached: Count = Field(description="In that time; PHP-FPM counts it for dynamic only.")
    slow_requests: Count = Field(description="In that time.")


class QueueSeen(Record):
    """How many connections waited for a worker, sample by sample."""

    method: Literal["sock_diag", "status"]
    addresses: list[Line] = Field(min_length=1)
    interval_ms: Positive = Field(description="The longest one of all hosts.")
    effective_backlogs: list[Count] = Field(description="One more connection than that finds room.")
    waiting: Buckets
    full: Count = Field(description="Samples in which there was no room.")


class WorkerMemory(Record):
    """Memory of single workers while they ran, from /proc/PID/smaps_rollup."""

    pss_bytes: Buckets = Field(description="Shared pages divided by those that share them.")
    private_bytes: Buckets = Field(description="What one more worker takes.")


class MeasuredPool(Record):
    """What is known of one pool; what is not is said in `unknown`."""

    name: Line
    hosts: Positive
    upstreams: list[Line] = Field(
        default=[], description="The $upstream_addr of the requests, where the log has it: it finds the pool."
    )
    sources: list[Source]
    arrivals: Arrived | None
    service: Served | None
    memory_bytes: Buckets | None = Field(description="A worker's own peak memory in a request.")
    cpu_us: Buckets | None = Field(
        default=None, description="Processor time of a request, in steps of 10 ms: only its mean is exact."
    )
    unknown: list[str]
    status: StatusSeen | None = None
    queue: QueueSeen | None = None
    workers: WorkerMemory | None = None

    @model_validator(mode="after")
    def _is_measured(self) -> "MeasuredPool":
        if not (self.sources or self.status or self.queue):
            raise ValueError("a pool without sources, status or queue")
        return self


class LoadFile(Record):
    """Everything that was measured, pool by pool."""

    schema_version: Literal[1]
    pools: list[MeasuredPool] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_distinct(self) -> "LoadFile":
        names = [pool.name for pool in self.pools]
        if len(set(names)) != len(names):
            raise ValueError("two pools have the same name")
        return self

    def pool(self, name: str | None) -> MeasuredPool:
        """Return a pool by its name, or the only one. Raises ValueError, saying which ones there are."""
        found = [pool for pool in self.pools if name in (None, pool.name)]
        if len(found) != 1:
            names = ", ".join(pool.name for pool in self.pools)
            raise ValueError(f"expected one of the pools {names}" + (f", not {name}" if name else ""))
        return found[0]


def load_file_of(pools: Iterable[MeasuredPool]) -> LoadFile:
    """Return the load file of these pools, ordered by name."""
    return LoadFile(schema_version=SCHEMA_VERSION, pools=sorted(pools, key=lambda pool: pool.name))


def write_load(load: LoadFile) -> str:
    """Return a load file as YAML."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 110
    stream = StringIO()
    stream.write("# Made by `fpmtune measure`; `fpmtune schema load` describes it.\n")
    yaml.dump(load.model_dump(), stream)
    return stream.getvalue()
