"""Calls of the system that fail while a plan is written: a full or read-only disk, a folder that is gone."""

import errno
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.change.file_sets import FileSet, snapshot
from tests.change.interruptions import fresh_set, require_nothing_left, standing, take_back, write_again
from tests.change.system_calls import CHANGING, count_calls, failing_at, hooked
from tuner.change import place, transaction
from tuner.change.recovery import recover
from tuner.change.revert import revert
from tuner.change.transaction import FileChange, apply
from tuner.errors import ChangeError

SEEDS = st.integers(0, 10_000)
MOMENTS = st.floats(0, 1, exclude_max=True)
TAKES_SPACE = ("fsync", "ftruncate", "link", "mkdir", "pwrite", "setxattr", "write")


def calls_of(seed: int, files: int, names: tuple[str, ...]) -> int:
    with fresh_set(seed, files) as made:
        return count_calls(partial(apply, made.changes, made.journal), names)


def is_refused(files: FileSet) -> bool:
    try:
        apply(files.changes, files.journal)
    except ChangeError:
        return True
    return False


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 8), MOMENTS)
def test_one_call_that_fails(seed: int, count: int, moment: float) -> None:
    names = (*CHANGING, "close", "fstat", "listdir", "lstat", "open", "read", "stat")
    number = int(moment * calls_of(seed, count, names))
    with fresh_set(seed, count) as files:
        with hooked(failing_at(lambda now: now == number), names):
            refused = is_refused(files)
        if refused:
            assert standing(files) == "old"
        recover(files.journal)
        assert standing(files) == ("old" if refused else "new")
        require_nothing_left(files)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 8), MOMENTS)
def test_a_disk_that_is_full_from_some_moment_on(seed: int, count: int, moment: float) -> None:
    """Going back takes no space: everything is put back at once."""
    number = int(moment * calls_of(seed, count, TAKES_SPACE))
    with fresh_set(seed, count) as files:
        with hooked(failing_at(lambda now: now >= number, errno.ENOSPC), TAKES_SPACE):
            refused = is_refused(files)
        assert standing(files) == ("old" if refused else "new")
        require_nothing_left(files)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(1, 8), MOMENTS, st.sampled_from([write_again, take_back]))
def test_a_disk_that_is_read_only_from_some_moment_on(
    seed: int, count: int, moment: float, then: object
) -> None:
    """What cannot be put back is named and stays in the journal."""
    number = int(moment * calls_of(seed, count, CHANGING))
    with fresh_set(seed, count) as files:
        try:
            with hooked(failing_at(lambda now: now >= number, errno.EROFS), CHANGING):
                apply(files.changes, files.journal)
        except ChangeError as error:
            if standing(files) != "old":
                assert "not put back: " in str(error)
                assert files.journal in str(error)
        assert callable(then)
        then(files)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 8), MOMENTS)
def test_a_revert_with_a_call_that_fails(seed: int, count: int, moment: float) -> None:
    with fresh_set(seed, count) as files:
        apply(files.changes, files.journal)
        calls = count_calls(partial(revert, files.journal), CHANGING)
    with fresh_set(seed, count) as files:
        apply(files.changes, files.journal)
        before = standing(files)
        refused = False
        with hooked(failing_at(lambda now: now == int(moment * calls)), CHANGING):
            try:
                revert(files.journal)
            except ChangeError:
                refused = True
        if refused:
            assert standing(files) == before
        take_back(files)


def test_the_message_says_which_file_and_that_all_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with fresh_set(1, 8) as files:
        monkeypatch.setattr(os, "replace", refuse)
        with pytest.raises(
            ChangeError, match=r"\.conf: cannot be written: Operation not permitted\nevery file"
        ):
            apply(files.changes, files.journal)
        assert standing(files) == "old"


def test_an_interrupt_puts_everything_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with fresh_set(1, 8) as files:
        monkeypatch.setattr(transaction, "_judge", interrupt)
        with pytest.raises(KeyboardInterrupt):
            apply(files.changes, files.journal)
        assert standing(files) == "old"
        require_nothing_left(files)


