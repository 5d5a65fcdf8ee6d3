"""A declared load: what the texts mean, and what it says of itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trees import stack_of
from tuner.load.declared import DeclaredLoad, arrivals_per_s, put_on, service_time_s
from tuner.stack.model import Stack
from tuner.stack.pool_load import PoolLoad

POOL = "[{0}]\nlisten = /run/{0}.sock\npm = static\npm.max_children = 4\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("120ms", 0.12), ("0.12s", 0.12), ("0.12", 0.12), (".5", 0.5), ("1.5ms", 0.0015), ("86400", 86400)],
)
def test_service_times(text: str, expected: float) -> None:
    assert service_time_s(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "text",
    ["", "ms", "s", "-1", "0", "0ms", "1m", "1 s", "1e3", "nan", "inf", "1,5", "1.", "٣", "86401", "1s\n"],
)
def test_what_is_no_service_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 120ms|between a microsecond and a day"):
        service_time_s(text)


@pytest.mark.parametrize(("text", "expected"), [("120", 120), ("0.5", 0.5), (".5", 0.5)])
def test_rates(text: str, expected: float) -> None:
    assert arrivals_per_s(text) == expected


@pytest.mark.parametrize("text", ["", "0", "0.0", "-1", "1e3", "12/s", "nan", "inf", "٣"])
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(ValueError, match="not a positive number of requests"):
        arrivals_per_s(text)


@given(st.text(max_size=8))
def test_any_text_is_a_number_or_a_value_error(text: str) -> None:
    for read in (service_time_s, arrivals_per_s):
        try:
            assert read(text) > 0
        except ValueError as error:
            assert repr(text) in str(error)


def loads_of(stack: Stack) -> list[PoolLoad]:
    return [pool.load for pool in stack.pools if pool.load]


def test_only_a_mean_means_an_exponential_law_and_says_so(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"php-fpm.d/www.conf": POOL.format("www")})
    put_on([stack], DeclaredLoad("120ms"))
    (load,) = loads_of(stack)
    assert (load.service_time.data, load.service_time_cv.data) == (0.12, 1)
    assert load.service_time_p95.data == pytest.approx(0.36)
    assert str(load.service_time.origin) == "command line: --service-time 120ms"
    assert load.service_time.origin.kind == "declared"
    for assumed in (load.service_time_p95, load.service_time_cv):
        assert assumed.origin.words.endswith("only the mean is given, so the times are taken as exponential")
    assert (load.arrival_rate.state, load.arrival_rate.origin.words) == ("unknown", "give --qps")


def test_every_pool_gets_it_and_says_so(tmp_path: Path) -> None:
    files = {"php-fpm.d/www.conf": POOL.format("www") + POOL.format("api")}
    stack = stack_of(tmp_path, files)
    put_on([stack], DeclaredLoad("0.1", "30"))
    assert [load.arrival_rate.data for load in loads_of(stack)] == [30, 30]
    origins = {str(load.arrival_rate.origin) for load in loads_of(stack)}
    assert origins == {"command line: --qps 30, for each of the 2 pools"}


def test_the_last_load_counts(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"php-fpm.d/www.conf": POOL.format("www")})
    put_on([stack], DeclaredLoad("1s"))
    put_on([stack], DeclaredLoad("0.1s"))
    (pool,) = stack.pools
    assert pool.queue is not None
    assert pool.queue.capacity.data == pytest.approx(4 / 0.1005)
