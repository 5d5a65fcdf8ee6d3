"""nginx's configuration as nginx sees it: includes in place, every directive with its surroundings."""

from __future__ import annotations

import posixpath
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from tuner.formats.document import Directive, Document
from tuner.source.regex import regex
from tuner.source.text import Text, decode
from tuner.stack.file_problems import PLACEHOLDER
from tuner.stack.files import ReadFile
from tuner.stack.hosts import GLOB, HostFiles, Reach
from tuner.stack.include import PACKAGE_FILE, IncludeBudget, IncludeReport
from tuner.stack.nginx.absent_includes import Absent, AbsentIncludes
from tuner.stack.nginx.surroundings import block_of, guessed_surroundings, stated_surroundings
from tuner.stack.value import Place

INCLUDE_DEPTH_CAP = 50
BLOCK_DEPTH_CAP = 100
MAIN_BLOCKS = frozenset({"http", "events", "stream", "mail"})
PACKAGED = regex(
    r"(?:.*/)?(?:mime\.types|(?:fastcgi|uwsgi|scgi|proxy)_params|fastcgi\.conf|koi-(?:utf|win)|win-utf|"
    r"modules-enabled/\*\.conf|modules/\*\.conf|snippets/(?:fastcgi-php|snakeoil)\.conf|"
    r"share/nginx/modules/\*\.conf|default\.d/\*\.conf)\Z"
)


class Block:
    """One directive in its place; what its `{}` holds, with every include put in place, is found by name.

    `is_block` says that it has a `{}`, and `blocks` are those inside it that have one. The outermost block of
    a configuration has no directive and an empty name. `is_complete` is False on the outermost block of a
    file whose surroundings are not known; `stated_level` is what a comment in it says of them. `is_template`
    says that something fills the file in before nginx reads it; on the outermost block, that this is so of
    one of its files. `has_open_pattern` says that an include matches no file and the folder is not there
    either: version control keeps no empty ones.
    """

    def __init__(
        self,
        context: str,
        parent: Block | None = None,
        directive: Directive | None = None,
        text: Text | None = None,
        *,
        is_complete: bool = True,
        stated_level: str = "",
    ) -> None:
        self.context = context
        self.parent = parent
        self.directive = directive
        self.text = text
        self.blocks: list[Block] = []
        self.is_complete = is_complete
        self.stated_level = stated_level
        self.is_template = False
        self.not_followed: list[str] = []
        self.has_open_pattern = False
        self.depth: int = parent.depth + 1 if parent else 0
        self.name = directive.name.text if directive else ""
        self.is_block = directive is None or directive.children is not None
        self._by_name: dict[str, list[Block]] = {}

    @property
    def arguments(self) -> list[str]:
        """The directive's arguments as text."""
        return [word.text for word in self.directive.args] if self.directive else []

    def add(self, directive: Directive, text: Text) -> Block:
        """Return `directive` as a new child."""
        context = self.context if directive.children is None else directive.name.text
        child = Block(context, self, directive, text)
        self._by_name.setdefault(child.name, []).append(child)
        if child.is_block:
            self.blocks.append(child)
        return child

    def named(self, *names: str) -> list[Block]:
        """Return the direct children with one of these names, those of the first name first."""
        return [child for name in names if name in self._by_name for child in self._by_name[name]]

    def among(self, names: Container[str]) -> list[Block]:
        """Return the direct children whose name is one of many `names`, those of one name together."""
        return [child for name, children in self._by_name.items() if name in names for child in children]

    def each_named(self, *names: str) -> Iterator[Block]:
        """Do the same one by one: the first of many costs no more than that of few."""
        return (child for name in names for child in self._by_name.get(name, ()))

    def each_name(self) -> Iterable[tuple[str, list[Block]]]:
        """Return the direct children by their name, those of one name in their order."""
        return self._by_name.items()

    def walk(self) -> Iterator[Block]:
        """Yield this block and everything below it that has a `{}`."""
        stack = [self]
        while stack:
            block = stack.pop()
            yield block
            stack.extend(reversed(block.blocks))

    def upwards(self) -> Iterator[Block]:
        """Yield this block, then what surrounds it, to the outermost."""
        block: Block | None = self
        while block:
            yield block
            block = block.parent


