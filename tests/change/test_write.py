"""Files replaced in one step, with everything that is not their content kept."""

import os
import stat
from pathlib import Path

import pytest

from tuner.change import write
from tuner.change.write import write_file
from tuner.errors import ChangeError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "www.conf"
    path.write_bytes(b"old")
    return path


def test_content_mode_and_owner(file: Path) -> None:
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 33, 34)
    before = file.stat()
    write_file(str(file), b"old", b"new \xe9")
    after = file.stat()
    assert file.read_bytes() == b"new \xe9"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["www.conf"]


def test_a_link_stays_and_its_target_is_replaced(file: Path) -> None:
    folder = file.parent / "sites-enabled"
    folder.mkdir()
    link = folder / "www"
    link.symlink_to("../www.conf")
    write_file(str(link), b"old", b"new")
    assert link.is_symlink()
    assert os.readlink(link) == "../www.conf"
    assert file.read_bytes() == b"new"
    assert [path.name for path in folder.iterdir()] == ["www"]


@pytest.mark.parametrize("found", [b"", b"old ", b"ol", b"new"])
def test_a_file_that_changed_since_is_left(file: Path, found: bytes) -> None:
    file.write_bytes(found)
    with pytest.raises(ChangeError, match="was changed since it was read"):
        write_file(str(file), b"old", b"new")
    assert file.read_bytes() == found


def test_a_file_that_changes_while_it_is_written_is_left(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def somebody_else_writes(handle: int) -> None:
        fsync(handle)
        file.write_bytes(b"theirs")

    monkeypatch.setattr(os, "fsync", somebody_else_writes)
    with pytest.raises(ChangeError, match="was changed since it was read"):
        write_file(str(file), b"old", b"new")
    assert file.read_bytes() == b"theirs"
    assert [path.name for path in file.parent.iterdir()] == ["www.conf"]


@pytest.mark.parametrize("step", ["replace", "fsync", "fchmod"])
def test_a_failure_leaves_the_old_file_and_nothing_else(
    file: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write.os, step, fail)
    with pytest.raises(ChangeError, match=r"www\.conf: cannot be written: No space left on device"):
        write_file(str(file), b"old", b"new")
    assert file.read_bytes() == b"old"
    assert [path.name for path in file.parent.iterdir()] == ["www.conf"]


def test_an_interrupt_leaves_the_old_file_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write.os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_file(str(file), b"old", b"new")
    assert [path.name for path in file.parent.iterdir()] == ["www.conf"]


def test_the_half_written_file_is_taken_by_no_include(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(write.os, "fsync", lambda _: seen.extend(path.name for path in file.parent.iterdir()))
    write_file(str(file), b"old", b"new")
    (temporary,) = set(seen) - {"www.conf"}
    assert temporary.startswith(".")
    assert not temporary.endswith(".conf")


def test_hard_links_do_not_part(file: Path) -> None:
    os.link(file, file.parent / "other.conf")
    with pytest.raises(ChangeError, match="has 2 hard links"):
        write_file(str(file), b"old", b"new")
    assert file.read_bytes() == b"old"


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ChangeError, match="fifo: not a regular file"):
        write_file(str(tmp_path / "fifo"), b"", b"new")
    with pytest.raises(ChangeError, match="none: cannot be written: No such file or directory"):
        write_file(str(tmp_path / "none"), b"", b"new")


def test_extended_attributes_stay(file: Path) -> None:
    try:
        os.setxattr(file, "user.note", b"mine")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error.strerror}")
    write_file(str(file), b"old", b"new")
    assert os.getxattr(file, "user.note") == b"mine"


def test_an_unchanged_file_is_not_touched(file: Path) -> None:
    before = file.stat()
    write_file(str(file), b"old", b"old")
    assert file.stat().st_ino == before.st_ino
