import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.sysctl_number import kernel_integer, read_number

WRITTEN: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "data" / "laws" / "sysctl_numbers.json").read_text()
)
"""What the kernel 6.18.44 read and refused; `test_real_kernel` writes the same to the one at hand."""
READ: dict[str, int] = WRITTEN["read"]
REFUSED: list[str] = WRITTEN["refused"]


@pytest.mark.parametrize("text", READ, ids=lambda text: repr(text[:24]))
def test_read(text: str) -> None:
    assert kernel_integer(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:24]))
def test_refused(text: str) -> None:
    assert kernel_integer(text) is None


@given(st.integers(-(2**31), 2**31 - 1), st.sampled_from(["", " ", "\t# x", " 77"]))
def test_every_c_int_is_read_in_every_base(number: int, rest: str) -> None:
    sign = "-" if number < 0 else ""
    for written in (str(number), f"{sign}0x{abs(number):x}", f"{sign}0{abs(number):o}"):
        assert kernel_integer(written + rest) == number


@given(st.integers().filter(lambda n: not -(2**31) <= n < 2**31))
def test_no_other_number_is(number: int) -> None:
    assert kernel_integer(str(number)) is None


@given(st.text(alphabet="0123456789abxX-+ \t\r\n\v#.,k\0", max_size=30))
def test_reading_stops_at_the_first_blank(text: str) -> None:
    words = text.lstrip(" \t\n\v\f\r").replace("\t", " ").replace("\n", " ").split(" ")
    assert kernel_integer(text) == kernel_integer(words[0])


def test_both_lists_are_there() -> None:
    assert (len(READ), len(REFUSED)) == (19, 35)


@pytest.mark.parametrize(
    ("text", "value", "as_decimal", "behind"),
    [
        ("01000", 512, 1000, ""),
        ("-010", -8, -10, ""),
        ("0", 0, 0, ""),
        ("0x10", 16, 16, ""),
        ("99999999999", 99999999999, 99999999999, ""),
        (" 7  8 9 ", 7, 7, "8 9"),
    ],
)
def test_the_parts_of_a_written_number(text: str, value: int, as_decimal: int, behind: str) -> None:
    number = read_number(text)
    assert number is not None
    assert (number.value, number.as_decimal, number.behind) == (value, as_decimal, behind)
