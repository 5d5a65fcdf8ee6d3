"""A server's lines read one after the other, as one release reads them: what it keeps and what it refuses."""

from collections.abc import Sequence
from typing import NamedTuple

from tuner.formats.document import Directive, Word
from tuner.formats.redis import split_words
from tuner.source.span import Span
from tuner.source.text import Text
from tuner.stack.hosts import GLOB
from tuner.stack.redis.acl import user_refusal
from tuner.stack.redis.directives import Definition, Knowledge, knowledge_of
from tuner.stack.redis.lists import SPLITS_QUOTED
from tuner.stack.redis.loading import Settings
from tuner.stack.redis.releases import Release
from tuner.stack.redis.taken import BAD_DIRECTIVE, Refused
from tuner.stack.redis.taking import take
from tuner.stack.redis.texts import folded
from tuner.stack.value import Data, Place

MODULES_OF_REDIS_8 = ("search-", "ts-", "bf-", "cf-", "vset-", "json-")
ALL_CHANNELS = "allchannels"


class Refusal(NamedTuple):
    """A line that a release does not start with; `span` is what is to blame in it.

    `is_name` says that the release does not know the directive at all.
    """

    directive: Directive
    text: Text
    span: Span
    reason: str
    is_name: bool = False

    @property
    def place(self) -> Place:
        """Where the blame lies."""
        return Place(self.text, self.span)


class Kept(NamedTuple):
    """What a line set: `data` is None where a hole of a template, or the release's refusal, hides it."""

    definition: Definition
    data: Data | None
    directive: Directive
    text: Text
    earlier: "Kept | None" = None


