"""nginx access logs: which lines are requests for PHP, when these came, and what is refused."""

import gzip
import re
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.errors import InputError
from tuner.load.arrivals import NOT_LOGGED, Requests
from tuner.load.log_clock import seconds_of_date, seconds_of_iso_date
from tuner.load.log_lines import Batch, read_batches
from tuner.load.nginx_log.log_format import COMBINED, Escape, LogFormat, read_log_format
from tuner.load.nginx_log.quick import MOST_REMEMBERED, Remembered, quick_words
from tuner.load.nginx_log.requests import ADVICE, RequestReader, UnusableFormatError

Request = tuple[float, int, int]
ADVISED = "".join(re.findall(r"'([^']*)'", ADVICE))
TIMED = "$msec $request_time $status $upstream_response_time"
HEAD = b'192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] "GET /i.php HTTP/1.1" 200 512 '


def read(
    log_format: LogFormat | str, *lines: bytes, **options: bool | str
) -> tuple[list[Request], RequestReader]:
    if isinstance(log_format, str):
        log_format = LogFormat(log_format)
    reader = RequestReader(log_format, **options)  # type: ignore[arg-type]
    (found,) = reader.requests([Batch("a.log", 1, [line + b"\n" for line in lines])])
    return rows(found), reader


def rows(found: Requests) -> list[Request]:
    """Return requests one by one, their arrival to the millisecond."""
    return [
        (round(arrival_s, 3), status, upstream_ms)
        for arrival_s, status, upstream_ms in zip(*found, strict=True)
    ]


def test_the_format_that_is_advised() -> None:
    line = HEAD + b"1795226344.757 0.103 200 200 0.000 0.100 0.101 unix:/run/php/www.sock"
    found, reader = read(ADVISED, line)
    assert found == [(1795226344.654, 200, 101)]
    assert (reader.resolution_s, reader.losses) == (0.001, [])
    assert reader.upstreams == {"unix:/run/php/www.sock": 1}


def test_every_try_counts_in_the_time_and_the_last_one_for_the_place() -> None:
    line = (
        HEAD
        + b"1700000001.000 0.800 200 502, 200 -, 0.001 -, 0.3 0.2, 0.3 : 0.1 10.0.0.1:9000, b:9 : unix:/s"
    )
    found, reader = read(ADVISED, line)
    assert found[0][2] == 600
    assert (len(found), reader.tally.retried, reader.upstreams) == (1, 1, {"unix:/s": 1})


def test_requests_without_an_upstream_are_dropped_and_counted() -> None:
    found, reader = read(ADVISED, HEAD + b"1700000001.000 0.800 200 - - - - -")
    assert (found, reader.tally.without_upstream, reader.tally.broken) == ([], 1, 0)
    assert reader.tally.lines == 1


def test_one_of_several_upstreams() -> None:
    one = b"1700000001.000 0.8 200 200 0 0 0.8 "
    two = b"1700000001.000 0.8 200 502, 200 0, 0 0, 0 0, 0.8 "
    lines = [HEAD + end for end in (one + b"a:1", one + b"b:1", two + b"b:1, a:1", two + b"a:1, b:1")]
    found, reader = read(ADVISED, *lines, only="a:1")
    assert (len(found), reader.tally.elsewhere, reader.tally.broken) == (2, 2, 0)


def test_words_around_the_values() -> None:
    found, reader = read(
        '$remote_addr "$request" t=$msec rt=$request_time s=$status urt="$upstream_response_time"',
        b'::1 "GET / HTTP/1.1" t=1700000001.500 rt=0.500 s=200 urt="0.400"',
        b'::1 "GET / HTTP/1.1" t=1700000001.500 rt=0.500 s=200 urt="0.1, 0.2"',
        b'::1 "GET / HTTP/1.1" rt=0.500 t=1700000001.500 s=200 urt="0.400"',
    )
    assert found == [(1700000001.0, 200, 400), (1700000001.0, 200, 300)]
    assert (reader.tally.broken, reader.tally.first_broken) == (1, "a.log:3")


JSON = '{"t":$msec,"rt":"$request_time","s":$status,"u":"$request_uri","urt":"$upstream_response_time"}'


def test_json() -> None:
    line = b'{"t":1700000001.500,"rt":"0.500","s":504,"u":"/a\\",\\"urt\\":\\"9.0\\"}","urt":"0.499"}'
    found, _ = read(LogFormat(JSON, "json"), line)
    assert found == [(1700000001.0, 504, 499)]


