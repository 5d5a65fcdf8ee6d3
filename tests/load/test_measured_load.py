"""From logs to a load, and from the load of one setting to what other settings would have given."""

import gzip
import json
from pathlib import Path

import pytest

from tuner.errors import InputError
from tuner.laws.simulator.prediction import predict
from tuner.laws.simulator.setting import Setting
from tuner.laws.simulator.traffic import Traffic
from tuner.load.histogram import Histogram
from tuner.load.load_file import (
    LoadFile,
    MeasuredPool,
    Served,
    buckets_of,
    load_file_of,
    write_load,
)
from tuner.load.measure import PoolLogs, measure_pool
from tuner.load.merge import merge_loads
from tuner.load.nginx_log.log_format import LogFormat
from tuner.load.read_load import read_load
from tuner.load.replayable import trace_of, traffic_of

RUNS = Path(__file__).resolve().parents[1] / "data/replay"
MEASURED_LOG = LogFormat(
    "$msec $request_time $status $upstream_status uct=$upstream_connect_time uht=$upstream_header_time"
    " urt=$upstream_response_time $request_uri"
)
MEASURED_FPM_LOG = "%{%s}t %{micro}d %s %q"
STATUSES = ("200", "502", "504")


def measured(run: str, *, with_fpm: bool = True, workers: int | None = None) -> MeasuredPool:
    logs = PoolLogs(
        "www",
        nginx_logs=[str(RUNS / run / "nginx.access.log.gz")],
        log_format=MEASURED_LOG,
        fpm_logs=[str(RUNS / run / "fpm.access.log.gz")] if with_fpm else [],
        access_format=MEASURED_FPM_LOG,
        workers=workers,
    )
    return measure_pool(logs)


def predicted(pool: MeasuredPool, setting: Setting, seed: int) -> dict[str, float]:
    return predict(traffic_of(pool, seed=seed), setting).summary.shares


def setting_of(run: str) -> tuple[Setting, dict[str, float]]:
    data = json.loads((RUNS / run / "run.json").read_text())
    setting = Setting(
        workers=data["max_children"],
        backlog=data["listen_backlog"],
        read_timeout_s=data["fastcgi_read_timeout_s"],
        socket=data["socket"],
        connect_timeout_s=data["fastcgi_connect_timeout_s"],
    )
    return setting, data["measured"]


def farthest(found: dict[str, float], truth: dict[str, float]) -> float:
    return max(abs(found[status] - truth[status]) for status in STATUSES)


@pytest.mark.parametrize("seed", range(1, 4))
@pytest.mark.parametrize(
    ("logged", "asked"),
    [
        ("unix-collapse-B65535", "unix-collapse-B65535"),
        ("unix-collapse-B65535", "unix-collapse-B112"),
        ("unix-M-rho1.5-B65535", "unix-M-rho1.5-B56"),
        ("unix-M-rho1.5-B100", "unix-M-rho1.5-B56"),
        ("unix-burst-B8", "unix-burst-B160"),
    ],
)
def test_the_logs_of_one_setting_predict_the_measured_run_of_another(
    logged: str, asked: str, seed: int
) -> None:
    """At most 4 points of each share."""
    setting, truth = setting_of(asked)
    assert farthest(predicted(measured(logged), setting, seed), truth) <= 0.04


@pytest.mark.parametrize(
    ("logged", "asked"),
    [("unix-collapse-B65535", "unix-collapse-B112"), ("unix-M-rho1.5-B65535", "unix-M-rho1.5-B56")],
)
def test_the_measured_shares_lie_in_the_range(logged: str, asked: str) -> None:
    setting, truth = setting_of(asked)
    ranges = predict(traffic_of(measured(logged)), setting).ranges
    assert ranges
    assert all(ranges[status].low <= truth[status] <= ranges[status].high for status in STATUSES)
    assert ranges["200"].high - ranges["200"].low < 0.15


def draws_of(found: Traffic) -> list[int]:
    return [len(found.likely), len(found.possible)]


def test_many_requests_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = measured("unix-burst-B8")
    assert draws_of(traffic_of(pool)) == [10, 20]
    assert draws_of(traffic_of(pool, draws=0)) == [10, 0]
    monkeypatch.setattr("tuner.load.replayable.REPLAYED_FOR_NUMBER", 2810 * 3)
    monkeypatch.setattr("tuner.load.replayable.REPLAYED_FOR_RANGE", 2810 * 2 - 1)
    assert draws_of(traffic_of(pool)) == [3, 0]
    with pytest.raises(ValueError, match="too many"):
        traffic_of(pool, draws=10_000)


