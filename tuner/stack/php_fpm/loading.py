"""php-fpm's files as php-fpm loads them: includes in place, sections that run on from file to file."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import NamedTuple

from tuner.formats.document import Directive, Document
from tuner.source.text import Text, encode
from tuner.stack.files import ReadFile
from tuner.stack.hosts import GLOB, HostFiles, Reach
from tuner.stack.include import IncludeBudget, IncludeReport
from tuner.stack.php_fpm.directives import is_global
from tuner.stack.target import Target, target_at
from tuner.stack.value import Place

DEPTH_CAP = 5
POOL_FOLDERS = frozenset({"pool.d", "php-fpm.d", "fpm.d"})
GLOBAL = "global"
WITHOUT_HEADER = "(no header)"


class Setting(NamedTuple):
    """One directive with the file it stands in."""

    directive: Directive
    text: Text


class PoolSettings:
    """Everything written for one pool, in the order of loading.

    `not_followed` are includes inside it that lead out of the given paths; `is_complete` says that all files
    of its php-fpm were read, so that nothing else can set its directives. `header` is its first header, None
    for what stands before any.
    """

    def __init__(self, name: str, header: Place | None = None) -> None:
        self.name = name
        self.header = header
        self.settings: list[Setting] = []
        self.not_followed: list[str] = []
        self.is_complete = False

    def scalars(self, label: str) -> list[Setting]:
        """Return every setting of a directive, the one in force last."""
        return [s for s in self.settings if s.directive.name.text.lower() == label and s.directive.args]


class Instance:
    """One php-fpm: what its files say for all of it, and its pools. `start` is its first file.

    `is_complete` says that it is a main file with everything it includes.
    """

    def __init__(self, start: ReadFile, path: str) -> None:
        self.start = start
        self.path = path
        self.pools: dict[str, PoolSettings] = {}
        self.global_settings = PoolSettings(GLOBAL)
        self.is_complete = False


class _Loader:
    """Keeps the section that is current: php-fpm lets it run on through includes."""

    def __init__(
        self, host: HostFiles, budget: IncludeBudget, target: Target, instance: Instance, *, is_main: bool
    ) -> None:
        self.host = host
        self.budget = budget
        self.report = budget.report
        self.target = target
        self.instance = instance
        self.current: PoolSettings | None = None
        self.is_in_global = is_main
        self.is_everything_followed = True
        self.reached: set[str] = set()

    def load(self, file: ReadFile, trail: tuple[str, ...] = ()) -> None:
        self.reached.add(file.path)
        if file.document:
            self._run(file.document.directives, file.document, (*trail, file.path))

    def _run(self, directives: Iterable[Directive], document: Document, trail: tuple[str, ...]) -> None:
        for directive in directives:
            if directive.children is not None:
                self._enter_section(directive, document)
                self._run(directive.children, document, trail)
            elif directive.name.text == "include" and directive.args and directive.key is None:
                self._include(directive, document, trail)
            else:
                self._settings_of(directive).settings.append(Setting(directive, document.text))

    def _settings_of(self, directive: Directive) -> PoolSettings:
        """Return what a directive belongs to: before any header, a pool that another file names."""
        if self.current:
            return self.current
        if self.is_in_global or is_global(directive.name.text.lower()):
            return self.instance.global_settings
        return self.instance.pools.setdefault("", PoolSettings(WITHOUT_HEADER))

    def _enter_section(self, header: Directive, document: Document) -> None:
        name = header.name.text
        self.is_in_global = name.lower() == GLOBAL
        self.current = None
        if not self.is_in_global:
            place = Place(document.text, header.name.span)
            self.current = self.instance.pools.setdefault(name.lower(), PoolSettings(name, place))

    def _pass_over(self, pattern: str, place: Place, reason: str) -> None:
        """Note an include that is not followed; what it sets in the current pool is not known."""
        self.report.not_followed(pattern, place, reason)
        self.is_everything_followed = False
        if self.current:
            self.current.not_followed.append(pattern)

    def _include(self, directive: Directive, document: Document, trail: tuple[str, ...]) -> None:
        word = directive.args[0]
        place = Place(document.text, word.span)
        if not self.budget.allows(place):
            return
        if word.unknown:
            self._pass_over(word.text, place, f"its name is not written out ({word.unknown})")
            return
        for file in self._targets(word.text, place):
            if file.path in trail:
                self.report.loop(place, f"{file.path} includes itself, by way of {' -> '.join(trail)}")
            elif len(trail) >= DEPTH_CAP:
                self.report.loop(
                    place, f"php-fpm does not start: more than {DEPTH_CAP} files include each other"
                )
            elif self.budget.allows(place, file.size_bytes):
                if file.document is None:
                    self.is_everything_followed = False
                    self.report.unreadable(place, f"{file.path} {file.reason}")
                self.load(file, trail)

    def _targets(self, pattern: str, place: Place) -> list[ReadFile]:
        if not pattern.startswith("/"):
            if self.target.php_prefix is None:
                self._pass_over(pattern, place, "relative to php-fpm's prefix, which is not known")
                return []
            pattern = posixpath.join(self.target.php_prefix, pattern)
        is_glob = GLOB.search(pattern) is not None
        found = self.host.glob(pattern, "php-fpm") if is_glob else self.host.find(pattern, "php-fpm")
        if isinstance(found, ReadFile):
            return [found]
        if isinstance(found, list):
            links = self.host.links_out(pattern)
            self.report.links_out(pattern, links, place)
            self.is_everything_followed &= not links
            if not found and not links:
                self.report.unmatched(place, f"no file matches {pattern}: php-fpm warns and goes on")
            return found
        if found is Reach.OUTSIDE:
            self._pass_over(pattern, place, "outside the given paths")
        else:
            meant = self.report.similar_to(pattern, self.host.names_in(posixpath.dirname(pattern)))
            self.report.unmatched(place, f"there is no {pattern}: php-fpm warns and goes on{meant}")
        return []


def load_instances(host: HostFiles, report: IncludeReport, target: Target) -> list[Instance]:
    """Return every php-fpm of `host`.

    A main file (one that has `[global]` or includes) starts one. Pool files that no main file reaches are one
    instance a pool folder, in byte order, and one instance a file anywhere else.
    """
    files = {path: f for path, f in host.by_path.items() if f.kind == "php-fpm" and path not in host.links}
    instances, reached = [], set[str]()
    budget = IncludeBudget(report)
    for path, file in files.items():
        if _is_main(path, file):
            instances.append(_load(host, budget, target, path, [file], reached, is_main=True))
    groups: dict[str, list[str]] = {}
    for path, file in files.items():
        folder = posixpath.dirname(path)
        in_pool_folder = posixpath.basename(folder) in POOL_FOLDERS
        if file.path in reached:
            continue
        if in_pool_folder and not path.endswith(".conf"):
            report.not_in_effect(file.path)
        else:
            groups.setdefault(folder if in_pool_folder else path, []).append(path)
    for paths in groups.values():
        ordered = sorted(paths, key=encode)
        instances.append(_load(host, budget, target, ordered[0], [files[p] for p in ordered], reached))
    return instances


def _load(
    host: HostFiles,
    budget: IncludeBudget,
    target: Target,
    path: str,
    files: list[ReadFile],
    reached: set[str],
    *,
    is_main: bool = False,
) -> Instance:
    instance = Instance(files[0], path)
    loader = _Loader(host, budget, target_at(path, target), instance, is_main=is_main)
    for file in files:
        loader.load(file)
    reached |= loader.reached
    instance.is_complete = is_main and loader.is_everything_followed
    for pool in instance.pools.values():
        pool.is_complete = instance.is_complete
    return instance


def _is_main(path: str, file: ReadFile) -> bool:
    """Say whether php-fpm starts from this file; images put `[global]` into files of a pool folder too."""
    if file.document is None or posixpath.basename(posixpath.dirname(path)) in POOL_FOLDERS:
        return False
    return any(
        (d.children is not None and d.name.text.lower() == GLOBAL)
        or (d.children is None and d.name.text == "include")
        for d in file.document.directives
    )
