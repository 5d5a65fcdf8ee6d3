"""A writer that is killed, at any moment, leaves what the next one makes whole."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.change.file_sets import FileSet
from tests.change.interruptions import fresh_set, standing, take_back, write_again
from tests.change.system_calls import count_calls, cut_off_at, killed_at
from tuner.change.recovery import recover
from tuner.change.revert import revert
from tuner.change.transaction import apply

SEED, FILES = 3, 6


@pytest.fixture(scope="module")
def calls_of_apply() -> int:
    with fresh_set(SEED, FILES) as files:
        assert len({(change.expected is None, change.new is None) for change in files.changes}) == 3
        return count_calls(partial(apply, files.changes, files.journal))


@pytest.mark.parametrize("then", [write_again, take_back])
def test_cut_off_at_every_call_of_a_write(calls_of_apply: int, then: Callable[[FileSet], None]) -> None:
    seen = set()
    for number in range(calls_of_apply):
        with fresh_set(SEED, FILES) as files:
            assert cut_off_at(number, partial(apply, files.changes, files.journal))
            seen.add(standing(files))
            then(files)
    assert seen == {"old", "mixed", "new"}


@pytest.mark.parametrize("then", [write_again, take_back])
def test_killed_at_calls_of_a_write(calls_of_apply: int, then: Callable[[FileSet], None]) -> None:
    for number in range(7, calls_of_apply, 11):
        with fresh_set(SEED, FILES) as files:
            assert killed_at(number, partial(apply, files.changes, files.journal))
            then(files)


def test_cut_off_at_every_call_of_a_revert() -> None:
    number, was_cut_off = 0, True
    while was_cut_off:
        with fresh_set(SEED, FILES) as files:
            apply(files.changes, files.journal)
            was_cut_off = cut_off_at(number, partial(revert, files.journal))
            take_back(files)
        number += 1
    assert number > 100


def test_cut_off_while_it_recovers(calls_of_apply: int) -> None:
    for first in range(calls_of_apply // 2, calls_of_apply, calls_of_apply // 7):
        second, was_cut_off = 0, True
        while was_cut_off:
            with fresh_set(SEED, FILES) as files:
                cut_off_at(first, partial(apply, files.changes, files.journal))
                was_cut_off = cut_off_at(second, partial(recover, files.journal))
                take_back(files)
            second += 4
        assert second > 8
