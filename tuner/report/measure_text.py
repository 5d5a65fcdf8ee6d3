"""`fpmtune measure` for people: what was found, and what is not known."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tuner.load.histogram import Histogram
from tuner.load.load_file import Arrived, LoadFile, MeasuredPool, Served
from tuner.report.seen_rows import seen_rows
from tuner.report.table import Row, table
from tuner.report.terminal import Style, printable

US_PER_MS = 1000
MEBIBYTE = 1 << 20
METHODS = {
    "php-fpm log": "from PHP-FPM's access log",
    "inversion": "computed from the nginx log",
    "status": "of workers' last requests on the status page",
}


def measure_text(load: LoadFile, style: Style) -> str:
    """Return a load in figures, ending in a line end."""
    return "\n".join(line for pool in load.pools for line in _pool(pool, style)) + "\n"


def _pool(pool: MeasuredPool, style: Style) -> Iterator[str]:
    hosts = f" on {pool.hosts} hosts" if pool.hosts > 1 else ""
    yield f"pool {printable(pool.name)}{hosts}"
    yield from table(list(_rows(pool)), style)


def _rows(pool: MeasuredPool) -> Iterator[Row]:
    if pool.arrivals:
        yield from _arrivals(pool.arrivals)
    if pool.service:
        yield from _service(pool.service)
    if pool.arrivals and pool.service:
        mean_s = pool.service.service_us.histogram().mean / US_PER_MS / 1000
        busy = pool.arrivals.requests / pool.arrivals.observed_s * mean_s
        yield Row("busy workers", f"{busy:.1f}", ("on average, were every request served (rate x time)",))
    if pool.memory_bytes:
        memory = pool.memory_bytes.histogram()
        high = f"{memory.percentile(0.95) / MEBIBYTE:.1f} MiB"
        yield Row("memory p95", high, ("a worker's own peak, without shared memory",))
    yield from seen_rows(pool)
    for words in pool.unknown:
        yield Row("unknown", "", (printable(words.replace("\n", " ")),))


def _arrivals(arrived: Arrived) -> Iterator[Row]:
    moments = [datetime.fromtimestamp(at_s, UTC) for at_s in (arrived.start_s, arrived.end_s)]
    span = " to ".join(f"{moment:%Y-%m-%d %H:%M:%S}" for moment in moments)
    yield Row("requests", str(arrived.requests), (f"for PHP, {span} UTC",))
    rate = arrived.requests / arrived.observed_s
    yield Row("rate", f"{rate:.1f}/s", (f"on average; {arrived.per_second.largest} in the busiest second",))
    for status, count in arrived.statuses.items():
        yield Row(f"status {status or '?'}", f"{100 * count / arrived.requests:.1f} %")
    kept = sum(window.requests for window in arrived.windows)
    places = f"{len(arrived.windows)} windows" if len(arrived.windows) > 1 else "one window"
    yield Row("kept", str(kept), (f"arrivals one by one, in {places}",))


def _service(served: Served) -> Iterator[Row]:
    found = served.service_us.histogram()
    remark = f"mean of {found.count}, cv {found.variation:.2f}, {METHODS[served.method]}"
    yield Row("service time", _ms(found.mean), (remark,))
    yield Row("service p95", _ms(found.percentile(0.95)))
    yield Row("service p99", _ms(found.percentile(0.99)))
    for script in served.scripts:
        times: Histogram = script.service_us.histogram()
        yield Row("script", _ms(times.mean), (f"{printable(script.name)}, {times.count} times",))


def _ms(microseconds: float) -> str:
    return f"{microseconds / US_PER_MS:.1f} ms"
