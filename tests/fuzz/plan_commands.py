"""The same plan by the command line: written and put back, and as fragments."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cli.program import Ran, fpmtune
from tests.fuzz.loads import Load


def faults(root: Path, new: Mapping[str, bytes], load: Load) -> Iterator[str]:
    """Yield what is wrong with the written files, which should be `new`, with the way back, and fragments."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        copy, journal = folder / "host", folder / "journal"
        shutil.copytree(root, copy, symlinks=True)
        options = load.options(folder)
        before = _with_modes(copy)
        yield from _ended_badly(
            fpmtune("tune", copy, "--write", "--no-verify", "--journal", journal, *options)
        )
        written = _with_modes(copy)
        yield from (
            f"{path}: --write makes something else of it"
            for path in sorted(new.keys() | written.keys())
            if not _is_as_planned(new.get(path), before.get(path), written.get(path))
        )
        if written != before:
            yield from _ended_badly(fpmtune("tune", "--revert", "--journal", journal))
        yield from (f"{path}: --revert does not bring it back" for path in _differ(_with_modes(copy), before))
        yield from _of_fragments(copy, folder / "out", journal, options)


def _is_as_planned(
    new: bytes | None, before: tuple[bytes, int] | None, written: tuple[bytes, int] | None
) -> bool:
    """Say whether a file has the planned bytes and its mode; of one that is made, the comments may differ."""
    if new is None or written is None:
        return new is written
    if before is None:
        return _settings(new) == _settings(written[0])
    return written == (new, before[1])


def _settings(data: bytes) -> list[bytes]:
    return [line for line in data.splitlines() if not line.startswith(b"#")]


def _of_fragments(copy: Path, out: Path, journal: Path, options: list[str]) -> Iterator[str]:
    yield from _ended_badly(fpmtune("tune", copy, "--out", out, "--journal", journal, *options))
    checked = fpmtune("check", "--target", "none", "--format", "json", out)
    for found in checked.report["findings"]:
        if found["severity"] in ("error", "warning"):
            yield f"of a fragment {found['rule']}: {found['message']}"


def _ended_badly(ran: Ran) -> Iterator[str]:
    if ran.status:
        yield f"fpmtune ended with {ran.status}: {ran.err}"


def _with_modes(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mode)
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def _differ(one: Mapping[str, object], other: Mapping[str, object]) -> list[str]:
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
