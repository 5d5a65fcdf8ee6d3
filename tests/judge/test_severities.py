import pytest

from tuner.errors import UsageError
from tuner.judge.finding import Severity
from tuner.judge.load import load_rules
from tuner.judge.severities import severities_by_id


@pytest.mark.parametrize("words", [("QUE001",), ("backlog-clamped",), ("QUE001", "backlog-clamped")])
def test_a_rule_has_an_id_and_a_name(words: tuple[str, ...]) -> None:
    given: dict[str, Severity] = dict.fromkeys(words, "note")
    assert severities_by_id(given, load_rules()) == {"QUE001": "note"}


def test_two_severities_for_one_rule() -> None:
    with pytest.raises(UsageError, match="QUE001 and 'backlog-clamped' are one rule, with two severities"):
        severities_by_id({"QUE001": "note", "backlog-clamped": "info"}, load_rules())