def test_service_times_of_nothing_are_refused() -> None:
    pool = measured("unix-burst-B8")
    nothing = Histogram()
    nothing.add(0, 5)
    served = Served(method="php-fpm log", service_us=buckets_of(nothing), scripts=[])
    with pytest.raises(InputError, match="every service time is 0"):
        trace_of(pool.model_copy(update={"service": served}))


def test_the_way_out_of_the_collapse() -> None:
    """Measured with 20 workers and a backlog of 299: 100 % of 200; with 8 and 65535: 14.5 %."""
    setting = Setting(workers=20, backlog=299, read_timeout_s=1)
    assert predicted(measured("unix-collapse-B65535"), setting, 1)["200"] == pytest.approx(1.0, abs=0.001)


def test_without_fpm_log_the_waits_are_taken_out_where_nobody_gave_up() -> None:
    pool = measured("unix-burst-B8", with_fpm=False, workers=8)
    assert pool.service is not None
    assert pool.service.method == "inversion"
    found = pool.service.service_us.histogram()
    truth = measured("unix-burst-B8").service
    assert truth is not None
    assert found.mean == pytest.approx(truth.service_us.histogram().mean, rel=0.03)
    setting, shares_measured = setting_of("unix-burst-B160")
    assert farthest(predicted(pool, setting, 1), shares_measured) <= 0.04
    assert any("requests had waited" in words for words in pool.unknown)


@pytest.mark.parametrize(
    ("run", "workers", "words"),
    [
        ("unix-M-rho1.5-B65535", 8, "ended with 504 or 499"),
        ("unix-burst-B8", None, "holds the wait for a worker; give the PHP-FPM access log"),
    ],
)
def test_no_service_time_is_better_than_a_wrong_one(run: str, workers: int | None, words: str) -> None:
    pool = measured(run, with_fpm=False, workers=workers)
    assert pool.service is None
    with pytest.raises(InputError, match=words):
        trace_of(pool)


def test_what_a_load_says() -> None:
    pool = measured("unix-collapse-B65535")
    assert pool.arrivals is not None
    assert pool.service is not None
    assert pool.arrivals.requests == 10289
    assert pool.arrivals.statuses == {200: 1494, 504: 8795}
    assert pool.arrivals.per_second.largest == 334
    assert pool.arrivals.windows[0].most_at_once == 357
    assert pool.service.service_us.histogram().mean == pytest.approx(50_300, rel=0.01)
    assert [source.used for source in pool.sources] == [10289, 10193]
    assert pool.unknown == ["access.format has no %M: the memory of workers is not known"]


def test_a_load_file_says_the_same_when_read_again(tmp_path: Path) -> None:
    load = load_file_of([measured("unix-burst-B8")])
    path = tmp_path / "load.yaml"
    path.write_text(write_load(load))
    assert read_load(str(path)) == load
    assert path.stat().st_size < 20_000


def test_merging_hosts_adds_up_in_any_order() -> None:
    parts = [
        load_file_of([measured(run)])
        for run in ("unix-burst-B8", "unix-M-rho1.5-B65535", "unix-collapse-B65535")
    ]
    merged = merge_loads(parts)
    (pool,) = merged.pools
    assert pool.arrivals is not None
    assert pool.service is not None
    assert (pool.hosts, pool.arrivals.requests, len(pool.arrivals.windows)) == (3, 2810 + 3674 + 10289, 3)
    assert pool.service.service_us.histogram().count == sum(
        part.pools[0].service.service_us.histogram().count for part in parts if part.pools[0].service
    )
    assert merge_loads(parts[::-1]) == merged
    assert merge_loads([merge_loads(parts[:2]), parts[2]]) == merged
    busiest = merge_loads(parts, most_kept=12_000).pools[0].arrivals
    assert busiest is not None
    assert [window.requests for window in busiest.windows] == [10289]
    with pytest.raises(ValueError, match="given twice"):
        merge_loads([parts[0], parts[0]])


def small(
    tmp_path: Path, log_format: str, *lines: str, fpm: str = "", access_format: str = "%d"
) -> MeasuredPool:
    (tmp_path / "access.log").write_text("".join(f"{line}\n" for line in lines))
    (tmp_path / "fpm.log").write_text(fpm)
    logs = PoolLogs(
        "www",
        nginx_logs=[str(tmp_path / "access.log")],
        log_format=LogFormat(log_format),
        fpm_logs=[str(tmp_path / "fpm.log")] if fpm else [],
        access_format=access_format,
        every_request=True,
    )
    return measure_pool(logs)


SECONDS_ONLY = "$time_iso8601 $status"


def test_whole_seconds_are_spread_and_said(tmp_path: Path) -> None:
    pool = small(
        tmp_path, SECONDS_ONLY, *["2026-11-21T10:00:01Z 200"] * 50, "2026-11-21T10:00:03Z 200", fpm="0.1\n"
    )
    assert any("bursts within a second are not seen" in words for words in pool.unknown)
    assert "service times: only 1 of them" in pool.unknown
    trace = trace_of(pool)
    assert len(set(trace.arrivals_s)) == 51
    assert 1 <= trace.arrivals_s[-1] <= 3


