"""Which files a tree has, which of them are read, and where links lead."""

import errno
import io
import os
import socket
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuner.source.tree import SIZE_CAP_BYTES, SourceFile, Tree, collect, read, read_stream


def write(path: Path, data: bytes = b"x\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def wanted(path: str) -> bool:
    return path.endswith(".conf")


def collected(*paths: Path | str, mapped: Iterable[Path] = ()) -> Tree:
    return collect(map(str, paths), wanted, mapped=map(str, mapped))


def names(files: Iterable[str], root: Path) -> list[str]:
    return sorted(os.path.relpath(path, root) for path in files)


def test_wanted_files_are_read_and_others_only_noted(tmp_path: Path) -> None:
    write(tmp_path / "a.conf", b"one")
    write(tmp_path / "sub/b.conf", b"two")
    write(tmp_path / "sub/c.txt", b"three")
    tree = collected(tmp_path)
    assert names(tree.files, tmp_path) == ["a.conf", "sub/b.conf"]
    assert names(tree.unread, tmp_path) == ["sub/c.txt"]
    assert [file.text.data for file in tree.files.values() if file.text] == [b"one", b"two"]
    assert not any(file.is_given for file in tree.files.values())


def test_file_given_by_name_is_read_whatever_its_name(tmp_path: Path) -> None:
    odd = write(tmp_path / "odd.txt")
    for order in ([odd, tmp_path], [tmp_path, odd]):
        tree = collected(*order)
        assert tree.files[str(odd)].is_given
        assert tree.unread == {}


def test_order_is_by_bytes(tmp_path: Path) -> None:
    for name in ("b.conf", "a.conf", "Z.conf", "\u00e9.conf"):
        write(tmp_path / name)
    assert [Path(path).name for path in collected(tmp_path).files] == [
        "Z.conf",
        "a.conf",
        "b.conf",
        "\u00e9.conf",
    ]


def test_shown_paths_begin_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "etc/a.conf")
    monkeypatch.chdir(tmp_path)
    for named, shown in ((".", "etc/a.conf"), ("./etc/", "etc/a.conf"), ("etc/a.conf", "etc/a.conf")):
        assert [file.path for file in collected(named).files.values()] == [shown]


def test_missing_paths_are_named(tmp_path: Path) -> None:
    tree = collected(tmp_path / "nowhere", tmp_path / ("x" * 5000))
    assert [Path(path).name[:7] for path in tree.missing] == ["nowhere", "xxxxxxx"]


def test_excluded_names_are_passed_over(tmp_path: Path) -> None:
    for name in (".git/a.conf", "node_modules/b.conf", "kept/c.conf"):
        write(tmp_path / name)
    assert names(collected(tmp_path).files, tmp_path) == ["kept/c.conf"]
    assert names(collect([str(tmp_path)], wanted, frozenset({"kept"})).files, tmp_path) == [
        ".git/a.conf",
        "node_modules/b.conf",
    ]


def test_mapped_folders_are_known_but_not_read(tmp_path: Path) -> None:
    site = write(tmp_path / "mapped/site.conf")
    given = write(tmp_path / "given/a.conf")
    tree = collected(tmp_path / "given", mapped=[tmp_path / "mapped"])
    assert list(tree.files) == [str(given)]
    assert list(tree.unread) == [str(site)]
    assert tree.roots == [str(tmp_path / "given"), str(tmp_path / "mapped")]


def test_mapped_folder_around_the_given_one(tmp_path: Path) -> None:
    given = write(tmp_path / "given/a.conf")
    tree = collected(tmp_path / "given", mapped=[tmp_path])
    assert list(tree.files) == [str(given)]
    assert tree.unread == {}


def test_link_inside_and_its_target_are_one_file(tmp_path: Path) -> None:
    target = write(tmp_path / "available/a.conf")
    link = tmp_path / "enabled.conf"
    link.symlink_to("available/a.conf")
    tree = collected(tmp_path)
    assert list(tree.files) == [str(target)]
    assert tree.links == {str(link): str(target)}
    assert tree.outside_links == {}


@pytest.mark.parametrize("text", ["../outside/secret.conf", "../outside", "/dev/null", "/nonexistent"])
def test_link_that_leaves(tmp_path: Path, text: str) -> None:
    write(tmp_path / "outside/secret.conf", b"secret")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/link.conf").symlink_to(text)
    tree = collected(tmp_path / "project")
    assert tree.files == {}
    assert list(tree.outside_links.values()) == [text]


