"""What a report says of the machine that was looked at."""

from typing import NamedTuple

from tuner.report.terminal import printable


class MachineRead(NamedTuple):
    """The machine in words, the paths that were read along, and the files that were asked about.

    `asked` is None where everything that was read was.
    """

    words: str
    along: tuple[str, ...] = ()
    asked: frozenset[str] | None = None

    def is_asked(self, path: str) -> bool:
        """Say whether the check was about the file at `path`, as users see it."""
        return self.asked is None or path in self.asked

    @property
    def line(self) -> str:
        """The footer's line about it."""
        along = ", ".join(map(printable, self.along))
        read = f"; read along, judged only where it concerns the paths: {along}" if along else ""
        return f"target host: {printable(self.words)}{read}"
