"""All files of a plan written, or none."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.change.file_sets import FileSet, file_set, snapshot
from tuner.change.daemon_test import DaemonTest
from tuner.change.journal_folder import locked
from tuner.change.recovery import pending
from tuner.change.transaction import FileChange, apply
from tuner.errors import ChangeError


@pytest.fixture
def files(tmp_path: Path) -> FileSet:
    """Return a set with each kind of change in it, and one with none."""
    made = file_set(tmp_path / "etc", Random(5), 14)
    assert len({(change.expected is None, change.new is None) for change in made.changes}) == 3
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path / "etc"


def test_every_file_is_the_new_one_and_nothing_else_is_there(files: FileSet) -> None:
    done = apply(files.changes, files.journal)
    assert snapshot(files.folder) == files.new
    assert done.paths == tuple(os.path.realpath(change.path) for change in files.changes)
    assert done.plan == 1
    assert pending(files.journal) == ()


def test_owner_and_attributes_stay(files: FileSet) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    for path in files.folder.rglob("*.conf"):
        os.chown(path, 33, 34)
        os.setxattr(path, "user.note", b"mine")
    apply(files.changes, files.journal)
    changed = [change.path for change in files.changes if change.expected and change.new]
    assert changed
    for name in changed:
        assert (os.stat(name).st_uid, os.stat(name).st_gid) == (33, 34)
        assert os.getxattr(name, "user.note") == b"mine"


def test_new_files_and_folders_are_read_by_everybody_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0o077)
    try:
        apply([FileChange(str(folder / "a.d/b/c"), None, b"x")], str(folder.parent / "s/t"))
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((folder / name).stat().st_mode) for name in ("a.d", "a.d/b", "a.d/b/c")]
    assert modes == [0o755, 0o755, 0o644]
    assert stat.S_IMODE((folder.parent / "s/t").stat().st_mode) == 0o700


def test_files_that_changed_since_are_all_named_and_nothing_is_written(files: FileSet) -> None:
    there = [change.path for change in files.changes if change.expected is not None]
    new = [change.path for change in files.changes if change.expected is None]
    Path(there[-1]).write_bytes(b"theirs")
    os.makedirs(os.path.dirname(new[0]), exist_ok=True)
    os.symlink("nowhere", new[0])
    before = snapshot(files.folder)
    with pytest.raises(ChangeError, match="were changed since they were read") as raised:
        apply(files.changes, files.journal)
    assert there[-1] in str(raised.value)
    assert new[0] in str(raised.value)
    assert there[0] not in str(raised.value)
    assert snapshot(files.folder) == before


@pytest.mark.parametrize("path", ["gone", "gone/below"])
def test_a_file_that_is_gone_has_changed(folder: Path, path: str) -> None:
    with pytest.raises(ChangeError, match=rf"{path}: was changed since it was read"):
        apply([FileChange(str(folder / path), b"", b"x")], str(folder.parent / "s"))


def test_what_is_never_written(folder: Path) -> None:
    journal = str(folder.parent / "s")
    (folder / "a").write_bytes(b"a")
    os.link(folder / "a", folder / "b")
    with pytest.raises(ChangeError, match="a: has 2 hard links, which would part"):
        apply([FileChange(str(folder / "a"), b"a", b"x")], journal)
    (folder / "b").unlink()
    (folder / "link").symlink_to("a")
    with pytest.raises(ChangeError, match="link: is a link, which is not removed"):
        apply([FileChange(str(folder / "link"), b"a", None)], journal)
    with pytest.raises(ChangeError, match="a: is changed twice"):
        apply(
            [FileChange(str(folder / "a"), b"a", b"x"), FileChange(str(folder / "link"), b"a", b"y")], journal
        )
    os.mkfifo(folder / "fifo")
    with pytest.raises(ChangeError, match="fifo: not a regular file"):
        apply([FileChange(str(folder / "fifo"), b"", b"x")], journal)
    with pytest.raises(ChangeError, match="a/b: cannot be written: Not a directory"):
        apply([FileChange(str(folder / "a/b"), None, b"x")], journal)
    assert (folder / "a").read_bytes() == b"a"
    assert sorted(os.listdir(folder)) == ["a", "fifo", "link"]


def test_nothing_to_do_leaves_no_journal_entry(folder: Path) -> None:
    (folder / "a").write_bytes(b"a")
    done = apply(
        [FileChange(str(folder / "a"), b"a", b"a"), FileChange(str(folder / "b"), None, None)],
        str(folder.parent / "s"),
    )
    assert done.plan == 0
    assert done.paths == ()
    assert os.listdir(folder.parent / "s") == ["lock"]


def test_names_that_are_long_odd_or_not_utf_8(folder: Path) -> None:
    names = ["é" * 120, "a\udcff\n b", "x" * 255]
    changes = [FileChange(str(folder / name), None, b"x") for name in names]
    apply(changes, str(folder.parent / "s"))
    assert sorted(os.listdir(folder)) == sorted(names)
    apply([FileChange(str(folder / name), b"x", None) for name in names], str(folder.parent / "s"))
    assert os.listdir(folder) == []


def test_the_second_writer_is_refused(files: FileSet) -> None:
    program = "import sys\nfrom tuner.change.transaction import apply, FileChange\n" + (
        "try: apply([FileChange(sys.argv[1], None, b'x')], sys.argv[2])\nexcept Exception as e: print(e)"
    )
    with locked(files.journal):
        done = subprocess.run(
            [sys.executable, "-c", program, str(files.folder / "n"), files.journal],
            capture_output=True,
            text=True,
            check=False,
        )
    assert f"another fpmtune (process {os.getpid()}) writes" in done.stdout
    assert done.stderr == ""
    assert snapshot(files.folder) == files.old


def test_a_test_that_fails_puts_everything_back(files: FileSet) -> None:
    new = next(change.path for change in files.changes if change.expected is None)
    test = DaemonTest(("sh", "-c", f"if [ -e '{new}' ]; then echo 'emerg: no'; exit 1; fi"))
    with pytest.raises(ChangeError, match="emerg: no\nevery file is what it was before"):
        apply(files.changes, files.journal, [test])
    assert snapshot(files.folder) == files.old
    assert pending(files.journal) == ()
    assert apply(files.changes, files.journal, [DaemonTest(("true",))]).after[0].verdict == "passed"
