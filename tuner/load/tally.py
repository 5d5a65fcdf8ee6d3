"""What became of the lines of a log: how many were used, and how many were not, and why."""

from dataclasses import dataclass

from tuner.errors import InputError

MOST_BROKEN_SHARE = 0.1
"""With more lines than this that do not fit the format, it is not the log's format."""

BACKWARDS_S = 1.0
"""nginx's workers write a little out of order; a jump beyond this is a clock that was set or a wrong file."""


@dataclass(slots=True)
class Tally:
    """Counts of one kind of log over all its files; `first_broken` is the place of the first broken line."""

    lines: int = 0
    used: int = 0
    broken: int = 0
    first_broken: str = ""
    without_upstream: int = 0
    elsewhere: int = 0
    retried: int = 0
    backwards: int = 0

    def break_at(self, path: str, line: int) -> None:
        """Count a line that does not fit the format."""
        self.broken += 1
        self.first_broken = self.first_broken or f"{path}:{line}"

    def check(self, what: str, paths: str) -> None:
        """Raise InputError where the lines are too few or too broken to mean anything."""
        if self.broken > MOST_BROKEN_SHARE * self.lines:
            raise InputError(
                self.first_broken,
                f"does not fit the {what}, like {self.broken} of {self.lines} lines",
            )
        if not self.used:
            raise InputError(paths, f"no request for PHP in {self.lines} lines")
