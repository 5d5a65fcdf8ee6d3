"""A short run of the fuzzer of plans, and proof that it would notice."""

from pathlib import Path
from random import Random

import pytest

from tests.fuzz import plans, verdicts
from tests.fuzz.plan_faults import faults_of_bytes, planned
from tests.fuzz.plans import generated, outcome_of

SEED = "a few"


@pytest.mark.parametrize("number", range(6))
def test_plans_of_generated_hosts(tmp_path: Path, number: int) -> None:
    root = tmp_path.resolve() / "host"
    load = generated(root, Random(f"{SEED} {number}"))
    outcome = outcome_of(root, load)
    assert outcome.faults == []
    assert outcome.settings.total() > 0


def host_with_plan(tmp_path: Path) -> tuple[Path, plans.Load]:
    root = tmp_path.resolve() / "host"
    return root, generated(root, Random(f"{SEED} 0"))


def test_a_byte_too_many_is_noticed(tmp_path: Path) -> None:
    found = planned(*host_with_plan(tmp_path))
    assert list(faults_of_bytes(found)) == []
    files = tuple(file._replace(data=file.data + b" ") for file in found.patches.files)
    assert files
    worse = found._replace(patches=found.patches._replace(files=files))
    assert sum("bytes more than were planned" in fault for fault in faults_of_bytes(worse)) == len(files)


def test_an_edit_that_nobody_planned_is_noticed(tmp_path: Path) -> None:
    found = planned(*host_with_plan(tmp_path))
    worse = found._replace(plans=[plan._replace(recommendations=()) for plan in found.plans])
    assert any("nobody planned" in fault for fault in faults_of_bytes(worse))


def test_a_plan_without_effect_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, load = host_with_plan(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", lambda *_: 0)
    monkeypatch.setattr(verdicts, "verdicts", lambda *_: {})
    assert any(fault.endswith(" again") for fault in outcome_of(root, load).faults)


def test_a_daemon_that_takes_it_no_more_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(({"nginx": True}, {"nginx": False}))
    monkeypatch.setattr(verdicts, "verdicts", lambda *_: next(answers))
    assert "nginx: taken before, and not after" in outcome_of(*host_with_plan(tmp_path)).faults
