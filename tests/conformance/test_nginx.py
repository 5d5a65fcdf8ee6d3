"""No difference between fpmtune and nginx that is not explained."""

import os
from pathlib import Path

import pytest

from tests.conformance.nginx import compare
from tests.conformance.nginx_program import PROGRAM
from tests.fuzz.nginx import compare as compare_changed


def test_recorded_words() -> None:
    (row,) = compare(None, live=False)
    assert row.cases >= 1000
    assert (row.equal_verdicts, row.equal_values, row.unexplained) == (row.cases, row.compared_values, [])


@pytest.mark.skipif(not PROGRAM or os.geteuid() != 0, reason="needs nginx, and root to test with it")
def test_changed_files(tmp_path: Path) -> None:
    counts, differences = compare_changed(40, 5, tmp_path)
    assert min(counts["taken"], counts["refused"]) > 0
    assert differences == []
