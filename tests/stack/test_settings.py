"""Numbers and times as the programs read them: nginx 1.22.1 and php-fpm were asked."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.formats.document import Word
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.settings import (
    as_text,
    c_int,
    decimal,
    nginx_time_s,
    overriding,
    php_fpm_integer,
    php_fpm_time_s,
    switched_off,
    wrap_int32,
    written,
)
from tuner.stack.value import Value

NGINX_ACCEPTS = {
    "60": 60,
    "0": 0,
    "007": 7,
    "60s": 60,
    "60ms": 0.06,
    "500ms": 0.5,
    "1500ms": 1.5,
    "2000ms": 2,
    "1m": 60,
    "1m30s": 90,
    "1m30": 90,
    "1m 30s": 90,
    "1m 30": 90,
    "1h1m1s1ms": 3661.001,
    "1s500ms": 1.5,
    "1s500": 501,
    "1w": 604800,
    "1d": 86400,
    "1h": 3600,
    "1d2h": 93600,
    "1d 2h": 93600,
    "1w2d3h4m5s6ms": 788645.006,
    "10 ": 10,
    "1s 5": 6,
    "10s5": 15,
    "1ms1": 1.001,
    "5 5": 10,
    "1m ms": 60,
    "h1": 1,
    "99999999999": 99999999999,
    "9223372036854775": 9223372036854775,
    "106751991167d": 106751991167 * 86400,
    "0000000000000000000000000000060": 60,
}
# fmt: off
NGINX_REFUSES = [
    "60S", "1.5s", "30s1m", "-1", "+1", "off", "on", "s", "ms", "m", "500ms1s", "1y", "1M", "1y1M",
    "10s5s", "1m5m", "1H", "1D", "1us", "60sec", "1min", "1e3", "0x10", "1_0", "60;",
    "9223372036854775807", "9223372036854775808", "9223372036854776", "106751991168d", "٣", "3٣", "½",
    "", " ", "1 s", "1  s", "5 ms", " 1s", "1 m", "60\n", "60\t",
]
# fmt: on


@pytest.mark.parametrize(("text", "seconds"), NGINX_ACCEPTS.items())
def test_nginx_time_that_nginx_accepts(text: str, seconds: float) -> None:
    assert nginx_time_s(text) == pytest.approx(seconds, abs=0, rel=1e-15)


@pytest.mark.parametrize("text", NGINX_REFUSES)
def test_nginx_time_that_nginx_refuses(text: str) -> None:
    assert nginx_time_s(text) is None


UNITS_MS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


@given(st.dictionaries(st.sampled_from(list(UNITS_MS)), st.integers(0, 10**6)), st.booleans())
def test_nginx_time_is_the_sum_of_its_parts_in_descending_order(parts: dict[str, int], spaced: bool) -> None:
    ordered = [unit for unit in UNITS_MS if unit in parts]
    text = (" " if spaced else "").join(f"{parts[unit]}{unit}" for unit in ordered)
    total_ms = sum(parts[unit] * UNITS_MS[unit] for unit in ordered)
    assert nginx_time_s(text) == (total_ms / 1000 if ordered else None)
    wrong_order = "".join(f"{parts[unit]}{unit}" for unit in reversed(ordered))
    assert len(ordered) < 2 or nginx_time_s(wrong_order) is None


@given(st.integers(0, 10**9))
def test_nginx_time_is_whole_seconds_where_it_can_be(count_ms: int) -> None:
    seconds = nginx_time_s(f"{count_ms}ms")
    assert seconds is not None
    assert timedelta(seconds=seconds) == timedelta(milliseconds=count_ms)
    assert isinstance(seconds, int) == (count_ms % 1000 == 0)


PHP_INTEGERS = {
    "511": 511,
    "0777": 777,
    "": 0,
    "-": 0,
    "-1": -1,
    "2147483647": 2147483647,
    "2147483648": -2147483648,
    "4294967300": 4,
    "99999999999": 1215752191,
    "9223372036854775808": -1,
    "-9223372036854775809": 0,
    "0" * 50 + "7": 7,
}


@pytest.mark.parametrize(("text", "number"), PHP_INTEGERS.items())
def test_php_fpm_integer_wraps_as_atoi_does(text: str, number: int) -> None:
    assert php_fpm_integer(text) == number


@pytest.mark.parametrize(
    "text", ["0x1ff", "+511", "1k", "511.0", "1e3", "511 ", "5 11", "- 1", "--1", "٣", "511\n", "50 # x"]
)
def test_php_fpm_refuses_what_is_no_integer(text: str) -> None:
    assert php_fpm_integer(text) is None


PHP_TIMES_S = {
    "30": 30,
    "30s": 30,
    "5m": 300,
    "2h": 7200,
    "1d": 86400,
    "10ms": 10,
    "500ms": 500,
    "1m30s": 1,
    "1.5s": 1,
    "0.5m": 0,
    "-1": -1,
    "0": 0,
    "s": 0,
    "30000d": 30000 * 86400 - 2**32,
    " 5s": 5,
    "x7": 0,
    "٣s": 0,
}


@pytest.mark.parametrize(("text", "seconds"), PHP_TIMES_S.items())
def test_php_fpm_time_takes_the_last_character_as_the_unit(text: str, seconds: int) -> None:
    assert php_fpm_time_s(text) == seconds


@pytest.mark.parametrize("text", ["", "10S", "10min", "1w", "off", "5 ", "1٣", "10M"])
def test_php_fpm_refuses_a_time_with_another_last_character(text: str) -> None:
    assert php_fpm_time_s(text) is None


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(["", " ", "x", " 7", ".5", "e3"]))
def test_c_int_is_the_low_32_bits_and_stops_at_what_is_no_digit(number: int, rest: str) -> None:
    assert c_int(f"{number}{rest}") == int.from_bytes(
        (number & 0xFFFFFFFF).to_bytes(4, "little"), "little", signed=True
    )


@given(st.integers())
def test_wrapping_keeps_what_fits_and_is_periodic(number: int) -> None:
    assert -(2**31) <= wrap_int32(number) < 2**31
    assert (wrap_int32(number) - number) % 2**32 == 0


READERS = (nginx_time_s, php_fpm_integer, php_fpm_time_s, c_int, decimal)


@given(st.text() | st.from_regex(r"[+-]?[0-9]{0,30}[a-zA-Z. ]{0,3}[0-9]{0,3}", fullmatch=True))
def test_no_reader_raises(text: str) -> None:
    for reader in READERS:
        assert isinstance(reader(text), int | float | None)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "text", ["9" * 5000, "-" + "9" * 5000, "9" * 5000 + "ms", "9" * 5000 + "d", "0" * 99999]
)
def test_numbers_of_any_length_are_read_in_no_time(reader: object, text: str) -> None:
    assert callable(reader)
    assert isinstance(reader(text), int | float | None)


TEXT = Text("a.conf", b"one two three")


def value_at(start: int, end: int, word: str = "", unknown: str = "") -> Value:
    return written("x", Word(word or "w", Span(start, end), unknown=unknown), TEXT, as_text, label="x")


def test_a_refused_word_is_unknown_and_keeps_its_place() -> None:
    value = written("x", Word("abc", Span(4, 7)), TEXT, decimal, label="x")
    assert (value.state, value.data, value.is_refused, value.is_written) == ("unknown", None, True, True)
    assert "'abc' is refused" in value.origin.words
    assert value.origin.place and value.origin.place.source == "two"


def test_a_hole_is_unknown_and_not_refused() -> None:
    value = value_at(0, 3, unknown="template")
    assert (value.state, value.is_refused, value.is_written) == ("unknown", False, True)


def test_what_is_overridden_is_noted_nearest_first() -> None:
    first, second, third = value_at(0, 3, "1"), value_at(4, 7, "2"), value_at(8, 13, "3")
    value = overriding(third, overriding(second, first, "later"), "later")
    assert [(lost.data, str(lost.origin.place and lost.origin.place.source)) for lost in value.overrides] == [
        ("2", "two"),
        ("1", "one"),
    ]


def test_a_refused_setting_in_between_does_not_hide_what_was_overridden_before() -> None:
    refused = written("x", Word("abc", Span(4, 7)), TEXT, decimal, label="x")
    value = overriding(value_at(8, 13, "3"), overriding(refused, value_at(0, 3, "1"), "later"), "later")
    assert [lost.data for lost in value.overrides] == ["1"]


def test_only_a_known_zero_switches_off() -> None:
    def number(text: str) -> Value:
        return switched_off(written("x", Word(text, Span(0, 3)), TEXT, decimal, label="x"))

    assert (number("0").state, number("0").data) == ("disabled", 0)
    assert (number("1").state, number("abc").state) == ("known", "unknown")
