"""How lines lie in a file."""

import pytest

from tuner.change.editable import indentation, is_first_in_line, line_end, line_ending, line_start


@pytest.mark.parametrize(
    ("data", "at", "ending"),
    [
        (b"a\r\nb\n", 0, b"\r\n"),
        (b"a\r\nb\n", 3, b"\n"),
        (b"a\nb\r\nc", 6, b"\r\n"),
        (b"a\rb", 0, b"\n"),
        (b"\na\r", 1, b"\n"),
        (b"", 0, b"\n"),
    ],
)
def test_a_line_ends_as_it_does_or_as_the_one_before(data: bytes, at: int, ending: bytes) -> None:
    assert line_ending(data, at) == ending


def test_where_lines_begin_and_end() -> None:
    data = b"\n \tb c\nd"
    assert (line_start(data, 0), line_end(data, 0)) == (0, 0)
    assert (line_start(data, 4), line_end(data, 4)) == (1, 6)
    assert (line_start(data, 7), line_end(data, 7)) == (7, 8)
    assert indentation(data, 4) == b" \t"
    assert is_first_in_line(data, 3)
    assert not is_first_in_line(data, 5)
