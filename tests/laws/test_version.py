from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.laws.version import Version


@pytest.mark.parametrize(
    ("text", "numbers", "shown"),
    [
        ("6.1", (6, 1), "6.1"),
        ("6.1.125-1-amd64", (6, 1, 125), "6.1.125"),
        ("6.18.44-fc-v595", (6, 18, 44), "6.18.44"),
        ("3.10.0-693.el7.x86_64", (3, 10, 0), "3.10.0"),
        ("8.6.0RC3", (8, 6, 0), "8.6.0"),
        ("1.31.4\n", (1, 31, 4), "1.31.4"),
        ("22.04", (22, 4), "22.04"),
        ("7.0.15~deb12u7", (7, 0, 15), "7.0.15"),
    ],
)
def test_parse(text: str, numbers: tuple[int, ...], shown: str) -> None:
    version = Version.parse(text)
    assert version.numbers == numbers
    assert str(version) == shown


@pytest.mark.parametrize(
    "text", ["", "6", "v6.1", "6.", "6.1.", "6.x", "6.1.x", "latest", "٦.١", "-6.1", "1:8.2", "9" * 5000]
)
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        Version.parse(text)


def test_order_is_by_number_not_by_text() -> None:
    texts = ["4.9", "4.10", "5.4", "5.4.0", "5.4.290", "6.1", "6.1.9", "6.1.125", "6.12", "10.0"]
    versions = [Version.parse(text) for text in texts]
    assert all(earlier < later for earlier, later in pairwise(versions))


def test_suffix_and_leading_zero_do_not_make_another_version() -> None:
    assert Version.parse("6.1.125-1-amd64") == Version.parse("6.1.125")
    assert len({Version.parse("22.04"), Version.parse("22.4"), Version.parse("22.04-lts")}) == 1


@given(
    st.lists(st.integers(0, 999_999_999), min_size=2, max_size=5),
    st.sampled_from(["", "-rc1", "+deb12", "RC3", " x"]),
)
def test_round_trip(numbers: list[int], suffix: str) -> None:
    text = ".".join(map(str, numbers))
    version = Version.parse(text + suffix)
    assert version.numbers == tuple(numbers)
    assert str(version) == text
    assert Version.parse(str(version)) == version


@given(st.text(max_size=20))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        version = Version.parse(text)
    except ValueError:
        return
    assert text.strip().startswith(str(version))
