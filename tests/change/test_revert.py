"""A plan that was carried out, taken back: all of it or nothing."""

import json
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.change.file_sets import FileSet, snapshot
from tests.change.interruptions import fresh_set, standing
from tests.change.system_calls import Killed, cut_off_at, hooked
from tuner.change.daemon_test import DaemonTest
from tuner.change.record import Task
from tuner.change.recovery import pending, recover
from tuner.change.revert import Known, revert, to_revert
from tuner.change.transaction import About, FileChange, apply
from tuner.errors import ChangeError


@pytest.fixture
def files() -> Iterator[FileSet]:
    with fresh_set(5, 14) as made:
        yield made


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 10))
def test_everything_is_as_before_and_can_be_written_again(seed: int, count: int) -> None:
    with fresh_set(seed, count) as files:
        apply(files.changes, files.journal)
        assert len(revert(files.journal).paths) == count
        assert standing(files) == "old"
        apply(files.changes, files.journal)
        assert snapshot(files.folder) == files.new


def test_plan_by_plan_the_newest_first(files: FileSet) -> None:
    first = str(files.folder / "first")
    apply([FileChange(first, None, b"x")], files.journal, about=About("--write"))
    apply([FileChange(first, b"x", b"y"), *files.changes], files.journal, about=About("--out o"))
    assert first in to_revert(files.journal)
    done = revert(files.journal)
    assert (done.plan, done.way, done.still) == (2, "--out o", (Known(1, "--write"),))
    assert Path(first).read_bytes() == b"x"
    assert to_revert(files.journal) == (first,)
    again = revert(files.journal)
    assert (again.plan, again.paths, again.way, again.still) == (1, (first,), "--write", ())
    assert snapshot(files.folder) == files.old
    assert to_revert(files.journal) == ()
    last = revert(files.journal)
    assert (last.plan, last.paths) == (0, ())


def test_a_plan_of_any_number_once(files: FileSet) -> None:
    apply([FileChange(str(files.folder / "first"), None, b"x")], files.journal)
    apply(files.changes, files.journal)
    assert revert(files.journal, plan=1).paths == (str(files.folder / "first"),)
    assert revert(files.journal, plan=1).paths == ()
    assert standing(files) == "new"
    assert revert(files.journal).plan == 2
    with pytest.raises(ChangeError, match="there is no plan 9"):
        revert(files.journal, plan=9)


def test_a_plan_that_was_put_back_by_hand_hides_no_older_one(files: FileSet) -> None:
    first, out = files.folder / "first", files.folder / "out/fragment"
    apply([FileChange(str(first), None, b"x")], files.journal)
    apply([FileChange(str(out), None, b"y")], files.journal, about=About("--out out"))
    shutil.rmtree(out.parent)
    assert revert(files.journal).paths == (str(first),)
    assert revert(files.journal).paths == ()
    assert not first.exists()


def test_a_newer_plan_whose_file_was_changed_is_named_with_its_way(files: FileSet) -> None:
    path = files.folder / "first"
    apply([FileChange(str(path), None, b"x")], files.journal, about=About("--out o"))
    path.write_bytes(b"theirs")
    with pytest.raises(ChangeError, match=r"not what plan 1 \(--out o\) wrote"):
        revert(files.journal)


def test_a_revert_that_is_brought_to_its_end_takes_back_no_further_plan(files: FileSet) -> None:
    first = str(files.folder / "first")
    apply([FileChange(first, None, b"x")], files.journal)
    apply([FileChange(first, b"x", b"y")], files.journal)
    folder = Path(revert(files.journal).journal).parent / "000003"
    (folder / "done.json").rename(folder / "clearing.json")
    done = revert(files.journal)
    assert (done.plan, done.paths, Path(first).read_bytes()) == (2, (first,), b"x")
    assert [plan.plan for plan in done.still] == [1]