def test_a_folder_that_vanishes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / "etc" / name for name in ("a.d/a", "b.d/b", "c.d/c")]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"old")
    put_in_place = place.put_in_place

    def with_a_rival(one: place.Planned) -> None:
        put_in_place(one)
        shutil.rmtree(tmp_path / "etc/b.d", ignore_errors=True)

    monkeypatch.setattr(transaction, "put_in_place", with_a_rival)
    with pytest.raises(
        ChangeError, match=r"b.d/b: cannot be written: No such.*\n.*but for .*/etc/b\.d/b; the journal is "
    ):
        apply([FileChange(str(path), b"old", b"new") for path in paths], str(tmp_path / "state"))
    assert [path.read_bytes() for path in (paths[0], paths[2])] == [b"old", b"old"]
    assert (tmp_path / "state/000001/0001.old").read_bytes() == b"old"
    assert sorted(snapshot(tmp_path / "etc")) == ["a.d", "a.d/a", "c.d", "c.d/c"]


RIVALS = {
    "writes into the old file": lambda path: path.write_bytes(b"theirs"),
    "makes the new file": lambda path: path.with_name("new").write_bytes(b"theirs"),
}


@pytest.mark.parametrize("what", RIVALS)
def test_somebody_else_writes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    paths = [tmp_path / "etc" / name for name in ("a", "old")]
    (tmp_path / "etc").mkdir()
    for path in paths:
        path.write_bytes(b"old")
    prepare = place.prepare

    def with_a_rival(one: place.Planned) -> None:
        prepare(one)
        if one.step.path.endswith("/new"):
            RIVALS[what](paths[1])

    put: list[str] = []
    put_in_place = place.put_in_place

    def counted(one: place.Planned) -> None:
        put.append(one.step.path)
        put_in_place(one)

    monkeypatch.setattr(transaction, "put_in_place", counted)
    monkeypatch.setattr(transaction, "prepare", with_a_rival)
    changes = [FileChange(str(path), b"old", b"new") for path in paths]
    with pytest.raises(ChangeError, match=r"was changed since it was read|was made since the plan was"):
        apply([*changes, FileChange(str(tmp_path / "etc/new"), None, b"new")], str(tmp_path / "state"))
    held = {name: entry.content for name, entry in snapshot(tmp_path / "etc").items()}
    if what == "makes the new file":
        assert held == {"a": b"old", "old": b"old", "new": b"theirs"}
    else:
        assert held == {"a": b"old", "old": b"theirs"}
        assert put == []


@pytest.mark.parametrize("new", [b"new", None])
def test_what_somebody_writes_at_the_last_moment_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: bytes | None
) -> None:
    path = tmp_path / "etc/a"
    path.parent.mkdir()
    path.write_bytes(b"old")
    require_unchanged = place.require_unchanged

    def with_a_rival(one: place.Planned) -> None:
        require_unchanged(one)
        path.write_bytes(b"theirs")

    monkeypatch.setattr(place, "require_unchanged", with_a_rival)
    with pytest.raises(ChangeError, match=r"a: was changed since .*\nevery file is what it was before$"):
        apply([FileChange(str(path), b"old", new)], str(tmp_path / "state"))
    assert path.read_bytes() == b"theirs"
    assert os.listdir(path.parent) == ["a"]


ON_A_MOUNT = """
import os, sys
from tuner.change.transaction import FileChange, apply
paths = [f"{sys.argv[1]}/{n}" for n in range(6)]
for path in paths:
    open(path, "wb").write(b"o" * 8192)
os.system(sys.argv[3])
changes = [FileChange(path, b"o" * 8192, b"n" * 40000) for path in paths]
try:
    apply(changes, sys.argv[2])
except Exception as error:
    print(error)
print(sorted(os.listdir(sys.argv[1])), {open(path, "rb").read() == b"o" * 8192 for path in paths})
"""
MOUNTS = {
    "No space left on device": "true",
    "Read-only file system": "mount -o remount,ro '{small}'",
    "Device or resource busy": "mount -o remount,size=9m '{small}'; mount --bind '{small}/4' '{small}/4'",
}


@pytest.mark.netns
@pytest.mark.parametrize("reason", MOUNTS)
def test_real_mounts(tmp_path: Path, reason: str) -> None:
    """The last is what a container's mount of a single file is."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    small = tmp_path / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=160k none '{small}' && exec \"$@\""
    command = MOUNTS[reason].format(small=small)
    program = [sys.executable, "-c", ON_A_MOUNT, str(small), str(tmp_path / "state"), command]
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mount, "sh", *program], capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    assert lines[0].endswith(f"cannot be written: {reason}"), done
    assert lines[1:] == ["every file is what it was before", f"{[str(n) for n in range(6)]} {{True}}"]