def test_tabs_and_iso_dates() -> None:
    text = "time:$time_iso8601\treqtime:$request_time\tua:$http_user_agent\tstatus:$status\tup:$upstream_addr"
    line = b"time:2026-11-21T10:00:01+01:00\treqtime:0.250\tua:a\tstatus:1\tstatus:200\tup:unix:/s"
    found, reader = read(text, line)
    assert found[0] == (seconds_of_iso_date(b"2026-11-21T09:00:01Z") - 0.25, 200, NOT_LOGGED)
    assert (reader.resolution_s, len(reader.losses)) == (1.0, 1)


def test_a_word_ends_where_the_text_behind_it_begins() -> None:
    text = "$remote_addr:$remote_port host=$host;up=$upstream_addr;t=$msec"
    with pytest.raises(UnusableFormatError, match=r"no certain place for \$upstream_addr"):
        RequestReader(LogFormat(text))
    found, reader = read(text.replace(";", " ; "), b"::1:80 host=up=x ; up=unix:/up=s ; t=1700000001.500")
    assert (len(found), reader.upstreams) == (1, {"unix:/up=s": 1})


def test_combined_needs_to_be_told_that_all_was_for_php() -> None:
    with pytest.raises(UnusableFormatError, match=r"add \$upstream_addr"):
        RequestReader(LogFormat(COMBINED))
    user = b'x [01/Jan/1990:00:00:00 +0000] "G" 200 1 "-" "-"'
    line = b'192.0.2.1 - %s [21/Nov/2026:10:04:23 -0130] "GET / HTTP/1.1" 301 5 "-" "A \\x22B"' % user
    found, reader = read(COMBINED, line, every_request=True)
    assert found == [(seconds_of_iso_date(b"2026-11-21T11:34:23Z"), 301, NOT_LOGGED)]
    assert (reader.resolution_s, len(reader.losses)) == (1.0, 3)


@pytest.mark.parametrize(
    ("text", "escape", "words"),
    [
        ("nothing", "default", "names no variable"),
        ("$status $upstream_addr", "default", r"add \$msec"),
        ("$request $msec $args $upstream_addr", "default", r"no certain place for \$msec"),
        ('"$request" $msec "$args" $upstream_addr', "none", r"no certain place for \$msec"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, escape: Escape, words: str) -> None:
    with pytest.raises(UnusableFormatError, match=words):
        RequestReader(LogFormat(text, escape))


def test_choosing_an_upstream_needs_its_name() -> None:
    with pytest.raises(UnusableFormatError, match=r"no \$upstream_addr"):
        RequestReader(LogFormat(TIMED), only="a")


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        HEAD,
        HEAD + b"1700000001.000 0.800 200 200 0.000 0.100 0.101",
        HEAD + b"nan 0.800 200 200 0.000 0.100 0.101 unix:/s",
        HEAD + b"1.000 0.800 200 200 0.000 0.100 0.101 unix:/s",
        HEAD + b"1700000001.000 nan 200 200 0.000 0.100 0.101 unix:/s",
        HEAD + b"1700000001.000 -0.1 200 200 0.000 0.100 0.101 unix:/s",
        HEAD + b"1700000001.000 9999999.0 200 200 0.000 0.100 0.101 unix:/s",
        HEAD + b"1700000001.000 0.800 70000 200 0.000 0.100 0.101 unix:/s",
        HEAD + b"1700000001.000 0.800 200 200 0.000 0.100 9999999.0 unix:/s",
        HEAD + b"1700000001.000 0.800 200 502, 200 0, 0 0, 0 2e9, 0 unix:/s, unix:/s",
        HEAD + b"1700000001.000 0.800 200 502, 200 0, 0 0, 0 2000000.0, 0 unix:/s, unix:/s",
        HEAD + b"1700000001.000 0.800 200 200 0.000 0.100 0.101 unix:/s trailing",
        b"x" * 70_000,
    ],
)
def test_broken_lines_are_counted_with_their_place(line: bytes) -> None:
    good = HEAD + b"1700000001.000 0.800 200 200 0.000 0.100 0.101 unix:/s"
    found, reader = read(ADVISED, good, line, b"", good)
    assert len(found) == reader.tally.used == 2
    assert (reader.tally.broken, reader.tally.first_broken, reader.tally.lines) == (1, "a.log:2", 3)
    with pytest.raises(InputError, match=r"a\.log:2: does not fit the log_format, like 1 of 3 lines"):
        reader.tally.check("log_format", "a.log")


