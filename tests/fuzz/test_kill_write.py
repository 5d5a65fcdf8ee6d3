"""A short run of the killing of writers, and proof that it would notice."""

from pathlib import Path

import pytest

from tests.change.file_sets import FileSet
from tests.change.interruptions import IN_MEMORY
from tests.fuzz.kill_write import WORKS, Work, killed


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_killed_writers(work: Work, capsys: pytest.CaptureFixture[str]) -> None:
    assert killed(work, times=8, count=30, seed=7, within=IN_MEMORY) == 0
    assert "nothing left over" in capsys.readouterr().out


def write_in_place(files: FileSet) -> None:
    for change in files.changes:
        if change.expected is not None and change.new is not None:
            Path(change.path).write_bytes(change.new)


def test_a_writer_without_a_journal_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    careless = WORKS[0]._replace(writer=write_in_place)
    assert killed(careless, times=4, count=30, seed=7, within=IN_MEMORY) == 1
    assert "FAILED: AssertionError" in capsys.readouterr().out