class Reading:
    """What one release makes of all lines of a server. `kept` is by the directive's proper name."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.kept: dict[str, Kept] = {}
        self.users: list[tuple[Directive, Text]] = []
        self.refusals: list[Refusal] = []

    def data(self, name: str) -> Data | None:
        """Return what is in force of a directive: what was written, else the default; None if unknown."""
        kept = self.kept.get(name)
        definition = knowledge_of(self.release).directives.get(name)
        return kept.data if kept else definition.default if definition else None

    def refuse(self, item: tuple[Directive, Text], reason: str, span: Span | None = None) -> None:
        """Note that the line is refused, for its arguments where no `span` is named."""
        directive, text = item
        self.refusals.append(Refusal(directive, text, span or arguments_span(directive), reason))


def arguments_span(directive: Directive) -> Span:
    """Return the place of all arguments, or of the name where there are none."""
    if not directive.args:
        return directive.name.span
    return Span(directive.args[0].span.start, directive.args[-1].span.end)


def read_settings(settings: Settings, release: Release) -> Reading:
    """Read every line of `settings` as `release` does, and go on after the first refusal.

    What only a template fills in is not judged; a file of Sentinel's is not read at all.
    """
    reader = _Reader(settings, release)
    if not settings.named("sentinel"):
        for item in settings.found:
            reader.read(item)
    return reader.reading


class _Reader:
    def __init__(self, settings: Settings, release: Release) -> None:
        self.release = release
        self.knowledge: Knowledge = knowledge_of(release)
        self.reading = Reading(release)
        self.is_template = settings.is_template
        self.may_load_modules = bool(settings.named("loadmodule") or settings.not_followed)
        self.commands = set(self.knowledge.commands)
        self.user_names: set[str] = set()
        self.files_with_save: set[str] = set()
        self.files_with_include: set[str] = set()

    def read(self, item: tuple[Directive, Text]) -> None:
        directive = item[0]
        name = directive.name.text
        if directive.name.unknown:
            return
        has_hole = any(word.unknown for word in directive.args)
        definition = self.knowledge.directives.get(name)
        if definition:
            self._keep(definition, item, has_hole)
        elif name in self.knowledge.statements:
            if not has_hole:
                self._statement(name, item)
        elif name in self.knowledge.ignored:
            if not has_hole and len(directive.args) != 1:
                self.reading.refuse(item, BAD_DIRECTIVE)
        elif not self._may_be_a_modules(name):
            refusal = Refusal(directive, item[1], directive.name.span, BAD_DIRECTIVE, is_name=True)
            self.reading.refusals.append(refusal)

    def _may_be_a_modules(self, name: str) -> bool:
        """Say whether a loaded module may take a setting: with a dot in its name, since Redis 8 with any."""
        if self.release.is_redis_since("8.0"):
            return self.may_load_modules or name.startswith(MODULES_OF_REDIS_8)
        return self.may_load_modules and "." in name and not self.release.is_before_7

    def _keep(self, definition: Definition, item: tuple[Directive, Text], has_hole: bool) -> None:
        kept = self.reading.kept
        earlier = kept.get(definition.name)
        data: Data | None = None
        if not has_hole:
            arguments = self._arguments(definition, item[0].args)
            taken = take(definition, self.release, arguments, self._before(definition, item[1], earlier))
            if isinstance(taken, Refused):
                self.reading.refuse(item, taken.reason)
            else:
                data = taken
        kept[definition.name] = Kept(definition, data, *item, earlier)

    def _before(self, definition: Definition, text: Text, earlier: Kept | None) -> Data | None:
        """Return what earlier lines left.

        Before Redis 7.0 the first `save` of each file drops all others, since 7.0 every one behind an
        include in its file. Source: src/config.c, save_loaded and reading_config_file.
        """
        if definition.type == "save-points":
            is_first = text.path not in self.files_with_save
            self.files_with_save.add(text.path)
            if is_first if self.release.is_before_7 else text.path in self.files_with_include:
                return None
        return earlier.data if earlier else None

    def _arguments(self, definition: Definition, words: Sequence[Word]) -> list[str]:
        """Return the arguments; since Redis 7 a single one of a list is split into words once more."""
        texts = [word.text for word in words]
        is_split = definition.type in SPLITS_QUOTED and not self.release.is_before_7
        if is_split and len(texts) == 1 and texts[0]:
            return split_words(texts[0]) or []
        return texts

    def _statement(self, name: str, item: tuple[Directive, Text]) -> None:
        count = len(item[0].args)
        if name == "rename-command":
            self._rename(item)
        elif name == "user":
            self._user(item)
        elif name == "include":
            self.files_with_include.add(item[1].path)
            if count != 1:
                self.reading.refuse(item, BAD_DIRECTIVE)
            elif self.release.is_before_7 and GLOB.search(item[0].args[0].text):
                self.reading.refuse(item, "no pattern: it is the name of one file, which is not there")
        elif name == "loadmodule" and not count:
            self.reading.refuse(item, BAD_DIRECTIVE)

    def _rename(self, item: tuple[Directive, Text]) -> None:
        words = item[0].args
        if len(words) != 2:
            self.reading.refuse(item, BAD_DIRECTIVE)
            return
        old, new = (folded(word.text) for word in words)
        if self.is_template:
            return
        if old not in self.commands:
            self.reading.refuse(item, "No such command in rename-command", words[0].span)
            return
        self.commands.discard(old)
        if new and new in self.commands:
            self.reading.refuse(item, "Target command name already exists", words[1].span)
        elif new:
            self.commands.add(new)

    def _user(self, item: tuple[Directive, Text]) -> None:
        words = item[0].args
        if not words:
            self.reading.refuse(item, BAD_DIRECTIVE)
            return
        self.reading.users.append(item)
        name = words[0].text
        if name in self.user_names and not self.release.is_before_7 and not self.is_template:
            reason = "Duplicate user found. A user can only be defined once in config files"
            self.reading.refuse(item, reason, words[0].span)
            return
        self.user_names.add(name)
        has_all_channels = self.reading.data("acl-pubsub-default") == ALL_CHANNELS
        texts = [word.text for word in words]
        refused = user_refusal(texts, self.release, self.knowledge, has_all_channels=has_all_channels)
        if refused and not (refused[0].startswith("Unknown") and self.may_load_modules):
            self.reading.refuse(item, f"Error in user declaration: {refused[0]}", words[refused[1]].span)
