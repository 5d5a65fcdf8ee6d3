"""A short run of the fuzzer of php-fpm's files."""

import pytest

from tests.conformance.php_fpm_readings import installed
from tests.fuzz import php_fpm


def test_fpmtune_answers_changed_files() -> None:
    assert php_fpm.run(60, 7, None) == []


@pytest.mark.daemons
def test_php_fpm_and_fpmtune_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    program = installed()
    if program is None:
        pytest.skip("no php-fpm here, or not root")
    assert php_fpm.run(60, 7, program) == []
    monkeypatch.setattr(php_fpm, "changed", lambda *_: b"[global]\nfpmtune = knows less\n[www]\n")
    monkeypatch.setattr("tests.conformance.php_fpm_readings.REFUSALS", ("syntax-error",))
    (found,) = php_fpm.run(1, 7, program)
    assert found[1][0].what == "verdict"
