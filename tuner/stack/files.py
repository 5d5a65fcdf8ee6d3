"""Every file of a tree as fpmtune read it: its kind, its document, and how much of it counts."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from tuner.formats.document import Document, Kind
from tuner.formats.recognise import is_configuration_folder, recognise
from tuner.formats.templates import is_template
from tuner.laws.version import Version
from tuner.source.text import Text
from tuner.source.tree import SourceFile, Tree
from tuner.stack.target import Target, target_at

USUAL_PHP = (8, 2)
VALKEY_JOINING_QUOTES = Version.parse("9.1")
"""The first Valkey seen to take `"a"b` as one word; 8.1 refuses it. Source: src/sds.c, sdssplitargs()."""

ANY_TARGET = Target()
Status = Literal["checked", "template", "partial", "skipped"]


class ReadFile(NamedTuple):
    """A file of a known kind, or one given by name; `reason` says why it is not plainly checked."""

    source: SourceFile
    kind: Kind | None
    status: Status
    reason: str = ""
    document: Document | None = None

    @property
    def path(self) -> str:
        """The path that users see."""
        return self.source.path

    @property
    def hides_configuration(self) -> bool:
        """Whether it could not be read and somebody asked for it or its path tells what is in it."""
        if self.source.text is not None:
            return False
        is_known = not self.source.is_folder or is_configuration_folder(self.source.disk_path)
        return self.source.is_given or is_known

    @property
    def size_bytes(self) -> int:
        """How much was read of it."""
        return len(self.source.text.data) if self.source.text else 0


def read_tree(tree: Tree, forced_kind: Kind | None = None, target: Target = ANY_TARGET) -> list[ReadFile]:
    """Read every file of `tree` that is configuration; `forced_kind` is the kind of all files given by name.

    `target` tells the PHP version whose grammar counts. A file of no known kind is left out unless it was
    given by name; one that could not be read is kept when it was given by name or its name alone tells its
    kind, a folder that cannot be listed always.
    """
    found = (read_file(source, forced_kind, target) for source in tree.files.values())
    return [file for file in found if file is not None]


def read_file(source: SourceFile, forced_kind: Kind | None, target: Target) -> ReadFile | None:
    """Read one file as `read_tree` does; None for one that is left out."""
    return _read(source, forced_kind if source.is_given else None, target)


def _read(source: SourceFile, forced_kind: Kind | None, target: Target) -> ReadFile | None:
    if source.text is None:
        kind = forced_kind or recognise(source.path, b"")
        if kind or source.is_given or source.is_folder:
            return ReadFile(source, kind, "skipped", source.failure)
        return None
    kind = forced_kind or recognise(source.path, source.text.data)
    if kind is None:
        reason = "not a kind of file that fpmtune knows; name it with --as"
        return ReadFile(source, None, "skipped", reason) if source.is_given else None
    return parse_file(source, source.text, kind, target, forced=forced_kind is not None)


def read_as(source: SourceFile, kind: Kind, target: Target = ANY_TARGET) -> ReadFile:
    """Return `source` read as `kind`, whatever its name and content suggest."""
    if source.text is None:
        return ReadFile(source, kind, "skipped", source.failure)
    return parse_file(source, source.text, kind, target)


def parse_file(
    source: SourceFile, text: Text, kind: Kind, target: Target = ANY_TARGET, *, forced: bool = False
) -> ReadFile:
    """Parse one file as `target`'s programs do; `forced` reads even what looks like a template exactly."""
    masked = not forced and is_template(source.path, text.data)
    document = _parser(kind)(text, is_template=masked, **_grammar(source.path, kind, target))
    if masked:
        return ReadFile(source, kind, "template", "template: only what is written out counts", document)
    if any(problem.severity == "error" for problem in document.problems):
        return ReadFile(source, kind, "partial", "has syntax errors: the rest of it counts", document)
    return ReadFile(source, kind, "checked", "", document)


def _grammar(path: str, kind: Kind, target: Target) -> dict[str, object]:
    """Return what the parser of `kind` has to know of the program's version."""
    if kind == "php-fpm":
        return {"php": _php_grammar(path, target)}
    valkey = target.version("valkey") if kind == "redis" else None
    return {"joins_quotes": True} if valkey and valkey >= VALKEY_JOINING_QUOTES else {}


def _php_grammar(path: str, target: Target) -> tuple[int, int]:
    """Return the PHP version whose grammar counts: the target's or the path's, else 8.2; none before 7.0."""
    version = target_at(path, target).version("php")
    return max((version.numbers[0], version.numbers[1]), (7, 0)) if version else USUAL_PHP


def _parser(kind: Kind) -> Callable[..., Document]:
    # One import a kind: crossplane is loaded only where there are nginx files.
    if kind == "nginx":
        from tuner.formats.nginx import parse
    elif kind == "php-fpm":
        from tuner.formats.php_fpm import parse
    elif kind == "redis":
        from tuner.formats.redis import parse
    else:
        from tuner.formats.sysctl import parse
    return parse
