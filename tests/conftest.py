"""What all tests share: with FPMTUNE_NO_SKIP=1, as in .ci/run, a skipped test fails."""

import os
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and os.environ.get("FPMTUNE_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: nothing may be skipped here: {call.excinfo and call.excinfo.value}"
    return report
