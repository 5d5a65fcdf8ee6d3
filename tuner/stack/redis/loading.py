"""A redis.conf with all that it includes: every directive of one server in the order of loading."""

from dataclasses import dataclass, field

from tuner.formats.document import Directive, Document, Word
from tuner.source.text import Text
from tuner.stack.files import ReadFile
from tuner.stack.hosts import GLOB, HostFiles, Reach
from tuner.stack.include import IncludeBudget, IncludeReport
from tuner.stack.value import Place

DEPTH_CAP = 50


@dataclass(slots=True)
class Settings:
    """Every directive of one server in the order of loading, with the file it stands in.

    `file` is the one that redis-server is started with. `not_followed` are includes that lead out of the
    given paths, with their position in that order.
    """

    file: ReadFile
    found: list[tuple[Directive, Text]] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)
    not_followed: list[tuple[int, str]] = field(default_factory=list)

    def named(self, name: str) -> list[tuple[Directive, Text]]:
        """Return every directive called `name`, in the order of loading."""
        return [item for item in self.found if item[0].name.text == name]

    def not_followed_after(self, name: str) -> str:
        """Return an include, not followed, that may have the last word on a directive, or empty."""
        last = max((n for n, item in enumerate(self.found) if item[0].name.text == name), default=-1)
        return next((include for position, include in self.not_followed if position > last), "")


def load_servers(host: HostFiles, report: IncludeReport) -> list[Settings]:
    """Return what each redis-server of `host` loads: one for each redis.conf that no other one includes."""
    files = {
        p: f for p, f in host.by_path.items() if f.kind == "redis" and p not in host.links and f.document
    }
    budget = IncludeBudget(report)
    loaded = {path: _load(host, budget, file) for path, file in files.items()}
    included = {path for settings in loaded.values() for path in settings.reached}
    return [
        settings
        for settings in loaded.values()
        if settings.file.path not in included and (settings.found or settings.file.status == "checked")
    ]


def _load(host: HostFiles, budget: IncludeBudget, file: ReadFile) -> Settings:
    settings = Settings(file)
    if file.document:
        _run(host, budget, settings, file.document, (file.path,))
    settings.reached.discard(file.path)
    return settings


def _run(
    host: HostFiles, budget: IncludeBudget, settings: Settings, document: Document, trail: tuple[str, ...]
) -> None:
    report = budget.report
    for directive in document.directives:
        if directive.name.text != "include" or not directive.args:
            settings.found.append((directive, document.text))
            continue
        word = directive.args[0]
        place = Place(document.text, word.span)
        targets = _targets(host, report, word, document.text, settings) if budget.allows(place) else []
        for file in targets:
            if file.path in trail:
                words = f"redis-server crashes: {file.path} includes itself, by way of {' -> '.join(trail)}"
                report.loop(place, words)
            elif len(trail) > DEPTH_CAP:
                report.loop(place, f"more than {DEPTH_CAP} files include each other: not followed")
            elif budget.allows(place, file.size_bytes):
                settings.reached.add(file.path)
                if file.document is None:
                    report.unreadable(place, f"{file.path} {file.reason}")
                else:
                    _run(host, budget, settings, file.document, (*trail, file.path))


def _targets(
    host: HostFiles, report: IncludeReport, word: Word, text: Text, settings: Settings
) -> list[ReadFile]:
    place = Place(text, word.span)
    if word.unknown or not word.text.startswith("/"):
        reason = word.unknown or "relative to the folder that redis-server is started in"
        report.not_followed(word.text, place, reason)
        settings.not_followed.append((len(settings.found), word.text))
        return []
    found = host.glob(word.text, "redis") if GLOB.search(word.text) else host.find(word.text, "redis")
    if isinstance(found, list):
        report.links_out(word.text, host.links_out(word.text), place)
        return found
    if isinstance(found, ReadFile):
        return [found]
    if found is Reach.OUTSIDE:
        report.not_followed(word.text, place, "outside the given paths")
        settings.not_followed.append((len(settings.found), word.text))
    else:
        report.missing(place, f"redis-server does not start: there is no {word.text}")
    return []