def test_fpm_log_of_another_day_is_said(tmp_path: Path) -> None:
    pool = small(
        tmp_path, SECONDS_ONLY, "2026-11-21T10:00:01Z 200", fpm="1700000000 0.1\n", access_format="%{%s}T %d"
    )
    assert any("when no request of the nginx log came" in words for words in pool.unknown)


def test_scripts_that_differ_are_told_apart(tmp_path: Path) -> None:
    fpm = "0.100 /a.php\n" * 40 + "0.350 /b.php\n" * 40 + "9.000 /rare.php\n"
    pool = small(tmp_path, SECONDS_ONLY, "2026-11-21T10:00:01Z 200", fpm=fpm, access_format="%d %r")
    assert pool.service is not None
    assert [script.name for script in pool.service.scripts] == ["/b.php", "/a.php"]
    alike = small(
        tmp_path,
        SECONDS_ONLY,
        "2026-11-21T10:00:01Z 200",
        fpm=fpm.replace("0.350", "0.300"),
        access_format="%d %r",
    )
    assert alike.service is not None
    assert alike.service.scripts == []


@pytest.mark.parametrize(
    ("lines", "words"),
    [([], "no request for PHP in 0 lines"), (["x"] * 3, r"access\.log:1: does not fit the log_format")],
)
def test_logs_without_requests(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        small(tmp_path, SECONDS_ONLY, *lines)


def test_only_an_fpm_log(tmp_path: Path) -> None:
    (tmp_path / "fpm.log.gz").write_bytes(gzip.compress(b"0.100 2097152\n" * 200))
    pool = measure_pool(PoolLogs("www", fpm_logs=[str(tmp_path / "fpm.log.gz")], access_format="%d %M"))
    assert pool.memory_bytes is not None
    assert pool.memory_bytes.histogram().mean == 2097152
    with pytest.raises(InputError, match="no arrivals"):
        trace_of(pool)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pools: []\nschema_version: 2\n", ":2:17: is of version 2, and this fpmtune reads 1"),
        ("schema_version: 1\npools: []\n", ":2:8: pools: List should have at least 1 item"),
        ("schema_version: 1\npools: [{name: a}]\n", ":2:9: pools.0.hosts: Field required"),
        ("schema_version: 1\npools: x\nspare: 1\n", ":2:8: pools: Input should be a valid list"),
        ("schema_version: 1\nspare: {a: 1}\npools: []\n", ":3:8: pools"),
        ("", ":1:1: is not a load file"),
        ("a: [", ":1:5: is not YAML"),
        ("\x00", "is not YAML"),
        ("[" * 1500, "is not YAML"),
        ("5", ":1:1: is not a load file"),
        ("&a [*a]", ":1:1: is not a load file"),
    ],
)
def test_what_is_no_load_file(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "load.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_load(str(path))
    assert str(caught.value).startswith(str(path))


def test_pools_by_name() -> None:
    one = measured("unix-burst-B8")
    load = LoadFile(schema_version=1, pools=[one, one.model_copy(update={"name": "api"})])
    assert load.pool("api").name == "api"
    for name in (None, "none"):
        with pytest.raises(ValueError, match="expected one of the pools www, api"):
            load.pool(name)


@pytest.mark.parametrize(
    ("found", "put", "words"),
    [
        ("requests: 2810\n      statuses", "requests: 5\n      statuses", "5 requests, but 2810"),
        ("offsets_ms: ", "offsets_ms: x", "encoded arrivals"),
        ("length_s: ", "length_s: 1 #", "ms after the start of 1 s"),
        ("      total: ", "      total: 1", "service.service_us: total does not fit the counts"),
        ("      squares: ", "      squares: 1", "service.service_us: squares does not fit the counts"),
        ("      largest: ", "      largest: 1", "service.service_us: largest does not fit the counts"),
        ("  hosts: 1", "  hosts: 1\n  host: 1", "pools.0.host: Extra inputs"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused_at_their_place(
    tmp_path: Path, found: str, put: str, words: str
) -> None:
    path = tmp_path / "load.yaml"
    text = write_load(load_file_of([measured("unix-burst-B8")]))
    at = text.index(found, text.index("  service:") if found[:6].isspace() else 0)
    path.write_text(text[:at] + put + text[at + len(found) :])
    with pytest.raises(InputError, match=words) as caught:
        read_load(str(path))
    line = int(str(caught.value).removeprefix(str(path)).split(":")[1])
    assert abs(line - text.count("\n", 0, at)) <= 8
