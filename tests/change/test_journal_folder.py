"""Where journals are kept, and who may."""

import os
from pathlib import Path

import pytest

from tuner.change.journal import KEPT, prune
from tuner.change.journal_folder import default_journal_folder, locked
from tuner.change.recovery import pending
from tuner.change.revert import revert
from tuner.change.transaction import FileChange, apply
from tuner.errors import ChangeError


@pytest.mark.parametrize(
    ("uid", "environment", "folder"),
    [
        (0, {}, "/var/lib/fpmtune"),
        (0, {"XDG_STATE_HOME": "/x"}, "/var/lib/fpmtune"),
        (0, {"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a"),
        (7, {"HOME": "/home/u"}, "/home/u/.local/state/fpmtune"),
        (7, {"HOME": "/home/u", "XDG_STATE_HOME": "/x"}, "/x/fpmtune"),
        (7, {"HOME": "/home/u", "XDG_STATE_HOME": "x"}, "/home/u/.local/state/fpmtune"),
        (7, {"HOME": "/home/u", "STATE_DIRECTORY": "x"}, "/home/u/.local/state/fpmtune"),
    ],
)
def test_default(monkeypatch: pytest.MonkeyPatch, uid: int, environment: dict[str, str], folder: str) -> None:
    for name in ("STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert default_journal_folder() == folder


@pytest.mark.parametrize("name", ["", "/", "/journal", "/deep/journal"])
def test_never_beside_the_configuration(tmp_path: Path, name: str) -> None:
    (tmp_path / "conf.d").mkdir()
    with pytest.raises(ChangeError, match=r"the journal cannot be kept beside .*: an include may read it"):
        apply([FileChange(str(tmp_path / "conf.d/a"), None, b"x")], f"{tmp_path}/conf.d{name}")
    assert os.listdir(tmp_path / "conf.d") == []


@pytest.mark.parametrize("name", [".state/fpmtune", "b/.local/state", "../conf.d-state", "../state"])
def test_where_no_include_reads(tmp_path: Path, name: str) -> None:
    (tmp_path / "conf.d").mkdir()
    apply([FileChange(str(tmp_path / "conf.d/a"), None, b"x")], f"{tmp_path}/conf.d/{name}")
    assert (tmp_path / "conf.d/a").read_bytes() == b"x"


def test_a_link_does_not_hide_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "state").symlink_to("conf.d")
    with pytest.raises(ChangeError, match="cannot be kept beside"):
        apply([FileChange(str(tmp_path / "conf.d/a"), None, b"x")], f"{tmp_path}/state/journal")


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_folder_that_others_write_to(tmp_path: Path, mode: int) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    for ask in (pending, revert, lambda folder: apply([], folder)):
        with pytest.raises(ChangeError, match="others can write to the journal's folder: chmod go-w it"):
            ask(str(state))


def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    state = tmp_path / "state"
    state.mkdir(mode=0o755)
    os.chown(state, 33, 33)
    for ask in (pending, revert, lambda folder: apply([], folder)):
        with pytest.raises(ChangeError, match=r"belongs to another user \(33\)"):
            ask(str(state))


def test_what_is_no_folder_or_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ChangeError, match="file: the journal cannot be kept there: File exists"):
        apply([], str(tmp_path / "file"))
    with pytest.raises(ChangeError, match=r"file/x: the journal cannot be kept there: (Not a|File exists)"):
        apply([], str(tmp_path / "file/x"))
    with pytest.raises(ChangeError, match="/proc/none: the journal cannot be kept there"):
        apply([], "/proc/none")


def test_the_lock_is_free_again(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with locked(state), pytest.raises(ChangeError, match="another fpmtune"), locked(state):
        pass
    with locked(state):
        assert Path(state, "lock").read_text() == f"{os.getpid()}\n"


def test_the_last_plans_in_place_are_kept_and_who_is_forgotten_is_named(tmp_path: Path) -> None:
    journal, path = tmp_path / "journal", tmp_path / "etc/a"
    forgotten = []
    for number in range(KEPT + 5):
        old = b"%d" % (number - 1) if number else None
        done = apply([FileChange(str(path), old, b"%d" % number)], str(journal))
        forgotten += done.forgotten
    assert forgotten == [1, 2, 3, 4, 5]
    assert _numbers(journal) == list(range(6, KEPT + 6))
    back = [revert(str(journal)).plan for _ in range(KEPT + 1)]
    assert back == [*range(KEPT + 5, 5, -1), 0]
    assert path.read_bytes() == b"4"


def test_plans_that_were_taken_back_are_no_reason_to_forget_one_in_place(tmp_path: Path) -> None:
    journal, path = tmp_path / "journal", tmp_path / "etc/a"
    apply([FileChange(str(tmp_path / "etc/first"), None, b"x")], str(journal))
    for _ in range(KEPT + 5):
        assert apply([FileChange(str(path), None, b"y")], str(journal)).forgotten == ()
        revert(str(journal))
    assert len(_numbers(journal)) == KEPT + 1
    assert revert(str(journal)).plan == 1
    assert not (tmp_path / "etc/first").exists()


def test_a_plan_that_did_not_end_is_kept(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    apply([FileChange(str(tmp_path / "etc/a"), None, b"1")], str(journal))
    record = (journal / "000001/done.json").rename(journal / "000001/writing.json").read_bytes()
    for number in range(2, KEPT + 3):
        (journal / f"{number:06}").mkdir()
        (journal / f"{number:06}/done.json").write_bytes(record)
    prune(str(journal))
    assert _numbers(journal) == [1, *range(3, KEPT + 3)]


def _numbers(journal: Path) -> list[int]:
    return sorted(int(path.name) for path in journal.iterdir() if path.is_dir())
