"""What counts as somebody's choice."""

import pytest

from tuner.judge.evidence import rests_on_choice
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.value import Data, Origin, Place, Value, absent

PLACE = Place(Text("www.conf", b"x"), Span(0, 1))


def written(data: Data) -> Value:
    return Value("pool.x", data, Origin("file", "www.conf:1", PLACE))


UNSET_NUMBER = absent("pool.timeout", unit="s")
UNSET_WORDS = absent("pool.allowed_clients")


@pytest.mark.parametrize(
    ("evidence", "is_choice"),
    [
        ([written("9000"), UNSET_WORDS], True),
        ([written("9000"), UNSET_NUMBER], False),
        ([written(5), UNSET_NUMBER], True),
        ([UNSET_WORDS], False),
        ([], False),
    ],
)
def test_words_count_only_where_there_are_no_numbers(evidence: list[Value], is_choice: bool) -> None:
    assert rests_on_choice(evidence) is is_choice
