"""`fpmtune tune --diff`: the difference with the paths that `git apply` and `patch` expect."""

import os
from collections.abc import Sequence

from tuner.change.diff import new_file_diff, unified_diff
from tuner.cli.loading import Loaded
from tuner.cli.output import complain
from tuner.cli.tune_writing import new_files
from tuner.source.tree import lies_in, real_path
from tuner.tune.edits import Patches


def difference(loaded: Loaded, found: Patches) -> str:
    """Return the diff of the plan, and say on standard error where to apply it if that is not here.

    Paths begin at the root of the repository that holds the current folder, or at that folder; those of files
    outside of both at `/`.
    """
    disk_paths = {file.document.text.path: file.source.disk_path for file in loaded.files if file.document}
    paths = [disk_paths[file.document.text.path] for file in found.files]
    new_paths = [_where_it_will_be(new.disk_path) for new in found.new]
    folder = _base([*paths, *new_paths])
    changed = [
        unified_diff(
            os.path.relpath(path, folder), file.document.text.data, [change.edit for change in file.changes]
        )
        for path, file in zip(paths, found.files, strict=True)
    ]
    made = [
        new_file_diff(os.path.relpath(path, folder), data)
        for path, (_, data) in zip(new_paths, new_files(loaded, found), strict=True)
    ]
    text = "".join((*changed, *made))
    if text:
        _tell_where(folder)
    return text


def _where_it_will_be(path: str) -> str:
    return os.path.join(real_path(os.path.dirname(path)), os.path.basename(path))


def _base(paths: Sequence[str]) -> str:
    """Return the folder that the diff's paths are relative to."""
    here = real_path(".")
    candidates = [root for root in (_repository(here), here) if root]
    return next((one for one in candidates if all(lies_in(path, one) for path in paths)), "/")


def _repository(folder: str) -> str:
    """Return the root of the git repository that holds the folder; empty if none does."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return folder


def _tell_where(folder: str) -> None:
    if folder == real_path("."):
        return
    how = "patch -p1 -d /" if folder == "/" else "apply it there"
    complain(f"the paths of this diff are relative to {folder}: {how}")
