"""What became of the includes: problems for the report, and what was not followed."""

from collections.abc import Iterable
from posixpath import basename, dirname, join
from typing import Literal

from tuner.stack.line_entities import FileProblem, NotFollowed
from tuner.stack.similar_files import did_you_mean
from tuner.stack.value import Origin, Place, Value

PACKAGE_FILE = "a file of the nginx package"
LINK_OUT = "a link out of the given paths"
ProblemKind = Literal["syntax", "unreadable", "empty", "include-missing", "include-unmatched", "include-loop"]

WORDS_CAP = 1000
INCLUDES_CAP = 50_000
SEARCHES_CAP = 20
INCLUDED_BYTES_CAP = 64 * 2**20


class IncludeReport:
    """Collects what goes wrong while files are loaded; the same thing at the same place only once."""

    def __init__(self) -> None:
        self.problems: dict[tuple[str, int, str], FileProblem] = {}
        self.left_out: dict[tuple[str, str], NotFollowed] = {}
        self.without_effect: list[str] = []
        self.patterns: dict[str, bool] = {}
        self.searches = 0

    @property
    def left_out_configuration(self) -> bool:
        """Whether an include was not followed that may lead to servers or locations."""
        return any(item.reason != PACKAGE_FILE for item in self.left_out.values())

    def not_followed(self, target: str, place: Place | None, reason: str) -> None:
        """Note an include that leads where fpmtune does not look."""
        item = NotFollowed(target=_cut(target), place=place, reason=reason)
        self.left_out.setdefault((item.target, str(place)), item)

    def links_out(self, pattern: str, links: Iterable[str], place: Place) -> None:
        """Note the links that the pattern of an include matches and that leave the given paths."""
        for link in links:
            self.not_followed(join(dirname(pattern), basename(link)), place, LINK_OUT)

    def pattern(self, pattern: str, *, has_matches: bool) -> None:
        """Note a pattern and whether any file matches it: one without matches is not wrong."""
        self.patterns[_cut(pattern)] = has_matches

    @property
    def open_end(self) -> str:
        """The first include that may lead to more servers than were seen, in words; empty if there is none.

        Version control keeps no empty folders: a pattern without matches is one where no other has any.
        """
        for item in self.left_out.values():
            if item.reason != PACKAGE_FILE:
                return f"include {item.target}: {item.reason}"
        if any(self.patterns.values()):
            return ""
        return next((f"include {pattern} matches no file" for pattern in self.patterns), "")

    def not_in_effect(self, path: str) -> None:
        """Note a file that its program never loads."""
        self.without_effect.append(path)

    def similar_to(self, written: str, names: Iterable[str]) -> str:
        """Return `; did you mean X?` with one of the `names` beside a missing file, empty if none is similar.

        Nobody reads the advice on the hundredth missing file, so it is sought for the first ones only.
        """
        self.searches += 1
        return did_you_mean(written, names) if self.searches <= SEARCHES_CAP else ""

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
        severity: Literal["error", "warning", "info", "note"] = "error",
    ) -> None:
        """Note a problem of any kind."""
        words = _cut(words)
        key = (place.text.path, place.span.start, words)
        text = Value("problem.text", words, Origin("file", str(place), place))
        self.problems.setdefault(
            key,
            FileProblem(
                entity=f"file:{place.text.path}", kind=kind, severity=severity, text=text, place=place
            ),
        )


def _cut(words: str) -> str:
    """Return words from a file without the middle where they are longer than anybody reads."""
    half = WORDS_CAP // 2
    return words if len(words) <= WORDS_CAP else f"{words[:half]}[...]{words[-half:]}"


class IncludeBudget:
    """How much the includes of one program may still bring in.

    Where each of 20 files includes the next one twice, a few lines become a million files.
    """

    def __init__(self, report: IncludeReport) -> None:
        self.report = report
        self.includes = INCLUDES_CAP
        self.data_bytes = INCLUDED_BYTES_CAP
        self.is_spent = False

    def allows(self, place: Place, size_bytes: int = 0) -> bool:
        """Count one more include, or one more included file; False, said once, when it is too much."""
        self.includes -= 1
        self.data_bytes -= size_bytes
        if not self.is_spent and min(self.includes, self.data_bytes) < 0:
            self.is_spent = True
            caps = f"{INCLUDES_CAP}, or to {INCLUDED_BYTES_CAP // 2**20} MiB"
            self.report.loop(place, f"includes multiply to more than {caps}: none is followed from here on")
        return not self.is_spent