def test_files_in_any_order_are_no_clock_that_goes_back() -> None:
    reader = RequestReader(LogFormat(TIMED))
    lines = [[b"1700000009.500 0.100 200 0.1, 0.1\n"], [b"1700000001.500 0.100 200 0.1, 0.1\n"]]
    found = list(reader.requests(Batch("a.log", 1, one) for one in lines))
    assert [len(rows(requests)) for requests in found] == [1, 1]
    assert reader.tally.backwards == 0


def test_a_clock_that_goes_back_is_counted() -> None:
    lines = [b"%d.500 0.100 200 0.1" % at for at in (1700000005, 1700000009, 1700000008, 1700000002)]
    for log_format in (TIMED, f"$status {TIMED}"):
        extra = b"200 " if log_format != TIMED else b""
        found, reader = read(log_format, *(extra + line for line in lines))
        assert (len(found), reader.tally.backwards) == (4, 1), log_format


def test_the_timing_at_the_end_is_read_word_by_word() -> None:
    """The advised format holds $status twice; one that goes on without spaces needs its pattern."""
    names = ("msec", "request_time", "status", "upstream_response_time", "upstream_addr")
    words = quick_words(read_log_format(LogFormat(ADVISED)), names)
    assert words
    assert (words.splits, tuple(words.places)) == (8, (1, 2, 3, 7, 8))
    assert quick_words(read_log_format(LogFormat(JSON + ',"up":"$upstream_addr"')), names) is None


def test_meanings_of_words_are_forgotten_before_they_fill_the_memory() -> None:
    parsed: list[bytes] = []

    def parse(word: bytes) -> int:
        parsed.append(word)
        return int(word)

    meanings = Remembered(parse, (b"a=", b";"))
    assert [meanings[b"a=%d;" % n] for n in (7, 7)] == [7, 7]
    assert parsed == [b"7"]
    for n in range(MOST_REMEMBERED + 5):
        assert meanings[b"a=%d;" % n] == n
        assert len(meanings) <= MOST_REMEMBERED
    for word in (b"a=1", b"1;", b"b=1;", b"a=;", b"a=x;"):
        with pytest.raises(ValueError, match=r"^$|literal"):
            meanings[word]


numbers = st.decimals(0, 999, places=3, allow_nan=False).map(lambda n: f"{n:.3f}")
texts = st.text(st.characters(codec="latin-1", exclude_characters='\n"\\'), max_size=20)


@given(
    st.lists(numbers, min_size=1, max_size=3),
    numbers,
    texts,
    st.sampled_from([", ", " : "]),
    st.sampled_from([200, 499, 504]),
)
def test_the_quick_and_the_careful_way_agree(
    tries: list[str], took: str, text: str, comma: str, status: int
) -> None:
    """The same values at the end of the line, and before a quoted text, where only patterns can find them."""
    end = f"1700000000.125 {took} {status} {comma.join(tries)}"
    quick, _ = read('"$http_user_agent" ' + TIMED, f'"{text}" {end}'.encode("latin-1"))
    careful, _ = read(TIMED + ' "$http_user_agent"', f'{end} "{text}"'.encode("latin-1"))
    assert quick == careful
    took_ms = round(1000 * sum(map(float, tries)))
    assert quick == [(round(1700000000.125 - float(took), 3), status, took_ms)]


@given(st.binary(max_size=200))
def test_any_line_is_a_request_or_counted(line: bytes) -> None:
    for log_format in (ADVISED, TIMED, f"$request {TIMED}"):
        found, reader = read(log_format, line)
        tally = reader.tally
        assert tally.lines == len(found) + tally.broken + tally.without_upstream


@pytest.mark.parametrize(
    ("log_format", "bait"),
    [
        (LogFormat("$request " + TIMED), b"0.1, 0.2 " * 7000),
        (LogFormat(TIMED), b"1" * 65_000),
        (LogFormat(COMBINED + " " + TIMED), b'" ' * 32_000),
        (LogFormat(JSON, "json"), b'{"t":1.5,"rt":"' + b"\\" * 65_000),
        (LogFormat("$args $request $upstream_addr $msec"), b"a, b : " * 9000),
    ],
)
def test_no_line_is_slow(log_format: LogFormat, bait: bytes) -> None:
    began = time.process_time()
    _, reader = read(log_format, *[bait] * 10)
    assert reader.tally.used == 0
    assert time.process_time() - began < 1.0


