"""Documents for tests of changes, and what the changes make of them."""

from tuner.change.dialect import DIALECTS
from tuner.change.verify import Change, changed
from tuner.formats.document import Directive, Document, Kind
from tuner.source.text import Text


def read(kind: Kind, data: bytes, path: str = "etc/file.conf", *, is_template: bool = False) -> Document:
    return DIALECTS[kind].readers[0](Text(path, data), is_template)


def find(document: Document, name: str, number: int = 0) -> Directive:
    return [directive for directive in document.walk() if directive.name.text == name][number]


def after(document: Document, *changes: Change) -> bytes:
    return changed(document, changes)


def texts(document: Document) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return names, subscripts and arguments in the order of the file."""
    return [
        (
            directive.name.text,
            directive.key.text if directive.key else "",
            tuple(word.text for word in directive.args),
        )
        for directive in document.walk()
    ]