class Configuration(NamedTuple):
    """One nginx: a main file with all it includes, or a file whose surroundings are not known.

    `reached` are the paths of all files that are in it.
    """

    start: ReadFile
    root: Block
    reached: frozenset[str] = frozenset()


class _Loader:
    """Puts the files of one nginx together, each where it is included."""

    def __init__(
        self,
        host: HostFiles,
        budget: IncludeBudget,
        prefix: str | None,
        absent: AbsentIncludes,
    ) -> None:
        self.host = host
        self.report = budget.report
        self.budget = budget
        self.prefix = prefix
        self.absent = absent
        self.reached: set[str] = set()
        self.templates: dict[str, bool] = {}

    def load(self, file: ReadFile, parent: Block, trail: tuple[str, ...]) -> None:
        self.reached.add(file.path)
        if file.document:
            outermost = list(parent.upwards())[-1]
            outermost.is_template |= self._is_template(file.document)
            self._expand(file.document.directives, file.document, parent, (*trail, file.path))

    def _expand(
        self, directives: Iterable[Directive], document: Document, parent: Block, trail: tuple[str, ...]
    ) -> None:
        is_template = self._is_template(document)
        for directive in directives:
            if directive.name.text == "include" and directive.args:
                self._include(directive, document, parent, trail)
                continue
            block = parent.add(directive, document.text)
            block.is_template = is_template
            if directive.children:
                self._expand(directive.children, document, block, trail)

    def _is_template(self, document: Document) -> bool:
        """Say whether the file is a template, or looks like one that nobody called so."""
        path = document.text.path
        if path not in self.templates:
            self.templates[path] = (
                document.is_template or PLACEHOLDER.search(decode(document.text.data)) is not None
            )
        return self.templates[path]

    def _include(
        self, directive: Directive, document: Document, parent: Block, trail: tuple[str, ...]
    ) -> None:
        word = directive.args[0]
        place = Place(document.text, word.span)
        if not self.budget.allows(place):
            return
        if word.unknown or "$" in word.text:
            self._pass_over(word.text, place, "its name is not written out", parent)
            return
        for file in self._targets(word.text, place, parent, is_template=document.is_template):
            self._enter(file, place, parent, trail)

    def _pass_over(self, written: str, place: Place, reason: str, parent: Block) -> None:
        """Note an include that is not followed; what it sets at this level is not known."""
        self.report.not_followed(written, place, reason)
        if reason != PACKAGE_FILE:
            parent.not_followed.append(written)

    def _targets(self, written: str, place: Place, parent: Block, *, is_template: bool) -> list[ReadFile]:
        pattern = written
        if not pattern.startswith("/"):
            if self.prefix is None:
                reason = "relative to a main file that is not among the given paths"
                self._pass_over(pattern, place, PACKAGE_FILE if PACKAGED.match(pattern) else reason, parent)
                return []
            pattern = posixpath.join(self.prefix, pattern)
        found = self.host.glob(pattern, "nginx") if GLOB.search(pattern) else self.host.find(pattern, "nginx")
        if isinstance(found, ReadFile):
            self.absent.entered.add(posixpath.dirname(posixpath.normpath(pattern)))
            return [found]
        if isinstance(found, list):
            self._note_matches(written, pattern, found, place, parent)
            return found
        if is_template and found is Reach.MISSING:
            self._pass_over(written, place, "a template's include: the file may be made later", parent)
        else:
            self._missing(Absent(written, posixpath.normpath(pattern), place, parent), found)
        return []

    def _note_matches(
        self, written: str, pattern: str, found: list[ReadFile], place: Place, parent: Block
    ) -> None:
        if found:
            self.absent.entered.add(posixpath.dirname(posixpath.normpath(pattern)))
        if not PACKAGED.match(written):
            self.report.pattern(written, has_matches=bool(found))
            is_open = not found and not self.host.is_live and not self.host.covers(posixpath.dirname(pattern))
            parent.has_open_pattern |= is_open
            self.report.links_out(written, self.host.links_out(pattern), place)

    def _missing(self, include: Absent, reach: Reach) -> None:
        written, _, place, parent = include
        if PACKAGED.match(written):
            self.absent.lacks_package_file |= not GLOB.search(written)
            self._pass_over(written, place, PACKAGE_FILE, parent)
        elif reach is Reach.OUTSIDE:
            self._pass_over(written, place, "outside the given paths", parent)
        elif self.prefix is None:
            self._pass_over(written, place, "not there, in a file that no main file here includes", parent)
        else:
            self.absent.absent.append(include)

    def _enter(self, file: ReadFile, place: Place, parent: Block, trail: tuple[str, ...]) -> None:
        if file.path in trail:
            self.report.loop(place, f"{file.path} includes itself, by way of {' -> '.join(trail)}")
        elif len(trail) > INCLUDE_DEPTH_CAP:
            self.report.loop(place, f"more than {INCLUDE_DEPTH_CAP} files include each other: not followed")
        elif parent.depth > BLOCK_DEPTH_CAP:
            self.report.loop(place, f"inside more than {BLOCK_DEPTH_CAP} blocks: not followed")
        elif self.budget.allows(place, file.size_bytes):
            if file.document is None:
                self.report.unreadable(place, f"{file.path} {file.reason}")
            self.load(file, parent, trail)