def test_what_is_to_be_done_then_is_kept(tmp_path: Path) -> None:
    task = Task("web1", "nginx", "reload nginx", "", "no request is lost")
    about = About("--write", (task,))
    apply([FileChange(str(tmp_path / "etc/a"), None, b"x")], str(tmp_path / "state"), about=about)
    assert revert(str(tmp_path / "state")).tasks == (task,)


def test_a_journal_of_before_the_way_was_kept(tmp_path: Path) -> None:
    done = apply([FileChange(str(tmp_path / "etc/a"), None, b"x")], str(tmp_path / "state"))
    record = Path(done.journal, "done.json")
    fields = json.loads(record.read_bytes())
    del fields["way"], fields["back"]
    record.write_text(json.dumps(fields))
    back = revert(str(tmp_path / "state"))
    assert (back.plan, back.way, back.tasks) == (1, "", ())


def test_owner_and_mode_of_a_removed_file_come_back(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    path = tmp_path / "etc/a"
    path.write_bytes(b"secret")
    path.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(path, 33, 34)
    before = snapshot(tmp_path / "etc")
    apply([FileChange(str(path), b"secret", None)], str(tmp_path / "state"))
    assert not path.exists()
    revert(str(tmp_path / "state"))
    assert snapshot(tmp_path / "etc") == before


def test_files_that_are_not_what_we_wrote_are_all_named_and_nothing_is_done(files: FileSet) -> None:
    apply(files.changes, files.journal)
    replaced = [change for change in files.changes if change.expected and change.new]
    written = [os.path.realpath(change.path) for change in replaced]
    assert len(written) > 2
    Path(written[0]).write_bytes(b"theirs")
    Path(written[-1]).unlink()
    before = snapshot(files.folder)
    with pytest.raises(ChangeError, match="not what plan 1 wrote, so nothing is put back") as raised:
        revert(files.journal)
    assert written[0] in str(raised.value)
    assert written[-1] in str(raised.value)
    assert written[1] not in str(raised.value)
    assert snapshot(files.folder) == before


def test_what_was_put_back_by_hand_is_passed_over(files: FileSet) -> None:
    apply(files.changes, files.journal)
    change = next(one for one in files.changes if one.expected and one.new and one.expected != one.new)
    Path(change.path).write_bytes(change.expected or b"")
    assert os.path.realpath(change.path) not in revert(files.journal).paths
    assert snapshot(files.folder) == files.old


def test_a_folder_that_the_plan_made_stays_with_what_somebody_put_there(tmp_path: Path) -> None:
    new = tmp_path / "etc/a.d/b.d/x"
    new.parent.parent.parent.mkdir()
    apply([FileChange(str(new), None, b"x")], str(tmp_path / "state"))
    (tmp_path / "etc/a.d/theirs").write_bytes(b"y")
    revert(str(tmp_path / "state"))
    assert sorted(snapshot(tmp_path / "etc")) == ["a.d", "a.d/theirs"]


def test_a_damaged_copy_is_not_put_back(files: FileSet) -> None:
    done = apply(files.changes, files.journal)
    next(Path(done.journal).glob("*.old")).write_bytes(b"other")
    with pytest.raises(ChangeError, match=r"\.old: damaged: not what .* held"):
        revert(files.journal)
    assert snapshot(files.folder) == files.new


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1}', "\xff", "[" * 100_000])
def test_a_journal_that_is_none(files: FileSet, text: str) -> None:
    done = apply(files.changes, files.journal)
    (Path(done.journal) / "done.json").write_text(text, encoding="latin-1")
    for ask in (revert, pending, recover):
        with pytest.raises(ChangeError, match=r"done\.json: not a journal of this fpmtune"):
            ask(files.journal)
    assert snapshot(files.folder) == files.new


def test_a_revert_that_the_daemons_refuse_is_undone(files: FileSet) -> None:
    apply(files.changes, files.journal)
    new = next(change.path for change in files.changes if change.expected is None)
    with pytest.raises(ChangeError, match="exit status 1\nevery file is what it was before"):
        revert(files.journal, tests=[DaemonTest(("test", "-e", new))])
    assert snapshot(files.folder) == files.new


