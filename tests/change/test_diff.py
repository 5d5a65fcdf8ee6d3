"""Diffs of edits: what `git apply` makes of them is the changed file."""

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.change.diff import new_file_diff, unified_diff
from tuner.source.edit import Edit, apply_edits
from tuner.source.span import Span


def edit(start: int, end: int, text: bytes) -> Edit:
    return Edit(Span(start, end), text)


def test_one_value() -> None:
    data = b"1\n2\n3\n4\r\nlisten = 80\n6\n"
    at = data.index(b"80")
    assert unified_diff("www.conf", data, [edit(at, at + 2, b"81")]) == (
        "diff --git a/www.conf b/www.conf\n--- a/www.conf\n+++ b/www.conf\n"
        "@@ -2,5 +2,5 @@\n 2\n 3\n 4\r\n-listen = 80\n+listen = 81\n 6\n"
    )


def test_far_changes_are_apart_and_near_ones_together() -> None:
    lines = [b"%d\n" % number for number in range(30)]
    starts = [len(b"".join(lines[:number])) for number in range(30)]
    edits = [edit(0, 0, b"x\n"), edit(starts[6], starts[8], b""), edit(starts[20], starts[20], b"1")]
    difference = unified_diff("a", b"".join(lines), edits).splitlines()
    assert [line for line in difference if line.startswith("@@")] == [
        "@@ -1,11 +1,10 @@",
        "@@ -18,7 +17,7 @@",
    ]
    assert [line for line in difference if line[0] in "+-"][2:] == ["+x", "-6", "-7", "-20", "+120"]


def test_changes_seven_lines_apart_are_two_hunks() -> None:
    data = b"".join(b"%d\n" % number for number in range(9))
    for end, hunks in ((14, 1), (16, 2)):
        edits = [edit(0, 1, b"x"), edit(end, end + 1, b"y")]
        assert unified_diff("a", data, edits).count("@@ -") == hunks


def test_an_empty_first_line() -> None:
    assert unified_diff("a", b"\nb\n", [edit(0, 0, b"x")]).endswith("@@ -1,2 +1,2 @@\n-\n+x\n b\n")


def test_nothing_changed() -> None:
    assert unified_diff("a", b"x\n", []) == ""
    assert unified_diff("a", b"x\n", [edit(0, 1, b"x")]) == ""


def test_a_last_line_without_its_end() -> None:
    assert unified_diff("a", b"x", [edit(1, 1, b"\ny")]) == (
        "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,1 +1,2 @@\n"
        "-x\n\\ No newline at end of file\n+x\n+y\n\\ No newline at end of file\n"
    )


def test_an_empty_file_gets_a_line_and_a_file_loses_all() -> None:
    assert unified_diff("a", b"", [edit(0, 0, b"x\n")]).endswith("@@ -0,0 +1,1 @@\n+x\n")
    assert unified_diff("a", b"x\n", [edit(0, 2, b"")]).endswith("@@ -1,1 +0,0 @@\n-x\n")


def test_a_last_line_that_loses_its_end_and_gets_it_back() -> None:
    assert unified_diff("a", b"a\na\n", [edit(3, 4, b""), edit(4, 4, b"\n")]) == ""


TEXTS = st.sampled_from([b"", b"\n", b"a", b"a\nb\n", b"\r\n", b"\xe9"])
LINES = st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"\xe9\n", b"d"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(LINES, max_size=25),
    st.lists(st.tuples(st.integers(0, 25), st.integers(0, 5), TEXTS), max_size=4),
)
def test_git_makes_the_changed_file_of_it(lines: list[bytes], parts: list[tuple[int, int, bytes]]) -> None:
    data = b"".join(lines)
    edits: list[Edit] = []
    at = 0
    for gap, length, text in parts:
        start = min(at + gap, len(data))
        at = min(start + length, len(data))
        edits.append(edit(start, at, text))
    difference = unified_diff("a", data, edits)
    wanted = apply_edits(data, edits)
    assert bool(difference) == (wanted != data)
    if difference:
        assert patched(data, difference) == wanted


NAMES = ["my host/b c.conf", 'a"b\\c.conf', "a\tb\nc.conf", "\u00fc\udcff.conf", "-", "a/ .conf", "a.conf "]


@pytest.mark.parametrize("name", NAMES)
def test_git_finds_a_file_of_any_name(name: str, tmp_path: Path) -> None:
    changed = unified_diff(name, b"1\n", [edit(0, 1, b"2")])
    made = new_file_diff(f"{name}.new", b"3")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"1\n")
    command = ["git", "apply", "-"]
    subprocess.run(
        command, input=(changed + made).encode("utf-8", "surrogateescape"), cwd=tmp_path, check=True
    )
    assert ((tmp_path / name).read_bytes(), (tmp_path / f"{name}.new").read_bytes()) == (b"2\n", b"3")


def patched(data: bytes, difference: str) -> bytes:
    with TemporaryDirectory() as folder:
        Path(folder, "a").write_bytes(data)
        command = ["git", "apply", "--unidiff-zero", "--whitespace=nowarn", "--unsafe-paths", "-"]
        subprocess.run(command, input=difference.encode("utf-8", "surrogateescape"), cwd=folder, check=True)
        return Path(folder, "a").read_bytes()
