"""A short run of the sysctl fuzzer, and proof that it would notice a difference."""

import pytest

from tests.conformance.sysctl_readings import Reading, why_not_live
from tests.fuzz import sysctl


def test_every_tree_is_read() -> None:
    outcome = sysctl.compare(60, 1, None)
    assert (outcome.trees, outcome.differences) == (60, [])
    assert outcome.lines > 150


@pytest.mark.netns
@pytest.mark.daemons
def test_the_installed_programs_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = why_not_live()
    if reason:
        pytest.skip(reason)
    with sysctl.machine(sysctl.BASE) as asked:
        assert sysctl.compare(40, 5, asked).differences == []
        monkeypatch.setattr(sysctl, "ours", lambda *_: Reading({"net.core.somaxconn": "-1"}, is_clean=True))
        assert len(sysctl.compare(2, 5, asked).differences) >= 4