WORD_AND_TEXT = "${host}" + "a" * 60 + " "
BAITS = (b"1", b"a", b" ", b'"', b"\\", b'\\"', b"0.1, ", b"0.1 : ", b"a, ", b"a" * 60 + b" ", b"\t", b"-")


@pytest.mark.parametrize(
    "text",
    [
        "${host}" + "a" * 30_000 + " " + TIMED,
        WORD_AND_TEXT * 200 + TIMED,
        TIMED + (" " + WORD_AND_TEXT[:-1]) * 200,
        "$upstream_status " * 500 + TIMED,
        "$upstream_addr " * 200 + TIMED,
        "$status$request_time" * 500 + " " + TIMED,
        '"$http_a" ' * 500 + TIMED,
        "$http_a" * 5000 + " " + TIMED,
        TIMED + " $http_a" * 500,
        "(a+)+$request_length(.*)* " + TIMED,
    ],
)
@pytest.mark.parametrize("escape", ["default", "json", "none"])
def test_no_format_makes_a_line_slow(text: str, escape: Escape) -> None:
    """Lines of 64 KiB and of 1 MB that are made of the same few characters, and end well or not."""
    reader = RequestReader(LogFormat(text, escape))
    baits = [bait * (size // len(bait)) for bait in BAITS for size in (64_000, 1_000_000)]
    lines = [bait + end for bait in baits for end in (b"\n", b" 1700000000.1 0.1 200 0.1\n")]
    began = time.process_time()
    list(reader.requests([Batch("a.log", 1, lines)]))
    assert time.process_time() - began < 1.0
    assert reader.tally.lines >= reader.tally.used + reader.tally.broken


def test_a_format_that_no_line_can_have_is_refused() -> None:
    for text in ("a" * 70_000 + TIMED, "$http_a " * 10_000 + TIMED):
        with pytest.raises(UnusableFormatError, match="lines are read up to 65536 bytes"):
            RequestReader(LogFormat(text))


def test_the_text_of_a_format_is_no_pattern() -> None:
    found, reader = read(
        '(a+)+.*"$request"[$msec $request_time $status $upstream_response_time]$',
        b'(a+)+.*"G"[1700000001.500 0.500 200 0.100]$',
        b'aaaaaaa"G"[1700000001.500 0.500 200 0.100]',
    )
    assert (found, reader.tally.broken) == ([(1700000001.0, 200, 100)], 1)


def test_lines_of_megabytes_take_no_memory(tmp_path: Path) -> None:
    good = b"1700000001.500 0.500 200 0.100\n"
    (tmp_path / "a.log").write_bytes(good + b"x" * 20_000_000 + b"\n" + good)
    tracemalloc.start()
    try:
        reader = RequestReader(LogFormat(TIMED))
        found = [
            one for some in reader.requests(read_batches([str(tmp_path / "a.log")])) for one in rows(some)
        ]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found), reader.tally.broken, reader.tally.lines) == (2, 1, 3)
    assert peak_bytes < 4_000_000


def test_dates() -> None:
    assert seconds_of_date(b"21/Nov/2026:10:04:23 +0000") == 1795255463
    assert seconds_of_date(b"30/Jun/2012:23:59:60 +0000") == 1341100799
    with pytest.raises(ValueError, match="month"):
        seconds_of_date(b"21/Foo/2026:10:04:23 +0000")


def test_files_plain_and_compressed_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_bytes(b"d\ne")
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress(b"a\nb\n"))
    (tmp_path / "empty").write_bytes(b"")
    paths = [str(tmp_path / name) for name in ("access.log.2.gz", "empty", "access.log")]
    read_bytes: list[int] = []
    found = [(batch.first, batch.lines) for batch in read_batches(paths, read_bytes.append)]
    assert found == [(1, [b"a\n", b"b\n"]), (1, [b"d\n"]), (2, [b"e\n"])]
    assert sum(read_bytes) == sum(Path(path).stat().st_size for path in paths)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a\n")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"a\n" * 1000)[:-20])
    (tmp_path / "bad.gz").write_bytes(b"\x1f\x8bgarbage")
    for names, words in (
        (["none"], "No such file"),
        (["."], "regular file|Is a directory"),
        (["a", "a"], "given twice"),
        (["cut.gz"], "cannot be read"),
        (["bad.gz"], "cannot be read"),
    ):
        with pytest.raises(InputError, match=words):
            list(read_batches([str(tmp_path / name) for name in names]))
