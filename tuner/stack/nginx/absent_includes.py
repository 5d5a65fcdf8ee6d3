"""Includes of one nginx whose file is not there: a fault, or a tree that holds only some of nginx's files."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from tuner.stack.value import Place

if TYPE_CHECKING:
    from tuner.stack.hosts import HostFiles
    from tuner.stack.include import IncludeReport
    from tuner.stack.nginx.blocks import Block

ONLY_A_PART = "not there, and neither are files of nginx's package: these may be only some of its files"


class Absent(NamedTuple):
    """An include in `block` of a file that is not there: as it is written, and the path it means."""

    written: str
    path: str
    place: Place
    block: Block

    @property
    def folder(self) -> str:
        """The folder the file would lie in."""
        return posixpath.dirname(self.path)


class AbsentIncludes:
    """What one nginx includes by name and does not find.

    Where files of nginx's package are missing as well, the tree is laid over an installation, which may have
    the file: then it is a fault only beside other files that are included from the same folder.
    `entered` are the folders that files were included from, `own_folder` the one of the main file.
    """

    def __init__(self, own_folder: str | None) -> None:
        self.own_folder = own_folder
        self.absent: list[Absent] = []
        self.entered: set[str] = set()
        self.lacks_package_file = False

    def settle(self, host: HostFiles, report: IncludeReport) -> None:
        """Put each into `report`: as a fault, or as not followed, and then its block is in doubt."""
        if not self.absent:
            return
        folders = {posixpath.dirname(path) for path, file in host.by_path.items() if file.kind == "nginx"}
        for include in self.absent:
            meant = report.similar_to(include.written, host.names_in(include.folder))
            if self._is_fault(include):
                report.missing(include.place, f"nginx does not start: there is no {include.written}{meant}")
                continue
            include.block.not_followed.append(include.written)
            if include.folder in folders and include.folder != self.own_folder:
                words = f"there is no {include.written} here: unless something else puts it there"
                words = f"{words}, nginx does not start{meant}"
                report.problem("include-missing", include.place, words, "info")
            report.not_followed(include.written, include.place, ONLY_A_PART)

    def _is_fault(self, include: Absent) -> bool:
        is_among_others = include.folder in self.entered and include.folder != self.own_folder
        return is_among_others or not self.lacks_package_file
