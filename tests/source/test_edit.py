"""Edits of bytes: together, in order, and never two of one byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.errors import ChangeError
from tuner.source.edit import Edit, apply_edits
from tuner.source.span import Span


def edit(start: int, end: int, text: bytes) -> Edit:
    return Edit(Span(start, end), text)


def test_places_are_those_of_the_old_file_in_any_order() -> None:
    edits = [edit(6, 7, b"CCC"), edit(0, 1, b""), edit(3, 3, b"-")]
    assert apply_edits(b"abcdefgh", edits) == b"bc-defCCCh"


def test_two_equal_edits_are_one() -> None:
    assert apply_edits(b"a=1", [edit(2, 3, b"4"), edit(2, 3, b"4")]) == b"a=4"


def test_insertions_at_one_place_keep_their_order() -> None:
    assert apply_edits(b"ab", [edit(1, 1, b"2"), edit(1, 1, b"1")]) == b"a21b"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (edit(0, 2, b"x"), edit(1, 3, b"y")),
        (edit(0, 3, b"x"), edit(0, 3, b"y")),
        (edit(0, 2, b""), edit(1, 3, b"y")),
        (edit(0, 3, b""), edit(1, 1, b"y")),
        (edit(1, 2, b""), edit(0, 3, b"y")),
    ],
)
def test_overlapping_edits_are_refused(one: Edit, other: Edit) -> None:
    with pytest.raises(ChangeError, match=r"two edits overlap: bytes 0 to [23] and [01] to"):
        apply_edits(b"abc", [one, other])


def test_deletions_that_overlap_are_one() -> None:
    assert apply_edits(b"abcde", [edit(1, 3, b""), edit(2, 4, b""), edit(2, 3, b"")]) == b"ae"


def test_neighbours_do_not_overlap() -> None:
    assert apply_edits(b"abc", [edit(0, 1, b"A"), edit(1, 1, b"-"), edit(1, 2, b"B")]) == b"A-Bc"


def test_an_edit_beyond_the_file_is_refused() -> None:
    with pytest.raises(ChangeError, match="bytes 3 to 4 lies outside the file of 3 bytes"):
        apply_edits(b"abc", [edit(3, 4, b"x")])


def test_json_has_bytes_that_are_not_utf8_as_surrogates() -> None:
    assert edit(3, 5, b"caf\xe9").as_json("a.conf") == {
        "path": "a.conf",
        "start": 3,
        "end": 5,
        "text": "caf\udce9",
    }


GAPS = st.tuples(st.integers(0, 9), st.integers(1, 3), st.binary(max_size=4))


@given(st.binary(max_size=60), st.lists(GAPS))
def test_every_byte_between_the_edits_stays(data: bytes, parts: list[tuple[int, int, bytes]]) -> None:
    edits: list[Edit] = []
    wanted = b""
    at = 0
    for gap, length, text in parts:
        start, end = at + gap, at + gap + length
        if end > len(data):
            break
        edits.append(edit(start, end, text))
        wanted += data[at:start] + text
        at = end
    assert apply_edits(data, edits) == wanted + data[at:]
    assert apply_edits(data, reversed(edits)) == wanted + data[at:]
