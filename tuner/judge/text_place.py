"""Where a text of a rule stands in its file, down to the character that is wrong."""

from collections.abc import Callable
from typing import NamedTuple

from tuner.errors import RuleError


class TextPlace(NamedTuple):
    """The place of one text of a rule.

    `words` name it as well as the rule's reader can: `rules/queue/x.yaml:when`. `at` is known for files of
    the user's: it gives `path:line:column` of the character that has so many non-blank ones before it in the
    field's text, because those are what YAML's folding leaves alone. `skipped` of them come before this text.
    """

    words: str
    field: str = ""
    at: Callable[[int], str] | None = None
    skipped: int = 0

    @property
    def start(self) -> str:
        """The place as text, as exact as it is known."""
        return self.at(self.skipped) if self.at else self.words

    def error(self, message: str, text: str = "", offset: int = 0) -> RuleError:
        """Return the error that says `message` of the character at `offset` of `text`."""
        if self.at is None:
            column = f" (column {offset + 1} of '{text}')" if text else ""
            return RuleError(self.words, message + column)
        field = f"{self.field}: " if self.field else ""
        return RuleError(self.at(self.skipped + count_visible(text[:offset])), field + message)

    def behind(self, text: str) -> "TextPlace":
        """Return the place of what follows `text` in the same field."""
        return self._replace(skipped=self.skipped + count_visible(text))


def count_visible(text: str) -> int:
    """Return how many characters of `text` are not blank."""
    return sum(1 for character in text if not character.isspace())
