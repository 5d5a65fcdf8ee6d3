"""The comparison with php-fpm finds no difference that is not explained, and would notice one."""

import pytest

from tests.conformance import php_fpm
from tests.conformance.php_fpm import RELEASES, Case, of_subset
from tests.conformance.php_fpm_readings import Reading, ask, installed, theirs

RELEASE = RELEASES["8.2"]
STEP = 7
TEXT = (
    b"[global]\nerror_log = /dev/null\n[www]\nuser = root\nlisten = 9000\npm = static\npm.max_children = 2\n"
)


def test_recorded_files(monkeypatch: pytest.MonkeyPatch) -> None:
    some = list(of_subset())[::STEP]
    monkeypatch.setattr(php_fpm, "of_subset", lambda: iter(some))
    (row,) = php_fpm.compare(None, live=False)
    assert row.unexplained == []
    assert row.cases == len(some) > 35
    assert row.equal_verdicts >= row.cases - 2
    assert row.equal_values > 0.98 * row.compared_values > 150


@pytest.mark.parametrize(
    "answer",
    [
        Reading(False, {}, "unknown entry"),
        Reading(True, {"www": {"pm.max_children": ["3"]}}),
        Reading(True, {"api": {"pm.max_children": ["2"]}}),
    ],
)
def test_a_difference_is_noticed(answer: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case("c", {"c.conf": TEXT}, "", {}, {RELEASE: answer})
    monkeypatch.setattr(php_fpm, "of_subset", lambda: iter([case]))
    (row,) = php_fpm.compare(None, live=False)
    assert len(row.unexplained) == 1


def test_what_php_fpm_prints_is_read() -> None:
    output = (
        "[21-Nov-2026 09:00:00] NOTICE: [global]\n[..] NOTICE: \tpid = undefined\n[..] NOTICE:  \n"
        "[..] NOTICE: [www]\n[..] NOTICE: \tenv[A] = b = c\n[..] NOTICE: \tenv[A] = a\n"
    )
    reading = theirs(0, output)
    assert reading.is_accepted
    assert reading.sections == {"global": {"pid": ["undefined"]}, "www": {"env[A]": ["b = c", "a"]}}
    refused = theirs(78, "[..] ERROR: [/f:3] unknown entry 'x'\n[..] ERROR: FPM initialization failed\n")
    assert (refused.is_accepted, refused.words) == (False, "[/f:3] unknown entry 'x'")


@pytest.mark.daemons
def test_the_installed_php_fpm(monkeypatch: pytest.MonkeyPatch) -> None:
    program = installed()
    if program is None:
        pytest.skip("no php-fpm here, or not root")
    some = [case for number, case in enumerate(of_subset()) if number % 30 == 0]
    monkeypatch.setattr(php_fpm, "of_subset", lambda: iter(some))
    *_, row = php_fpm.compare(None, live=True)
    assert (row.source, row.unexplained) == ("live", [])
    assert row.compared_values > 500
    assert not ask(program, {"c.conf": b"[www]\npm = x\n"}, "c.conf", "", {}).is_accepted