def test_without_a_plan(tmp_path: Path) -> None:
    with pytest.raises(ChangeError, match="state: no plan was written"):
        revert(str(tmp_path / "state"))
    assert not (tmp_path / "state").exists()
    assert pending(str(tmp_path / "state")) == ()
    assert recover(str(tmp_path / "state")) == ()


def cut_off(files: FileSet, call: str = "replace") -> None:
    """Leave a plan of which some files are written and some are not, or with `link` one without any."""
    seen = 0

    def hook(name: str, _number: int) -> None:
        nonlocal seen
        seen += name == call
        if seen > 2:
            raise Killed

    with pytest.raises(Killed), hooked(hook):
        apply(files.changes, files.journal)
    assert pending(files.journal)[0].state == ("preparing" if call == "link" else "writing")


def test_an_interrupted_plan_is_the_one_that_is_taken_back(files: FileSet) -> None:
    apply([FileChange(str(files.folder / "first"), None, b"x")], files.journal)
    files.old["first"] = files.new["first"] = snapshot(files.folder)["first"]
    cut_off(files)
    (interrupted,) = pending(files.journal)
    done = revert(files.journal)
    assert set(done.paths) == set(interrupted.paths)
    assert snapshot(files.folder) == files.old
    assert revert(files.journal).paths == (str(files.folder / "first"),)
    assert revert(files.journal).paths == ()


def test_a_file_that_somebody_changed_after_the_interruption(files: FileSet) -> None:
    cut_off(files)
    now = snapshot(files.folder)
    written = next(name for name, entry in files.new.items() if files.old.get(name) != entry == now.get(name))
    assert "conf" in written
    (files.folder / written).write_bytes(b"theirs")
    before = snapshot(files.folder)
    with pytest.raises(
        ChangeError, match="changed after fpmtune was interrupted, and not put back"
    ) as raised:
        recover(files.journal)
    assert str(files.folder / written) in str(raised.value)
    assert snapshot(files.folder) == before
    (recovered,) = recover(files.journal, leave_changed=True)
    assert recovered.left == (str(files.folder / written),)
    after = snapshot(files.folder)
    assert after.pop(written).content == b"theirs"
    assert all(files.old[name] == entry for name, entry in after.items() if name in files.old)
    assert not [name for name in after if "fpmtune-tmp" in name]


@pytest.mark.parametrize("call", ["link", "replace"])
def test_a_file_that_somebody_changed_before_it_was_written(files: FileSet, call: str) -> None:
    cut_off(files, call)
    last = max(files.changes, key=lambda one: bool(one.new and one.expected) * files.changes.index(one))
    assert Path(last.path).read_bytes() == last.expected
    Path(last.path).write_bytes(b"theirs")
    (recovered,) = recover(files.journal)
    assert recovered.left == ()
    changed = {name for name, entry in snapshot(files.folder).items() if files.old.get(name) != entry}
    assert changed == {Path(os.path.realpath(last.path)).relative_to(files.folder).as_posix()}
    assert Path(last.path).read_bytes() == b"theirs"


def test_the_next_write_puts_an_interrupted_one_back(files: FileSet) -> None:
    cut_off(files)
    apply(files.changes, files.journal)
    assert snapshot(files.folder) == files.new


def test_without_the_kept_files_the_journal_has_copies() -> None:
    number, was_cut_off = 0, True
    while was_cut_off:
        with fresh_set(5, 14) as again:
            cut_off(again)
            for kept in again.folder.rglob("*.old.fpmtune-tmp"):
                kept.unlink()
            was_cut_off = cut_off_at(number, partial(recover, again.journal))
            recover(again.journal)
            assert snapshot(again.folder) == again.old
        number += 2
    assert number > 50
