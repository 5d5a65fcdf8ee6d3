"""Traces of requests: what is read, what is sorted, and what is refused with its place."""

import gzip
from pathlib import Path

import pytest

from tuner.errors import InputError
from tuner.load.trace import read_trace


def test_columns_by_name_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,service_s,t_s\n1,0.5,1700000000.25\n2,0.25,1700000001\n\n")
    assert read_trace(str(path)) == ([0.0, 0.75], [0.5, 0.25], 0)


def test_compressed_by_content_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(gzip.compress(b"t_s,service_s\r\n0.5,1\r\n"))
    assert read_trace(str(path)) == ([0.0], [1.0], 0)


def test_out_of_order_is_sorted_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t_s,service_s\n3,0.3\n1,0.1\n2,0.2\n")
    assert read_trace(str(path)) == ([0.0, 1.0, 2.0], [0.1, 0.2, 0.3], 1)


def test_marks_and_quotes_of_spreadsheets(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbf"t_s","service_s","who"\r\n0,1,M\xc3\xbcller\r\n')
    assert read_trace(str(path)) == ([0.0], [1.0], 0)


def test_more_requests_than_memory_is_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuner.load.trace.MOST_REQUESTS", 2)
    path = tmp_path / "a.csv"
    path.write_text("t_s,service_s\n0,1\n1,1\n")
    assert len(read_trace(str(path)).arrivals_s) == 2
    path.write_text("t_s,service_s\n0,1\n1,1\n2,1\n")
    with pytest.raises(InputError, match="more than 2 requests"):
        read_trace(str(path))


@pytest.mark.parametrize(
    ("data", "where", "words"),
    [
        (b"t_s,x\n1,2\n", ":1:1", "t_s and service_s"),
        (b"", ":1:1", "t_s and service_s"),
        (b"t_s,service_s\n", "", "no request"),
        (b"t_s,service_s\n1,0.1\n1.5,abc\n", ":3:5", "found 'abc'"),
        (b"t_s,service_s\n1\n", ":2:2", "found 'nothing'"),
        (b"t_s,service_s\n-1,1\n", ":2:1", "found '-1'"),
        (b"t_s,service_s\nnan,1\n", ":2:1", "found 'nan'"),
        (b"t_s,service_s\n1,inf\n", ":2:3", "found 'inf"),
        (b"\xff\xfe\n", "", "not a text file"),
        (b"t_s,service_s\n1,1_0\n", ":2:3", "found '1_0'"),
        (b"t_s,service_s\n1,\xd9\xa1\n", ":2:3", "a number of seconds"),
        (b"t_s,service_s\n1,1e8\n", ":2:3", "found '1e8', more than 10000000"),
        (b"t_s,service_s\n1,0.1,7\n", ":2:1", "expected 2 fields, found 3"),
        (b"t_s,service_s\n" + b"1" * 70_000, ":2:1", "found a line without end"),
        (b"t_s,t_s,service_s\n1,1,1\n", ":1:1", "two columns are called t_s"),
        (b"t_s,service_s\n1,0\n2,0.0\n", "", "every service time is 0"),
        (b"\x1f\x8bnot gzip", "", "cannot be read"),
    ],
)
def test_bad_input_says_where(tmp_path: Path, data: bytes, where: str, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_trace(str(path))
    assert str(caught.value).startswith(f"{path}{where}: ")
    assert words in str(caught.value)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "regular"), (tmp_path / "none", "No such file")):
        with pytest.raises(InputError, match=words):
            read_trace(str(path))