def test_link_to_what_is_gone_is_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "link.conf").symlink_to("gone.conf")
    tree = collected(tmp_path)
    assert [file.failure for file in tree.files.values()] == [
        "a link that leads to a file that does not exist"
    ]
    assert tree.outside_links == {}


def test_chain_of_links_that_leaves(tmp_path: Path) -> None:
    write(tmp_path / "secret.conf")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/a.conf").symlink_to("b.conf")
    (tmp_path / "project/b.conf").symlink_to("../secret.conf")
    tree = collected(tmp_path / "project")
    assert (tree.files, tree.links) == ({}, {})


def test_link_beside_the_tree_with_the_same_beginning(tmp_path: Path) -> None:
    write(tmp_path / "project-secret/a.conf")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/a.conf").symlink_to("../project-secret/a.conf")
    assert collected(tmp_path / "project").links == {}


def test_loops_of_links(tmp_path: Path) -> None:
    (tmp_path / "self.conf").symlink_to("self.conf")
    (tmp_path / "up").symlink_to(".")
    (tmp_path / "x.conf").symlink_to("y.conf")
    (tmp_path / "y.conf").symlink_to("x.conf")
    tree = collected(tmp_path)
    assert tree.links == {str(tmp_path / "up"): str(tmp_path)}
    assert all(file.text is None and file.failure for file in tree.files.values())
    assert str(tmp_path / "self.conf") in tree.files


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.conf")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.conf"))
        tree = collected(tmp_path, "/dev/zero")
    assert [file.failure for file in tree.files.values()] == [
        "not a regular file but a FIFO",
        "not a regular file but a socket",
        "not a regular file but a device",
    ]


def test_reasons_for_not_reading(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(write(tmp_path / "target"))
    large = write(tmp_path / "large")
    os.truncate(large, SIZE_CAP_BYTES + 1)
    reasons = {
        tmp_path: "not a regular file but a folder",
        tmp_path / "gone": "cannot be read: No such file or directory",
        link: "cannot be read: Too many levels of symbolic links",
        large: "larger than 32 MiB",
        write(tmp_path / "binary", b"ab\0"): "a binary file (NUL at byte 2)",
    }
    for path, reason in reasons.items():
        file = read("shown", str(path))
        assert (file.path, file.text, file.failure) == ("shown", None, reason)


def test_file_of_just_the_cap_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a", b"\n" * SIZE_CAP_BYTES)
    text = read("a", str(path)).text
    assert text is not None
    assert len(text.data) == SIZE_CAP_BYTES


class Endless(io.BytesIO):
    """A stream that never ends, as `/dev/zero` on standard input."""

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None and 0 < size <= SIZE_CAP_BYTES + 1
        return b"#" * size


def test_stream_is_read_up_to_the_cap() -> None:
    endless = read_stream("<stdin>", "/cwd/<stdin>", Endless())
    assert endless.failure == "larger than 32 MiB"
    whole = read_stream("<stdin>", "/cwd/<stdin>", io.BytesIO(b"port 1\n"))
    assert whole.text is not None
    assert (whole.text.data, whole.is_given) == (b"port 1\n", True)


@given(st.binary(max_size=200))
def test_every_content_is_text_or_a_reason(data: bytes) -> None:
    file: SourceFile = read_stream("a", "/a", io.BytesIO(data))
    if file.text is None:
        assert b"\0" in data
        assert file.failure
    else:
        assert (file.text.data, file.failure) == (data, "")


def without_right_to_read(monkeypatch: pytest.MonkeyPatch, *links: Path) -> None:
    """Make links that nobody may look through, as those below /proc/1 are for anybody but root."""
    real = os.readlink
    refused = set(map(str, links))

    def readlink(path: str) -> str:
        if path in refused:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "readlink", readlink)


def test_a_link_that_cannot_be_resolved_is_named_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, closed = tmp_path / "cwd", tmp_path / "closed.conf"
    for link in (other, closed):
        link.symlink_to(write(tmp_path / "z.conf"))
    without_right_to_read(monkeypatch, other, closed)
    tree = collected(tmp_path)
    assert tree.outside_links == {str(other): "cannot be resolved: Permission denied"}
    assert tree.files[str(closed)].failure == "a link that cannot be resolved: Permission denied"
    assert tree.files[str(tmp_path / "z.conf")].text


def test_a_given_path_that_cannot_be_resolved_is_read_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "closed.conf"
    link.symlink_to(write(tmp_path / "z.conf"))
    without_right_to_read(monkeypatch, link)
    tree = collected(link, tmp_path / "z.conf")
    assert tree.files[str(link)].failure.startswith("cannot be read: ")
    assert tree.files[str(tmp_path / "z.conf")].text
