"""What became of the includes: problems for the report, and what was not followed."""

from dataclasses import dataclass, field
from typing import Literal

from tuner.stack.model import FileProblem, NotFollowed
from tuner.stack.value import Origin, Place, Value

PACKAGE_FILE = "a file of the nginx package"
ProblemKind = Literal["syntax", "unreadable", "empty", "include-missing", "include-unmatched", "include-loop"]


@dataclass(slots=True)
class IncludeReport:
    """Collects what goes wrong while files are loaded; the same thing at the same place only once."""

    problems: dict[tuple[str, int, str], FileProblem] = field(default_factory=dict)
    left_out: dict[tuple[str, str], NotFollowed] = field(default_factory=dict)
    without_effect: list[str] = field(default_factory=list)

    @property
    def left_out_configuration(self) -> bool:
        """Whether an include was not followed that may lead to servers or locations."""
        return any(item.reason != PACKAGE_FILE for item in self.left_out.values())

    def not_followed(self, target: str, place: Place | None, reason: str) -> None:
        """Note an include that leads where fpmtune does not look."""
        self.left_out.setdefault((target, str(place)), NotFollowed(target=target, place=place, reason=reason))

    def not_in_effect(self, path: str) -> None:
        """Note a file that its program never loads."""
        self.without_effect.append(path)

    def missing(self, place: Place, words: str) -> None:
        """Note an include without which the program does not start."""
        self.problem("include-missing", place, words)

    def unmatched(self, place: Place, words: str) -> None:
        """Note an include that the program passes over with a warning."""
        self.problem("include-unmatched", place, words, "warning")

    def loop(self, place: Place, words: str) -> None:
        """Note an include that never ends."""
        self.problem("include-loop", place, words)

    def unreadable(self, place: Place, words: str) -> None:
        """Note an include whose file is there and cannot be read."""
        self.problem("unreadable", place, words)

    def problem(
        self,
        kind: ProblemKind,
        place: Place,
        words: str,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Note a problem of any kind."""
        key = (place.text.path, place.span.start, words)
        text = Value("problem.text", words, Origin("file", str(place), place))
        self.problems.setdefault(
            key,
            FileProblem(
                entity=f"file:{place.text.path}", kind=kind, severity=severity, text=text, place=place
            ),
        )
