"""fpmtune reads sysctl files as the recorded programs do, and the comparison would notice if it did not."""

import pytest

from tests.conformance import sysctl
from tests.conformance.sysctl_readings import why_not_live


def test_no_recorded_program_differs() -> None:
    rows = sysctl.compare(None, live=False)
    assert {row.version for row in rows} == {"4.0.2", "4.0.4", "252", "257", "1.35", "1.37"}
    assert min(row.cases for row in rows) >= 60
    for row in rows:
        assert row.differences == ()
        assert (row.equal_verdicts, row.equal_values) == (row.cases, row.compared_values)


def test_a_difference_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysctl, "RECORDED", {"busybox-p": ("procps", "4.0.2")})
    (row,) = sysctl.compare(None, live=False)
    found = {(difference.case, difference.what) for difference in row.unexplained}
    assert ("mixed slash first", "net.core.somaxconn") in found
    assert ("continuation", "status") in found


@pytest.mark.netns
@pytest.mark.daemons
def test_no_installed_program_differs() -> None:
    reason = why_not_live()
    if reason:
        pytest.skip(reason)
    rows = [row for row in sysctl.compare(None, live=True) if row.source == "live"]
    assert {"sysctl procps", "sysctl systemd"} <= {row.program for row in rows}
    assert [difference for row in rows for difference in row.differences] == []