def load_configurations(host: HostFiles, report: IncludeReport) -> list[Configuration]:
    """Return every nginx configuration of `host`: main files first, then files that no main file includes.

    Where every include of the main files was followed, a file that none of them reaches is not in effect;
    it is named in `report` and not returned.
    """
    files = {path: f for path, f in host.by_path.items() if f.kind == "nginx" and path not in host.links}
    budget = IncludeBudget(report)
    mains = [_load(host, budget, path, file) for path, file in files.items() if _is_main(file)]
    reached = {path for main in mains for path in main.reached}
    rest = {path: file for path, file in files.items() if file.path not in reached}
    if mains and not report.left_out_configuration:
        for file in rest.values():
            is_empty = not (file.document and file.document.directives)
            if not is_empty and not PACKAGED.match(file.path):
                report.not_in_effect(file.path)
        return _not_included(mains)
    fragments = [_load(host, budget, path, file, is_fragment=True) for path, file in rest.items()]
    return [*_not_included(mains), *_not_included(fragments)]


def _load(
    host: HostFiles, budget: IncludeBudget, path: str, file: ReadFile, *, is_fragment: bool = False
) -> Configuration:
    root = _surroundings(file, budget.report) if is_fragment else Block("main")
    prefix = None if is_fragment else posixpath.dirname(path)
    loader = _Loader(host, budget, prefix, AbsentIncludes(prefix))
    loader.load(file, root, ())
    loader.absent.settle(host, budget.report)
    return Configuration(file, root, frozenset(loader.reached))


def _not_included(loaded: Sequence[Configuration]) -> list[Configuration]:
    """Return those that no other one includes; of files that include each other, the first."""
    return [
        mine
        for number, mine in enumerate(loaded)
        if not any(
            mine.start.path in other.reached and (other.start.path not in mine.reached or before < number)
            for before, other in enumerate(loaded)
            if other is not mine
        )
    ]


def _is_main(file: ReadFile) -> bool:
    return file.document is not None and any(
        d.name.text in MAIN_BLOCKS and d.children is not None for d in file.document.directives
    )


def _surroundings(file: ReadFile, report: IncludeReport) -> Block:
    """Return the outermost block for a file on its own, as a comment in it or its directives say."""
    stated = stated_surroundings(file.document) if file.document else None
    if file.document and stated and not stated.level:
        place = Place(file.document.text, stated.comment.span)
        report.problem(
            "syntax", place, f"nginx has no such blocks inside each other: {stated.blocks}", "warning"
        )
    if stated and stated.level:
        return Block(block_of(stated.level), is_complete=False, stated_level=stated.level)
    return Block(guessed_surroundings(file.document), is_complete=False)
