"""PHP-FPM access logs: the time of a worker in every unit, and what to add where there is none."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.load.fpm_log.access_format import ADVICE, DEFAULT
from tuner.load.fpm_log.executions import Execution, ExecutionReader, UnusableAccessFormatError
from tuner.load.log_lines import Batch

(ADVISED,) = re.findall(r'"(.*)"', ADVICE)


def read(
    access_format: str, *lines: bytes, pool: str | None = None
) -> tuple[list[Execution], ExecutionReader]:
    reader = ExecutionReader(access_format, pool=pool)
    return list(reader.executions([Batch("fpm.log", 1, [line + b"\n" for line in lines])])), reader


def test_the_format_that_is_advised() -> None:
    found, reader = read(ADVISED, b"1795226344 812 www 200 21474 2097152 9.31 GET /index.php?a=b c")
    assert found == [Execution(21474, 2097152, "/index.php", 1795226344.0, 1999)]
    assert (reader.losses, reader.resolution_s) == ([], 1e-6)


@pytest.mark.parametrize(
    ("token", "text", "service_us"),
    [
        ("%d", b"0.021", 21000),
        ("%{seconds}d", b"1.500", 1_500_000),
        ("%{mili}d", b"21.474", 21474),
        ("%{milliseconds}d", b"21.474", 21474),
        ("%{micro}d", b"21474", 21474),
        ("%{microseconds}d", b"21474", 21474),
    ],
)
def test_units_of_the_duration(token: str, text: bytes, service_us: int) -> None:
    for access_format, line in ((f"%s {token}", b"200 " + text), (f"{token}|%r", text + b"|/a b")):
        found, _ = read(access_format, line)
        assert [one.service_us for one in found] == [service_us]


@pytest.mark.parametrize(
    ("token", "size"), [("%M", 2048), ("%{kilo}M", 2048 * 1024), ("%{mega}M", 2048 * 1024**2)]
)
def test_units_of_memory(token: str, size: int) -> None:
    (found,), _ = read(f"%d {token} %%", b"0.100 2048 %")
    assert found.memory_bytes == size


@pytest.mark.parametrize(
    ("token", "cpu_us"), [("%C", 46_560), ("%{total}C", 46_560), ("%{user}C", None), ("%{system}C", None)]
)
def test_processor_time_is_user_and_system_together(token: str, cpu_us: int | None) -> None:
    (found,), _ = read(f"%d {token}", b"0.500 9.312")
    assert found.cpu_us == cpu_us


def test_dates_and_scripts_between_open_values() -> None:
    found, _ = read('%R %t "%m %r" %s %{micro}d', b'- 21/Nov/2026:10:04:23 +0000 "GET /a b.php" 200 77')
    assert found == [Execution(77, None, "/a b.php", 1795255463.0)]
    found, _ = read('%R - %u %t "%m %r" %s %{micro}d', b'- -  21/Nov/2026:10:04:23 +0000 "GET /a.php" 200 77')
    assert found == [Execution(77, None, None, None)]
    found, _ = read("%d %{QUERY_STRING}e %f", b"0.001 a=b c /srv/www/x.php")
    assert found == [Execution(1000, None, None, None)]


@pytest.mark.parametrize(
    ("access_format", "words"),
    [
        (DEFAULT, r"has no duration \(%d\): set access.format"),
        ("%r %d %f", "no certain place for %d"),
        ("%{hours}d", r"knows no %\{hours\}d"),
        ("%z %d", "knows no %z"),
        ("%d 100%", "lone %"),
        ("", "no token"),
    ],
)
def test_what_cannot_be_read_is_refused(access_format: str, words: str) -> None:
    with pytest.raises(UnusableAccessFormatError, match=words):
        ExecutionReader(access_format)


def test_lines_of_other_pools_are_no_fault() -> None:
    lines = (b"www 0.100 /a", b"api 0.900 /b", b"www x /c", b"")
    found, reader = read("%n %d %r", *lines, pool="www")
    assert [one.service_us for one in found] == [100_000]
    tally = reader.tally
    assert (tally.lines, tally.used, tally.elsewhere, tally.broken) == (3, 1, 1, 1)
    assert tally.first_broken == "fpm.log:3"


@given(st.binary(max_size=100))
def test_any_line_is_an_execution_or_counted(line: bytes) -> None:
    for access_format in (ADVISED, "%d", "%r %d"):
        found, reader = read(access_format, line)
        assert reader.tally.lines == len(found) + reader.tally.broken
