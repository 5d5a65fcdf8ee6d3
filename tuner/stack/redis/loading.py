"""A redis.conf with all that it includes: every directive of one server in the order of loading."""

import os
from collections.abc import Iterable

from tuner.formats.document import Directive, Document, Word
from tuner.source.text import Text
from tuner.stack.files import ReadFile
from tuner.stack.hosts import GLOB, HostFiles, Reach
from tuner.stack.include import IncludeBudget, IncludeReport
from tuner.stack.redis.glued import glued
from tuner.stack.value import Place

DEPTH_CAP = 50


class Settings:
    """Every directive of one server in the order of loading, with the file it stands in.

    `file` is the one that redis-server is started with, in the folder `started_in` if that is known.
    Includes are among the directives, before what they bring in. `not_followed` are those that lead out of
    the given paths, with their position in that order. `is_template` says that a file is one.
    """

    def __init__(
        self, file: ReadFile, started_in: str = "", found: Iterable[tuple[Directive, Text]] = ()
    ) -> None:
        self.file = file
        self.started_in = started_in
        self.found = list(found)
        self.reached: set[str] = set()
        self.not_followed: list[tuple[int, str]] = []
        self.is_template = False

    def named(self, name: str) -> list[tuple[Directive, Text]]:
        """Return every directive called `name`, in the order of loading."""
        return [item for item in self.found if item[0].name.text == name]

    def not_followed_after(self, name: str) -> str:
        """Return an include, not followed, that may have the last word on a directive, or empty."""
        last = max((n for n, item in enumerate(self.found) if item[0].name.text == name), default=-1)
        return self.not_followed_from(last)

    def not_followed_from(self, position: int) -> str:
        """Return the first include that was not followed behind `position`, or empty."""
        return next((include for at, include in self.not_followed if at > position), "")


def load_servers(host: HostFiles, report: IncludeReport) -> list[Settings]:
    """Return what each redis-server of `host` loads: one for each redis.conf that no other one includes."""
    files = {
        p: f for p, f in host.by_path.items() if f.kind == "redis" and p not in host.links and f.document
    }
    loader = _Loader(host, IncludeBudget(report))
    loaded = {path: loader.load(file) for path, file in files.items()}
    included = {path for settings in loaded.values() for path in settings.reached}
    return [
        settings
        for settings in loaded.values()
        if settings.file.path not in included and (settings.found or settings.file.status == "checked")
    ]


def load_server(host: HostFiles, report: IncludeReport, file: ReadFile, started_in: str) -> Settings:
    """Return what a redis-server loads that is started with `file` in the folder `started_in`."""
    return _Loader(host, IncludeBudget(report)).load(file, started_in)


class _Loader:
    """Reads the files of one redis-server, each where it is included."""

    def __init__(self, host: HostFiles, budget: IncludeBudget) -> None:
        self.host = host
        self.budget = budget
        self.folder = ""

    def load(self, file: ReadFile, started_in: str = "") -> Settings:
        settings = Settings(file, started_in)
        self.folder = started_in
        if file.document:
            self._run(settings, file.document, (file.path,))
        settings.reached.discard(file.path)
        return settings

    def _run(self, settings: Settings, document: Document, trail: tuple[str, ...]) -> None:
        settings.is_template |= document.is_template
        for directive in document.directives:
            settings.found.append((directive, document.text))
            name = directive.name.text
            if len(directive.args) != 1 or name not in ("include", "dir"):
                continue
            if name == "dir":
                self._enter(directive.args[0])
            else:
                self._include(settings, directive.args[0], document.text, trail)

    def _enter(self, word: Word) -> None:
        """Follow a `dir`: relative includes behind it start there."""
        is_known = not word.unknown and (word.text.startswith("/") or self.folder)
        self.folder = os.path.join(self.folder, word.text) if is_known else ""

    def _include(self, settings: Settings, word: Word, text: Text, trail: tuple[str, ...]) -> None:
        report = self.budget.report
        place = Place(text, word.span)
        for file in self._targets(settings, word, place) if self.budget.allows(place) else []:
            if file.path in trail:
                words = f"redis-server crashes: {file.path} includes itself, by way of {' -> '.join(trail)}"
                report.loop(place, words)
            elif len(trail) > DEPTH_CAP:
                report.loop(place, f"more than {DEPTH_CAP} files include each other: not followed")
            elif self.budget.allows(place, file.size_bytes):
                settings.reached.add(file.path)
                if file.document is None:
                    report.unreadable(place, f"{file.path} {file.reason}")
                else:
                    self._run(settings, file.document, (*trail, file.path))

    def _targets(self, settings: Settings, word: Word, place: Place) -> list[ReadFile]:
        report, host = self.budget.report, self.host
        is_relative = not word.text.startswith("/")
        if word.unknown or (is_relative and not self.folder):
            reason = word.unknown or "relative to the folder that redis-server is started in"
            self._pass_over(settings, word, place, reason)
            return []
        path = os.path.join(self.folder, word.text) if is_relative else word.text
        found = host.glob(path, "redis") if GLOB.search(path) else host.find(path, "redis")
        if isinstance(found, list):
            report.links_out(word.text, host.links_out(path), place)
            return self._as_one(found)
        if isinstance(found, ReadFile):
            return [found]
        if found is Reach.OUTSIDE:
            self._pass_over(settings, word, place, "outside the given paths")
        elif host.covers(path):
            words = f"redis-server loads nothing of {word.text}: it is a folder"
            report.unmatched(
                place, f"{words}; {word.text.rstrip('/')}/*.conf names its files (Redis 7.0 and newer)"
            )
        else:
            meant = report.similar_to(word.text, host.names_in(os.path.dirname(path)))
            report.missing(place, f"redis-server does not start: there is no {word.text}{meant}")
        return []

    def _pass_over(self, settings: Settings, word: Word, place: Place, reason: str) -> None:
        self.budget.report.not_followed(word.text, place, reason)
        settings.not_followed.append((len(settings.found), word.text))

    def _as_one(self, files: list[ReadFile]) -> list[ReadFile]:
        """Return the files of a pattern, which Redis reads as one text: lines without an end go on."""
        documents = [file.document for file in files if file.document]
        if len(documents) < len(files):
            return files
        joined = glued(documents, self.budget.report)
        return [file._replace(document=document) for file, document in zip(files, joined, strict=True)]
